package search

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// A segment file is a head and sections, one behind the other; FORMAT.md has
// every byte. What a section holds is encoded by what owns it.

// sectionKind says what a section holds.
type sectionKind uint32

const (
	sectionHead     sectionKind = iota + 1 // JSON
	sectionVersions                        // 16 bytes a row, rising
	sectionSizes                           // uint32 a row
	sectionText                            // package inverted
	sectionColumn                          // package column, one for each field
	sectionStarts                          // uint32 a row and one more: its first vector
	sectionNumbers                         // binary16 or binary32
	sectionCodes                           // int8, of vectors in binary16
	sectionGraph                           // package graph
	sectionKinds
)

const (
	segmentMagic  = "QuintSeg"
	formatSegment = 1
	segmentHead   = len(segmentMagic) + 4 + 4
	sectionEntry  = 4 + 4 + 8
	maxSections   = int(sectionKinds) + maxFields
)

// section is one part of a segment file. Number tells those of one kind apart.
type section struct {
	kind   sectionKind
	number uint32
	data   []byte
}

// segmentContent reads a segment file that is not put together anywhere: its
// sections stay where they are.
type segmentContent struct {
	pieces [][]byte
	rest   io.Reader
}

func newSegmentContent(sections []section) *segmentContent {
	head := binary.LittleEndian.AppendUint32([]byte(segmentMagic), formatSegment)
	head = binary.LittleEndian.AppendUint32(head, uint32(len(sections)))
	pieces := [][]byte{nil}
	for _, s := range sections {
		head = binary.LittleEndian.AppendUint32(head, uint32(s.kind))
		head = binary.LittleEndian.AppendUint32(head, s.number)
		head = binary.LittleEndian.AppendUint64(head, uint64(len(s.data)))
		pieces = append(pieces, s.data)
	}
	pieces[0] = head
	c := &segmentContent{pieces: pieces}
	c.rewind()
	return c
}

func (c *segmentContent) rewind() {
	readers := make([]io.Reader, len(c.pieces))
	for i, p := range c.pieces {
		readers[i] = bytes.NewReader(p)
	}
	c.rest = io.MultiReader(readers...)
}

func (c *segmentContent) size() (n int64) {
	for _, p := range c.pieces {
		n += int64(len(p))
	}
	return n
}

func (c *segmentContent) Read(b []byte) (int, error) { return c.rest.Read(b) }

// Seek goes back to the beginning, which is all that a blob asks for.
func (c *segmentContent) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekStart {
		return 0, fmt.Errorf("search: a segment is read from its beginning")
	}
	c.rewind()
	return 0, nil
}

// readSections reads a segment file of size bytes. It reads no section that
// the file cannot hold.
func readSections(r io.Reader, size int64) ([]section, error) {
	head := make([]byte, segmentHead)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, fmt.Errorf("a segment is cut off in its head: %w", err)
	}
	count := int(binary.LittleEndian.Uint32(head[len(segmentMagic)+4:]))
	format := binary.LittleEndian.Uint32(head[len(segmentMagic):])
	if string(head[:len(segmentMagic)]) != segmentMagic || format != formatSegment || count > maxSections {
		return nil, fmt.Errorf("a segment of format %d with %d sections cannot be read", format, count)
	}
	table := make([]byte, count*sectionEntry)
	if _, err := io.ReadFull(r, table); err != nil {
		return nil, fmt.Errorf("a segment is cut off in its table: %w", err)
	}
	left := size - int64(len(head)+len(table))
	sections := make([]section, count)
	for i := range sections {
		entry := table[i*sectionEntry:]
		s := &sections[i]
		s.kind, s.number = sectionKind(binary.LittleEndian.Uint32(entry)), binary.LittleEndian.Uint32(entry[4:])
		length := binary.LittleEndian.Uint64(entry[8:])
		if left < 0 || length > uint64(left) {
			return nil, fmt.Errorf("section %d of a segment has %d bytes, and %d are left", i, length, left)
		}
		left -= int64(length)
		s.data = make([]byte, length)
		if _, err := io.ReadFull(r, s.data); err != nil {
			return nil, fmt.Errorf("a segment is cut off in section %d: %w", i, err)
		}
	}
	if left != 0 {
		return nil, fmt.Errorf("a segment has %d bytes behind its sections", left)
	}
	return sections, nil
}
