package inverted

import (
	"cmp"
	"context"
	"encoding/binary"
	"hash/crc32"
	"slices"
)

const (
	magic      = "QINV"
	version    = 1
	sections   = 5
	headerSize = 6*4 + sections*8
	checked    = 12 // where the bytes that the checksum covers begin
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Encode returns the segment as bytes for [Open]; FORMAT.md describes them. It
// may run beside searches.
func (m *Memory) Encode() []byte {
	return must(Merge(context.Background(), []Input{{Segment: m}})) // which does not end
}

// encoder writes terms one after the other, and joins them in the end.
type encoder struct {
	lengths             lengths
	tfs, weights        numbering
	postings, positions []byte

	// Of one term:
	found     []found
	tracks    []byte
	directory []byte
	blocks    []byte

	// Of one block:
	rows, gaps  [blockSize]uint32
	frequencies [blockSize]float32
	numbers     [blockSize]uint32
	peaks       []peak
	places      []occurrence // of one posting
}

// found is a posting: its row, the number of its tf, and where in the tracks
// its occurrences stand.
type found struct{ row, tf, from, to uint32 }

// gather adds the postings that a term has in one segment to those of the term.
func (e *encoder) gather(s source, rows []uint32) {
	for b := range blocks(s) {
		n := s.decode(b, &e.rows)
		s.frequencies(b, &e.frequencies)
		for i, row := range e.rows[:n] {
			if rows != nil {
				row = rows[row]
			}
			if row == Gone {
				continue
			}
			from := len(e.tracks)
			var to track
			e.places = s.occurrences(b*blockSize+i, e.places[:0])
			for _, o := range e.places {
				e.tracks = to.append(e.tracks, o.position, e.weights.of(o.weight))
			}
			e.found = append(e.found, found{row, e.tfs.of(e.frequencies[i]), uint32(from), uint32(len(e.tracks))})
		}
	}
}

// term writes what was gathered.
func (e *encoder) term() {
	byRow := func(x, y found) int { return cmp.Compare(x.row, y.row) }
	if !slices.IsSortedFunc(e.found, byRow) {
		slices.SortFunc(e.found, byRow)
	}
	start := len(e.positions)
	e.directory, e.blocks = e.directory[:0], e.blocks[:0]
	next := uint32(0)
	for all := range slices.Chunk(e.found, blockSize) {
		last := all[len(all)-1].row
		e.directory = binary.LittleEndian.AppendUint32(e.directory, last)
		e.directory = binary.LittleEndian.AppendUint32(e.directory, uint32(len(e.blocks)))
		e.directory = binary.LittleEndian.AppendUint32(e.directory, uint32(len(e.positions)-start))
		e.block(next, all)
		next = last + 1
		for _, f := range all {
			e.positions = binary.AppendUvarint(e.positions, uint64(f.to-f.from))
			e.positions = append(e.positions, e.tracks[f.from:f.to]...)
		}
	}
	e.postings = binary.AppendUvarint(e.postings, uint64(len(e.found)))
	e.postings = binary.AppendUvarint(e.postings, uint64(start))
	if len(e.found) <= blockSize {
		e.postings = binary.AppendUvarint(e.postings, uint64(next-1))
	} else {
		e.postings = append(e.postings, e.directory...)
	}
	e.postings = append(e.postings, e.blocks...)
	e.found, e.tracks = e.found[:0], e.tracks[:0]
}

// block appends a block whose rows are from next on.
func (e *encoder) block(next uint32, all []found) {
	gaps, numbers := e.gaps[:len(all)], e.numbers[:len(all)]
	e.peaks = e.peaks[:0]
	for i, f := range all {
		e.peaks = append(e.peaks, peak{e.tfs.values[f.tf], e.lengths.of(f.row)})
		gaps[i], numbers[i], next = f.row-next, f.tf, f.row+1
	}
	peaks := peaksOf(e.peaks)
	rowBits, tfBits := width(gaps), width(numbers)
	e.blocks = append(e.blocks, byte(rowBits), byte(tfBits), byte(len(peaks)))
	for _, p := range peaks {
		e.blocks = binary.AppendUvarint(e.blocks, uint64(e.tfs.of(p.tf)))
		e.blocks = appendFloat32(e.blocks, p.length)
	}
	e.blocks = pack(e.blocks, gaps, rowBits)
	e.blocks = pack(e.blocks, numbers, tfBits)
}

func (e *encoder) join(parts ...[]byte) []byte {
	size := headerSize + len(e.lengths) + 4*len(e.tfs.values) + 4*len(e.weights.values)
	for _, part := range parts {
		size += len(part)
	}
	all := make([]byte, 0, size)
	all = append(all, magic...)
	for _, v := range []int{version, 0, len(e.lengths) / 4, len(e.tfs.values), len(e.weights.values)} {
		all = binary.LittleEndian.AppendUint32(all, uint32(v))
	}
	for _, part := range parts {
		all = binary.LittleEndian.AppendUint64(all, uint64(len(part)))
	}
	all = append(all, e.lengths...)
	for _, values := range [][]float32{e.tfs.values, e.weights.values} {
		for _, v := range values {
			all = appendFloat32(all, v)
		}
	}
	for _, part := range parts {
		all = append(all, part...)
	}
	binary.LittleEndian.PutUint32(all[checked-4:], crc32.Checksum(all[checked:], castagnoli))
	return all
}
