package search

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// drawn are vectors as a sealed part holds them, in a row each.
func drawn(s space, count int, draw func() []float32) *vectors {
	v := newVectors(s)
	for range count {
		v.gather(s.append(nil, draw()))
	}
	return v
}

// around draws vectors around some centres, as embedding models make them.
func around(rng *rand.Rand, dimensions, centres int) func() []float32 {
	middle := make([][]float64, centres)
	for i := range middle {
		for range dimensions {
			middle[i] = append(middle[i], rng.NormFloat64())
		}
	}
	return func() []float32 {
		v, m := make([]float32, dimensions), middle[rng.IntN(centres)]
		for i := range v {
			v[i] = float32(m[i] + rng.NormFloat64()/2)
		}
		return v
	}
}

// TestPrecisionRecall holds that a walk over float32 finds as many of the ten
// nearest as one over codes whose best are compared by their numbers.
func TestPrecisionRecall(t *testing.T) {
	const count, dimensions, queries, k = 2_000, 48, 60, 10
	for _, metric := range []Metric{Cosine, Dot, Euclid} {
		hits := map[Precision]int{}
		var exact [][]uint32
		for _, precision := range []Precision{Float32, Int8} {
			s := space{dimensions, metric, precision}
			rng := rand.New(rand.NewPCG(5, 6))
			draw := around(rng, dimensions, 30)
			drawChecked := func() []float32 {
				v, err := s.check("v", draw())
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
			v := drawn(s, count, drawChecked)
			if err := v.link(t.Context(), parent{}); err != nil {
				t.Fatal(err)
			}
			if v.graph == nil || v.coarse {
				t.Fatalf("%s, %s: there is no graph", metric, precision)
			}
			memory := newScratch()
			for q := range queries {
				p := newProbe(s, drawChecked())
				if precision == Float32 {
					exact = append(exact, vectorsOf(nearestOf(slices.Clone(v.scan(p, k, nil, true, memory)), k)))
				}
				list := v.walk(p, 100, nil, memory)[:30]
				for i := range list {
					list[i].score = float32(s.score(p.vector, v.vector(list[i].vector)))
				}
				slices.SortFunc(list, func(a, b near) int { return int(math.Copysign(1, float64(b.score-a.score))) })
				for _, n := range list[:k] {
					if slices.Contains(exact[q], n.vector) {
						hits[precision]++
					}
				}
			}
		}
		if hits[Float32] < hits[Int8] || hits[Float32] < 97*queries*k/100 {
			t.Errorf("%s: float32 finds %d of %d, int8 %d", metric, hits[Float32], queries*k, hits[Int8])
		}
	}
}

func vectorsOf(list []near) (all []uint32) {
	for _, n := range list {
		all = append(all, n.vector)
	}
	return all
}

// TestAstray holds that a graph of float32 which leads astray is dropped, and
// the part scanned: vectors lie in shells, the outer ones far from each other.
func TestAstray(t *testing.T) {
	s := space{96, Euclid, Float32}
	rng := rand.New(rand.NewPCG(1, 2))
	v := drawn(s, 8_000, func() []float32 {
		one, length := make([]float32, 96), math.Exp(1.5*rng.NormFloat64())
		for i := range one {
			one[i] = float32(length * rng.NormFloat64())
		}
		return one
	})
	if err := v.link(t.Context(), parent{}); err != nil {
		t.Fatal(err)
	}
	if !v.coarse || v.graph != nil || len(v.sections()) != 2 {
		t.Errorf("such a part keeps its graph")
	}
	if _, how := v.nearest(newProbe(s, make([]float32, 96)), 10, nil, false, newScratch()); how != wayExact {
		t.Errorf("it is searched by %s", how)
	}
}

// TestForms seals parts of every form, reads their files back, and holds that
// what is read finds the same, and is refused by a collection of another form.
func TestForms(t *testing.T) {
	for _, metric := range []Metric{Cosine, Dot, Euclid} {
		for form, kinds := range map[string]string{"int8": "6 7 8 9", "int8 coarse": "6 7", "float32": "6 7 9"} {
			precision, _, _ := strings.Cut(form, " ")
			sc := newSchema(&record{Declared: []Field{{Name: "v", Type: "vector(7)"}}, Metric: metric, Precision: Precision(precision)})
			rng := rand.New(rand.NewPCG(3, 3))
			draw := around(rng, 7, 4)
			if form == "int8 coarse" {
				near := draw
				draw = func() []float32 {
					v := near()
					for i := range v {
						v[i] += 500
					}
					return v
				}
			}
			g, sections := sealedOf(t, sc, 60, draw)
			written := ""
			for _, s := range sections {
				if s.kind >= sectionStarts {
					written += fmt.Sprint(" ", s.kind)
				}
			}
			if written != " "+kinds {
				t.Errorf("%s, %s: the sections%s were written, expected were %s", metric, form, written, kinds)
			}
			content := newSegmentContent(sections)
			read, err := openPart(sc, content, content.size())
			if err != nil {
				t.Errorf("%s, %s: %v", metric, form, err)
				continue
			}
			sameNearest(t, g.vectors, read.vectors, draw)
			other := newSchema(&record{Declared: sc.Declared, Metric: metric, Precision: map[bool]Precision{true: Int8, false: Float32}[precision == "float32"]})
			content.rewind()
			if _, err := openPart(other, content, content.size()); err == nil {
				t.Errorf("%s: a collection of %s takes a segment of %s", metric, other.space.precision, precision)
			}
			olderForms(t, sc, g, sections, draw)
		}
	}
}

// olderForms reads the part as an older release wrote it: with no precision in
// its head, and with codes and a graph, be they coarse or not.
func olderForms(t *testing.T, sc *schema, g *part, sections []section, draw func() []float32) {
	t.Helper()
	if sc.space.precision == Float32 {
		return
	}
	var head map[string]any
	if err := json.Unmarshal(sections[0].data, &head); err != nil {
		t.Fatal(err)
	}
	delete(head, "precision")
	older := slices.Clone(sections)
	var err error
	if older[0].data, err = json.Marshal(head); err != nil {
		t.Fatal(err)
	}
	if g.vectors.coarse {
		older = append(older, section{kind: sectionCodes, data: make([]byte, 64*g.rows())}, section{kind: sectionGraph, data: []byte("of codes")})
	}
	content := newSegmentContent(older)
	read, err := openPart(sc, content, content.size())
	if err != nil {
		t.Error(err)
		return
	}
	sameNearest(t, g.vectors, read.vectors, draw)
}

// sealedOf seals a part of so many vectors.
func sealedOf(t *testing.T, sc *schema, count int, draw func() []float32) (*part, []section) {
	t.Helper()
	b := newSealing(sc)
	for i := range count {
		v, err := sc.space.check("v", draw())
		if err != nil {
			t.Fatal(err)
		}
		r, err := sc.newRow(put{version: version{15: byte(i)}, value: stored{id: "a", vector: sc.space.append(nil, v), json: []byte(`{"id":"a"}`)}.encode()})
		if err != nil {
			t.Fatal(err)
		}
		b.add(r)
	}
	g, sections, err := b.seal(t.Context(), version{})
	if err != nil {
		t.Fatal(err)
	}
	return g, sections
}

// sameNearest holds that two find the same, by every way that they have.
func sameNearest(t *testing.T, a, b *vectors, draw func() []float32) {
	t.Helper()
	if a.coarse != b.coarse || (a.graph == nil) != (b.graph == nil) || len(a.codes.Codes) != len(b.codes.Codes) {
		t.Errorf("%v: what was read is of another form", a.space)
	}
	for range 5 {
		v, err := a.space.check("v", draw())
		if err != nil {
			t.Fatal(err)
		}
		p := newProbe(a.space, v)
		for _, exact := range []bool{false, true} {
			one, _ := a.nearest(p, 5, nil, exact, newScratch())
			other, _ := b.nearest(p, 5, nil, exact, newScratch())
			if !slices.Equal(one, other) {
				t.Errorf("%v: found was %v, and then %v", a.space, one, other)
			}
		}
		if a.graph != nil {
			if one, other := a.walk(p, 5, nil, newScratch()), b.walk(p, 5, nil, newScratch()); !slices.Equal(one, other) {
				t.Errorf("%v: the graph led to %v, and then to %v", a.space, one, other)
			}
		}
	}
}
