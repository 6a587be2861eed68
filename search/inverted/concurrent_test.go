package inverted_test

import (
	"slices"
	"sync"
	"testing"

	"quintet/search/inverted"
)

// TestManySearches has goroutines use one plan on one index and one memory,
// and make plans of both, while the memory is encoded.
func TestManySearches(t *testing.T) {
	words := newText(11, 50)
	var rows [][]inverted.Token
	for range 600 {
		rows = append(rows, words.row())
	}
	m := memoryOf(t, rows)
	segments := []inverted.Segment{m, encoded(t, m)}
	var clauses []inverted.Clause
	for range 4 {
		clauses = append(clauses, words.clauses(rows)...)
	}
	clauses = append(clauses, inverted.Clause{Kind: inverted.Prefix, Word: words.stems[0], Weight: 1})
	plan := inverted.NewPlan(clauses, segments...)
	want := plan.In(m).Top(20, nil, nil)
	if len(want) != 20 {
		t.Fatalf("%d rows are found", len(want))
	}
	code := m.Encode()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 10 {
				for _, p := range []*inverted.Plan{plan, inverted.NewPlan(clauses, segments...)} {
					if got := p.In(segments[i%2]).Top(20, nil, nil); !slices.Equal(got, want) {
						t.Errorf("%v for %v", got, want)
					}
				}
			}
			if i == 0 && !slices.Equal(m.Encode(), code) {
				t.Error("it is encoded to other bytes than before")
			}
		})
	}
	all.Wait()
}
