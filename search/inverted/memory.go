package inverted

import (
	"encoding/binary"
	"slices"
	"strings"
	"sync"

	"github.com/tidwall/btree"
)

// A Memory is a segment that rows are added to. It may be searched by many
// goroutines, or changed by one and searched by none. Postings are packed from
// the beginning and unpacked for each search, so it is meant for some thousands
// of rows, or to be encoded without being searched.
type Memory struct {
	terms   map[string]*posted
	words   btree.Map[string, []string] // the terms of each surface word
	spelt   []spelling                  // that words does not have yet
	sorting sync.Mutex                  // while words gets them
	lengths lengths
	total   float64
	packed  int // bytes that postings and tracks take
	tfs     numbering
	weights numbering
	row     []*posted // of each token of the row that is being added
}

// posted are the packed postings of a term: for each row, as varints, how far
// it is from the one before, the number of its tf and how many occurrences it
// has. These stand apart, for few searches read them.
type posted struct {
	rows   int
	last   uint32
	packed []byte
	tracks []byte
	word   string   // whose term it is
	others []string // likewise, each once

	open  bool // the row that is being added has it
	tf    float32
	count uint64
	track track
}

// NewMemory returns an empty segment.
func NewMemory() *Memory { return &Memory{terms: map[string]*posted{}} }

// Rows is how many rows were added.
func (m *Memory) Rows() int { return len(m.lengths) / 4 }

// Add adds a row and returns its number, the next one from 0 on. Tokens out of
// their limits are an error, and nothing is added then. The tokens are not
// kept, but their terms and words are.
func (m *Memory) Add(tokens []Token) (row uint32, err error) {
	if err := checkTokens(tokens); err != nil {
		return 0, err
	}
	if m.Rows() == maxRows {
		return 0, errFull
	}
	row = uint32(m.Rows())
	m.row = m.row[:0]
	var length float32
	for i := range tokens {
		t := &tokens[i]
		p := m.term(t.Term)
		m.spell(p, t.Term, t.Word)
		if !p.open {
			p.open, p.tf, p.count, p.track = true, 0, 0, track{}
		}
		p.tf += t.Weight
		p.count++
		length += t.Weight
		m.row = append(m.row, p)
	}
	for i, p := range m.row {
		before := cap(p.packed) + cap(p.tracks)
		if p.open {
			p.begin(row, m.tfs.of(p.tf))
		}
		p.tracks = p.track.append(p.tracks, tokens[i].Position, m.weights.of(tokens[i].Weight))
		m.packed += cap(p.packed) + cap(p.tracks) - before
	}
	m.lengths = appendFloat32(m.lengths, length)
	m.total += float64(length)
	return row, nil
}

// term returns the postings of a term, and makes them if there are none.
func (m *Memory) term(term string) *posted {
	p := m.terms[term]
	if p == nil {
		p = &posted{}
		m.terms[term] = p
	}
	return p
}

// spelling is that a word has a term.
type spelling struct{ word, term string }

// manySpelt is how many spellings wait to be sorted. Sorted they go to places of
// the tree that are near each other, which takes a fraction of the time.
const manySpelt = 1_024

// spell notes that a term stands for a word.
func (m *Memory) spell(p *posted, term, word string) {
	switch {
	case word == p.word || word == "" || slices.Contains(p.others, word):
		return
	case p.word == "":
		p.word = word
	default:
		p.others = append(p.others, word)
	}
	if m.spelt = append(m.spelt, spelling{word, term}); len(m.spelt) == manySpelt {
		m.sorted()
	}
}

// sorted returns the terms of each word.
func (m *Memory) sorted() *btree.Map[string, []string] {
	m.sorting.Lock()
	defer m.sorting.Unlock()
	slices.SortFunc(m.spelt, func(x, y spelling) int {
		if x.word != y.word {
			return strings.Compare(x.word, y.word)
		}
		return strings.Compare(x.term, y.term)
	})
	for _, s := range m.spelt {
		if others, has := m.words.Set(s.word, []string{s.term}); has {
			m.words.Set(s.word, append(others, s.term))
		}
	}
	m.spelt = m.spelt[:0]
	return &m.words
}

func (p *posted) begin(row, tf uint32) {
	p.packed = binary.AppendUvarint(p.packed, uint64(row-p.last))
	p.packed = binary.AppendUvarint(p.packed, uint64(tf))
	p.packed = binary.AppendUvarint(p.packed, p.count)
	p.open, p.last = false, row
	p.rows++
}

// unpack appends the postings to those of a list.
func (p *posted) unpack(l *list, tfs []float32) {
	row, from := uint32(0), p.packed
	var distance, tf, count uint64
	for range p.rows {
		distance, from = uvarint(from)
		tf, from = uvarint(from)
		count, from = uvarint(from)
		row += uint32(distance)
		l.rows, l.tfs, l.counts = append(l.rows, row), append(l.tfs, tfs[tf]), append(l.counts, uint32(count))
	}
}

func (m *Memory) length() float64     { return m.total }
func (m *Memory) rowLengths() lengths { return m.lengths }

func (m *Memory) documents(term string) int {
	if p := m.terms[term]; p != nil {
		return p.rows
	}
	return 0
}

func (m *Memory) postings(term string) source {
	p := m.terms[term]
	if p == nil {
		return nil
	}
	all := make([]uint32, 2*p.rows)
	l := &list{rows: all[:0:p.rows], counts: all[p.rows:p.rows], tfs: make([]float32, 0, p.rows)}
	m.read(l, p)
	return l
}

// read makes a list that of some postings.
func (m *Memory) read(l *list, p *posted) {
	*l = list{rows: l.rows[:0], tfs: l.tfs[:0], counts: l.counts[:0], tracks: p.tracks, weights: m.weights.values}
	p.unpack(l, m.tfs.values)
}

func (m *Memory) prefixed(prefix string, yield func(term string)) {
	m.sorted().Ascend(prefix, func(word string, terms []string) bool {
		if !strings.HasPrefix(word, prefix) {
			return false
		}
		for _, term := range terms {
			yield(term)
		}
		return true
	})
}

func (m *Memory) typos(word *misspelt, yield func(term string, distance int)) {
	m.sorted().Ascend(word.first, func(candidate string, terms []string) bool {
		if !strings.HasPrefix(candidate, word.first) {
			return false
		}
		if ok, distance := word.MatchAndDistance(candidate); ok {
			for _, term := range terms {
				yield(term, int(distance))
			}
		}
		return true
	})
}
