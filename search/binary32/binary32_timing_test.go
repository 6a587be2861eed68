package binary32

import "testing"

// BenchmarkDots compares a query with 16 vectors of 384 numbers that are at
// hand; its baseline is the same in plain Go.
func BenchmarkDots(b *testing.B) {
	const dimensions, count = 384, 16
	q := make([]float32, dimensions)
	for i := range q {
		q[i] = float32(i)
	}
	all, rows := []byte(nil), make([]uint32, count)
	for i := range rows {
		all, rows[i] = Append(all, q), uint32(i)
	}
	scores := make([]float32, count)
	for _, k := range available {
		b.Run(kernelNames[k], func(b *testing.B) {
			defer func(before kernel) { current = before }(current)
			current = k
			for b.Loop() {
				Dots(q, all, rows, scores)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/count, "ns/vector")
		})
	}
}
