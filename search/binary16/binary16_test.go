package binary16

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestHalves holds binary16 against every value that it has, and rounding
// against the distance to the neighbours.
func TestHalves(t *testing.T) {
	for h := range uint32(1 << 16) {
		f := single(uint16(h))
		if f == f && half(f) != uint16(h) {
			t.Fatalf("%04x is %v, which is %04x", h, f, half(f))
		}
		if next := single(uint16(h + 1)); h&0x7fff < 0x7bff {
			middle := float32((float64(f) + float64(next)) / 2)
			if got := half(middle); got&1 != 0 || got != uint16(h) && got != uint16(h+1) {
				t.Fatalf("%v lies between %04x and %04x and became %04x; the even one was expected", middle, h, h+1, got)
			}
			if got := half(math.Nextafter32(middle, f)); got != uint16(h) {
				t.Fatalf("just before the middle %04x became %04x", h, got)
			}
		}
	}
	for f, want := range map[float64]uint16{math.NaN(): 0x7e00, math.Inf(-1): 0xfc00, 65519: 0x7bff, 65520: 0x7c00, 1e30: 0x7c00, 1e-30: 0, 1: 0x3c00, -2: 0xc000, Most: 0x7bff} {
		if got := half(float32(f)); got != want {
			t.Errorf("%v is %04x, expected was %04x", f, got, want)
		}
	}
}

// portably runs f with and without the lanes of the processor.
func portably(f func() float32) (fastest, plain float32) {
	before := fast
	defer func() { fast = before }()
	fastest = f()
	fast = false
	return fastest, f()
}

// FuzzCompare holds the two ways to compare equal to the last bit, and near to
// what float64 makes of the same numbers.
func FuzzCompare(f *testing.F) {
	for _, n := range []int{0, 1, 15, 16, 17, 100, 384, 1000} {
		f.Add(n, uint64(n))
	}
	f.Fuzz(func(t *testing.T, n int, seed uint64) {
		n = max(0, n%4097)
		rng := rand.New(rand.NewPCG(seed, 1))
		q, v := make([]float32, n), make([]float32, n)
		size := math.Exp2(float64(rng.IntN(20) - 15))
		for i := range q {
			q[i], v[i] = float32(rng.NormFloat64()*size), float32(rng.NormFloat64()*size)
		}
		b := Append(nil, v)
		Floats(v, b)
		var dot, distance, sum float64
		for i := range q {
			p, d := float64(q[i])*float64(v[i]), float64(q[i])-float64(v[i])
			dot, distance, sum = dot+p, distance+d*d, sum+math.Abs(p)
		}
		if a, b := portably(func() float32 { return Dot(q, b) }); a != b || math.Abs(float64(a)-dot) > 1e-5*sum {
			t.Errorf("the dot product is %v, plainly %v, exactly %v", a, b, dot)
		}
		if a, b := portably(func() float32 { return Distance(q, b) }); a != b || math.Abs(float64(a)-distance) > 1e-5*distance {
			t.Errorf("the distance is %v, plainly %v, exactly %v", a, b, distance)
		}
	})
}

// TestRefuse holds that too few bytes are not read behind their end.
func TestRefuse(t *testing.T) {
	for _, compare := range []func([]float32, []byte) float32{Dot, Distance} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("32 numbers of 63 bytes were compared")
				}
			}()
			compare(make([]float32, 32), make([]byte, 63))
		}()
	}
}

func Example() {
	b := Append(nil, []float32{1, 0.5, -2})
	fmt.Println(len(b), Dot([]float32{2, 2, 1}, b), Distance([]float32{1, 0.5, 0}, b))
	// Output: 6 1 4
}
