package graph

import (
	"slices"
	"testing"
	"unsafe"
)

// Kernels names the kernels that run here, the fastest first.
func Kernels() (names []string) {
	for _, k := range available {
		names = append(names, kernelNames[k])
	}
	return names
}

// Force makes the named kernel the one in use, until the test ends.
func Force(t testing.TB, name string) {
	before := current
	t.Cleanup(func() { current = before })
	for _, k := range available {
		if kernelNames[k] == name {
			current = k
			return
		}
	}
	t.Fatalf("no kernel %q", name)
}

// Offer offers rows with their scores to the best rows so far, which come best
// first and stay as many, and returns the place of the first new one; -1, if
// there is none.
func Offer(best []uint64, rows []uint32, scores []int32) (first int) {
	b := *(*beam)(unsafe.Pointer(&best))
	least := b.offerAll(rows, scores)
	return slices.Index(b, least)
}

// Key is how a beam keeps a row.
func Key(score int32, row uint32) uint64 { return uint64(makeKey(score, row)) }
