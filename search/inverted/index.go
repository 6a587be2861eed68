package inverted

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// An Index is a segment that does not change: bytes that [Memory.Encode] has
// made, read in place. It may be searched by many goroutines.
type Index struct {
	lengths   lengths
	total     float64
	tfs       []float32
	weights   []float32
	records   []byte // of terms
	positions []byte
	terms     dictionary
	spellings []byte
	words     dictionary
	size      int
}

// ErrDamaged is what [Open] finds wrong with the bytes, wrapped.
var ErrDamaged = errors.New("inverted: damaged index")

// Open reads an index. It keeps b, which must not change as long as the index
// is used. It looks at each posting, which takes about as long as a search for
// all the terms.
func Open(b []byte) (*Index, error) {
	x, err := open(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return x, nil
}

func open(b []byte) (*Index, error) {
	if len(b) < headerSize || string(b[:4]) != magic {
		return nil, errors.New("it is none")
	}
	if v := binary.LittleEndian.Uint32(b[4:]); v != version {
		return nil, fmt.Errorf("format %d is unknown", v)
	}
	if crc32.Checksum(b[checked:], castagnoli) != binary.LittleEndian.Uint32(b[checked-4:]) {
		return nil, errors.New("checksum")
	}
	parts, err := divide(b)
	if err != nil {
		return nil, err
	}
	x := &Index{size: len(b), lengths: parts[0], records: parts[3], positions: parts[4], spellings: parts[6]}
	if x.tfs, err = values(parts[1]); err != nil {
		return nil, err
	}
	if x.weights, err = values(parts[2]); err != nil {
		return nil, err
	}
	for row := range x.Rows() {
		length := x.lengths.of(uint32(row))
		if !(length >= 0 && length <= math.MaxFloat32) {
			return nil, errors.New("length of a row")
		}
		x.total += float64(length)
	}
	if err := x.openTerms(parts[5]); err != nil {
		return nil, err
	}
	x.words, err = openDictionary(parts[7], len(x.spellings), func(word []byte, at int) int {
		rest := spellings(x.spellings[at:], word, func(string) {})
		if rest == nil {
			return 0
		}
		return len(x.spellings) - len(rest)
	})
	return x, err
}

// divide returns the sections in their order.
func divide(b []byte) (parts [3 + sections][]byte, err error) {
	var sizes [len(parts)]uint64
	for i := range sizes {
		if i < 3 {
			sizes[i] = 4 * uint64(binary.LittleEndian.Uint32(b[checked+4*i:]))
		} else {
			sizes[i] = binary.LittleEndian.Uint64(b[headerSize+8*(i-len(sizes)):])
		}
	}
	b = b[headerSize:]
	for i, size := range sizes {
		if size > uint64(len(b)) {
			return parts, errors.New("sections")
		}
		parts[i], b = b[:size:size], b[size:]
	}
	if len(b) > 0 || len(parts[0])/4 > maxRows {
		return parts, errors.New("sections")
	}
	return parts, nil
}

// values reads a table of numbers above 0.
func values(b []byte) ([]float32, error) {
	all := make([]float32, len(b)/4)
	for i := range all {
		all[i] = float32At(b, i)
		if !(all[i] > 0 && all[i] <= math.MaxFloat32) {
			return nil, errors.New("table of numbers")
		}
	}
	return all, nil
}

// Rows is how many rows there are.
func (x *Index) Rows() int { return len(x.lengths) / 4 }

func (x *Index) length() float64     { return x.total }
func (x *Index) rowLengths() lengths { return x.lengths }

func (x *Index) documents(term string) int {
	at, ok := x.terms.find(term)
	if !ok {
		return 0
	}
	df, _ := uvarint(x.records[at:])
	return int(df)
}

func (x *Index) postings(term string) source {
	at, ok := x.terms.find(term)
	if !ok {
		return nil
	}
	return x.record(at)
}

// record returns the postings whose record begins at a place.
func (x *Index) record(at int) *postings {
	df, rest := uvarint(x.records[at:])
	from, rest := uvarint(rest)
	p := &postings{df: int(df), positions: x.positions[from:], tfs: x.tfs, weights: x.weights}
	if p.df <= blockSize {
		var end uint64
		end, rest = uvarint(rest)
		p.end, p.blocks = uint32(end), rest
	} else {
		size := entry * blocks(p)
		p.directory, p.blocks = rest[:size], rest[size:]
	}
	return p
}

func (x *Index) prefixed(prefix string, yield func(term string)) {
	x.words.walk(prefix, nil, func(word []byte, at int) bool {
		spellings(x.spellings[at:], word, yield)
		return true
	})
}

func (x *Index) typos(word *misspelt, yield func(term string, distance int)) {
	x.words.walk(word.first, word, func(candidate []byte, at int) bool {
		_, distance := word.MatchAndDistance(string(candidate))
		spellings(x.spellings[at:], candidate, func(term string) { yield(term, int(distance)) })
		return true
	})
}
