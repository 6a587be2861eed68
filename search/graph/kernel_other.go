//go:build !amd64

package graph

// assembly lists the kernels in assembly that run here.
func assembly() []kernel { return nil }

func gather(query []int8, codes []byte, rows []uint32, scores []int32) {
	gatherGo(query, codes, rows, scores)
}

func scan(query []int8, codes []byte, scores []int32) { scanGo(query, codes, scores) }

func prefetch([]uint32, int, []uint32) {}

func (b beam) offerAll(rows []uint32, scores []int32) (least key) { return b.offerAllGo(rows, scores) }
