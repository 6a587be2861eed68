package binary16

import "testing"

// BenchmarkDot compares one vector of 384 numbers; its baseline is the same in
// plain Go.
func BenchmarkDot(b *testing.B) {
	q := make([]float32, 384)
	for i := range q {
		q[i] = float32(i)
	}
	halves := Append(nil, q)
	for _, way := range []struct {
		name string
		fast bool
	}{{"lanes", fast}, {"plain", false}} {
		b.Run(way.name, func(b *testing.B) {
			before := fast
			defer func() { fast = before }()
			fast = way.fast
			for b.Loop() {
				Dot(q, halves)
			}
		})
	}
}
