//go:build !amd64

package embed

// assembly lists the kernels in assembly that run here.
func assembly() []*kernels { return nil }
