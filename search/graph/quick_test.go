package graph_test

import (
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"crypto/sha256"
	"testing"
	"time"

	"quintet/search/graph"
)

func openQuick(t *testing.T, w *wordSet) *graph.Graph {
	if b, err := os.ReadFile("/tmp/vec/g.bin"); err == nil && os.Getenv("REBUILD") == "" {
		g, err := graph.Open(b, w.vectors)
		if err != nil { t.Fatal(err) }
		return g
	}
	t0 := cpuNow()
	g, err := graph.Build(t.Context(), w.vectors, graph.Options{})
	if err != nil { t.Fatal(err) }
	fmt.Println("build cpu", cpuNow()-t0)
	b := g.Append(nil)
	os.WriteFile("/tmp/vec/g.bin", b, 0o644)
	return g
}

// chunked times f over n items: the least of reps passes for every 5.
func chunked(n, reps int, f func(i int)) time.Duration {
	mins := make([]time.Duration, n/5+1)
	for range reps {
	for from := 0; from < n; from += 5 {
			t0 := time.Now()
			for i := from; i < min(n, from+5); i++ { f(i) }
			d := time.Since(t0)
			if m := &mins[from/5]; *m == 0 || d < *m { *m = d }
		}
	}
	var sum time.Duration
	for _, m := range mins { sum += m }
	return sum
}

func TestQuick(t *testing.T) {
	runtime.LockOSThread()
	w := needWords(t)
	g := openQuick(t, w)
	if k := os.Getenv("KERN"); k != "" { graph.Force(t, k) }
	var s graph.Scratch
	var best [40]graph.Neighbour
	var ex [40]float32
	scores := make([]int32, w.vectors.Rows())
	d := chunked(25, 5, func(q int) { w.vectors.Scan(w.queries[q], 0, w.vectors.Rows(), scores) })
	fmt.Printf("%s scan %.2f ns/row memory/row %.1f\n", graph.Kernel(), float64(d.Nanoseconds())/25/float64(g.Rows()), float64(g.Memory())/float64(g.Rows()))
	for _, breadth := range []int{20, 40, 60, 120, 240} {
		hits, raw := 0, 0.0
		for q := range w.queries {
			f := g.Search(&s, w.queries[q], breadth, nil)
			if q%10 == 0 { raw += recall(f, exactTop(w, w.queries[q], scores)) }
			hits += w.rescored(q, f, &best, &ex)
		}
		d := chunked(1000, 7, func(q int) { g.Search(&s, w.queries[q], breadth, nil) })
		d2 := chunked(1000, 3, func(q int) { w.rescored(q, g.Search(&s, w.queries[q], breadth, nil), &best, &ex) })
		fmt.Printf("breadth %3d recall %.4f (codes %.3f) %.1f us, with rescoring %.1f us\n", breadth, float64(hits)/10000, raw/100, d.Seconds()*1e3, d2.Seconds()*1e3)
	}
}

func TestProf(t *testing.T) {
	w := needWords(t)
	g := openQuick(t, w)
	var s graph.Scratch
	f, _ := os.Create("/tmp/w/s.prof")
	pprof.StartCPUProfile(f)
	for range 100 { for q := range w.queries { g.Search(&s, w.queries[q], 60, nil) } }
	pprof.StopCPUProfile()
}

func TestProfBuild(t *testing.T) {
	w := needWords(t)
	runtime.LockOSThread()
	v := w.vectors
	v.Codes = v.Codes[:30000*128]
	f, _ := os.Create("/tmp/w/b.prof")
	pprof.StartCPUProfile(f)
	t0 := cpuNow()
	g, _ := graph.Build(t.Context(), v, graph.Options{})
	fmt.Println("build 30000", cpuNow()-t0)
	pprof.StopCPUProfile()
	h := sha256.Sum256(g.Append(nil))
	fmt.Printf("%x\n", h[:4])
}

func exactTop(w *wordSet, q []int8, scores []int32) (top []graph.Neighbour) {
	w.vectors.Scan(q, 0, w.vectors.Rows(), scores)
	for r, sc := range scores { top = insertTop(top, graph.Neighbour{Row: uint32(r), Score: sc}, 10) }
	return top
}
