package graph

import "testing"

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
