package inverted

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/vellum/levenshtein"
)

// complete makes variants of all terms whose words begin with the clause's.
func (s *survey) complete(e *Expansion) {
	if e.Word == "" || !s.mayExpand() {
		return
	}
	found := map[string]bool{}
	for _, segment := range s.segments {
		segment.prefixed(e.Word, func(term string) {
			if !found[term] {
				found[term] = true
				s.add(e, 1, term)
			}
		})
	}
	e.cut(MaxPrefixed)
}

// cut keeps the nearest variants, and of equally near ones the most frequent.
func (e *Expansion) cut(limit int) {
	if len(e.Variants) <= limit {
		return
	}
	slices.SortFunc(e.Variants, func(x, y Variant) int {
		return cmp.Or(cmp.Compare(y.Boost, x.Boost), y.Documents-x.Documents, strings.Compare(x.Term, y.Term))
	})
	e.Cut = len(e.Variants) - limit
	e.Variants = e.Variants[:limit]
}

// The letters that a word must have to be searched with one or two typos.
// Short words have too many neighbours to mean one of them.
const (
	oneTypo  = 5
	twoTypos = 9
	longest  = 32 // letters of a word that has typos at all
)

var boosts = [...]float32{1, .8, .64} // by distance

// correct makes variants of the terms whose words differ little from the
// clause's. It is for a word that stands in no segment.
func (s *survey) correct(e *Expansion) {
	if !mayBeMisspelt(e.Word) || !s.mayExpand() {
		return
	}
	word, err := newMisspelt(e.Word)
	if err != nil { // its automaton has too many states
		return
	}
	nearest := map[string]int{}
	for _, segment := range s.segments {
		segment.typos(word, func(term string, distance int) {
			if d, ok := nearest[term]; !ok || distance < d {
				nearest[term] = distance
			}
		})
	}
	for term, distance := range nearest {
		s.add(e, boosts[distance], term)
	}
	e.Typos = len(e.Variants) > 0
	e.cut(MaxTypos)
}

// misspelt is a word and the automaton of its neighbours: those that one or two
// insertions, deletions, replacements or swaps of adjacent letters lead to,
// each letter being touched by one of them only. The first letter is right.
type misspelt struct {
	first string // the first letter
	*levenshtein.DFA
}

func mayBeMisspelt(word string) bool {
	letters := utf8.RuneCountInString(word)
	return letters >= oneTypo && letters <= longest && utf8.ValidString(word) && !strings.ContainsFunc(word, unicode.IsNumber)
}

func newMisspelt(word string) (*misspelt, error) {
	distance := uint8(1)
	if utf8.RuneCountInString(word) >= twoTypos {
		distance = 2
	}
	automaton, err := neighbours()[distance].BuildDfa(word, distance)
	if err != nil {
		return nil, err
	}
	_, width := utf8.DecodeRuneInString(word)
	return &misspelt{first: word[:width], DFA: automaton}, nil
}

var neighbours = sync.OnceValue(func() (all [3]*levenshtein.LevenshteinAutomatonBuilder) {
	for distance := 1; distance < len(all); distance++ {
		builder, err := levenshtein.NewLevenshteinAutomatonBuilder(uint8(distance), true)
		if err != nil {
			panic(err) // it depends on nothing but the distance
		}
		all[distance] = builder
	}
	return all
})
