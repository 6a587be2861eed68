package binary16

import "golang.org/x/sys/cpu"

// productsF16C and squaresF16C do rounds of 16 numbers, at least one.
//
//go:noescape
func productsF16C(q *float32, b *byte, rounds int, sums *[lanes]float32)

//go:noescape
func squaresF16C(q *float32, b *byte, rounds int, sums *[lanes]float32)

// fast: every processor with AVX2 has F16C. Tests set it.
var fast = cpu.X86.HasAVX2

func addProducts(q []float32, b []byte, sums *[lanes]float32) (done int) {
	rounds := len(q) / lanes
	if !fast || rounds == 0 {
		return addProductsGo(q, b, sums)
	}
	productsF16C(&q[0], &b[0], rounds, sums)
	return rounds * lanes
}

func addSquares(q []float32, b []byte, sums *[lanes]float32) (done int) {
	rounds := len(q) / lanes
	if !fast || rounds == 0 {
		return addSquaresGo(q, b, sums)
	}
	squaresF16C(&q[0], &b[0], rounds, sums)
	return rounds * lanes
}
