package embed

import (
	"fmt"
	"testing"
)

// BenchmarkMultiply is the matrix up for 32 tokens.
func BenchmarkMultiply(b *testing.B) {
	const rows = 32
	for _, k := range available {
		b.Run(k.name, func(b *testing.B) {
			m := syntheticMatrix(b, k, feedForward, Dim, false, random(1))
			a, _ := syntheticActivations(b, k, rows, Dim, false, random(2))
			out := make([]float32, rows*m.outputs)
			for b.Loop() {
				k.multiply(m, a, out)
			}
			reportRate(b, rows*m.outputs*m.inputs, "GMAC/s")
		})
	}
}

// BenchmarkProduct is the scores of a block of 8 queries with 256 keys.
func BenchmarkProduct(b *testing.B) {
	for _, k := range available {
		b.Run(k.name, func(b *testing.B) {
			x, y, z := make([]float32, block*headSize), make([]float32, headSize*MaxTokens), make([]float32, block*MaxTokens)
			for b.Loop() {
				k.product(x, headSize, y, MaxTokens, z, MaxTokens, block, MaxTokens, headSize)
			}
			reportRate(b, block*MaxTokens*headSize, "GMAC/s")
		})
	}
}

// BenchmarkRows is the kernels of one row of activations.
func BenchmarkRows(b *testing.B) {
	for _, k := range available {
		x, y := make([]float32, feedForward), make([]float32, feedForward)
		for i := range x {
			x[i], y[i] = float32(i%29)*.3-4, 1
		}
		a := emptyActivations(b, k, k.rows, feedForward)
		for name, f := range map[string]func(){
			"softmax":  func() { k.softmax(x[:MaxTokens]) },
			"gelu":     func() { k.gelu(x) },
			"quantise": func() { k.quantise(x, y, a, 0) },
			"addNorm":  func() { k.addNorm(x[:Dim], y[:Dim], y[:Dim], y[:Dim]) },
		} {
			b.Run(fmt.Sprintf("%s/%s", name, k.name), func(b *testing.B) {
				for b.Loop() {
					f()
				}
			})
		}
	}
}

func reportRate(b *testing.B, perRun int, unit string) {
	b.ReportMetric(float64(perRun)*float64(b.N)/b.Elapsed().Seconds()/1e9, unit)
}
