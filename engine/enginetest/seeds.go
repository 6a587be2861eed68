package enginetest

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// Seeds runs a test for the seeds 1 to 1,000, prints how many passed in a
// second, and ends at the first that fails. QUINTET_SEEDS sets another number,
// QUINTET_SEED replays a single seed.
func Seeds(t *testing.T, run func(seed uint64)) {
	t.Helper()
	first, count := uint64(1), number(t, "QUINTET_SEEDS", 1000)
	if os.Getenv("QUINTET_SEED") != "" {
		first, count = number(t, "QUINTET_SEED", 1), 1
	}
	began := time.Now()
	for seed := first; seed < first+count; seed++ {
		run(seed)
		if t.Failed() {
			t.Fatalf("replay with QUINTET_SEED=%d", seed)
		}
	}
	t.Logf("%d seeds, %.0f seeds/s", count, float64(count)/time.Since(began).Seconds())
}

// Seed returns QUINTET_SEED, or 1: for tests of one seed.
func Seed() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("QUINTET_SEED"), 10, 64); err == nil {
		return n
	}
	return 1
}

func number(t *testing.T, name string, otherwise uint64) uint64 {
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}
