package embed

import "golang.org/x/sys/cpu"

// assembly lists the kernels in assembly that processor and operating system
// carry, the fastest first. The cpu package counts AVX-512 and AVX only where
// the system saves their registers (XCR0).
func assembly() []*kernels {
	var found []*kernels
	x := &cpu.X86
	if x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512VNNI {
		found = append(found, &vnni)
	}
	if x.HasAVX2 && x.HasFMA {
		found = append(found, &avx2)
	}
	return found
}

// need guards the assembly, which checks nothing: a kernel that is asked for
// more than its buffers hold must not start.
func need(ok bool) {
	if !ok {
		panic("embed: a kernel was given buffers of the wrong size")
	}
}

// check holds what every tile of m times a will read and write.
func (m *matrix) check(a *activations, out []float32, rows, columns int) {
	need(a.rows >= 0 && a.rows%rows == 0 && len(a.step) >= a.rows && len(a.zero) >= a.rows)
	need(m.outputs%columns == 0 && m.inputs > 0 && m.inputs%lane == 0 && m.inputs == a.inputs)
	need(len(m.packed) == m.outputs*m.inputs && len(m.sums) == m.outputs && len(m.scale) == m.outputs && len(m.bias) == m.outputs)
	need(len(out) >= a.rows*m.outputs)
}

// checkProduct holds the last element of each operand of a product.
func checkProduct(a []float32, lda int, b []float32, ldb int, c []float32, ldc int, rows, columns, inner, tileRows, tileColumns int) {
	need(rows > 0 && rows%tileRows == 0 && columns > 0 && columns%tileColumns == 0 && inner > 0)
	need(lda >= inner && ldb >= columns && ldc >= columns)
	need(len(a) >= (rows-1)*lda+inner && len(b) >= (inner-1)*ldb+columns && len(c) >= (rows-1)*ldc+columns)
}

func checkNorm(x, y, gain, bias []float32) {
	n := len(x)
	need(n > 0 && n%lane == 0 && len(y) >= n && len(gain) >= n && len(bias) >= n)
}

// curves are the constants of expo and gelu, each eight times, in the order
// that the assembly knows.
var curves = func() (table [17][8]float32) {
	for i, c := range []float32{
		log2e, -ln2High, -ln2Low, 1. / 720, 1. / 120, 1. / 24, 1. / 6, 1. / 2, 1,
		leastExponent, ep, e5, e4, e3, e2, e1, halfRoot2,
	} {
		for j := range table[i] {
			table[i][j] = c
		}
	}
	return table
}()
