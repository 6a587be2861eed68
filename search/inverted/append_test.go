package inverted_test

import (
	"testing"

	"pgregory.net/rapid"

	"quintet/search/bitset"
	"quintet/search/inverted"
)

// TestAppend holds that merged segments find what one finds to which the kept
// rows were added.
func TestAppend(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := newText(rapid.Uint64().Draw(t, "seed"), 30)
		n := &naive{}
		all := rapid.Bool().Draw(t, "all")
		merged := inverted.NewMemory()
		for range rapid.IntRange(1, 3).Draw(t, "segments") {
			from, keep := inverted.NewMemory(), bitset.Set{}
			for range rapid.SampledFrom([]int{0, 1, 130, 300}).Draw(t, "rows") {
				tokens := words.row()
				row, err := from.Add(tokens)
				if err != nil {
					t.Fatal(err)
				}
				if all || words.IntN(3) > 0 {
					keep.Add(row)
					n.add(tokens, 0, uint32(len(n.rows)))
				}
			}
			if err := merged.Append(encoded(t, from), keep); err != nil {
				t.Fatal(err)
			}
		}
		if merged.Rows() != len(n.rows) {
			t.Fatalf("%d rows for %d", merged.Rows(), len(n.rows))
		}
		for range 3 {
			clauses := words.clauses(n.rows)
			for i := range clauses {
				if !all { // words of rows that are gone may have stayed
					clauses[i].Word = ""
				}
			}
			for _, s := range []inverted.Segment{merged, encoded(t, merged)} {
				compare(t, n, 0, inverted.NewPlan(clauses, s).In(s), clauses, n.scores(clauses), words)
			}
		}
	})
}
