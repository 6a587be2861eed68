package inverted_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"quintet/search/inverted"
)

func TestTokensOutOfTheirLimits(t *testing.T) {
	good := inverted.Token{Term: strings.Repeat("t", inverted.MaxTerm), Word: strings.Repeat("w", inverted.MaxTerm), Position: math.MaxUint32, Weight: inverted.MaxWeight}
	for name, change := range map[string]func(t *inverted.Token){
		"no term":        func(t *inverted.Token) { t.Term = "" },
		"long term":      func(t *inverted.Token) { t.Term += "t" },
		"long word":      func(t *inverted.Token) { t.Word += "w" },
		"weight 0":       func(t *inverted.Token) { t.Weight = 0 },
		"weight below 0": func(t *inverted.Token) { t.Weight = -1 },
		"weight NaN":     func(t *inverted.Token) { t.Weight = float32(math.NaN()) },
		"large weight":   func(t *inverted.Token) { t.Weight = inverted.MaxWeight + 1 },
		"back":           func(t *inverted.Token) { t.Position-- },
	} {
		t.Run(name, func(t *testing.T) {
			m := inverted.NewMemory()
			bad := good
			change(&bad)
			if _, err := m.Add([]inverted.Token{good, bad}); err == nil || m.Rows() != 0 {
				t.Errorf("%d rows, error %v", m.Rows(), err)
			}
			if row, err := m.Add([]inverted.Token{good, good}); row != 0 || err != nil {
				t.Error(row, err)
			}
			encoded(t, m)
		})
	}
}

// TestLimitsOfAQuery holds that what is too much is cut, and said, and that the
// most frequent terms are left.
func TestLimitsOfAQuery(t *testing.T) {
	m := inverted.NewMemory()
	add := func(words ...string) {
		var tokens []inverted.Token
		for i, word := range words {
			tokens = append(tokens, inverted.Token{Term: word, Word: word, Position: uint32(i), Weight: 1})
		}
		if _, err := m.Add(tokens); err != nil {
			t.Fatal(err)
		}
	}
	for i := range inverted.MaxPrefixed + 10 {
		add(fmt.Sprintf("pre%d", i))
	}
	for i := range inverted.MaxTypos + 5 {
		add("wordings" + string(rune('а'+i)))
	}
	add("pre7", "wordingsа")
	add("pre7", "wording")
	for _, s := range []inverted.Segment{m, encoded(t, m)} {
		prefix := inverted.NewPlan([]inverted.Clause{{Kind: inverted.Prefix, Word: "pre", Weight: 1}}, s).Clauses[0]
		if len(prefix.Variants) != inverted.MaxPrefixed || prefix.Cut != 10 || prefix.Documents != 3 {
			t.Errorf("the prefix has %d terms, %d cut, in %d rows", len(prefix.Variants), prefix.Cut, prefix.Documents)
		}
		typo := inverted.NewPlan([]inverted.Clause{{Kind: inverted.Term, Word: "wordingsq", Terms: []string{"wordingsq"}, Weight: 1}}, s).Clauses[0]
		if len(typo.Variants) != inverted.MaxTypos || typo.Cut != 6 || typo.Documents != 2 || !typo.Typos {
			t.Errorf("the typo has %d terms, %d cut, in %d rows", len(typo.Variants), typo.Cut, typo.Documents)
		}
		places := make([]inverted.Place, inverted.MaxPlaces+2)
		for i := range places {
			places[i] = inverted.Place{Terms: []string{"pre7"}, Offset: uint32(i)}
		}
		if e := inverted.NewPlan([]inverted.Clause{{Kind: inverted.Phrase, Places: places, Weight: 1}}, s).Clauses[0]; e.Cut != 2 || len(e.Places) != inverted.MaxPlaces {
			t.Errorf("of the phrase %d places are left, %d cut", len(e.Places), e.Cut)
		}
		many := slices.Repeat([]inverted.Clause{{Kind: inverted.Term, Terms: []string{"pre7"}, Weight: 1}}, inverted.MaxClauses+3)
		if p := inverted.NewPlan(many, s); p.Cut != 3 || len(p.Clauses) != inverted.MaxClauses || len(p.In(s).Top(1, nil, nil)) != 1 {
			t.Errorf("%d clauses are left, %d cut", len(p.Clauses), p.Cut)
		}
		slow := slices.Repeat([]inverted.Clause{
			{Kind: inverted.Prefix, Word: "wordings", Weight: 1}, {Kind: inverted.Term, Word: "qording", Weight: 1}}, inverted.MaxExpanded)
		if p := inverted.NewPlan(slow, s); p.Cut != inverted.MaxExpanded || len(p.Clauses[0].Variants) == 0 || len(p.Clauses[len(slow)-2].Variants) != 0 {
			t.Errorf("of %d clauses that expand %d are cut", len(slow), p.Cut)
		}
	}
}

// TestNothing holds that the empty segment and the empty query are ones.
func TestNothing(t *testing.T) {
	m := inverted.NewMemory()
	for _, s := range []inverted.Segment{m, encoded(t, m)} {
		for _, clauses := range [][]inverted.Clause{nil, {{Kind: inverted.Phrase, Weight: 1}, {Kind: inverted.Prefix, Weight: 1}, {Kind: inverted.Term, Weight: 1, Terms: []string{"", "a"}, Word: "abcdef"}}} {
			matcher := inverted.NewPlan(clauses, s).In(s)
			if matcher.Top(3, nil, nil) != nil || matcher.Matches().Count() != 0 || matcher.Score([]uint32{0, 5})[1] != 0 || matcher.Explain(0) != nil {
				t.Errorf("%v finds something in nothing", clauses)
			}
		}
	}
	if p := inverted.NewPlan(terms(1)); p.Rows != 0 || len(p.Clauses) != 1 {
		t.Errorf("the plan for no segments is %+v", p)
	}
}
