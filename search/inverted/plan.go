package inverted

import (
	"slices"
	"strings"
)

// A Segment is what a plan is made of and runs on: a [Memory] or an [Index].
type Segment interface {
	Rows() int
	Size() int64
	length() float64 // of all rows
	rowLengths() lengths
	documents(term string) int   // how many rows have a term
	postings(term string) source // nil where none has
	// prefixed yields the terms of the words that begin with prefix, typos
	// those of the words that word is a typo of, with their distance. A term
	// may come several times.
	prefixed(prefix string, yield func(term string))
	typos(word *misspelt, yield func(term string, distance int))
	merging
}

var (
	_ Segment = (*Memory)(nil)
	_ Segment = (*Index)(nil)
)

// A Plan is a query with what it has to know of all the segments it is meant
// for: which terms its clauses expand to, and how rare they are. So the score
// of a row does not depend on which rows share its segment. A plan does not
// change and may be used by many goroutines.
type Plan struct {
	Rows    int         // of all segments, deleted ones too
	Average float64     // length of a row
	Clauses []Expansion // one for each clause of the query
	Cut     int         // clauses beyond MaxClauses, and those beyond MaxExpanded

	normalizer normalizer
}

// An Expansion is what became of a clause.
type Expansion struct {
	Clause
	// Variants are the terms that a row may have to match, by term. They count
	// as one: a row's tf is the sum over them (synonyms as in Lucene's
	// SynonymQuery). A phrase has none.
	Variants []Variant
	// Documents is df, the number of rows that a clause's rarity is judged by:
	// that of the most frequent variant; of a phrase, that of its rarest place.
	Documents int
	IDF       float64
	Typos     bool // Variants are of other words than the one searched
	Cut       int  // variants beyond the limit, or places of a phrase
}

// A Variant is a term that a clause may be found by.
type Variant struct {
	Term      string
	Boost     float32 // factor of its tf: 1, or 0.8 for each step of a typo
	Documents int     // rows that have it, of all segments
}

// NewPlan expands a query for segments. It reads them all, so the lock of a
// memory must be held. A plan keeps nothing of the segments; where one has
// grown or has been replaced since, scores are by the old figures.
func NewPlan(clauses []Clause, segments ...Segment) *Plan {
	s := survey{segments: segments}
	p := &Plan{Cut: max(0, len(clauses)-MaxClauses)}
	var length float64
	for _, segment := range segments {
		p.Rows += segment.Rows()
		length += segment.length()
	}
	if p.Rows > 0 {
		p.Average = length / float64(p.Rows)
	}
	p.normalizer = newNormalizer(p.Rows, length)
	p.Clauses = make([]Expansion, 0, min(len(clauses), MaxClauses))
	for _, c := range clauses[:cap(p.Clauses)] {
		e := Expansion{Clause: c}
		if c.Weight > 0 && c.Weight <= MaxWeight {
			s.expand(&e)
		}
		e.IDF = inverseFrequency(p.Rows, e.Documents)
		p.Clauses = append(p.Clauses, e)
	}
	p.Cut += s.refused
	return p
}

// factor is what the clause's saturated frequency is multiplied by.
func (e *Expansion) factor() float64 { return e.Weight * e.IDF * (k1 + 1) }

// survey asks all segments.
type survey struct {
	segments []Segment
	expanded int // clauses whose words were looked for
	refused  int // clauses that were one too many for that
}

// mayExpand counts the clauses that walk a dictionary, which is slow.
func (s *survey) mayExpand() bool {
	if s.expanded == MaxExpanded {
		s.refused++
		return false
	}
	s.expanded++
	return true
}

func (s *survey) documents(term string) (n int) {
	for _, segment := range s.segments {
		n += segment.documents(term)
	}
	return n
}

func (s *survey) expand(e *Expansion) {
	switch e.Kind {
	case Term:
		s.add(e, 1, e.Terms...)
		if len(e.Variants) == 0 {
			s.correct(e)
		}
	case Prefix:
		s.complete(e)
	case Phrase:
		s.locate(e)
		return
	}
	slices.SortFunc(e.Variants, func(x, y Variant) int { return strings.Compare(x.Term, y.Term) })
	e.Variants = slices.CompactFunc(e.Variants, func(x, y Variant) bool { return x.Term == y.Term })
	for _, v := range e.Variants {
		e.Documents = max(e.Documents, v.Documents)
	}
}

// add makes variants of the terms that stand somewhere.
func (s *survey) add(e *Expansion, boost float32, terms ...string) {
	for _, term := range terms {
		if n := s.documents(term); n > 0 {
			e.Variants = append(e.Variants, Variant{Term: term, Boost: boost, Documents: n})
		}
	}
}

// locate judges a phrase by its rarest place: an upper limit of its true
// frequency, which would take a search to know. It is 0 where some place is
// nowhere.
func (s *survey) locate(e *Expansion) {
	if e.Cut = max(0, len(e.Places)-MaxPlaces); e.Cut > 0 {
		e.Places = e.Places[:MaxPlaces]
	}
	for i, place := range e.Places {
		most := 0
		for _, term := range place.Terms {
			most = max(most, s.documents(term))
		}
		if i == 0 || most < e.Documents {
			e.Documents = most
		}
	}
}
