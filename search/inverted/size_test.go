package inverted_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"quintet/search/inverted"
)

// TestMemorySize holds the estimate of what a memory takes against the heap, for
// short texts and for long ones.
func TestMemorySize(t *testing.T) {
	for _, c := range []struct{ words, vocabulary int }{{5, 20_000}, {60, 20_000}, {3_000, 20_000}, {3_000, 100}} {
		words := c.words
		t.Run(fmt.Sprint(words, "of", c.vocabulary), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 1))
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			m := inverted.NewMemory()
			for range 600_000 / words {
				tokens := make([]inverted.Token, words)
				for i := range tokens {
					word := fmt.Sprint("word", int(float64(c.vocabulary)*rng.Float64()*rng.Float64()*rng.Float64()))
					tokens[i] = inverted.Token{Term: word, Word: word, Position: uint32(i + 1), Weight: 1}
				}
				if _, err := m.Add(tokens); err != nil {
					t.Fatal(err)
				}
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			took := float64(after.HeapAlloc) - float64(before.HeapAlloc)
			share := float64(m.Size()) / took
			t.Logf("%d of %.0f bytes, %.2f", m.Size(), took, share)
			if share < 0.6 || share > 1.7 {
				t.Errorf("the estimate is %d, and it takes %.0f bytes", m.Size(), took)
			}
			runtime.KeepAlive(m)
		})
	}
}
