package inverted_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"quintet/search/bitset"
	"quintet/search/inverted"
)

// encoded opens what a memory is encoded to.
func encoded(t interface{ Fatal(...any) }, m *inverted.Memory) *inverted.Index {
	x, err := inverted.Open(m.Encode())
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// spread draws rows and spreads them over segments of both kinds.
func spread(t *rapid.T, words *text, rows int) (*naive, []inverted.Segment) {
	n := &naive{}
	memories := make([]*inverted.Memory, rapid.IntRange(1, 3).Draw(t, "segments"))
	for i := range memories {
		memories[i] = inverted.NewMemory()
	}
	for range rows {
		at := words.IntN(len(memories))
		tokens := words.row()
		row, err := memories[at].Add(tokens)
		if err != nil {
			t.Fatal(err)
		}
		n.add(tokens, at, row)
	}
	segments := make([]inverted.Segment, len(memories))
	for i, m := range memories {
		if segments[i] = m; rapid.Bool().Draw(t, "encoded") {
			segments[i] = encoded(t, m)
		}
	}
	return n, segments
}

// TestModel holds that both kinds of segments find what a naive search finds,
// with the same scores, bit by bit, and in the same order, however the rows are
// spread.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := newText(rapid.Uint64().Draw(t, "seed"), rapid.SampledFrom([]int{3, 30, 200}).Draw(t, "stems"))
		rows := rapid.SampledFrom([]int{0, 1, 7, 127, 128, 129, 400, 1500}).Draw(t, "rows")
		n, segments := spread(t, words, rows)
		for range 5 {
			clauses := words.clauses(n.rows)
			scores := n.scores(clauses)
			plan := inverted.NewPlan(clauses, segments...)
			if plan.Rows != rows || plan.Cut != 0 {
				t.Fatalf("the plan is for %d rows and cut %d", plan.Rows, plan.Cut)
			}
			for i, e := range plan.Clauses {
				if df := n.part(clauses[i]).df; e.Documents != df || e.Cut != 0 {
					t.Fatalf("clause %d of %s is in %d rows, cut %d, for %d", i, describe(clauses), e.Documents, e.Cut, df)
				}
			}
			for i, s := range segments {
				compare(t, n, i, plan.In(s), clauses, scores, words)
			}
		}
	})
}

func compare(t *rapid.T, n *naive, segment int, m *inverted.Matcher, clauses []inverted.Clause, scores []float64, words *text) {
	var rows []uint32
	var want []float64
	admitted := bitset.Set{}
	matching := bitset.Set{}
	density := words.Float64()
	for i, w := range n.where {
		if w.segment != segment {
			continue
		}
		rows, want = append(rows, w.row), append(want, scores[i])
		if scores[i] > 0 {
			matching.Add(w.row)
		}
		if words.Float64() < density {
			admitted.Add(w.row)
		}
	}
	if got := m.Matches(); !slices.Equal(slices.Collect(got.All()), slices.Collect(matching.All())) {
		t.Fatalf("%s matches %d rows for %d", describe(clauses), got.Count(), matching.Count())
	}
	if got := m.Score(rows); !slices.Equal(got, want) {
		t.Fatalf("%s scores %v for %v", describe(clauses), got, want)
	}
	for _, k := range []int{0, 1, 3, 10, 100, len(rows) + 1} {
		check := func(name string, admitted bitset.Set, behind func(inverted.Scored) bool) {
			got, want := m.Top(k, admitted, behind), n.top(scores, segment, k, admitted, behind)
			if !slices.Equal(got, want) {
				t.Fatalf("%s, best %d, %s:\n%v for\n%v", describe(clauses), k, name, got, want)
			}
		}
		check("all", nil, nil)
		check("admitted", admitted, nil)
		if all := n.top(scores, segment, len(rows), nil, nil); len(all) > 0 {
			cursor := all[words.IntN(len(all))]
			check("behind", nil, func(s inverted.Scored) bool {
				return s.Score < cursor.Score || s.Score == cursor.Score && s.Row < cursor.Row
			})
		}
	}
	for i, row := range rows {
		if i%7 == 0 {
			explains(t, m, n, segment, row, want[i])
		}
	}
}

// explains holds that the parts of a score are its clauses, in order, and their
// sum the score.
func explains(t *rapid.T, m *inverted.Matcher, n *naive, segment int, row uint32, score float64) {
	var sum float64
	before := -1
	for _, p := range m.Explain(row) {
		if p.Clause <= before || p.Score <= 0 || p.Frequency <= 0 {
			t.Fatalf("row %d has the part %+v after that of clause %d", row, p, before)
		}
		before = p.Clause
		sum += p.Score
		var length float32
		for _, token := range n.rows[slices.Index(n.where, place{segment, row})] {
			length += token.Weight
		}
		if p.Length != length {
			t.Fatalf("row %d has length %v for %v", row, p.Length, length)
		}
	}
	if sum != score {
		t.Fatalf("the parts of row %d are %v for %v", row, sum, score)
	}
}
