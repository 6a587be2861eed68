package embed

// kernels are the inner loops of the pass, and how they want their input. The
// meaning of each is its namesake in portable.go; the sets agree exactly in
// integers and to the last bits in float32.
//
// rows is the height of a tile: the activations and outputs of a pass are
// padded to a multiple of it. It divides block.
type kernels struct {
	name string
	rows int
	wide bool // activations take two bytes each instead of one

	// pack lays weights [outputs][inputs] out for multiply. nil: in place.
	pack func(weights string, outputs, inputs int) []int8

	// multiply writes [a.rows][m.outputs]: the dequantised products of each
	// row of a with each row of m, and the bias.
	multiply func(m *matrix, a *activations, out []float32)

	// quantise rounds x · reciprocal into the given row of a.
	quantise func(x, reciprocal []float32, a *activations, row int)

	// product is c = a·b in float32, for rows of c, columns of c and inner
	// columns of a; lda, ldb and ldc are the distances between rows. rows is
	// a multiple of kernels.rows, columns of lane.
	product func(a []float32, lda int, b []float32, ldb int, c []float32, ldc int, rows, columns, inner int)

	softmax func(x []float32)                // x = exp(x) / Σ exp(x); a multiple of lane
	gelu    func(x []float32)                // x = x · Φ(x); a multiple of lane
	addNorm func(x, y, gain, bias []float32) // x = LayerNorm(x+y) · gain + bias; a multiple of lane
}

const (
	block = 8  // rows that attention treats together
	lane  = 32 // columns of float32 to which attention pads
)

// activations are the inputs of a matrix for some rows, as unsigned bytes:
// x ≈ (u - zero) · step. Either narrow or wide is used, after kernels.wide.
type activations struct {
	rows, inputs int
	narrow       []uint8
	wide         []uint16
	step         []float32
	zero         []int32
}

// Kernel names, as Model.Kernel shows them.
const (
	kernelVNNI     = "avx512-vnni"
	kernelAVX2     = "avx2"
	kernelPortable = "go"
)

var portable = kernels{
	name: kernelPortable, rows: 4,
	multiply: multiplyGo, quantise: quantiseGo, product: productGo,
	softmax: softmaxGo, gelu: geluGo, addNorm: addNormGo,
}

// available lists what runs here, the fastest first. It is never empty.
var available = append(assembly(), &portable)

// current is what new models use: available[0], but in a test that forces
// another.
var current = available[0]
