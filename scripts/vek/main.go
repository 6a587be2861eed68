// Command vek compares an exact scan of search/graph with vek32.Dot, the fastest
// float32 product of the Go libraries: 100,000 vectors of 100 dimensions, as
// float32 there and as codes here, in turns on one thread. The shortest of the
// rounds counts.
//
//	cd scripts/vek && go run .
package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/viterin/vek/vek32"

	"quintet/search/graph"
)

const (
	rows       = 100_000
	dimensions = 100
	stride     = 128
	rounds     = 200
)

func main() {
	runtime.LockOSThread()
	rng := rand.New(rand.NewPCG(1, 1))
	vectors := make([]float32, rows*dimensions)
	codes := graph.Vectors{Codes: make([]byte, rows*stride), Stride: stride}
	for i := range vectors {
		vectors[i] = float32(rng.NormFloat64() / math.Sqrt(dimensions))
		codes.Codes[i/dimensions*stride+i%dimensions] = byte(code(vectors[i]) + 128)
	}
	query, asked := vectors[:dimensions], make([]int8, stride)
	for i, x := range query {
		asked[i] = int8(code(x))
	}
	floats, scores := make([]float32, rows), make([]int32, rows)
	theirs, ours := time.Hour, time.Hour
	for range rounds {
		theirs = min(theirs, timed(func() {
			for i := range floats {
				floats[i] = vek32.Dot(query, vectors[i*dimensions:][:dimensions])
			}
		}))
		ours = min(ours, timed(func() { codes.Scan(asked, 0, rows, scores) }))
	}
	fmt.Printf("vek32.Dot (accelerated: %t) %.2f ns a vector, graph.Vectors.Scan (%s) %.2f: %.2fx\n",
		vek32.Info().Acceleration, perRow(theirs), graph.Kernel(), perRow(ours), float64(theirs)/float64(ours))
}

func code(x float32) int {
	return int(max(-127, min(127, math.RoundToEven(float64(x)*300))))
}

func timed(f func()) time.Duration {
	before := time.Now()
	f()
	return time.Since(before)
}

func perRow(d time.Duration) float64 { return float64(d.Nanoseconds()) / rows }
