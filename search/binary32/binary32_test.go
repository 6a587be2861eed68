package binary32

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"quintet/search/fence"
)

var kernelNames = [...]string{portable: "go", avx2: "avx2", avx512: "avx512"}

// FuzzCompare holds every kernel that runs here equal to plain Go, to the last
// bit, and near to what float64 makes of the same numbers: all lengths and
// numbers of rows, in memory that ends at a fence, at addresses of no alignment.
func FuzzCompare(f *testing.F) {
	for i, n := range []uint16{0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 100, 384, 1000, 4096} {
		f.Add(n, uint64(i), uint8(i), uint8(i))
	}
	f.Fuzz(func(t *testing.T, numbers uint16, seed uint64, many, skew uint8) {
		n, count := int(numbers)%4097, int(many)%20
		rng := rand.New(rand.NewPCG(seed, 1))
		size := math.Exp2(float64(rng.IntN(60) - 30))
		draw := func(v []float32) {
			for i := range v {
				v[i] = float32(rng.NormFloat64() * size)
			}
		}
		bytes := fence.Bytes(t, Size*n+int(skew)%16)[:Size*n]
		q := unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(bytes))), n)
		draw(q)
		all := make([]float32, n*count)
		draw(all)
		b := fence.Bytes(t, Size*len(all)+int(skew)%13)[:Size*len(all)]
		copy(b, Append(nil, all))
		var rows []uint32
		for range count {
			rows = append(rows, uint32(rng.IntN(count)))
		}
		for name, compare := range map[string]func([]float32, []byte, []uint32, []float32){"dot": Dots, "distance": Distances} {
			var plain []float32
			for i := len(available) - 1; i >= 0; i-- {
				current = available[i]
				got := make([]float32, count)
				compare(q, b, rows, got)
				for j, row := range rows {
					exactly, near := exact(name, q, all[n*int(row):][:n])
					if !(math.Abs(float64(got[j])-exactly) <= near) || plain != nil && math.Float32bits(got[j]) != math.Float32bits(plain[j]) {
						t.Errorf("%s of %d numbers, %s: %v, plainly %v, exactly %v", name, n, kernelNames[current], got[j], plain, exactly)
					}
				}
				if plain == nil {
					plain = got
				}
			}
		}
	})
}

// exact compares in float64, and returns how far off the package comment allows
// to be; the least float32 is one such step.
func exact(name string, q, v []float32) (score, near float64) {
	for i := range q {
		x := float64(q[i]) * float64(v[i])
		if name == "distance" {
			x = (float64(q[i]) - float64(v[i])) * (float64(q[i]) - float64(v[i]))
		}
		score, near = score+x, near+math.Abs(x)
	}
	n := float64(len(q))
	return score, (n/16+7)*(near*0x1p-24+math.SmallestNonzeroFloat32) + n*math.SmallestNonzeroFloat32
}

// TestRefuse holds that what is not there is not read.
func TestRefuse(t *testing.T) {
	for name, call := range map[string]func(){
		"too few bytes":  func() { Dot(make([]float32, 32), make([]byte, 127)) },
		"a row too many": func() { Dots(make([]float32, 8), make([]byte, 64), []uint32{0, 2}, make([]float32, 2)) },
		"half a row":     func() { Distances(make([]float32, 8), make([]byte, 63), []uint32{1}, make([]float32, 1)) },
		"too few scores": func() { Distances(make([]float32, 8), make([]byte, 64), []uint32{1, 1}, make([]float32, 1)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was taken", name)
				}
			}()
			call()
		}()
	}
}

// TestExact holds that numbers come back as they were.
func TestExact(t *testing.T) {
	v := []float32{0, 1, -0.1, math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Copysign(0, -1))}
	back := make([]float32, len(v))
	Floats(back, Append(nil, v))
	for i := range v {
		if math.Float32bits(back[i]) != math.Float32bits(v[i]) {
			t.Errorf("%v became %v", v[i], back[i])
		}
	}
}

func Example() {
	b := Append(nil, []float32{1, 0.5, -2, 0, 0, 1})
	scores := make([]float32, 2)
	Dots([]float32{2, 2, 1}, b, []uint32{1, 0}, scores)
	fmt.Println(len(b), scores, Distance([]float32{1, 0.5, 0}, b))
	// Output: 24 [1 1] 4
}
