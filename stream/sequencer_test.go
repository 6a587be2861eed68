package stream_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"quintet/stream"
)

// TestSequencer delivers batches in any order: they are applied in that of the log.
func TestSequencer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := make([]uint64, rapid.IntRange(1, 20).Draw(t, "batches"))
		for i := range want {
			want[i] = uint64(i + 1)
		}
		order := rapid.Permutation(want).Draw(t, "order")
		if got := stream.Sequence(order); !slices.Equal(got, want) {
			t.Errorf("%v were applied as %v", order, got)
		}
	})
}
