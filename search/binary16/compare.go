package binary16

import "encoding/binary"

// lanes are how many sums are kept side by side: number i goes to sum i%lanes.
const lanes = 16

// Dot returns the dot product of q with as many numbers of b.
func Dot(q []float32, b []byte) float32 {
	var sums [lanes]float32
	done := addProducts(q, b[:Size*len(q)], &sums)
	for i := done; i < len(q); i++ {
		sums[i%lanes] += float32(q[i] * single(binary.LittleEndian.Uint16(b[Size*i:])))
	}
	return total(&sums)
}

// Distance returns the square of the distance of q from as many numbers of b.
func Distance(q []float32, b []byte) float32 {
	var sums [lanes]float32
	done := addSquares(q, b[:Size*len(q)], &sums)
	for i := done; i < len(q); i++ {
		d := q[i] - single(binary.LittleEndian.Uint16(b[Size*i:]))
		sums[i%lanes] += float32(d * d)
	}
	return total(&sums)
}

// total adds the halves of what is left, time and again.
func total(sums *[lanes]float32) float32 {
	for n := lanes / 2; n > 0; n /= 2 {
		for i := range n {
			sums[i] += sums[n+i]
		}
	}
	return sums[0]
}

// addProductsGo adds the products of whole rounds of lanes, and returns how
// many numbers those are. The conversion keeps product and sum apart, which a
// processor could round once.
func addProductsGo(q []float32, b []byte, sums *[lanes]float32) (done int) {
	for ; done+lanes <= len(q); done += lanes {
		x, y := (*[lanes]float32)(q[done:]), (*[Size * lanes]byte)(b[Size*done:])
		for i := range lanes {
			sums[i] += float32(x[i] * single(binary.LittleEndian.Uint16(y[Size*i:])))
		}
	}
	return done
}

// addSquaresGo does likewise with the squares of differences.
func addSquaresGo(q []float32, b []byte, sums *[lanes]float32) (done int) {
	for ; done+lanes <= len(q); done += lanes {
		x, y := (*[lanes]float32)(q[done:]), (*[Size * lanes]byte)(b[Size*done:])
		for i := range lanes {
			d := x[i] - single(binary.LittleEndian.Uint16(y[Size*i:]))
			sums[i] += float32(d * d)
		}
	}
	return done
}
