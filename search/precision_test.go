package search_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestExactVectors holds that a collection of float32 gives back what it was
// sent, to the last bit, and compares by that, in memory, sealed and restarted;
// and that one of int8 rounds.
func TestExactVectors(t *testing.T) {
	for _, metric := range []string{"cosine", "dot", "euclid"} {
		b := newBed(t)
		for _, precision := range []string{"float32", "int8"} {
			b.define(precision, fmt.Sprintf(`{"fields":[{"name":"v","type":"vector(5)"}],"metric":"%s","precision":"%s"}`, metric, precision))
		}
		rng := rand.New(rand.NewPCG(1, 4))
		sent := map[string][]float32{}
		var docs []string
		for i := range 40 {
			v := make([]float32, 5)
			for j := range v {
				v[j] = float32(rng.NormFloat64())
			}
			if metric == "cosine" {
				unitOf(v)
			}
			id := fmt.Sprint("d", i)
			sent[id] = v
			docs = append(docs, jsonOf(map[string]any{"id": id, "v": v}))
		}
		b.post("float32", docs...)
		b.post("int8", docs...)
		for _, state := range []string{"in memory", "sealed", "restarted"} {
			if state == "sealed" {
				must(t, b.s.Merge(background, b.acme, "float32"))
			}
			if got := b.ownVectors("float32"); !slices.EqualFunc(got, sent["d7"], func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
				t.Errorf("%s, %s: %v came back as %v", metric, state, sent["d7"], got)
			}
			for id, v := range sent {
				f := b.search("float32", jsonOf(map[string]any{"vector": v, "mode": "semantic", "limit": 1, "explain": true}))
				best := f.Hits[0]
				if metric != "dot" && best.ID != id || metric == "euclid" && best.Score != 0 || f.Explain.Segments[0].Vectors != "exact" {
					t.Errorf("%s, %s: nearest to %s is %s with %v, by %v", metric, state, id, best.ID, best.Score, f.Explain)
				}
			}
			b.check()
			b.reopen()
		}
		if slices.Equal(b.ownVectors("int8"), sent["d7"]) {
			t.Errorf("%s: an int8 collection rounds nothing", metric)
		}
		_, lines := b.export("/v1/collections/float32/export?vectors=true")
		b.define("again", fmt.Sprintf(`{"fields":[{"name":"v","type":"vector(5)"}],"metric":"%s","precision":"float32"}`, metric))
		b.do("POST", "/v1/collections/again/documents", lines, "Content-Type", "application/x-ndjson").want(200, `"accepted":40`)
		if _, other := b.export("/v1/collections/again/export?vectors=true"); sortedLines(other) != sortedLines(lines) {
			t.Errorf("%s: an export, imported, is another", metric)
		}
	}
}

// unitOf brings a vector to length 1, as a client does that rounds to float32.
func unitOf(v []float32) {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	for i := range v {
		v[i] = float32(float64(v[i]) / math.Sqrt(sum))
	}
}

// ownVectors reads the vector of d7 as its document brings it.
func (b *bed) ownVectors(collection string) []float32 {
	b.t.Helper()
	var d struct{ V []float32 }
	b.do("GET", "/v1/collections/"+collection+"/documents/d7", "").want(200).into(&d)
	return d.V
}

// TestExactLimits holds how long a vector of float32 may be, and that it counts
// to the size of its document.
func TestExactLimits(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"v","type":"vector(3)"}],"metric":"euclid","precision":"float32"}`)
	for _, v := range []string{`[1e19,0,0]`, `[4e18,4e18,0]`, `[3e38,3e38,3e38]`, `[1e39,0,0]`} {
		b.do("PUT", "/v1/collections/c/documents/long", `{"v":`+v+`}`).want(422)
	}
	b.post("c", `{"id":"one","v":[4e18,0,0]}`, `{"id":"other","v":[-4e18,0,0]}`, `{"id":"zero","v":[0,0,0]}`, `{"id":"least","v":[1e-45,0,0]}`)
	b.wantIDs("c", `{"vector":[4e18,1,0],"mode":"semantic","limit":1}`, "one")
	if f := b.search("c", `{"vector":[4e18,0,0],"mode":"semantic"}`); f.Found != 4 || !(math.Abs(f.Hits[3].Score+8e18) < 1e12) {
		t.Errorf("of four vectors %v were found", f.Hits)
	}
	b.define("texts", `{"fields":[{"name":"t","type":"text"},{"name":"x","type":"keyword[]"}],"precision":"float32"}`)
	document := func(size int) string { return `{"t":"` + strings.Repeat("x", size) + `"}` }
	b.do("PUT", "/v1/collections/texts/documents/fits", document(63<<10-2*384-100)).want(201)
	b.do("PUT", "/v1/collections/texts/documents/large", document(63<<10-2*384)).want(413, "document_too_large")
	b.define("wide", `{"fields":[{"name":"v","type":"vector(4096)"},{"name":"t","type":"text"}],"precision":"float32"}`)
	v := make([]float32, 4096)
	v[4095] = 1
	wide := func(size int) string { return jsonOf(map[string]any{"t": strings.Repeat("x", size), "v": v}) }
	b.do("PUT", "/v1/collections/wide/documents/fits", wide(48_000)).want(201)
	b.do("PUT", "/v1/collections/wide/documents/large", wide(49_000)).want(413, "document_too_large")
	must(t, b.s.Merge(background, b.acme, "wide"))
	b.check()
	b.reopen()
	b.wantIDs("wide", jsonOf(map[string]any{"vector": v, "mode": "semantic"}), "fits")
}
