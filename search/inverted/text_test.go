package inverted_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"quintet/search/inverted"
)

// text draws rows and queries from a small vocabulary, in which words have
// stems, neighbours and common beginnings.
type text struct {
	*rand.Rand
	stems []string
}

func newText(seed uint64, stems int) *text {
	t := &text{Rand: rand.New(rand.NewPCG(seed, 1))}
	syllables := []string{"ba", "be", "bo", "ta", "te", "zü", "na", "漢", "x1", "or"}
	for range stems {
		var stem strings.Builder
		for range 1 + t.IntN(5) {
			stem.WriteString(syllables[t.IntN(len(syllables))])
		}
		t.stems = append(t.stems, stem.String())
	}
	return t
}

// word prefers the first stems.
func (t *text) word() (stem, word string) {
	stem = t.stems[int(float64(len(t.stems))*t.Float64()*t.Float64()*t.Float64())]
	return stem, stem + []string{"", "", "s", "ing"}[t.IntN(4)]
}

// row has a title and a body, whose words are analysed in two ways; now and
// then a word has a second term at its position.
func (t *text) row() (tokens []inverted.Token) {
	position := uint32(0)
	for field, weight := range []float32{2.5, 1, .3} {
		for range t.IntN(6) {
			stem, word := t.word()
			token := inverted.Token{Term: stem, Word: word, Position: position, Weight: weight}
			if field == 2 {
				token.Term = word
			}
			if t.IntN(10) == 0 {
				token.Word = ""
			}
			tokens = append(tokens, token)
			if t.IntN(20) == 0 {
				token.Term = "=" + word
				tokens = append(tokens, token)
			}
			position += 1 + uint32(t.IntN(10)/9)
		}
		position += 100
	}
	return tokens
}

func (t *text) clauses(rows [][]inverted.Token) (clauses []inverted.Clause) {
	for range t.IntN(5) {
		c := inverted.Clause{Kind: inverted.Kind(t.IntN(3)), Weight: []float64{1, 1, 2.5, .1, 0, 1e6}[t.IntN(6)]}
		stem, word := t.word()
		switch c.Kind {
		case inverted.Term:
			if c.Terms, c.Word = []string{stem, word}[:1+t.IntN(2)], word; t.IntN(2) == 0 {
				c.Word = t.mistake(word)
				c.Terms = []string{c.Word}
			}
		case inverted.Prefix:
			letters := []rune(word)
			c.Word = string(letters[:t.IntN(min(4, len(letters)+1))])
		case inverted.Phrase:
			c.Places = t.phrase(rows)
		}
		clauses = append(clauses, c)
	}
	return clauses
}

// phrase is taken from a row, as a rule.
func (t *text) phrase(rows [][]inverted.Token) (places []inverted.Place) {
	if len(rows) == 0 {
		return nil
	}
	tokens := rows[t.IntN(len(rows))]
	if len(tokens) == 0 {
		return []inverted.Place{{}}
	}
	first := t.IntN(len(tokens))
	for _, token := range tokens[first:min(first+1+t.IntN(3), len(tokens))] {
		p := inverted.Place{Terms: []string{token.Term}, Offset: token.Position - tokens[first].Position + 3}
		if t.IntN(3) == 0 {
			_, other := t.word()
			p.Terms = append(p.Terms, other, token.Term)
		}
		if t.IntN(20) == 0 {
			p.Offset++
		}
		places = append(places, p)
	}
	return places
}

func (t *text) mistake(word string) string {
	letters := []rune(word)
	for range 1 + t.IntN(2) {
		at := t.IntN(len(letters))
		switch t.IntN(4) {
		case 0:
			letters[at] = 'q'
		case 1:
			letters = append(letters[:at:at], append([]rune{'e'}, letters[at:]...)...)
		case 2:
			if len(letters) > 1 {
				letters = append(letters[:at:at], letters[at+1:]...)
			}
		case 3:
			if at > 0 {
				letters[at], letters[at-1] = letters[at-1], letters[at]
			}
		}
	}
	return string(letters)
}

func describe(clauses []inverted.Clause) string { return fmt.Sprintf("%+v", clauses) }
