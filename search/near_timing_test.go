package search

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"quintet/search/bitset"
	"quintet/search/graph"
)

// BenchmarkFilters is the search for ten of 100,000 word vectors (QUINTET_VECTORS,
// see scripts/vectors) under filters, by the way that a search of the product
// takes: those of a share at random, those nearest to the query, and those nearest
// to another one. It reports how many of the ten nearest are found, the rate by
// that without a filter in the same turns, and the share of searches that scan.
func BenchmarkFilters(b *testing.B) {
	v, probes := wordVectors(b)
	for _, kind := range []string{"random", "near", "far"} {
		for _, share := range []float64{.1, .3, 1, 3, 5, 10, 15, 20, 30, 50, 70, 90, 100} {
			b.Run(fmt.Sprintf("%s/%v%%", kind, share), func(b *testing.B) {
				for b.Loop() {
					measureFilter(b, v, probes, kind, int(share/100*float64(v.count())))
				}
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

func measureFilter(b *testing.B, v *vectors, probes []*probe, kind string, admit int) {
	const passes = 5
	var with, without time.Duration
	hits, scans := 0, 0
	s := newScratch()
	rng := rand.New(rand.NewPCG(1, 1))
	for i, p := range probes {
		admitted := bitset.New(v.count())
		switch kind {
		case "random":
			for _, n := range rng.Perm(v.count())[:admit] {
				admitted.Add(uint32(n))
			}
		case "far":
			p = probes[(i+1)%len(probes)]
			fallthrough
		case "near":
			for _, n := range v.scan(p, admit, nil, false, s) {
				admitted.Add(n.vector)
			}
			p = probes[i]
		}
		want := slices.Clone(v.scan(p, 10, admitted, true, s))
		found, how := v.nearest(p, leastBreadth, admitted, false, s)
		found = slices.Clone(found)
		for j := range found {
			found[j].score = float32(v.space.score(p.vector, v.vector(found[j].vector)))
		}
		for _, n := range nearestOf(found, 10) {
			if slices.ContainsFunc(want, func(w near) bool { return w.vector == n.vector }) {
				hits++
			}
		}
		if how == wayScan {
			scans++
		}
		least := [2]time.Duration{1 << 40, 1 << 40}
		for range passes {
			for j, set := range []bitset.Set{admitted, nil} {
				start := time.Now()
				v.nearest(p, leastBreadth, set, false, s)
				least[j] = min(least[j], time.Since(start))
			}
		}
		with, without = with+least[0], without+least[1]
	}
	b.ReportMetric(float64(hits)/float64(10*len(probes)), "recall@10")
	b.ReportMetric(float64(without)/float64(with), "x-unfiltered")
	b.ReportMetric(100*float64(scans)/float64(len(probes)), "%scans")
}

// wordVectors are those of a sealed part, and a hundred queries.
// BenchmarkRecall tells how many of the n nearest the breadth of a search for n
// finds.
func BenchmarkRecall(b *testing.B) {
	v, probes := wordVectors(b)
	s := newScratch()
	for _, n := range []int{10, 20, 50, 100, 200, 500, 1000} {
		b.Run(fmt.Sprintf("of %d", n), func(b *testing.B) {
			hits := 0
			for b.Loop() {
				hits = 0
				for _, p := range probes {
					want := map[uint32]bool{}
					for _, w := range v.scan(p, n, nil, true, s) {
						want[w.vector] = true
					}
					found, _ := v.nearest(p, breadthFor(n), nil, false, s)
					found = slices.Clone(found)
					for j := range found {
						found[j].score = float32(v.space.score(p.vector, v.vector(found[j].vector)))
					}
					for _, f := range nearestOf(found, n) {
						if want[f.vector] {
							hits++
						}
					}
				}
			}
			b.ReportMetric(float64(hits)/float64(n*len(probes)), "recall")
		})
	}
}

func wordVectors(b *testing.B) (*vectors, []*probe) {
	folder := os.Getenv("QUINTET_VECTORS")
	if folder == "" {
		b.Skip("QUINTET_VECTORS names no folder made by scripts/vectors")
	}
	base, query := floatsOf(b, folder, "base.f32"), floatsOf(b, folder, "query.f32")
	const queries = 1000
	dimensions := len(query) / queries
	v := newVectors(space{dimensions, Cosine, Int8})
	for ; len(base) > 0; base = base[dimensions:] {
		v.gather(v.space.append(nil, base[:dimensions]))
	}
	v.encodeCodes()
	var err error
	if v.graph, err = graph.Build(context.Background(), v.codes, graph.Options{Seed: graphSeed}); err != nil {
		b.Fatal(err)
	}
	var probes []*probe
	for i := 0; i < queries; i += queries / 100 {
		probes = append(probes, newProbe(v.space, query[i*dimensions:][:dimensions]))
	}
	return v, probes
}

func floatsOf(b *testing.B, folder, name string) []float32 {
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		b.Fatal(err)
	}
	values := make([]float32, len(data)/4)
	if _, err := binary.Decode(data, binary.LittleEndian, values); err != nil {
		b.Fatal(err)
	}
	return values
}
