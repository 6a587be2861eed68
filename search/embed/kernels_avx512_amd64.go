package embed

// The kernels of kernels_avx512_amd64.s. Distances between rows are bytes.

//go:noescape
func tileVNNI(a *uint8, lda uintptr, w *int8, quads int, sums, zero *int32, scale, bias, step, c *float32, ldc uintptr)

//go:noescape
func productAVX512(a *float32, lda uintptr, b *float32, ldb uintptr, c *float32, ldc uintptr, inner int)

//go:noescape
func softmaxAVX512(x *float32, lanes int, curves *float32)

//go:noescape
func geluAVX512(x *float32, lanes int, curves *float32)

//go:noescape
func quantiseAVX512(x, reciprocal *float32, pieces int, out *uint8, step *float32, zero *int32)

//go:noescape
func addNormAVX512(x, y, gain, bias *float32, pieces int, share, epsilon float32)

const (
	vnniRows       = 8
	vnniColumns    = 48
	vnniGroup      = 4  // inputs of one VPDPBUSD lane
	productColumns = 32 // of a tile of productAVX512
)

var vnni = kernels{
	name: kernelVNNI, rows: vnniRows,
	pack: func(weights string, outputs, inputs int) []int8 {
		return pack(weights, outputs, inputs, vnniColumns, vnniGroup)
	},
	multiply: multiplyByVNNI, quantise: quantiseByAVX512, product: productByAVX512,
	softmax: softmaxByAVX512, gelu: geluByAVX512, addNorm: addNormByAVX512,
}

func multiplyByVNNI(m *matrix, a *activations, out []float32) {
	m.check(a, out, vnniRows, vnniColumns)
	need(len(a.narrow) >= a.rows*a.inputs)
	for o := 0; o < m.outputs; o += vnniColumns {
		w := &m.packed[o*m.inputs]
		for row := 0; row < a.rows; row += vnniRows {
			tileVNNI(&a.narrow[row*a.inputs], uintptr(a.inputs), w, a.inputs/vnniGroup, &m.sums[o], &a.zero[row],
				&m.scale[o], &m.bias[o], &a.step[row], &out[row*m.outputs+o], 4*uintptr(m.outputs))
		}
	}
}

func quantiseByAVX512(x, reciprocal []float32, a *activations, row int) {
	need(len(x) > 0 && len(x)%lane == 0 && len(x) == a.inputs && len(reciprocal) >= len(x))
	quantiseAVX512(&x[0], &reciprocal[0], len(x)/16, &a.narrow[row*a.inputs:][:len(x)][0], &a.step[row], &a.zero[row])
}

func productByAVX512(a []float32, lda int, b []float32, ldb int, c []float32, ldc int, rows, columns, inner int) {
	checkProduct(a, lda, b, ldb, c, ldc, rows, columns, inner, vnniRows, productColumns)
	for j := 0; j < columns; j += productColumns {
		for i := 0; i < rows; i += vnniRows {
			productAVX512(&a[i*lda], 4*uintptr(lda), &b[j], 4*uintptr(ldb), &c[i*ldc+j], 4*uintptr(ldc), inner)
		}
	}
}

func softmaxByAVX512(x []float32) {
	need(len(x) > 0 && len(x)%lane == 0)
	softmaxAVX512(&x[0], len(x)/16, &curves[0][0])
}

func geluByAVX512(x []float32) {
	need(len(x) > 0 && len(x)%lane == 0)
	geluAVX512(&x[0], len(x)/16, &curves[0][0])
}

func addNormByAVX512(x, y, gain, bias []float32) {
	checkNorm(x, y, gain, bias)
	addNormAVX512(&x[0], &y[0], &gain[0], &bias[0], len(x)/16, 1/float32(len(x)), epsilon)
}
