package search_test

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"quintet/search"
	"quintet/search/binary16"
)

// plainVectors is nearest-neighbour search by looking at every vector.
type plainVectors struct {
	metric     string
	precision  string
	dimensions int
	documents  map[string]plainVector
	puts       int
}

type plainVector struct {
	order  int
	number int
	vector []float64 // nil = none; as it is kept
}

func (p *plainVectors) put(id string, number int, v []float32) {
	p.puts++
	d := plainVector{order: p.puts, number: number}
	for _, x := range p.normal(v) {
		stored := []float32{float32(x)}
		if p.precision == "int8" {
			binary16.Floats(stored, binary16.Append(nil, stored))
		}
		d.vector = append(d.vector, float64(stored[0]))
	}
	p.documents[id] = d
}

// normal has the length 1 where only the angle counts.
func (p *plainVectors) normal(v []float32) (n []float64) {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	for _, x := range v {
		if p.metric == "cosine" {
			n = append(n, float64(x)/math.Sqrt(sum))
		} else {
			n = append(n, float64(x))
		}
	}
	return n
}

// score returns how near two vectors are, and by how much rounding may change
// that: numbers are added that may be larger than their sum.
func (p *plainVectors) score(q, v []float64) (score, slack float64) {
	for i, x := range v {
		if p.metric == "euclid" {
			score += (q[i] - x) * (q[i] - x)
		} else {
			score += q[i] * x
		}
		slack += math.Abs(q[i] * x)
	}
	if p.metric == "euclid" {
		return -math.Sqrt(score), 1e-5 * math.Sqrt(score)
	}
	return score, 1e-5 * slack
}

type plainHit struct {
	id           string
	score, slack float64
}

// search returns all hits, the best first, of even numbers where that is asked.
func (p *plainVectors) search(q []float32, even bool) (hits []plainHit) {
	query := p.normal(q)
	for id, d := range p.documents {
		if d.vector != nil && !(even && d.number%2 != 0) {
			score, slack := p.score(query, d.vector)
			hits = append(hits, plainHit{id, score, slack})
		}
	}
	slices.SortFunc(hits, func(a, b plainHit) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(p.documents[b.id].order, p.documents[a.id].order))
	})
	return hits
}

// most is a number that is about as large as may be.
func (p *plainVectors) most() float32 {
	if p.precision == "float32" {
		return 70_000 // a sum of more would blend apart what is near
	}
	return 65504
}

func drawVector(t *rapid.T, p *plainVectors, label string) []float32 {
	numbers := rapid.OneOf(rapid.SampledFrom([]float32{0, 1, -1, 0.5, 1e-3, -1e-6, 1e-9, 100, p.most(), -p.most()}), rapid.Float32Range(-2, 2))
	v := rapid.SliceOfN(numbers, p.dimensions, p.dimensions).Draw(t, label)
	if p.metric == "cosine" && slices.Max(v) == 0 && slices.Min(v) == 0 {
		v[0] = 1 // zero has no direction
	}
	return v
}

// TestMetricsAgainstBruteForce holds searches by vectors that documents bring
// against brute force, in every metric and precision, by numbers and by codes, in memory,
// sealed, merged and after a restart.
func TestMetricsAgainstBruteForce(t *testing.T) {
	b := &bed{t: t, dir: filepath.Join(memory(t), "data"), model: &fake{}, options: search.Options{FlushRows: 9}}
	b.open()
	t.Cleanup(b.close)
	rapid.Check(t, func(rt *rapid.T) {
		p := &plainVectors{documents: map[string]plainVector{}}
		p.metric = rapid.SampledFrom([]string{"cosine", "dot", "euclid"}).Draw(rt, "metric")
		p.dimensions = rapid.SampledFrom([]int{1, 2, 7, 65}).Draw(rt, "dimensions")
		b.do("DELETE", "/v1/collections/v", "")
		p.precision = rapid.SampledFrom([]string{"int8", "float32"}).Draw(rt, "precision")
		b.define("v", fmt.Sprintf(`{"fields":[{"name":"v","type":"vector(%d)"},{"name":"even","type":"bool"}],"metric":"%s","precision":"%s"}`, p.dimensions, p.metric, p.precision))
		for range rapid.IntRange(1, 10).Draw(rt, "steps") {
			b.stepVectors(rt, p)
		}
		b.compareVectors(rt, p)
	})
	b.do("DELETE", "/v1/collections/v", "").want(204)
	must(t, b.s.Sweep(background))
	b.check()
}

func (b *bed) stepVectors(rt *rapid.T, p *plainVectors) {
	id := func(i int) string { return fmt.Sprintf("d%d", i) }
	switch rapid.IntRange(0, 8).Draw(rt, "step") {
	default:
		var docs []string
		for range rapid.IntRange(1, 12).Draw(rt, "documents") {
			i := rapid.IntRange(0, 30).Draw(rt, "id")
			m := map[string]any{"id": id(i), "even": i%2 == 0}
			var v []float32
			if rapid.IntRange(0, 4).Draw(rt, "bare") > 0 {
				v = drawVector(rt, p, "vector")
				m["v"] = v
			}
			docs = append(docs, jsonOf(m))
			p.put(id(i), i, v)
		}
		b.post("v", docs...)
	case 3:
		i := id(rapid.IntRange(0, 30).Draw(rt, "id"))
		if _, there := p.documents[i]; there {
			b.do("DELETE", "/v1/collections/v/documents/"+i, "").want(204)
			delete(p.documents, i)
		}
	case 4:
		_, err := b.s.Maintain(background, 0)
		must(b.t, err)
	case 5:
		must(b.t, b.s.Merge(background, b.acme, "v"))
	case 6:
		b.reopen()
	case 7, 8:
		b.compareVectors(rt, p)
	}
}

func (b *bed) compareVectors(t *rapid.T, p *plainVectors) {
	even := rapid.Bool().Draw(t, "even")
	q := drawVector(t, p, "query")
	want := p.search(q, even)
	limit := rapid.IntRange(1, 9).Draw(t, "limit")
	body := map[string]any{"vector": q, "mode": rapid.SampledFrom([]string{"semantic", "hybrid"}).Draw(t, "mode"), "limit": limit, "exact": rapid.Bool().Draw(t, "exact")}
	if even {
		body["filter"] = "even = true"
	}
	if body["mode"] == "hybrid" && len(want) > 0 { // all scores are stretched to 0…1, and so as precise as the greatest difference
		precision := (want[0].score - want[len(want)-1].score) * 0x1p-50
		for i := range want {
			want[i].slack += precision
		}
	}
	missing := map[string]plainHit{}
	for _, w := range want {
		missing[w.id] = w
	}
	for at := 0; ; {
		f := b.search("v", jsonOf(body))
		if f.Found != len(want) {
			t.Fatalf("%s found %d, expected was %d", jsonOf(body), f.Found, len(want))
		}
		for _, h := range f.Hits {
			own, there := missing[h.ID]
			if !there {
				t.Fatalf("%s finds %s, or a second time", jsonOf(body), h.ID)
			}
			delete(missing, h.ID)
			next := want[at]
			at++
			if h.Scores.Semantic == nil || math.Abs(*h.Scores.Semantic-own.score) > own.slack+1e-9 || math.Abs(own.score-next.score) > own.slack+next.slack+1e-9 {
				t.Fatalf("%s %s: hit %d is %s with %v, expected were %+v and %+v", p.metric, jsonOf(body), at, h.ID, jsonOf(h.Scores), own, next)
			}
		}
		if f.Next == nil {
			break
		}
		body["cursor"] = *f.Next
	}
	if len(missing) > 0 {
		t.Fatalf("%s does not find %v", jsonOf(body), missing)
	}
}
