package embed

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"quintet/search/fence"
)

// The checks of one set of kernels against their meaning, by what they hold.
var kernelChecks = []struct {
	name string
	hold func(t *testing.T, k *kernels, r *rand.Rand)
}{
	{"multiply", holdMultiply}, {"sums", holdSums}, {"quantise", holdQuantise}, {"product", holdProduct},
	{"softmax", holdSoftmax}, {"gelu", holdGelu}, {"addNorm", holdAddNorm},
}

// TestKernels runs every check on every set of kernels that runs here, the
// portable one too: it is compared with float64 and with plain loops.
func TestKernels(t *testing.T) {
	for _, k := range available {
		t.Run(k.name, func(t *testing.T) {
			for _, c := range kernelChecks {
				t.Run(c.name, func(t *testing.T) {
					for seed := range seeds() {
						c.hold(t, k, random(seed))
					}
				})
			}
		})
	}
}

// seeds of each check: 4, under QUINTET_LONG=1 400.
func seeds() uint64 {
	if os.Getenv("QUINTET_LONG") == "1" {
		return 400
	}
	return 4
}

func FuzzKernels(f *testing.F) {
	for i := range kernelChecks {
		f.Add(uint64(i), uint8(i))
	}
	f.Fuzz(func(t *testing.T, seed uint64, check uint8) {
		for _, k := range available {
			kernelChecks[int(check)%len(kernelChecks)].hold(t, k, random(seed))
		}
	})
}

// near tells whether got is want within an absolute error.
func near(got float32, want, bound float64) bool {
	return math.Abs(float64(got)-want) <= bound
}

// shape draws a number of rows, and the inputs of one of the model's matrices.
func shape(k *kernels, r *rand.Rand) (rows, outputs, inputs int) {
	rows = k.rows * (1 + r.IntN(2))
	return rows, 48 * (1 + r.IntN(2)), []int{Dim, feedForward}[r.IntN(2)]
}

// plainSum is Σ (u - zero) · w in int64.
func plainSum(m *matrix, a *activations, row, output int) (sum int64) {
	for i, u := range a.narrow[row*a.inputs:][:a.inputs] {
		sum += int64(int32(u)-a.zero[row]) * int64(int8(m.weights[output*m.inputs+i]))
	}
	return sum
}

// holdMultiply: outputs are within 1e-6 of Σ (u-zero)·w · step · scale + bias,
// relative to the larger of the two terms.
func holdMultiply(t *testing.T, k *kernels, r *rand.Rand) {
	rows, outputs, inputs := shape(k, r)
	extreme := r.IntN(3) == 0
	m := syntheticMatrix(t, k, outputs, inputs, extreme, r)
	own, plain := syntheticActivations(t, k, rows, inputs, extreme, r)
	out := fence.Of[float32](t, rows*outputs)
	k.multiply(m, own, out)
	for row := range rows {
		for o := range outputs {
			term := float64(plainSum(m, plain, row, o)) * float64(plain.step[row]) * float64(m.scale[o])
			bias := float64(m.bias[o])
			if got := out[row*outputs+o]; !near(got, term+bias, 1e-6*max(math.Abs(term), math.Abs(bias))) {
				t.Fatalf("%d inputs, row %d, output %d: %v, not %v", inputs, row, o, got, term+bias)
			}
		}
	}
}

// holdSums: with steps and scales of 1 and no bias the outputs are the exact
// integers, rounded once.
func holdSums(t *testing.T, k *kernels, r *rand.Rand) {
	rows, outputs, inputs := shape(k, r)
	extreme := r.IntN(2) == 0
	m := syntheticMatrix(t, k, outputs, inputs, extreme, r)
	own, plain := syntheticActivations(t, k, rows, inputs, extreme, r)
	for o := range outputs {
		m.scale[o], m.bias[o] = 1, 0
	}
	for row := range rows {
		own.step[row] = 1
	}
	out := fence.Of[float32](t, rows*outputs)
	k.multiply(m, own, out)
	for row := range rows {
		for o := range outputs {
			if want := plainSum(m, plain, row, o); out[row*outputs+o] != float32(want) {
				t.Fatalf("%d inputs, row %d, output %d: %v, not %d", inputs, row, o, out[row*outputs+o], want)
			}
		}
	}
}

// holdQuantise: bytes, step and zero point equal those of the portable kernel,
// and what they stand for is within half a step of the input, or a whole one
// at the edge, where the zero point was rounded.
func holdQuantise(t *testing.T, k *kernels, r *rand.Rand) {
	inputs := []int{Dim, feedForward}[r.IntN(2)]
	own, plain := emptyActivations(t, k, k.rows, inputs), emptyActivations(t, &portable, k.rows, inputs)
	for row := range k.rows {
		x := normals(t, inputs, math.Pow(10, r.Float64()*8-4), r)
		reciprocal := fence.Of[float32](t, inputs)
		sided := r.IntN(6)
		for i := range x {
			reciprocal[i] = r.Float32() + .5
			switch sided {
			case 0: // zero point 0
				x[i] = float32(math.Abs(float64(x[i])))
			case 1: // zero point 255
				x[i] = -float32(math.Abs(float64(x[i])))
			case 2: // nothing to tell apart
				x[i] = 0
			case 3: // both ends are ties, and round to a range of 256
				x[i], reciprocal[i] = -1.5+255*float32(i%2), 1
			}
		}
		k.quantise(x, reciprocal, own, row)
		quantiseGo(x, reciprocal, plain, row)
		if own.step[row] != plain.step[row] || own.zero[row] != plain.zero[row] || !slices.Equal(own.bytes()[row*inputs:][:inputs], plain.narrow[row*inputs:][:inputs]) {
			t.Fatalf("%d inputs: step %v, zero %d; portable %v, %d", inputs, own.step[row], own.zero[row], plain.step[row], plain.zero[row])
		}
		step := float64(own.step[row])
		for i, u := range own.bytes()[row*inputs:][:inputs] {
			want := float64(x[i] * reciprocal[i])
			if got := float32(float64(int32(u)-own.zero[row]) * step); !near(got, want, 1.001*step) {
				t.Fatalf("%v became %v with a step of %v", want, got, step)
			}
		}
	}
}

// holdProduct: within 1e-6 of the sum of the absolute terms, and nothing
// beside the columns asked for is touched.
func holdProduct(t *testing.T, k *kernels, r *rand.Rand) {
	rows, columns, inner := k.rows, lane*(1+r.IntN(8)), 1+r.IntN(MaxTokens)
	if k.rows < block && r.IntN(2) == 0 {
		rows = block
	}
	lda, ldb, ldc := inner+r.IntN(40), columns+r.IntN(40), columns+r.IntN(40)
	a, b := normals(t, (rows-1)*lda+inner, 1, r), normals(t, (inner-1)*ldb+columns, 1, r)
	c := fence.Of[float32](t, (rows-1)*ldc+columns)
	for i := range c {
		c[i] = 7
	}
	k.product(a, lda, b, ldb, c, ldc, rows, columns, inner)
	for at, got := range c {
		i, j := at/ldc, at%ldc
		if j >= columns {
			if got != 7 {
				t.Fatalf("element %d of a row of %d was touched", j, columns)
			}
			continue
		}
		var want, size float64
		for n := range inner {
			term := float64(a[i*lda+n]) * float64(b[n*ldb+j])
			want, size = want+term, size+math.Abs(term)
		}
		if !near(got, want, 1e-6*size) {
			t.Fatalf("%d×%d×%d at %d, %d: %v, not %v", rows, columns, inner, i, j, got, want)
		}
	}
}

// holdSoftmax: each share is within 2e-6 of it, relative, and what the
// rounding of its distance from the largest adds, down to shares of 1e-30; the
// masked ones are nothing.
func holdSoftmax(t *testing.T, k *kernels, r *rand.Rand) {
	n := lane * (1 + r.IntN(8))
	keys := n - r.IntN(lane)
	x := normals(t, n, math.Pow(10, r.Float64()*3-1), r)
	for i := keys; i < n; i++ {
		x[i] = masked
	}
	want, bound := make([]float64, n), make([]float64, n)
	top, total := float64(slices.Max(x)), 0.0
	for i, v := range x {
		distance := float64(v) - top
		want[i], bound[i] = math.Exp(distance), 2e-6-1.2e-7*distance
		total += want[i]
	}
	k.softmax(x)
	for i, got := range x {
		w := want[i] / total
		if i >= keys {
			w = 0
		}
		if !near(got, w, bound[i]*w+1e-30) {
			t.Fatalf("%d of %d, masked from %d: %v, not %v", i, n, keys, got, w)
		}
	}
}

// holdGelu: within 5e-7 · max(1, |x|) of x · Φ(x).
func holdGelu(t *testing.T, k *kernels, r *rand.Rand) {
	x := normals(t, lane*(1+r.IntN(8)), math.Pow(10, r.Float64()*4-2), r)
	x[0], x[1], x[2], x[3], x[4] = 0, 1e-20, -1e-20, 1e4, -1e4
	before := slices.Clone(x)
	k.gelu(x)
	for i, got := range x {
		v := float64(before[i])
		if want := v * math.Erfc(-v/math.Sqrt2) / 2; !near(got, want, 5e-7*max(1, math.Abs(v))) {
			t.Fatalf("gelu of %v: %v, not %v", v, got, want)
		}
	}
}

// holdAddNorm: within 4e-6 · (|gain| · (1 + |normed|) + |bias|) + what the
// rounding of a large mean leaves.
func holdAddNorm(t *testing.T, k *kernels, r *rand.Rand) {
	width := math.Pow(10, r.Float64()*4-2)
	x, y := normals(t, Dim, width, r), normals(t, Dim, width, r)
	gain, bias := normals(t, Dim, 1, r), normals(t, Dim, 1, r)
	if r.IntN(4) == 0 { // nothing to norm
		clear(x)
		clear(y)
	}
	sums := make([]float64, Dim)
	var mean, square float64
	for i := range sums {
		sums[i] = float64(x[i] + y[i])
		mean += sums[i] / Dim
	}
	for _, v := range sums {
		square += (v - mean) * (v - mean) / Dim
	}
	k.addNorm(x, y, gain, bias)
	for i, got := range x {
		normed := (sums[i] - mean) / math.Sqrt(square+epsilon)
		want := normed*float64(gain[i]) + float64(bias[i])
		if !near(got, want, 4e-6*(math.Abs(float64(gain[i]))*(1+math.Abs(normed))+math.Abs(float64(bias[i])))) {
			t.Fatalf("%v of width %v: %v, not %v", normed, width, got, want)
		}
	}
}

// TestKernelsRefuse holds that no assembly starts on buffers that are too
// small, or on shapes that its tiles do not fit.
func TestKernelsRefuse(t *testing.T) {
	for _, k := range available {
		if k == &portable {
			continue
		}
		r := random(1)
		refused := func(what string, f func(m *matrix, a *activations)) {
			t.Run(k.name+"/"+what, func(t *testing.T) {
				m := syntheticMatrix(t, k, 48, Dim, false, r)
				a, _ := syntheticActivations(t, k, k.rows, Dim, false, r)
				defer func() {
					if recover() == nil {
						t.Error("it ran")
					}
				}()
				f(m, a)
			})
		}
		out, row := make([]float32, k.rows*48), make([]float32, Dim)
		refused("a short output", func(m *matrix, a *activations) { k.multiply(m, a, out[1:]) })
		refused("half a tile", func(m *matrix, a *activations) { a.rows--; k.multiply(m, a, out) })
		refused("too many rows", func(m *matrix, a *activations) { a.rows += k.rows; k.multiply(m, a, append(out, out...)) })
		refused("other inputs", func(m *matrix, a *activations) { a.inputs /= 2; k.multiply(m, a, out) })
		refused("a row that is not there", func(_ *matrix, a *activations) { k.quantise(row, row, a, k.rows) })
		refused("short reciprocals", func(_ *matrix, a *activations) { k.quantise(row, row[1:], a, 0) })
		refused("a part of a lane", func(*matrix, *activations) { k.softmax(row[:lane-1]) })
		refused("no lane", func(*matrix, *activations) { k.gelu(nil) })
		refused("short gains", func(*matrix, *activations) { k.addNorm(row, row, row[1:], row) })
		refused("rows that overlap", func(*matrix, *activations) { k.product(row, 1, row, lane, out, lane, k.rows, lane, 2) })
		refused("a short product", func(*matrix, *activations) { k.product(row, 2, row, lane, out[:lane*k.rows-1], lane, k.rows, lane, 2) })
	}
}
