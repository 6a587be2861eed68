package fence

import (
	"syscall"
	"testing"
	"unsafe"
)

// guards is how many guard bytes stand in front, where there is room before the
// page that is fenced there.
const guards = 64

// Of is n values, which the end of the test takes back.
func Of[T any](t testing.TB, n int) []T {
	t.Helper()
	page := syscall.Getpagesize()
	bytes := n * int(unsafe.Sizeof(*new(T)))
	room := (bytes + page - 1) / page * page
	memory, err := syscall.Mmap(-1, 0, room+2*page, syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	inner := memory[page:][:room]
	if room > 0 {
		if err := syscall.Mprotect(inner, syscall.PROT_READ|syscall.PROT_WRITE); err != nil {
			t.Fatal(err)
		}
	}
	guard := inner[max(0, room-bytes-guards) : room-bytes]
	for i := range guard {
		guard[i] = 0xa5
	}
	t.Cleanup(func() {
		for i, b := range guard {
			if b != 0xa5 {
				t.Errorf("the guard byte %d before a buffer of %d bytes was overwritten", len(guard)-i, bytes)
			}
		}
		if err := syscall.Munmap(memory); err != nil {
			t.Error(err)
		}
	})
	return unsafe.Slice((*T)(unsafe.Pointer(&memory[page+room-bytes])), n)
}
