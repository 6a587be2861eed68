package search

import (
	"encoding/base64"
	"encoding/binary"
	"math"

	"quintet/engine"
	"quintet/engine/api"
)

// cursor is the last hit of a page. The next page holds what ranks behind it
// at that time: documents that change in between may come twice or not at all.
type cursor struct {
	score   float64
	version version
}

const (
	formatCursor = 1
	cursorBytes  = 1 + 4 + 8 + 16
)

func (c cursor) encode(print uint32) string {
	b := make([]byte, 0, cursorBytes)
	b = binary.BigEndian.AppendUint32(append(b, formatCursor), print)
	b = binary.BigEndian.AppendUint64(b, math.Float64bits(c.score))
	return base64.RawURLEncoding.EncodeToString(append(b, c.version[:]...))
}

// parseCursor reads a cursor that a search of the same fingerprint gave out.
func parseCursor(text string, print uint32) (*cursor, error) {
	b, err := api.ParseCursor(text)
	if err != nil || b == nil {
		return nil, err
	}
	if len(b) != cursorBytes || b[0] != formatCursor || binary.BigEndian.Uint32(b[1:]) != print {
		return nil, engine.Errorf(engine.Invalid, "invalid_cursor", "the cursor belongs to another search; start again without it")
	}
	c := &cursor{score: math.Float64frombits(binary.BigEndian.Uint64(b[5:])), version: version(b[13:])}
	if math.IsNaN(c.score) {
		return nil, engine.Errorf(engine.Invalid, "invalid_cursor", "the cursor is none that a search gave out; start again without it")
	}
	return c, nil
}
