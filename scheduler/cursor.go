package scheduler

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"quintet/engine"
)

// cursor is where the ticks of a schedule stand. It is kept apart from the
// definition, which no tick rewrites, and outlives it as a tombstone: a
// schedule of the same name, made in the second of a tick, must not run that
// tick again. Times are milliseconds.
type cursor struct {
	version uint64 // of the definition that next was computed from
	passed  int64  // no tick up to here happens by itself any more; it never goes back
	next    int64  // the tick to come, 0 for none
	fired   int64  // the newest tick that made a job, 0 for none
	job     engine.ID
	deleted int64 // when the schedule was deleted, 0 while it lives
}

const (
	formatCursor = 1
	cursorBytes  = 1 + 8 + 8 + 8 + 8 + 16 + 8
)

func (c cursor) encode() []byte {
	b := append(make([]byte, 0, cursorBytes), formatCursor)
	b = binary.BigEndian.AppendUint64(b, c.version)
	b = binary.BigEndian.AppendUint64(b, uint64(c.passed))
	b = binary.BigEndian.AppendUint64(b, uint64(c.next))
	b = binary.BigEndian.AppendUint64(b, uint64(c.fired))
	b = append(b, c.job[:]...)
	return binary.BigEndian.AppendUint64(b, uint64(c.deleted))
}

func decodeCursor(b []byte) (c cursor, err error) {
	if len(b) != cursorBytes || b[0] != formatCursor {
		return c, fmt.Errorf("a cursor of %d bytes cannot be read", len(b))
	}
	c.version = binary.BigEndian.Uint64(b[1:])
	for i, ms := range []*int64{&c.passed, &c.next, &c.fired} {
		*ms = int64(binary.BigEndian.Uint64(b[9+8*i:]))
	}
	copy(c.job[:], b[33:])
	c.deleted = int64(binary.BigEndian.Uint64(b[49:]))
	return c, nil
}

// loadCursor reads a cursor; there is none before the first definition.
func loadCursor(r engine.Reader, name string) (cursor, error) {
	value := r.Get(bucketCursors, []byte(name))
	if value == nil {
		return cursor{}, nil
	}
	return decodeCursor(value)
}

// tickID is the id of the job of one tick: UUIDv7 layout with the tick's
// milliseconds, then 74 bits of SHA-256(creation, tick). Whoever handles the
// tick again makes the same id, which is there already.
func tickID(creation engine.ID, tick int64) engine.ID {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(creation[:], uint64(tick)))
	var id engine.ID
	binary.BigEndian.PutUint64(id[:8], uint64(tick)<<16|0x7000|uint64(binary.BigEndian.Uint16(sum[:2])&0xfff))
	copy(id[8:], sum[2:10])
	id[8] = id[8]&0x3f | 0x80
	return id
}
