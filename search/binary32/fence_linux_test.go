package binary32

import (
	"syscall"
	"testing"
)

// fenced is n bytes between two pages that the process may neither read nor
// write, up against the one behind: a kernel that goes a byte too far is killed.
func fenced(t testing.TB, n int) []byte {
	t.Helper()
	page := syscall.Getpagesize()
	room := (n + page - 1) / page * page
	memory, err := syscall.Mmap(-1, 0, room+2*page, syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(memory); err != nil {
			t.Error(err)
		}
	})
	inner := memory[page : page+room]
	if room > 0 {
		if err := syscall.Mprotect(inner, syscall.PROT_READ|syscall.PROT_WRITE); err != nil {
			t.Fatal(err)
		}
	}
	return inner[room-n : room : room]
}
