package analysis_test

import (
	"fmt"
	"strings"
	"testing"

	"quintet/search/analysis"

	"pgregory.net/rapid"
)

// write writes clauses: word, word*, "phrase" with a _ for each stop word in
// it, and how often.
func write(clauses []analysis.Clause) string {
	var all []string
	for _, c := range clauses {
		var parts []string
		for _, t := range c.Terms {
			parts = append(parts, strings.Repeat("_ ", max(t.Gap-1, 0))+t.Term)
		}
		text := strings.Join(parts, " ")
		switch c.Kind {
		case analysis.Prefix:
			text = c.Terms[0].Word + "*"
		case analysis.Phrase:
			text = `"` + text + `"`
		}
		if c.Weight != 1 {
			text += fmt.Sprint("^", c.Weight)
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func TestQuery(t *testing.T) {
	f := func(q, want string) {
		t.Helper()
		clauses, left := analyzer(t, "english").Query(q)
		if got := write(clauses); got != want || left != 0 {
			t.Errorf("%s asks for %s, expected was %s; %d left", q, got, want, left)
		}
	}
	f("", "")
	f("warm coats", "warm coat")
	f("running runs Warm ran warm running", "run^3 warm^2 ran")
	f("the of", "")
	f(`"to be or not to be"`, "")
	f(`"King of Spain" king`, `"king _ spain" king`)
	f(`"the king and the queen of"`, `"king _ _ queen"`)
	f(`"kings" king`, "king^2")
	f(`"winter coat" "winter coats" "coat winter"`, `"winter coat"^2 "coat winter"`)
	f(`cheap "winter coat`, `cheap "winter coat"`)
	f(`“winter coat” „blue shoe“ x`, `"winter coat" "blue shoe" x`)
	f(`19" rack server 27" monitor`, "19 rack server 27 monitor")
	f(`say "19" rack" x`, `say 19 rack x`)
	f(`"a b c`, `"b c"`)
	f(`"" " " "`, "")
	f(`"b c""d e"f`, `"b c" "d e" f`)
	f("runn* running", "runn* run")
	f("the* a* Café*", "the* a* cafe*")
	f("run * *run run**", "run^2 run*")
	f(`"winter coa*"`, `"winter coa"`)
	f(`win* "snow coat" win*`, `win*^2 "snow coat"`)
	f("<b>'; drop-table", "b drop tabl")
	f("\xff\"\xfex y", `"x y"`)
	f("東京 x", "東 京 x")
}

func TestQueryIsBounded(t *testing.T) {
	a := analyzer(t, "simple")
	f := func(name, q string, clauses, terms, left int) {
		t.Helper()
		got, gotLeft := a.Query(q)
		n := 0
		for _, c := range got {
			n += len(c.Terms)
		}
		if len(got) != clauses || n != terms || gotLeft != left {
			t.Errorf("%s: %d clauses of %d terms, %d words left", name, len(got), n, gotLeft)
		}
	}
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, "w%d ", i)
	}
	f("words", many.String(), 256, 256, 744)
	f("words twice", many.String()+many.String(), 256, 256, 1488)
	f("a phrase", `"`+many.String()+`"`, 1, 64, 936)
	f("a phrase and words", `"`+many.String()+`"`+many.String(), 193, 256, 936+808)
	f("one word", strings.Repeat("word ", 100_000), 1, 1, 0)
	f("quotes", strings.Repeat(`"`, 100_001), 0, 0, 0)
	f("no blanks", strings.Repeat("x", 100_000)+"*", 1, 1, 0)
}

// TestQueryOfWords holds that a query of words alone is the terms of a text,
// counted.
func TestQueryOfWords(t *testing.T) {
	a := analyzer(t, "english")
	rapid.Check(t, func(r *rapid.T) {
		q := strings.NewReplacer(`"`, " ", "*", " ", "“", " ", "”", " ", "„", " ").Replace(anyText.Draw(r, "q"))
		var order []string
		counts := map[string]int{}
		for _, term := range modelTerms(q) {
			if counts[term]++; counts[term] == 1 {
				order = append(order, term)
			}
		}
		clauses, _ := a.Query(q)
		if len(clauses) != len(order) {
			r.Fatalf("%q has %d clauses, expected were %q", q, len(clauses), order)
		}
		for i, c := range clauses {
			if c.Kind != analysis.Term || c.Terms[0].Term != order[i] || c.Weight != float64(counts[order[i]]) {
				r.Fatalf("%q has the clause %+v, expected was %d of %q", q, c, counts[order[i]], order[i])
			}
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, text := range append(oddTexts, `a "b* c" d*`, `"`, `*`, `“x y” "z`) {
		f.Add(text)
	}
	a := analyzer(f, "french")
	f.Fuzz(func(t *testing.T, q string) {
		clauses, left := a.Query(q)
		seen := map[string]bool{}
		terms := 0
		for _, c := range clauses {
			terms += len(c.Terms)
			one := c
			one.Weight = 1
			if key := fmt.Sprint(c.Kind, write([]analysis.Clause{one})); seen[key] {
				t.Errorf("%q has twice %s", q, key)
			} else {
				seen[key] = true
			}
			if (c.Kind == analysis.Phrase) != (len(c.Terms) > 1) || c.Weight < 1 {
				t.Errorf("%q has the clause %+v", q, c)
			}
			for i, p := range c.Terms {
				if p.Word == "" || (p.Term == "") != (c.Kind == analysis.Prefix) || (p.Gap == 0) != (i == 0) {
					t.Errorf("%q has the clause %+v", q, c)
				}
			}
		}
		if terms > 256 || left < 0 || left > len(q) {
			t.Errorf("%q has %d terms, %d left", q, terms, left)
		}
	})
}
