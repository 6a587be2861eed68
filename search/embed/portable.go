package embed

import "math"

// What follows is the meaning of every kernel, and runs where no assembly
// does. Products are rounded by float32(…) before they are added wherever all
// machines must agree, or a compiler may fuse the two.

// smallest is the least range of a row that quantises: an all-zero row must
// not divide by zero.
const smallest = 1e-30

// whole adds and takes away 1.5 · 2^23, which leaves a float32 below 2^22
// rounded to the nearest integer, ties to even, in its lowest bits.
const whole = 3 << 22

func nearest(x float32) int32 {
	return int32(math.Float32bits(x+whole)) - int32(math.Float32bits(whole))
}

// quantiseGo: with y = x · reciprocal, lo = min(0, y…) and hi = max(0, y…),
// step = (hi-lo)/255, zero = -round(lo/step) and u = round(y/step) + zero,
// which is 0 to 255.
func quantiseGo(x, reciprocal []float32, a *activations, row int) {
	reciprocal = reciprocal[:len(x)]
	var lo, hi float32
	for i, v := range x {
		v *= reciprocal[i]
		lo, hi = min(lo, v), max(hi, v)
	}
	span := max(hi-lo, smallest)
	inverse := 255 / span
	zero := -nearest(float32(lo * inverse))
	a.step[row], a.zero[row] = span/255, zero
	out := a.narrow[row*a.inputs:][:len(x)]
	for i, v := range x {
		scaled := float32(float32(v*reciprocal[i]) * inverse)
		out[i] = uint8(min(255, nearest(scaled)+zero))
	}
}

// productGo holds a tile of 2 × 4 sums in registers.
func productGo(a []float32, lda int, b []float32, ldb int, c []float32, ldc int, rows, columns, inner int) {
	for i := 0; i < rows; i += 2 {
		a0, a1 := a[i*lda:][:inner], a[(i+1)*lda:][:inner]
		for j := 0; j < columns; j += 4 {
			var s00, s01, s02, s03, s10, s11, s12, s13 float32
			for k, x := range a0 {
				y, w := a1[k], b[k*ldb+j:][:4:4]
				s00, s01, s02, s03 = s00+x*w[0], s01+x*w[1], s02+x*w[2], s03+x*w[3]
				s10, s11, s12, s13 = s10+y*w[0], s11+y*w[1], s12+y*w[2], s13+y*w[3]
			}
			c0, c1 := c[i*ldc+j:][:4:4], c[(i+1)*ldc+j:][:4:4]
			c0[0], c0[1], c0[2], c0[3] = s00, s01, s02, s03
			c1[0], c1[1], c1[2], c1[3] = s10, s11, s12, s13
		}
	}
}

// The curves of expo and gelu, by the numbers of their places in the table
// that the assembly reads.
const (
	log2e   = 1.44269504088896341
	ln2High = 0.693145751953125 // ln 2 in 15 bits: its products with exponents are exact
	ln2Low  = 1.42860682030941723e-6

	leastExponent = -87 // e^-87 is the least that expo returns, about 1.6e-38

	// erf by Abramowitz and Stegun 7.1.26, |error| ≤ 1.5e-7:
	// 1 - (e1 t + … + e5 t⁵) exp(-x²), t = 1/(1+ep x), x ≥ 0.
	ep = 0.3275911
	e1 = 0.254829592
	e2 = -0.284496736
	e3 = 1.421413741
	e4 = -1.453152027
	e5 = 1.061405429

	halfRoot2 = 0.707106781186547524
)

// expo is e^x for x ≤ 0: 2^n · e^r with |r| ≤ ln 2 / 2, by Taylor's series to
// the sixth power. Relative error ≤ 5e-7.
func expo(x float32) float32 {
	x = max(x, leastExponent)
	n := nearest(x * log2e)
	f := float32(n)
	x = x - f*ln2High - f*ln2Low
	p := (((((x*(1./720)+1./120)*x+1./24)*x+1./6)*x+1./2)*x+1)*x + 1
	return math.Float32frombits(math.Float32bits(p) + uint32(n)<<23)
}

func softmaxGo(x []float32) {
	top := x[0]
	for _, v := range x {
		top = max(top, v)
	}
	var total float32
	for i, v := range x {
		e := expo(v - top)
		x[i] = e
		total += e
	}
	total = 1 / total
	for i := range x {
		x[i] *= total
	}
}

// geluGo is the exact form, x · (1 + erf(x/√2)) / 2, not the one by tanh.
func geluGo(x []float32) {
	for i, v := range x {
		z := v * halfRoot2
		z = math.Float32frombits(math.Float32bits(z) &^ (1 << 31))
		t := 1 / (1 + ep*z)
		erf := 1 - ((((e5*t+e4)*t+e3)*t+e2)*t+e1)*t*expo(-z*z)
		if v < 0 {
			erf = -erf
		}
		x[i] = v * 0.5 * (1 + erf)
	}
}

// epsilon keeps LayerNorm from dividing by zero; the model was trained with it.
const epsilon = 1e-12

func addNormGo(x, y, gain, bias []float32) {
	y, gain, bias = y[:len(x)], gain[:len(x)], bias[:len(x)]
	var total float32
	for i, v := range y {
		v += x[i]
		x[i] = v
		total += v
	}
	mean := total / float32(len(x))
	var square float32
	for _, v := range x {
		v -= mean
		square += v * v
	}
	r := 1 / float32(math.Sqrt(float64(square/float32(len(x))+epsilon)))
	for i, v := range x {
		x[i] = (v-mean)*r*gain[i] + bias[i]
	}
}
