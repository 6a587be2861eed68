package inverted

import (
	"encoding/binary"
	"hash/crc32"
	"maps"
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
	e := encoder{lengths: m.lengths, frequency: map[float32]uint32{}}
	e.tfs, e.tfNumber = m.tfs.ranked()
	e.weights, e.weightNumber = m.weights.ranked()
	for number, tf := range e.tfs {
		e.frequency[tf] = uint32(number)
	}
	terms := newDictionaryWriter()
	for _, term := range slices.Sorted(maps.Keys(m.terms)) {
		terms.add(term, len(e.postings))
		e.term(m.terms[term])
	}
	e.postings = append(e.postings, make([]byte, packing)...)
	words := newDictionaryWriter()
	var spellings []byte
	m.words.Scan(func(word string, terms []string) bool {
		words.add(word, len(spellings))
		spellings = appendSpellings(spellings, word, terms)
		return true
	})
	return e.join(e.postings, e.positions, terms.bytes(), spellings, words.bytes())
}

type encoder struct {
	lengths                lengths
	tfs, weights           []float32
	tfNumber, weightNumber []uint32           // new by old
	frequency              map[float32]uint32 // new number by value
	postings, positions    []byte
	directory, blocks      []byte // of one term
	peaks                  []peak // of one block
	track                  []byte // of one posting
}

func (e *encoder) term(p *posted) {
	rows, tfs, counts := p.unpack()
	tracks := p.tracks
	for i, old := range tfs {
		tfs[i] = e.tfNumber[old]
	}
	start := len(e.positions)
	e.directory, e.blocks = e.directory[:0], e.blocks[:0]
	next := uint32(0)
	for first := 0; first < len(rows); first += blockSize {
		end := min(first+blockSize, len(rows))
		last := rows[end-1]
		e.directory = binary.LittleEndian.AppendUint32(e.directory, last)
		e.directory = binary.LittleEndian.AppendUint32(e.directory, uint32(len(e.blocks)))
		e.directory = binary.LittleEndian.AppendUint32(e.directory, uint32(len(e.positions)-start))
		e.block(next, rows[first:end], tfs[first:end])
		next = last + 1
		for _, count := range counts[first:end] {
			var of []byte
			of, tracks = split(tracks, count)
			e.occurrences(of)
		}
	}
	e.postings = binary.AppendUvarint(e.postings, uint64(len(rows)))
	e.postings = binary.AppendUvarint(e.postings, uint64(start))
	if len(rows) <= blockSize {
		e.postings = binary.AppendUvarint(e.postings, uint64(next-1))
	} else {
		e.postings = append(e.postings, e.directory...)
	}
	e.postings = append(e.postings, e.blocks...)
}

// block appends a block whose rows are from next on, and overwrites them.
func (e *encoder) block(next uint32, rows, tfs []uint32) {
	e.peaks = e.peaks[:0]
	for i, row := range rows {
		e.peaks = append(e.peaks, peak{e.tfs[tfs[i]], e.lengths.of(row)})
		rows[i], next = row-next, row+1
	}
	peaks := peaksOf(e.peaks)
	rowBits, tfBits := width(rows), width(tfs)
	e.blocks = append(e.blocks, byte(rowBits), byte(tfBits), byte(len(peaks)))
	for _, p := range peaks {
		e.blocks = binary.AppendUvarint(e.blocks, uint64(e.frequency[p.tf]))
		e.blocks = appendFloat32(e.blocks, p.length)
	}
	e.blocks = pack(e.blocks, rows, rowBits)
	e.blocks = pack(e.blocks, tfs, tfBits)
}

// occurrences appends those of a posting with the new numbers of their weights.
func (e *encoder) occurrences(old []byte) {
	e.track = e.track[:0]
	var from, to track
	for len(old) > 0 {
		old = from.next(old)
		e.track = to.append(e.track, from.position, e.weightNumber[from.weight])
	}
	e.positions = binary.AppendUvarint(e.positions, uint64(len(e.track)))
	e.positions = append(e.positions, e.track...)
}

func (e *encoder) join(parts ...[]byte) []byte {
	size := headerSize + len(e.lengths) + 4*len(e.tfs) + 4*len(e.weights)
	for _, part := range parts {
		size += len(part)
	}
	all := make([]byte, 0, size)
	all = append(all, magic...)
	for _, v := range []int{version, 0, len(e.lengths) / 4, len(e.tfs), len(e.weights)} {
		all = binary.LittleEndian.AppendUint32(all, uint32(v))
	}
	for _, part := range parts {
		all = binary.LittleEndian.AppendUint64(all, uint64(len(part)))
	}
	all = append(all, e.lengths...)
	for _, values := range [][]float32{e.tfs, e.weights} {
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
