package search

import (
	"encoding/base64"
	"encoding/binary"
	"math"

	"quintet/engine"
	"quintet/engine/api"
	"quintet/search/column"
)

// cursor is the last hit of a page. The next page holds what comes behind it at
// that time: documents that change in between may come twice or not at all. The
// score is that of the page; it counts where the document is not found again.
type cursor struct {
	score   float64
	version version
	keys    []column.Key // of a search that is sorted; the score is 0 then
}

const (
	formatCursor = 2
	cursorBytes  = 1 + 4 + 8 + 16 // and the keys
)

func (c cursor) encode(print uint32) string {
	b := make([]byte, 0, cursorBytes)
	b = binary.BigEndian.AppendUint32(append(b, formatCursor), print)
	b = binary.BigEndian.AppendUint64(b, math.Float64bits(c.score))
	b = append(b, c.version[:]...)
	for _, k := range c.keys {
		b = append(b, 0)
		if k.Set {
			b[len(b)-1] = 1
		}
		b = binary.BigEndian.AppendUint64(b, k.Number)
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(k.Word))), k.Word...)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseCursor reads a cursor that a search of the same fingerprint, sorted by so
// many fields, gave out.
func parseCursor(text string, print uint32, sorted int) (*cursor, error) {
	b, err := api.ParseCursor(text)
	if err != nil || b == nil {
		return nil, err
	}
	if len(b) < cursorBytes || b[0] != formatCursor || binary.BigEndian.Uint32(b[1:]) != print {
		return nil, engine.Errorf(engine.Invalid, "invalid_cursor", "the cursor belongs to another search; start again without it")
	}
	c := &cursor{score: math.Float64frombits(binary.BigEndian.Uint64(b[5:])), version: version(b[13:cursorBytes])}
	b = b[cursorBytes:]
	for range sorted {
		const head = 1 + 8 + 2
		if len(b) < head || len(b) < head+int(binary.BigEndian.Uint16(b[9:])) {
			return nil, errCursor
		}
		end := head + int(binary.BigEndian.Uint16(b[9:]))
		c.keys = append(c.keys, column.Key{Set: b[0] == 1, Number: binary.BigEndian.Uint64(b[1:]), Word: string(b[head:end])})
		b = b[end:]
	}
	if len(b) > 0 || math.IsNaN(c.score) {
		return nil, errCursor
	}
	return c, nil
}
