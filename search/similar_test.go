package search_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestSimilarRoute(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"title","type":"text"},{"name":"color","type":"keyword"}]}`)
	b.define("words", `{"fields":[{"name":"title","type":"text"}],"embed":[]}`)
	b.define("own", `{"fields":[{"name":"v","type":"vector(2)"},{"name":"n","type":"int"}],"metric":"euclid"}`)
	b.post("c",
		`{"id":"coat","title":"warm winter coat","color":"red"}`,
		`{"id":"jacket","title":"warm winter jacket","color":"red"}`,
		`{"id":"shorts","title":"summer shorts","color":"blue"}`,
		`{"id":"mute","color":"red"}`)
	b.post("words", `{"id":"a","title":"winter"}`)
	b.post("own", `{"id":"a","v":[0,0]}`, `{"id":"b","v":[3,4],"n":1}`, `{"id":"c","v":[1,0],"n":2}`, `{"id":"d"}`)
	f := func(name, collection, body string, status int, texts ...string) scenario {
		return scenario{name, "POST", "collections/" + collection + "/similar", body, nil, status, texts}
	}
	b.run(t, []scenario{
		f("OK", "c", `{"id":"coat"}`, 200, `"hits":[{"id":"jacket"`, `"found":2,"mode":"semantic","degraded":false`, `"next":null`, `"scores":{"semantic":`, "!mute", `!"id":"coat"`),
		f("OKFilter", "c", `{"id":"coat","filter":"color = 'blue'"}`, 200, `"id":"shorts"`, `"found":1`, "!jacket"),
		f("OKFilterOfItself", "c", `{"id":"coat","filter":"title = 'warm winter coat'"}`, 200, `"hits":[],"found":0`),
		f("OKFacets", "c", `{"id":"coat","facets":["color"],"facet_limit":1,"limit":1}`, 200, `"facets":{"color":[{"value":"blue","count":1}]}`, `"next":"`),
		f("OKExplain", "c", `{"id":"coat","explain":true,"exact":true}`, 200, `"vectors":"exact"`, `"passage":0`, `"admitted":3`),
		f("OKOwn", "own", `{"id":"a"}`, 200, `"hits":[{"id":"c","score":-1,`, `{"id":"b","score":-5,`, `"found":2`),

		f("ErrNoVector", "c", `{"id":"mute"}`, 422, "not_embedded", "this document"),
		f("ErrNoOwnVector", "own", `{"id":"d"}`, 422, "not_embedded", "this document"),
		f("ErrNoVectors", "words", `{"id":"a"}`, 422, "not_embedded", "this collection"),
		f("ErrNone", "c", `{"id":"none"}`, 404, "document_not_found"),
		f("ErrID", "c", `{}`, 422, "invalid_id"),
		f("ErrLimit", "c", `{"id":"coat","limit":1001}`, 422, "invalid_limit"),
		f("ErrLimitZero", "c", `{"id":"coat","limit":0}`, 422, "invalid_limit", "body.limit"),
		f("ErrCursor", "c", `{"id":"coat","cursor":"abc"}`, 422, "invalid_cursor"),
		f("ErrFilter", "c", `{"id":"coat","filter":"colour = 'x'"}`, 422, "invalid_filter", "at character 1"),
		f("ErrFacet", "c", `{"id":"coat","facets":["title"]}`, 422, "body.facets[0]"),
		f("ErrUnknown", "c", `{"id":"coat","q":"x"}`, 422, "unknown field"),
		f("ErrNoCollection", "none", `{"id":"coat"}`, 404, "collection_not_found"),
		{"ErrOtherTenant", "POST", "collections/c/similar", `{"id":"coat"}`, []string{"Test-Tenant", "globex"}, 404, nil},
	})
	var page found
	b.do("POST", "/v1/collections/c/similar", `{"id":"coat","limit":1}`).want(200).into(&page)
	b.do("POST", "/v1/collections/c/similar", jsonOf(map[string]any{"id": "coat", "cursor": page.Next})).want(200, `"hits":[{"id":"shorts"`, "!jacket", `"next":null`)
	b.do("POST", "/v1/collections/c/similar", jsonOf(map[string]any{"id": "jacket", "cursor": page.Next})).want(422, "invalid_cursor")
	b.do("PUT", "/v1/collections/c/documents/coat", `{"title":"summer coat"}`).want(200)
	b.do("POST", "/v1/collections/c/similar", jsonOf(map[string]any{"id": "coat", "cursor": page.Next})).want(422, "invalid_cursor")
}

// TestSimilarWithoutModel holds that stored vectors suffice.
func TestSimilarWithoutModel(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.post("c", `{"id":"a","t":"winter"}`, `{"id":"b","t":"winter coat"}`)
	b.model.fail.Store(true)
	b.do("POST", "/v1/collections/c/similar", `{"id":"a"}`).want(200, `"id":"b"`)
	b.model.hash = "another"
	b.reopen()
	b.do("POST", "/v1/collections/c/similar", `{"id":"a"}`).want(200, `"id":"b"`)
}

// TestSimilarModel compares pages of similar documents, of one passage or of
// many, in memory and in segments, with brute force.
func TestSimilarModel(t *testing.T) {
	b := newBed(t)
	b.define("c", modelDefinition)
	n := &naive{documents: map[string]*naiveDocument{}}
	rng := rand.New(rand.NewPCG(7, 7))
	text := func() string {
		words := make([]string, rng.IntN(70))
		for i := range words {
			words[i] = fmt.Sprint("w", rng.IntN(40))
		}
		return strings.Join(words, " ")
	}
	for round := range 3 {
		var lines []string
		for range 120 {
			members := map[string]any{"id": fmt.Sprint("d", rng.IntN(300)), "title": text(), "year": float64(rng.IntN(3))}
			n.put(members)
			lines = append(lines, jsonOf(members))
		}
		b.post("c", lines...)
		if round == 1 {
			must(t, b.s.Merge(background, b.acme, "c"))
		}
	}
	for i := range 14 {
		d := n.documents[fmt.Sprint("d", i)]
		if d == nil {
			continue
		}
		if d.vectors == nil {
			b.do("POST", "/v1/collections/c/similar", `{"id":"`+d.id+`"}`).want(422, "not_embedded")
			continue
		}
		want := n.similar(d, func(m map[string]any) bool { return m["year"] != 1.0 })
		b.compareSimilar(d.id, want, true, 10+rng.IntN(50))
		b.compareSimilar(d.id, want, false, len(want)-1)
	}
}

// compareSimilar pages through what is similar to a document.
func (b *bed) compareSimilar(id string, want []naiveHit, exact bool, limit int) {
	b.t.Helper()
	at := 0
	for cursor := (*string)(nil); at == 0 || cursor != nil; {
		var page found
		b.do("POST", "/v1/collections/c/similar", jsonOf(map[string]any{"id": id, "limit": limit, "filter": "year != 1", "cursor": cursor, "exact": exact})).want(200).into(&page)
		if page.Found != len(want) {
			b.t.Fatalf("%s has %d similar documents, expected were %d", id, page.Found, len(want))
		}
		for _, h := range page.Hits {
			if at >= len(want) || h.ID != want[at].d.id || math.Abs(h.Score-want[at].score) > 1e-5 {
				b.t.Fatalf("hit %d of %s is %s with %v, expected was %v", at, id, h.ID, h.Score, want[at:min(at+1, len(want))])
			}
			at++
		}
		cursor = page.Next
	}
	if at != len(want) {
		b.t.Fatalf("%s has %d hits, expected were %d", id, at, len(want))
	}
}

// similar ranks all others by their nearest pair of passages.
func (n *naive) similar(d *naiveDocument, pass func(map[string]any) bool) (hits []naiveHit) {
	for _, other := range n.documents {
		if other == d || other.vectors == nil || !pass(other.members) {
			continue
		}
		best := math.Inf(-1)
		for _, v := range d.vectors {
			for _, w := range other.vectors {
				sum := 0.0
				for i := range v {
					sum += v[i] * w[i]
				}
				best = max(best, sum)
			}
		}
		hits = append(hits, naiveHit{other, best})
	}
	sortHits(hits)
	return hits
}
