package scheduler

import (
	"math"
	"math/bits"
)

// Exponential backoff without a list of its own: milliseconds.
const (
	backoffBase = 1_000
	backoffCap  = 3_600_000
	maxDoubling = 30
)

// backoffOf is how many milliseconds a job waits after its n-th failed attempt,
// from 1. A list gives the n-th entry, the last for all that follow. Otherwise
// it is between 0 and min(cap, base·2^n), spread by random over the whole of
// it: "full jitter" of the AWS Architecture Blog, "Exponential Backoff And
// Jitter", 2015, which best keeps clients that failed together apart.
func backoffOf(list []uint32, n uint32, random uint64) int64 {
	if len(list) > 0 {
		return int64(list[min(int64(max(n, 1)), int64(len(list)))-1])
	}
	limit := min(int64(backoffCap), int64(backoffBase)<<min(n, maxDoubling))
	part, _ := bits.Mul64(random, uint64(limit)+1) // random / 2^64 of it
	return int64(part)
}

// later adds milliseconds to a time and stops at the end of time.
func later(now, ms int64) int64 {
	if ms > math.MaxInt64-now {
		return math.MaxInt64
	}
	return now + ms
}
