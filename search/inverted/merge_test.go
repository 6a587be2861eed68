package inverted_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"quintet/search/inverted"
)

// merged draws which rows of segments stay and in which order, and merges them.
// In the naive search only those are left.
func merged(t *rapid.T, words *text, n *naive, segments []inverted.Segment) *inverted.Index {
	inputs := make([]inverted.Input, len(segments))
	for i, s := range segments {
		inputs[i] = inverted.Input{Segment: s, Rows: make([]uint32, s.Rows())}
		for row := range inputs[i].Rows {
			inputs[i].Rows[row] = inverted.Gone
		}
	}
	stay, shuffled := rapid.SampledFrom([]float64{0, .1, .9, 1}).Draw(t, "stay"), rapid.Bool().Draw(t, "shuffled")
	order := words.Perm(len(n.rows))
	left := &naive{}
	for at := range n.rows {
		if shuffled {
			at = order[at]
		}
		if words.Float64() >= stay {
			left.ghosts = append(left.ghosts, n.rows[at])
			continue
		}
		row := uint32(len(left.rows))
		inputs[n.where[at].segment].Rows[n.where[at].row] = row
		left.add(n.rows[at], 0, row)
	}
	*n = *left
	b, err := inverted.Merge(context.Background(), inputs)
	if err != nil {
		t.Fatal(err)
	}
	x, err := inverted.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestMerge holds that what is merged, of segments of both kinds, finds what a
// naive search of the rows finds that were not left out.
func TestMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := newText(rapid.Uint64().Draw(t, "seed"), rapid.SampledFrom([]int{3, 30, 200}).Draw(t, "stems"))
		n, segments := spread(t, words, rapid.SampledFrom([]int{0, 1, 7, 127, 128, 129, 400, 1500}).Draw(t, "rows"))
		x := merged(t, words, n, segments)
		if x.Rows() != len(n.rows) {
			t.Fatalf("%d rows for %d", x.Rows(), len(n.rows))
		}
		for range 5 {
			clauses := words.clauses(n.rows)
			compare(t, n, 0, inverted.NewPlan(clauses, x).In(x), clauses, n.scores(clauses), words)
		}
	})
}

// TestMergeOne holds that an index that is merged alone stays as it is, byte by
// byte, and that a merge ends with its context.
func TestMergeOne(t *testing.T) {
	m, words := inverted.NewMemory(), newText(1, 50)
	for range 1_000 {
		if _, err := m.Add(words.row()); err != nil {
			t.Fatal(err)
		}
	}
	inputs := []inverted.Input{{Segment: encoded(t, m)}}
	if b, err := inverted.Merge(context.Background(), inputs); err != nil || !bytes.Equal(b, m.Encode()) {
		t.Errorf("a merge of one segment gives %d other bytes: %v", len(b), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := inverted.Merge(ctx, inputs); !errors.Is(err, context.Canceled) {
		t.Errorf("a merge that was to end: %v", err)
	}
}
