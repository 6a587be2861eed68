package engine

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
	"time"
)

// ID names one object for ever. It has the layout of a UUIDv7 (RFC 9562
// §5.7), so ids that are made later sort later and new keys stay together.
type ID [16]byte

// String gives the 36 characters of RFC 9562 §4.
func (id ID) String() string {
	var b [36]byte
	hex.Encode(b[0:8], id[0:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:36], id[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// MarshalText and UnmarshalText make an ID a JSON string.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText accepts exactly what String writes.
func (id *ID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseID(string(text))
	return err
}

// Time returns the millisecond in which the id was made.
func (id ID) Time() time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(id[0:8]) >> 16))
}

// ParseID reads what String wrote, in lower case only: one id, one spelling.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		plain := s[0:8] + s[9:13] + s[14:18] + s[19:23] + s[24:36]
		if _, err := hex.Decode(id[:], []byte(plain)); err == nil && id.String() == s {
			return id, nil
		}
	}
	return ID{}, fmt.Errorf("%.40q is not an id: 36 characters as in 0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f are expected", s)
}

// IDs makes ids that rise strictly within one process, also when the clock
// steps back, and above those that After is told. It is safe for concurrent use.
type IDs struct {
	clock  Clock
	random io.Reader

	mu   sync.Mutex
	last uint64 // 48 bits of milliseconds, 12 bits of counter
}

// NewIDs returns a source of ids; a nil random means crypto/rand.
func NewIDs(clock Clock, random io.Reader) *IDs {
	if random == nil {
		random = rand.Reader
	}
	return &IDs{clock: clock, random: random}
}

// After makes all later ids rise above id, which an earlier process made: its
// clock may have been ahead.
func (s *IDs) After(id ID) {
	made := binary.BigEndian.Uint64(id[0:8])
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = max(s.last, made>>16<<12|made&0xfff)
}

// New returns the next id. It panics when the random source fails, as
// crypto/rand does.
func (s *IDs) New() ID {
	var id ID
	if _, err := io.ReadFull(s.random, id[8:]); err != nil {
		panic(fmt.Sprintf("engine: no randomness for an id: %v", err))
	}
	s.mu.Lock()
	s.last = max(s.last+1, uint64(s.clock.Now().UnixMilli())<<12)
	tick := s.last
	s.mu.Unlock()
	binary.BigEndian.PutUint64(id[0:8], tick>>12<<16|0x7000|tick&0xfff)
	id[8] = id[8]&0x3f | 0x80
	return id
}
