package inverted

import (
	"slices"

	"quintet/search/bitset"
)

// A Matcher runs a plan on one segment, for one goroutine, and on a memory as
// long as its lock is held.
type Matcher struct {
	plan    *Plan
	rows    int
	lengths lengths
	clauses []match
}

// match is a clause that stands in the segment.
type match struct {
	source
	clause int
	factor float64
}

// In prepares a plan for a segment, whether or not it was made for it. Prefixes
// of several terms, typos and phrases are searched here, plain terms by the
// methods of the matcher.
func (p *Plan) In(s Segment) *Matcher {
	m := &Matcher{plan: p, rows: s.Rows(), lengths: s.rowLengths()}
	for i := range p.Clauses {
		e := &p.Clauses[i]
		var found source
		switch {
		case e.Documents == 0:
		case e.Kind == Phrase:
			found = searchPhrase(s, e.Places)
		default:
			found = searchGroup(s, e.Variants)
		}
		if found != nil {
			m.clauses = append(m.clauses, match{found, i, e.factor()})
		}
	}
	return m
}

// searchGroup returns the postings of any of several terms. The tf of a row is
// the sum of boost · tf, by term.
func searchGroup(s Segment, variants []Variant) source {
	var present []source
	var boosts []float32
	for _, v := range variants {
		if found := s.postings(v.Term); found != nil {
			present, boosts = append(present, found), append(boosts, v.Boost)
		}
	}
	switch {
	case len(present) == 0:
		return nil
	case len(present) == 1 && boosts[0] == 1:
		return present[0]
	}
	tfs, matching := make([]float32, s.Rows()), bitset.New(s.Rows())
	var rows [blockSize]uint32
	var counts [blockSize]float32
	for i, from := range present {
		for block := range blocks(from) {
			n := from.decode(block, &rows)
			from.frequencies(block, &counts)
			for j, row := range rows[:n] {
				tfs[row] += float32(boosts[i] * counts[j])
				matching[row/64] |= 1 << (row % 64)
			}
		}
	}
	l := &list{rows: make([]uint32, 0, matching.Count())}
	for row := range matching.All() {
		l.rows, l.tfs = append(l.rows, row), append(l.tfs, tfs[row])
	}
	return l
}

// start puts a cursor at the beginning of each clause, in old ones if there are
// enough.
func (m *Matcher) start(cursors []cursor) []cursor {
	cursors = slices.Grow(cursors[:0], len(m.clauses))[:len(m.clauses)]
	for i, c := range m.clauses {
		cursors[i].reset(c.source, c.factor)
	}
	return cursors
}

// Matches returns the rows that match any clause.
func (m *Matcher) Matches() bitset.Set {
	matching := bitset.New(m.rows)
	var rows [blockSize]uint32
	for _, c := range m.clauses {
		for block := range blocks(c) {
			n := c.decode(block, &rows)
			for _, row := range rows[:n] {
				matching[row/64] |= 1 << (row % 64)
			}
		}
	}
	return matching
}

// Score returns the scores of rising rows, 0 for one that does not match.
func (m *Matcher) Score(rows []uint32) []float64 {
	scores := make([]float64, len(rows))
	cursors := m.start(nil)
	for i, row := range rows {
		for j := range cursors {
			c := &cursors[j]
			if c.seek(row) && c.row() == row {
				scores[i] += contribution(c.factor, c.tf(), m.norm(row))
			}
		}
	}
	return scores
}

func (m *Matcher) norm(row uint32) float64 {
	return m.plan.normalizer.of(m.lengths.of(row))
}

// A Part is what one clause adds to the score of a row.
type Part struct {
	Clause    int     // of [Plan.Clauses], where its IDF and Documents stand
	Frequency float32 // the clause's tf in the row
	Length    float32 // of the row
	Score     float64
}

// Explain returns the parts of a row's score, in the order of the clauses.
func (m *Matcher) Explain(row uint32) (parts []Part) {
	cursors := m.start(nil)
	for i := range cursors {
		c := &cursors[i]
		if c.seek(row) && c.row() == row {
			parts = append(parts, Part{
				Clause: m.clauses[i].clause, Frequency: c.tf(), Length: m.lengths.of(row),
				Score: contribution(c.factor, c.tf(), m.norm(row)),
			})
		}
	}
	return parts
}
