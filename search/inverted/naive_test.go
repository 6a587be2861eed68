package inverted_test

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"

	"quintet/search/bitset"
	"quintet/search/inverted"
)

// naive answers each question by looking at all tokens of all rows.
type naive struct {
	rows   [][]inverted.Token
	where  []place            // of each row
	ghosts [][]inverted.Token // rows that a merge left out, whose words stay
}

type place struct {
	segment int
	row     uint32
}

func (n *naive) add(tokens []inverted.Token, segment int, row uint32) {
	n.rows, n.where = append(n.rows, tokens), append(n.where, place{segment, row})
}

// tf of a term in a row, 0 where it is not.
func tfOf(tokens []inverted.Token, term string) (tf float32) {
	for _, t := range tokens {
		if t.Term == term {
			tf += t.Weight
		}
	}
	return tf
}

func (n *naive) documents(term string) (df int) {
	for _, tokens := range n.rows {
		if tfOf(tokens, term) > 0 {
			df++
		}
	}
	return df
}

// termsOf are the terms of the words that a function finds near, with their
// least distance.
func (n *naive) termsOf(near func(word string) (distance int, ok bool)) map[string]int {
	found := map[string]int{}
	for _, tokens := range slices.Concat(n.rows, n.ghosts) {
		for _, t := range tokens {
			if t.Word == "" {
				continue
			}
			if distance, ok := near(t.Word); ok {
				if before, known := found[t.Term]; !known || distance < before {
					found[t.Term] = distance
				}
			}
		}
	}
	return found
}

// expand returns the terms that a clause is found by and their boosts.
func (n *naive) expand(c inverted.Clause) map[string]float32 {
	variants := map[string]float32{}
	switch c.Kind {
	case inverted.Prefix:
		if c.Word == "" {
			return nil
		}
		for term := range n.termsOf(func(word string) (int, bool) { return 0, strings.HasPrefix(word, c.Word) }) {
			variants[term] = 1
		}
	case inverted.Term:
		for _, term := range c.Terms {
			if n.documents(term) > 0 {
				variants[term] = 1
			}
		}
		letters := []rune(c.Word)
		limit := map[bool]int{true: 1}[len(letters) >= 5] + map[bool]int{true: 1}[len(letters) >= 9]
		if len(variants) > 0 || limit == 0 || strings.ContainsFunc(c.Word, unicode.IsNumber) {
			return variants
		}
		for term, distance := range n.termsOf(func(word string) (int, bool) {
			d := editDistance(letters, []rune(word))
			return d, d <= limit && []rune(word)[0] == letters[0]
		}) {
			variants[term] = []float32{1, .8, .64}[distance]
		}
	}
	return variants
}

// editDistance counts insertions, deletions, replacements and swaps of
// neighbours, with each letter edited at most once.
func editDistance(a, b []rune) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		for j := range d[i] {
			switch {
			case i == 0 || j == 0:
				d[i][j] = i + j
			case a[i-1] == b[j-1]:
				d[i][j] = d[i-1][j-1]
			default:
				d[i][j] = 1 + min(d[i-1][j], d[i][j-1], d[i-1][j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

// phraseTF sums the weights where a phrase begins.
func phraseTF(tokens []inverted.Token, places []inverted.Place) (tf float32) {
	at := func(p inverted.Place, position int) (float32, bool) {
		for _, t := range tokens {
			if int(t.Position) == position && slices.Contains(p.Terms, t.Term) {
				return t.Weight, true
			}
		}
		return 0, false
	}
	seen := -1
	for _, t := range tokens {
		if int(t.Position) == seen {
			continue
		}
		seen = int(t.Position)
		whole := len(places) > 0
		for _, p := range places {
			_, found := at(p, seen-int(places[0].Offset)+int(p.Offset))
			whole = whole && found
		}
		if whole {
			weight, _ := at(places[0], seen)
			tf += weight
		}
	}
	return tf
}

// part is a clause as the naive search sees it: its df and its tf by row.
type part struct {
	df  int
	tfs []float32
}

func (n *naive) part(c inverted.Clause) part {
	p := part{tfs: make([]float32, len(n.rows))}
	if !(c.Weight > 0 && c.Weight <= inverted.MaxWeight) {
		return p
	}
	if c.Kind == inverted.Phrase {
		for i, place := range c.Places {
			most := 0
			for _, term := range place.Terms {
				most = max(most, n.documents(term))
			}
			if i == 0 || most < p.df {
				p.df = most
			}
		}
		for row, tokens := range n.rows {
			p.tfs[row] = phraseTF(tokens, c.Places)
		}
		return p
	}
	variants := n.expand(c)
	terms := make([]string, 0, len(variants))
	for term := range variants {
		terms = append(terms, term)
		p.df = max(p.df, n.documents(term))
	}
	slices.Sort(terms)
	for row, tokens := range n.rows {
		for _, term := range terms {
			p.tfs[row] += float32(variants[term] * tfOf(tokens, term))
		}
	}
	return p
}

// scores are those of all rows, by the formula of the package.
func (n *naive) scores(clauses []inverted.Clause) []float64 {
	scores := make([]float64, len(n.rows))
	lengths := make([]float32, len(n.rows))
	var total float64
	for row, tokens := range n.rows {
		for _, t := range tokens {
			lengths[row] += t.Weight
		}
		total += float64(lengths[row])
	}
	all := float64(len(n.rows))
	for _, c := range clauses {
		p := n.part(c)
		df := float64(p.df)
		factor := c.Weight * math.Log(1+(all-df+.5)/(df+.5)) * (1.2 + 1)
		for row, tf := range p.tfs {
			if tf == 0 {
				continue
			}
			norm := 1.2*(1-.75) + float64(1.2*.75*all/total*float64(lengths[row]))
			exact := factor * float64(tf) / (float64(tf) + norm)
			scores[row] += max(math.RoundToEven(exact*(1<<32)), 1) / (1 << 32)
		}
	}
	return scores
}

// top orders the matching rows of a segment.
func (n *naive) top(scores []float64, segment, k int, admitted bitset.Set, behind func(inverted.Scored) bool) (found []inverted.Scored) {
	for i, score := range scores {
		s := inverted.Scored{Row: n.where[i].row, Score: score}
		if n.where[i].segment == segment && score > 0 && (admitted == nil || admitted.Has(s.Row)) && (behind == nil || behind(s)) {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(x, y inverted.Scored) int {
		return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(y.Row, x.Row))
	})
	return found[:min(k, len(found))]
}
