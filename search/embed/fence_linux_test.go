package embed

import (
	"syscall"
	"testing"
	"unsafe"
)

// fenced is n values that end where the process may neither read nor write:
// a kernel that goes one byte further is killed. In front of them stand 64
// guard bytes, which are compared when the test ends.
func fenced[T any](t testing.TB, n int) []T {
	t.Helper()
	page := syscall.Getpagesize()
	bytes := n * int(unsafe.Sizeof(*new(T)))
	room := (bytes + 64 + page - 1) / page * page
	memory, err := syscall.Mmap(-1, 0, room+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mprotect(memory[room:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	guard := memory[room-bytes-64:][:64]
	for i := range guard {
		guard[i] = 0xa5
	}
	t.Cleanup(func() {
		for i, b := range guard {
			if b != 0xa5 {
				t.Errorf("the guard byte %d before a buffer of %d bytes was overwritten", 64-i, bytes)
			}
		}
		if err := syscall.Munmap(memory); err != nil {
			t.Error(err)
		}
	})
	return unsafe.Slice((*T)(unsafe.Pointer(&memory[room-bytes])), n)
}
