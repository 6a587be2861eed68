//go:build !linux

package fence

import (
	"testing"
	"unsafe"
)

// Of is n values between 64 guard bytes each.
func Of[T any](t testing.TB, n int) []T {
	t.Helper()
	bytes := n * int(unsafe.Sizeof(*new(T)))
	words := make([]uint64, 8+(bytes+7)/8+8) // aligned for every T
	memory := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)[:64+bytes+64]
	for i := range memory {
		memory[i] = 0xa5
	}
	clear(memory[64 : 64+bytes])
	t.Cleanup(func() {
		for i := range 64 {
			if memory[i] != 0xa5 || memory[64+bytes+i] != 0xa5 {
				t.Errorf("guard byte %d of a buffer of %d bytes was overwritten", i, bytes)
			}
		}
	})
	return unsafe.Slice((*T)(unsafe.Pointer(&memory[64])), n)
}
