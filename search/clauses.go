package search

import (
	"slices"
	"strings"

	"quintet/search/analysis"
	"quintet/search/inverted"
)

// add takes a clause of one analysis over into those of the query. A clause of
// the same words that another analysis made gets its terms.
func (t *terms) add(c analysis.Clause, at map[string]int) {
	words := make([]string, len(c.Terms))
	for i, w := range c.Terms {
		words[i] = w.Word
	}
	spelling := strings.Join(words, " ")
	if c.Kind == analysis.Prefix {
		spelling += "*"
	}
	key := string(rune(c.Kind)) + spelling
	n, known := at[key]
	if !known {
		n = len(t.clauses)
		at[key] = n
		t.clauses = append(t.clauses, newClause(c))
		t.spellings = append(t.spellings, spelling)
		return
	}
	into := &t.clauses[n]
	switch c.Kind {
	case analysis.Term:
		into.Terms = addTerm(into.Terms, c.Terms[0].Term)
	case analysis.Phrase:
		for i, w := range c.Terms {
			into.Places[i].Terms = addTerm(into.Places[i].Terms, w.Term)
		}
	}
}

func addTerm(list []string, term string) []string {
	if slices.Contains(list, term) {
		return list
	}
	return append(list, term)
}

func newClause(c analysis.Clause) inverted.Clause {
	n := inverted.Clause{Weight: min(c.Weight, inverted.MaxWeight)}
	switch c.Kind {
	case analysis.Prefix:
		n.Kind, n.Word = inverted.Prefix, c.Terms[0].Word
	case analysis.Phrase:
		n.Kind = inverted.Phrase
		offset := 0
		for _, w := range c.Terms {
			offset += w.Gap
			n.Places = append(n.Places, inverted.Place{Terms: []string{w.Term}, Offset: uint32(offset)})
		}
	default:
		n.Word, n.Terms = c.Terms[0].Word, []string{c.Terms[0].Term}
	}
	return n
}
