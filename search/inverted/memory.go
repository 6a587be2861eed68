package inverted

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/tidwall/btree"
)

// A Memory is a segment that rows are added to. It may be searched by many
// goroutines, or changed by one and searched by none. Postings are packed from
// the beginning and unpacked for each search, so it is meant for some thousands
// of rows, or to be encoded without being searched.
type Memory struct {
	terms   map[string]*posted
	words   btree.Map[string, []string] // the terms of each surface word
	lengths lengths
	total   float64
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
	words  []string // whose term it is

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
// kept, but parts of their texts may be.
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
		if p.open {
			p.begin(row, m.tfs.of(p.tf))
		}
		p.tracks = p.track.append(p.tracks, tokens[i].Position, m.weights.of(tokens[i].Weight))
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
		m.terms[strings.Clone(term)] = p
	}
	return p
}

// spell notes that a term stands for a word.
func (m *Memory) spell(p *posted, term, word string) {
	if word != "" && !slices.Contains(p.words, word) {
		word = strings.Clone(word)
		p.words = append(p.words, word)
		terms, _ := m.words.Get(word)
		m.words.Set(word, append(terms, strings.Clone(term)))
	}
}

func (p *posted) begin(row, tf uint32) {
	p.packed = binary.AppendUvarint(p.packed, uint64(row-p.last))
	p.packed = binary.AppendUvarint(p.packed, uint64(tf))
	p.packed = binary.AppendUvarint(p.packed, p.count)
	p.open, p.last = false, row
	p.rows++
}

// unpack returns the postings: rows, the numbers of their tf and how many
// occurrences they have.
func (p *posted) unpack() (rows, tfs, counts []uint32) {
	all := make([]uint32, 3*p.rows)
	rows, tfs, counts = all[:p.rows], all[p.rows:2*p.rows], all[2*p.rows:]
	row, from := uint32(0), p.packed
	var distance, tf, count uint64
	for i := range rows {
		distance, from = uvarint(from)
		tf, from = uvarint(from)
		count, from = uvarint(from)
		row += uint32(distance)
		rows[i], tfs[i], counts[i] = row, uint32(tf), uint32(count)
	}
	return rows, tfs, counts
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
	rows, numbers, counts := p.unpack()
	l := &list{rows: rows, tfs: make([]float32, len(rows)), counts: counts, tracks: p.tracks, weights: m.weights.values}
	for i, number := range numbers {
		l.tfs[i] = m.tfs.values[number]
	}
	return l
}

func (m *Memory) prefixed(prefix string, yield func(term string)) {
	m.words.Ascend(prefix, func(word string, terms []string) bool {
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
	m.words.Ascend(word.first, func(candidate string, terms []string) bool {
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
