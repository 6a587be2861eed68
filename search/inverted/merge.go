package inverted

import (
	"cmp"
	"context"
	"encoding/binary"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/blevesearch/vellum"
)

// An Input is a segment that is merged. Rows has the number that each of its
// rows gets, or [Gone]; nil leaves all as they are.
type Input struct {
	Segment Segment
	Rows    []uint32
}

// Gone stands for the number of a row that is left out.
const Gone = math.MaxUint32

// Merge encodes the rows of segments as one segment, which finds and scores
// them as one would to which they had been added. Their numbers are from 0 on,
// and no two rows have the same. It may run beside searches, and stops with the
// error of ctx when that ends.
//
// A word that only rows had that are left out stays, as long as other rows have
// its term.
func Merge(ctx context.Context, inputs []Input) ([]byte, error) {
	e := newEncoder(inputs)
	terms, words := newDictionaryWriter(), newDictionaryWriter()
	empty := map[string]bool{} // terms that all rows left out
	for term, at := range together(inputs, merging.walkTerms) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for _, w := range at {
			e.gather(w.postings(), w.rows)
		}
		if len(e.found) == 0 {
			empty[term] = true
			continue
		}
		terms.add(term, len(e.postings))
		e.term()
	}
	e.postings = append(e.postings, make([]byte, packing)...)
	var spellings []byte
	var spelt []string
	for word, at := range together(inputs, merging.walkWords) {
		spelt = spelt[:0]
		for _, w := range at {
			w.spellings(func(term string) {
				if !empty[term] && !slices.Contains(spelt, term) {
					spelt = append(spelt, term)
				}
			})
		}
		if len(spelt) > 0 {
			words.add(word, len(spellings))
			spellings = appendSpellings(spellings, word, spelt)
		}
	}
	return e.join(e.postings, e.positions, terms.bytes(), spellings, words.bytes()), nil
}

// newEncoder copies the lengths of the rows, and numbers frequencies and weights
// as the largest segment does: the most frequent come first there.
func newEncoder(inputs []Input) *encoder {
	e := &encoder{}
	largest := slices.SortedStableFunc(slices.Values(inputs), func(x, y Input) int { return y.Segment.Rows() - x.Segment.Rows() })
	for _, in := range largest {
		tfs, weights := in.Segment.tables()
		for _, v := range tfs {
			e.tfs.of(v)
		}
		for _, v := range weights {
			e.weights.of(v)
		}
	}
	rows := 0
	for _, in := range inputs {
		if in.Rows == nil {
			rows = max(rows, in.Segment.Rows())
		}
		for _, row := range in.Rows {
			if row != Gone {
				rows = max(rows, int(row)+1)
			}
		}
	}
	e.lengths = make(lengths, 4*rows)
	for _, in := range inputs {
		from := in.Segment.rowLengths()
		if in.Rows == nil {
			copy(e.lengths, from)
		}
		for old, row := range in.Rows {
			if row != Gone {
				binary.LittleEndian.PutUint32(e.lengths[4*row:], math.Float32bits(from.of(uint32(old))))
			}
		}
	}
	return e
}

// merging is what a merge asks of a segment.
type merging interface {
	walkTerms() *walk
	walkWords() *walk
	// tables returns the distinct tf and weights, the most frequent first.
	tables() (tfs, weights []float32)
}

// A walk is at one name of a segment, a term or a word; next goes on to the one
// behind it, and returns false where there is none. What it hands out is valid
// until then.
type walk struct {
	name      string
	next      func() bool
	postings  func() source           // of the term
	spellings func(func(term string)) // of the word
	rows      []uint32                // of the input
}

// together yields each name that a segment has once, in order, with the walks
// that are at it.
func together(inputs []Input, open func(merging) *walk) iter.Seq2[string, []*walk] {
	return func(yield func(string, []*walk) bool) {
		var walks, at []*walk
		for _, in := range inputs {
			w := open(in.Segment)
			if w.rows = in.Rows; w.next() {
				walks = append(walks, w)
			}
		}
		for len(walks) > 0 {
			first := slices.MinFunc(walks, func(x, y *walk) int { return cmp.Compare(x.name, y.name) }).name
			at = at[:0]
			for _, w := range walks {
				if w.name == first {
					at = append(at, w)
				}
			}
			if !yield(first, at) {
				return
			}
			walks = slices.DeleteFunc(walks, func(w *walk) bool { return w.name == first && !w.next() })
		}
	}
}

func (m *Memory) tables() (tfs, weights []float32) {
	tfs, _ = m.tfs.ranked()
	weights, _ = m.weights.ranked()
	return tfs, weights
}

func (m *Memory) walkTerms() *walk {
	type term struct {
		name string
		of   *posted
	}
	terms := make([]term, 0, len(m.terms))
	for name, p := range m.terms {
		terms = append(terms, term{name, p})
	}
	slices.SortFunc(terms, func(x, y term) int { return strings.Compare(x.name, y.name) })
	w, at, one := &walk{}, -1, &list{}
	w.next = func() bool {
		if at++; at == len(terms) {
			return false
		}
		w.name = terms[at].name
		return true
	}
	w.postings = func() source {
		m.read(one, terms[at].of)
		return one
	}
	return w
}

func (m *Memory) walkWords() *walk {
	words := m.sorted().Iter()
	w := &walk{}
	w.next = func() bool {
		more := words.Next()
		if more {
			w.name = words.Key()
		}
		return more
	}
	w.spellings = func(yield func(string)) {
		for _, term := range words.Value() {
			yield(term)
		}
	}
	return w
}

func (x *Index) tables() (tfs, weights []float32) { return x.tfs, x.weights }

func (x *Index) walkTerms() *walk {
	w, at := x.terms.walkAll()
	w.postings = func() source { return x.record(*at) }
	return w
}

func (x *Index) walkWords() *walk {
	w, at := x.words.walkAll()
	w.spellings = func(yield func(string)) { spellings(x.spellings[*at:], []byte(w.name), yield) }
	return w
}

// walkAll goes through all keys. At is where the record of the one it is at
// begins.
func (d dictionary) walkAll() (w *walk, at *int) {
	w, at = &walk{}, new(int)
	var keys *vellum.FSTIterator
	w.next = func() bool {
		var err error
		if keys == nil {
			keys, err = d.fst.Iterator(nil, nil)
		} else {
			err = keys.Next()
		}
		if err != nil {
			return false
		}
		key, value := keys.Current()
		w.name, *at = string(key), int(value)
		return true
	}
	return w, at
}
