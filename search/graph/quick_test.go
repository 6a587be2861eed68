package graph_test

import (
	"fmt"
	"testing"
	"time"
	"os"

	"quintet/search/graph"
)

func TestQuick(t *testing.T) {
	w := needWords(t)
	t0 := time.Now()
	var g *graph.Graph
	if b, err := os.ReadFile("/tmp/vec/g.bin"); err == nil && os.Getenv("REBUILD") == "" {
		g, err = graph.Open(b, w.vectors)
		if err != nil { t.Fatal(err) }
		fmt.Println("open", time.Since(t0))
	} else {
		g, err = graph.Build(t.Context(), w.vectors, graph.Options{})
		if err != nil { t.Fatal(err) }
		fmt.Println("build", time.Since(t0))
		b := g.Append(nil)
		os.WriteFile("/tmp/vec/g.bin", b, 0o644)
		fmt.Println("bytes", len(b))
	}
	fmt.Println(graph.Kernel(), "memory/row", float64(g.Memory())/float64(g.Rows()))
	var s graph.Scratch
	var best [40]graph.Neighbour
	var exact [40]float32
	scores := make([]int32, w.vectors.Rows())
	for range 2 {
	t0 = time.Now()
	for q := range 100 { w.vectors.Scan(w.queries[q], 0, w.vectors.Rows(), scores) }
	fmt.Printf("scan %.2f ns/row\n", float64(time.Since(t0).Nanoseconds())/100/float64(g.Rows()))
	for _, breadth := range []int{20, 40, 60, 80, 120, 240} {
		bestTime := time.Hour
		hits := 0
		for range 3 {
			t0 := time.Now()
			hits = 0
			for q := range w.queries {
				hits += w.rescored(q, g.Search(&s, w.queries[q], breadth, nil), &best, &exact)
			}
			bestTime = min(bestTime, time.Since(t0))
		}
		fmt.Printf("breadth %d recall %.4f %.1f us %.0f/s\n", breadth, float64(hits)/10000, bestTime.Seconds()*1e3, 1000/bestTime.Seconds())
	}
	}
}
