package embed

import "testing"

// Kernels names the kernels that run here, the fastest first.
func Kernels() []string {
	var names []string
	for _, k := range available {
		names = append(names, k.name)
	}
	return names
}

// Force makes the named kernels those of new models, until the test ends.
func Force(t testing.TB, name string) {
	before := current
	t.Cleanup(func() { current = before })
	for _, k := range available {
		if k.name == name {
			current = k
			return
		}
	}
	t.Fatalf("no kernels %q", name)
}
