package graph

import "golang.org/x/sys/cpu"

// The kernels of kernel_*_amd64.s. Their twins are gatherGo and scanGo. They
// check nothing: n is at least 1, stride a multiple of Block.

//go:noescape
func gatherVNNI(query *int8, codes *byte, stride int, rows *uint32, n int, scores *int32)

//go:noescape
func scanVNNI(query *int8, codes *byte, stride, n int, scores *int32)

//go:noescape
func gatherAVX2(query *int8, codes *byte, stride int, rows *uint32, n int, scores *int32)

//go:noescape
func scanAVX2(query *int8, codes *byte, stride, n int, scores *int32)

// prefetchRows asks for the first `bytes` bytes of each row of a table whose
// rows are stride bytes apart.
//
//go:noescape
func prefetchRows(table *uint32, stride, bytes int, rows *uint32, n int)

// offer512 is offerAllGo; n and count are at least 1.
//
//go:noescape
func offer512(b *key, n int, rows *uint32, scores *int32, count int) (least key)

// assembly lists the kernels in assembly that processor and operating system
// carry, the fastest first. The cpu package counts AVX-512 and AVX only where
// the system saves their registers (XCR0).
func assembly() []kernel {
	var found []kernel
	x := &cpu.X86
	if x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512VNNI && x.HasBMI1 && x.HasBMI2 {
		found = append(found, vnni)
	}
	if x.HasAVX2 {
		found = append(found, avx2)
	}
	return found
}

// gather and scan are no table of functions: through it the query would escape
// to the heap.
func gather(query []int8, codes []byte, rows []uint32, scores []int32) {
	scores = scores[:len(rows)]
	switch current {
	case vnni:
		gatherVNNI(&query[0], &codes[0], len(query), &rows[0], len(rows), &scores[0])
	case avx2:
		gatherAVX2(&query[0], &codes[0], len(query), &rows[0], len(rows), &scores[0])
	default:
		gatherGo(query, codes, rows, scores)
	}
}

func scan(query []int8, codes []byte, scores []int32) {
	switch current {
	case vnni:
		scanVNNI(&query[0], &codes[0], len(query), len(scores), &scores[0])
	case avx2:
		scanAVX2(&query[0], &codes[0], len(query), len(scores), &scores[0])
	default:
		scanGo(query, codes, scores)
	}
}

// offerAll offers rows, at least one, to a beam that is not empty.
func (b beam) offerAll(rows []uint32, scores []int32) (least key) {
	if current == vnni {
		scores = scores[:len(rows)]
		return offer512(&b[0], len(b), &rows[0], &scores[0], len(rows))
	}
	return b.offerAllGo(rows, scores)
}

// prefetch asks the processor for rows of a table of words, of which each has
// width, before they are read.
func prefetch(table []uint32, width int, rows []uint32) {
	if len(rows) > 0 && current != portable {
		prefetchRows(&table[0], 4*width, 4*width, &rows[0], len(rows))
	}
}
