package embed

// The kernels of kernels_avx2_amd64.s. Distances between rows are bytes.

//go:noescape
func tileAVX2(a *uint16, lda uintptr, w *int8, quads int, sums, zero *int32, scale, bias, step, c *float32, ldc uintptr)

//go:noescape
func productAVX2(a *float32, lda uintptr, b *float32, ldb uintptr, c *float32, ldc uintptr, inner int)

//go:noescape
func softmaxAVX2(x *float32, lanes int, curves *float32)

//go:noescape
func geluAVX2(x *float32, lanes int, curves *float32)

//go:noescape
func quantiseAVX2(x, reciprocal *float32, pieces int, out *uint16, step *float32, zero *int32)

//go:noescape
func addNormAVX2(x, y, gain, bias *float32, pieces int, share, epsilon float32)

const (
	avx2Rows    = 4
	avx2Columns = 16
	avx2Group   = 2 // inputs of one VPMADDWD lane
)

var avx2 = kernels{
	name: kernelAVX2, rows: avx2Rows, wide: true,
	pack: func(weights string, outputs, inputs int) []int8 {
		return pack(weights, outputs, inputs, avx2Columns, avx2Group)
	},
	multiply: multiplyByAVX2, quantise: quantiseByAVX2, product: productByAVX2,
	softmax: softmaxByAVX2, gelu: geluByAVX2, addNorm: addNormByAVX2,
}

func multiplyByAVX2(m *matrix, a *activations, out []float32) {
	m.check(a, out, avx2Rows, avx2Columns)
	need(len(a.wide) >= a.rows*a.inputs)
	n := uintptr(a.inputs)
	for o := 0; o < m.outputs; o += avx2Columns {
		w := &m.packed[o*m.inputs]
		for row := 0; row < a.rows; row += avx2Rows {
			tileAVX2(&a.wide[row*a.inputs], 2*n, w, a.inputs/4, &m.sums[o], &a.zero[row],
				&m.scale[o], &m.bias[o], &a.step[row], &out[row*m.outputs+o], 4*uintptr(m.outputs))
		}
	}
}

func quantiseByAVX2(x, reciprocal []float32, a *activations, row int) {
	need(len(x) > 0 && len(x)%lane == 0 && len(x) == a.inputs && len(reciprocal) >= len(x))
	quantiseAVX2(&x[0], &reciprocal[0], len(x)/16, &a.wide[row*a.inputs:][:len(x)][0], &a.step[row], &a.zero[row])
}

func productByAVX2(a []float32, lda int, b []float32, ldb int, c []float32, ldc int, rows, columns, inner int) {
	checkProduct(a, lda, b, ldb, c, ldc, rows, columns, inner, avx2Rows, avx2Columns)
	for j := 0; j < columns; j += avx2Columns {
		for i := 0; i < rows; i += avx2Rows {
			productAVX2(&a[i*lda], 4*uintptr(lda), &b[j], 4*uintptr(ldb), &c[i*ldc+j], 4*uintptr(ldc), inner)
		}
	}
}

func softmaxByAVX2(x []float32) {
	need(len(x) > 0 && len(x)%lane == 0)
	softmaxAVX2(&x[0], len(x)/8, &curves[0][0])
}

func geluByAVX2(x []float32) {
	need(len(x) > 0 && len(x)%lane == 0)
	geluAVX2(&x[0], len(x)/8, &curves[0][0])
}

func addNormByAVX2(x, y, gain, bias []float32) {
	checkNorm(x, y, gain, bias)
	addNormAVX2(&x[0], &y[0], &gain[0], &bias[0], len(x)/16, 1/float32(len(x)), epsilon)
}
