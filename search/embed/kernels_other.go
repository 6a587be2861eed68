//go:build !amd64

package embed

// assembly lists the kernels in assembly that run here.
func assembly() []*kernels { return nil }

func scan(query *[Dim]int8, codes []byte, scores []int32) { scanGo(query, codes, scores) }
