//go:build !amd64

package binary16

var fast = false

func addProducts(q []float32, b []byte, sums *[lanes]float32) int { return addProductsGo(q, b, sums) }

func addSquares(q []float32, b []byte, sums *[lanes]float32) int { return addSquaresGo(q, b, sums) }
