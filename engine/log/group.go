package log

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

const (
	groupHeaderSize  = 64
	recordHeaderSize = 72
	groupAlign       = 8 // every group starts at, and is as long as, a multiple

	kindBatches  = 1
	kindSnapshot = 2
)

var (
	groupMagic = [4]byte{'Q', 'G', 'R', 'P'}
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	le         = binary.LittleEndian
)

// groupHeader is the first 64 bytes of a group. Position, id and previous bind
// a group to its place: a stale or misdirected one never passes for another.
type groupHeader struct {
	crc      uint32 // CRC-32C of all that follows it, to the end of the group
	length   uint32 // whole group
	count    uint32 // records
	first    uint64 // sequence of the first record
	position int64  // of the group in its segment
	id       ID
	previous uint32 // crc of the group before, across segments
	kind     byte
}

// group is a whole group. Its body is a slice of the buffer it was read into.
type group struct {
	groupHeader
	body []byte
}

// parseGroupHeader reads a header and says what is wrong with it, or "".
func parseGroupHeader(b []byte) (h groupHeader, wrong string) {
	if [4]byte(b) != groupMagic {
		return h, "no group starts here"
	}
	h = groupHeader{
		crc:      le.Uint32(b[4:]),
		length:   le.Uint32(b[8:]),
		count:    le.Uint32(b[12:]),
		first:    le.Uint64(b[16:]),
		position: int64(le.Uint64(b[24:])),
		id:       ID(b[32:48]),
		previous: le.Uint32(b[48:]),
		kind:     b[52],
	}
	switch {
	case h.length < groupHeaderSize || h.length%groupAlign != 0:
		return h, "the length of the group is impossible"
	case h.kind != kindBatches && h.kind != kindSnapshot:
		return h, "the kind of the group is unknown"
	}
	return h, ""
}

// parseGroup checks the whole group that b starts with.
func parseGroup(b []byte) (g group, wrong string) {
	if len(b) < groupHeaderSize {
		return g, "the group is cut short"
	}
	if g.groupHeader, wrong = parseGroupHeader(b); wrong != "" {
		return g, wrong
	}
	if int64(g.length) > int64(len(b)) {
		return g, "the group is cut short"
	}
	if crc32.Checksum(b[8:g.length], castagnoli) != g.crc {
		return g, "the checksum of the group does not match"
	}
	g.body = b[groupHeaderSize:g.length]
	return g, ""
}

// sealGroup completes the group in b, which holds its body behind room for
// the header: it pads b and fills in the header, checksum last.
func sealGroup(b []byte, h groupHeader) ([]byte, uint32) {
	for len(b)%groupAlign != 0 {
		b = append(b, 0)
	}
	copy(b, groupMagic[:])
	le.PutUint32(b[8:], uint32(len(b)))
	le.PutUint32(b[12:], h.count)
	le.PutUint64(b[16:], h.first)
	le.PutUint64(b[24:], uint64(h.position))
	copy(b[32:], h.id[:])
	le.PutUint32(b[48:], h.previous)
	clear(b[52:groupHeaderSize])
	b[52] = h.kind
	crc := crc32.Checksum(b[8:], castagnoli)
	le.PutUint32(b[4:], crc)
	return b, crc
}

// groupLength is the length of a group whose body is this long.
func groupLength(body int64) int64 {
	return (groupHeaderSize + body + groupAlign - 1) / groupAlign * groupAlign
}

func appendRecord(b []byte, offset uint64, batch *Batch) []byte {
	b = le.AppendUint32(b, uint32(len(batch.Data)))
	b = le.AppendUint32(b, batch.Count)
	b = le.AppendUint64(b, offset)
	b = append(b, batch.Stream.Tenant[:]...)
	b = append(b, batch.Stream.ID[:]...)
	b = append(b, batch.Producer[:]...)
	b = le.AppendUint64(b, batch.ProducerSeq)
	return append(b, batch.Data...)
}

// records calls fn for each record, whose Data is a slice of the body, and
// says what is wrong with the body, or "". It stops at the first error of fn.
func (g *group) records(fn func(Record) error) (wrong string, err error) {
	rest := g.body
	for i := range g.count {
		if len(rest) < recordHeaderSize {
			return "a record reaches beyond its group", nil
		}
		size := uint64(le.Uint32(rest))
		if size > uint64(len(rest)-recordHeaderSize) {
			return "a record reaches beyond its group", nil
		}
		r := Record{
			Sequence: g.first + uint64(i),
			Offset:   le.Uint64(rest[8:]),
			Batch: Batch{
				Stream:      Stream{Tenant: [16]byte(rest[16:]), ID: [16]byte(rest[32:])},
				Producer:    [16]byte(rest[48:]),
				ProducerSeq: le.Uint64(rest[64:]),
				Count:       le.Uint32(rest[4:]),
				Data:        rest[recordHeaderSize : recordHeaderSize+size : recordHeaderSize+size],
			},
		}
		rest = rest[recordHeaderSize+size:]
		if err := fn(r); err != nil {
			return "", err
		}
	}
	if len(rest) >= groupAlign || !zero(rest) {
		return "the group is longer than its records", nil
	}
	return "", nil
}

var zeros [64 << 10]byte

// zero reports whether b holds nothing but zeros.
func zero(b []byte) bool {
	for len(b) > len(zeros) {
		if !bytes.Equal(b[:len(zeros)], zeros[:]) {
			return false
		}
		b = b[len(zeros):]
	}
	return bytes.Equal(b, zeros[:len(b)])
}
