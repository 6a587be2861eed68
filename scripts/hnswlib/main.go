//go:build linux

// Command hnswlib builds a graph over the vectors that scripts/vectors made and
// then searches it pass by pass: for each breadth that it reads from its input it
// answers with recall@10 and the microseconds of processor time a query took, the
// best 24 rescored in float32. compare.py asks.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"quintet/search/graph"
)

const (
	k         = 10
	rescored  = 24
	truthSize = 100
)

type set struct {
	dimensions  int
	base, query []float32
	truth       []uint32
	vectors     graph.Vectors
	scale       float32
	touched     float32 // that no read is left out as useless
}

func main() {
	runtime.LockOSThread()
	s := load(os.Args[1])
	before := processor()
	g, err := graph.Build(context.Background(), s.vectors, graph.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %.2f %.1f\n", graph.Kernel(), (processor() - before).Seconds(), float64(g.Memory())/float64(g.Rows())+float64(s.vectors.Stride))
	var breadth int
	for {
		if _, err := fmt.Scan(&breadth); err != nil {
			return
		}
		hits, spent := s.pass(g, breadth)
		queries := float64(len(s.query) / s.dimensions)
		fmt.Printf("%.4f %.3f\n", float64(hits)/queries/k, spent.Seconds()*1e6/queries)
	}
}

// processor is the time that this thread has had.
func processor() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		log.Fatal(err)
	}
	return time.Duration(t.Nano())
}

func load(folder string) *set {
	s := &set{base: read[float32](folder, "base.f32"), query: read[float32](folder, "query.f32"), truth: read[uint32](folder, "truth.u32")}
	s.dimensions = len(s.query) / (len(s.truth) / truthSize)
	dimensions, stride := s.dimensions, (s.dimensions+graph.Block-1)/graph.Block*graph.Block
	sizes := make([]float64, len(s.base))
	for i, x := range s.base {
		sizes[i] = math.Abs(float64(x))
	}
	slices.Sort(sizes)
	s.scale = float32(127 / sizes[int(.9995*float64(len(sizes)))])
	s.vectors = graph.Vectors{Codes: slices.Repeat([]byte{128}, len(s.base)/dimensions*stride), Stride: stride}
	for i, x := range s.base {
		s.vectors.Codes[i/dimensions*stride+i%dimensions] = byte(s.code(x) + 128)
	}
	return s
}

func (s *set) code(x float32) int {
	return int(max(-127, min(127, math.RoundToEven(float64(x*s.scale)))))
}

func read[T any](folder, name string) []T {
	b, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		log.Fatal(err)
	}
	values := make([]T, len(b)/4)
	if _, err := binary.Decode(b, binary.LittleEndian, values); err != nil {
		log.Fatal(err)
	}
	return values
}

// pass answers all queries, quantising each as part of its time.
func (s *set) pass(g *graph.Graph, breadth int) (hits int, spent time.Duration) {
	var scratch graph.Scratch
	dimensions := s.dimensions
	rows, codes := make([]uint32, len(s.query)/dimensions*k), make([]int8, s.vectors.Stride)
	before := processor()
	for i := 0; i < len(s.query); i += dimensions {
		q := s.query[i:][:dimensions]
		for j, x := range q {
			codes[j] = int8(s.code(x))
		}
		s.rescore(q, g.Search(&scratch, codes, breadth, nil), rows[i/dimensions*k:][:k])
	}
	spent = processor() - before
	for i, row := range rows {
		if slices.Contains(s.truth[i/k*truthSize:][:k], row) {
			hits++
		}
	}
	return hits, spent
}

// rescore writes the best k of what was found by their exact products, the best
// first.
func (s *set) rescore(q []float32, found []graph.Neighbour, rows []uint32) {
	found = found[:min(rescored, len(found))]
	// A number of every cache line first, so that the misses overlap.
	for _, f := range found {
		for v := s.base[int(f.Row)*len(q):][:len(q)]; len(v) > 16; v = v[16:] {
			s.touched += v[0]
		}
	}
	var best [k]float32
	for i, f := range found {
		score := dot(q, s.base[int(f.Row)*len(q):][:len(q)])
		at := min(i, k)
		for ; at > 0 && best[at-1] < score; at-- {
			if at < k {
				best[at], rows[at] = best[at-1], rows[at-1]
			}
		}
		if at < k {
			best[at], rows[at] = score, f.Row
		}
	}
}

func dot(a, b []float32) float32 {
	var s, t, u, v float32
	for i := 0; i+4 <= len(a) && i+4 <= len(b); i += 4 {
		s += a[i] * b[i]
		t += a[i+1] * b[i+1]
		u += a[i+2] * b[i+2]
		v += a[i+3] * b[i+3]
	}
	return s + t + u + v
}
