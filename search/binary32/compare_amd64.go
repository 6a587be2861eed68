package binary32

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// The kernels of compare_*_amd64.s. They check nothing: there are at least one
// number and one row.

//go:noescape
func dotsAVX512(q *float32, b *byte, numbers int, rows *uint32, n int, scores *float32)

//go:noescape
func distancesAVX512(q *float32, b *byte, numbers int, rows *uint32, n int, scores *float32)

//go:noescape
func dotsAVX2(q *float32, b *byte, numbers int, rows *uint32, n int, scores *float32)

//go:noescape
func distancesAVX2(q *float32, b *byte, numbers int, rows *uint32, n int, scores *float32)

// assembly lists the kernels that processor and operating system carry, the
// fastest first.
func assembly() (found []kernel) {
	if cpu.X86.HasAVX512F {
		found = append(found, avx512)
	}
	if cpu.X86.HasAVX2 {
		found = append(found, avx2)
	}
	return found
}

// read copies the bytes: here a number is kept as it is in memory.
func read(dst []float32, b []byte) {
	copy(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(dst))), len(b)), b)
}

func dots(q []float32, b []byte, rows []uint32, scores []float32) {
	switch current {
	case avx512:
		dotsAVX512(&q[0], &b[0], len(q), &rows[0], len(rows), &scores[0])
	case avx2:
		dotsAVX2(&q[0], &b[0], len(q), &rows[0], len(rows), &scores[0])
	default:
		dotsGo(q, b, rows, scores)
	}
}

func distances(q []float32, b []byte, rows []uint32, scores []float32) {
	switch current {
	case avx512:
		distancesAVX512(&q[0], &b[0], len(q), &rows[0], len(rows), &scores[0])
	case avx2:
		distancesAVX2(&q[0], &b[0], len(q), &rows[0], len(rows), &scores[0])
	default:
		distancesGo(q, b, rows, scores)
	}
}
