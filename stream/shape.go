package stream

import (
	"encoding/binary"
	"math/bits"
)

// offsetMember is added to the events that are read back, so none may bring it.
const offsetMember = "_offset"

// What the slot of a member is, beside the index of a dimension or a measure.
const (
	slotUnknown  = -1
	slotReserved = -2
	slotTime     = 0
	slotFirst    = 1 // then the dimensions, then the measures
)

// shape is a definition compiled for the scanner. It never changes.
type shape struct {
	Definition
	version uint64
	byLen   [][]field // fields by the length of their name
}

// field is one member that the definition names.
type field struct {
	name string
	head uint64 // its first eight bytes, little-endian, padded with zeros
	slot int
}

func compile(d Definition, version uint64) *shape {
	s := &shape{Definition: d, version: version, byLen: make([][]field, 65)}
	s.add(offsetMember, slotReserved)
	s.add(d.Time, slotTime)
	for i, name := range d.Dimensions {
		s.add(name, slotFirst+i)
	}
	for i, name := range d.Measures {
		s.add(name, slotFirst+len(d.Dimensions)+i)
	}
	return s
}

func (s *shape) add(name string, slot int) {
	n := len(name)
	s.byLen[n] = append(s.byLen[n], field{name: name, head: head([]byte(name), 0, n), slot: slot})
}

// dimension and measure return the index of a name, -1 if there is none.
func (s *shape) dimension(name string) int { return indexOf(s.Dimensions, name) }
func (s *shape) measure(name string) int   { return indexOf(s.Measures, name) }

func indexOf(names []string, name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return -1
}

// find returns the slot of the name at b[from:to], and the name's head.
func (s *shape) find(b []byte, from, to int) (slot int, h uint64) {
	n := to - from
	h = head(b, from, n)
	if n >= len(s.byLen) {
		return slotUnknown, h
	}
	for i := range s.byLen[n] {
		f := &s.byLen[n][i]
		if f.head == h && (n <= 8 || f.name[8:] == string(b[from+8:to])) {
			return f.slot, h
		}
	}
	return slotUnknown, h
}

// head returns the first eight of the n bytes at b[from:] as one word, padded
// with zeros: most names differ there already.
func head(b []byte, from, n int) uint64 {
	if from+8 <= len(b) {
		h := binary.LittleEndian.Uint64(b[from:])
		if n >= 8 {
			return h
		}
		return h & (1<<(8*n) - 1)
	}
	var h uint64
	for i := range min(n, 8) {
		h |= uint64(b[from+i]) << (8 * i)
	}
	return h
}

// Words for looking at eight bytes at once (SWAR): a byte's highest bit is set
// where the byte is what is looked for. Bits above the lowest one set may be
// wrong, so only the lowest counts.
const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plainEnd returns where the text that begins at b[i] meets its closing quote,
// or -1 when a backslash, a control character or the end comes first.
func plainEnd(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		quote, slash := x^('"'*lows), x^('\\'*lows)
		m := ((quote-lows)&^quote | (slash-lows)&^slash | (x-0x20*lows)&^x) & highs
		if m != 0 {
			if i += bits.TrailingZeros64(m) >> 3; b[i] == '"' {
				return i
			}
			return -1
		}
	}
	for ; i < len(b); i++ {
		if b[i] == '"' {
			return i
		}
		if b[i] == '\\' || b[i] < 0x20 {
			return -1
		}
	}
	return -1
}
