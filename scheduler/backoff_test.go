package scheduler_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"quintet/scheduler"
)

// TestBackoff holds the bounds for every attempt and every random number.
func TestBackoff(t *testing.T) {
	t.Run("OK bounds", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			n, random := rapid.Uint32().Draw(t, "attempt"), rapid.Uint64().Draw(t, "random")
			got := scheduler.Backoff(nil, n, random)
			limit := math.Min(3_600_000, 1000*math.Pow(2, float64(n)))
			if got < 0 || float64(got) > limit {
				t.Fatalf("attempt %d waits %d ms, at most were %v", n, got, limit)
			}
		})
	})
	t.Run("OK the whole range", func(t *testing.T) {
		for _, n := range []uint32{1, 5, 30, math.MaxUint32} {
			if low, high := scheduler.Backoff(nil, n, 0), scheduler.Backoff(nil, n, math.MaxUint64); low != 0 || high != min(3_600_000, int64(1000)<<min(n, 20)) {
				t.Errorf("attempt %d waits from %d to %d ms", n, low, high)
			}
		}
	})
	t.Run("OK spread", func(t *testing.T) {
		var sum int64
		for i := range uint64(1000) {
			sum += scheduler.Backoff(nil, 4, i*(math.MaxUint64/1000))
		}
		if mean := sum / 1000; mean < 7900 || mean > 8100 {
			t.Errorf("the mean of 0 to 16 s is %d ms", mean)
		}
	})
	t.Run("OK list", func(t *testing.T) {
		list := []uint32{10, 20, math.MaxUint32}
		for n, want := range map[uint32]int64{1: 10, 2: 20, 3: math.MaxUint32, 4: math.MaxUint32, math.MaxUint32: math.MaxUint32} {
			if got := scheduler.Backoff(list, n, 0); got != want {
				t.Errorf("attempt %d waits %d ms, expected were %d", n, got, want)
			}
		}
	})
}
