package search_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestLargestVector stores and asks with a vector of the most dimensions, each
// number with all its digits, beside the largest document that there may be.
func TestLargestVector(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"v","type":"vector(4096)"},{"name":"t","type":"text"}]}`)
	rng := rand.New(rand.NewPCG(1, 1))
	var v []float64
	for range 4096 {
		v = append(v, -rng.Float64()*1e-100)
	}
	v[0] = 1
	document := func(size int) string {
		return jsonOf(map[string]any{"t": strings.Repeat("x", size), "v": v})
	}
	b.do("PUT", "/v1/collections/c/documents/fits", document(57_000)).want(201)
	b.do("PUT", "/v1/collections/c/documents/large", document(57_100)).want(413, "document_too_large")
	b.post("c", document(57_000))
	must(t, b.s.Merge(background, b.acme, "c"))
	b.check()
	b.reopen()
	if f := b.search("c", jsonOf(map[string]any{"vector": v, "mode": "semantic"})); f.Found != 2 || f.Hits[0].Score < 0.999 {
		t.Errorf("%d documents, expected were 2", f.Found)
	}
}

// TestBadQueries holds that what cannot be asked is refused by name.
func TestBadQueries(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"v","type":"vector(3)"},{"name":"t","type":"text"},{"name":"k","type":"keyword"},{"name":"n","type":"int"}]}`)
	b.post("c", `{"id":"a","v":[1,2,3],"k":"x","n":1}`)
	for body, detail := range map[string]string{
		`{"fusion":{"method":"x"}}`: "body.fusion.method", `{"fusion":{"share":1.01}}`: "body.fusion.share", `{"fusion":{"share":-0.1}}`: "body.fusion.share",
		`{"fusion":{"depth":-1}}`: "body.fusion.depth", `{"fusion":{"depth":1001}}`: "body.fusion.depth", `{"fusion":[]}`: "body.fusion", `{"fusion":{"k":1}}`: "body.fusion.k: unknown field",
		`{"facets":"k"}`: "body.facets", `{"facets":[null]}`: "body.facets[0]", `{"facets":["k","t"]}`: "body.facets[1]", `{"facets":["v"]}`: "body.facets[0]", `{"facets":["nope"]}`: "body.facets[0]",
		`{"facets":[` + strings.Repeat(`"k",`, 16) + `"k"]}`: "body.facets", `{"facet_limit":-1}`: "body.facet_limit", `{"facet_limit":1001}`: "body.facet_limit",
		`{"sort":"n"}`: "body.sort", `{"sort":["--n"]}`: "body.sort[0]", `{"sort":["n","-n"]}`: "body.sort[1]", `{"sort":["v"]}`: "body.sort[0]", `{"sort":["n","k","t","x","y"]}`: "body.sort",
		`{"vector":[1,2]}`: "body.vector", `{"vector":[1,null,3]}`: "body.vector[1]: is null", `{"vector":[]}`: "body.vector", `{"vector":[0,0,0]}`: "body.vector", `{"vector":[1e39,0,0]}`: "body.vector", `{"vector":[1e400,0,0]}`: "body.vector",
		`{"vector":[` + strings.Repeat("1,", 4096) + `1]}`: "body.vector", `{"vector":{}}`: "body.vector", `{"vector":[1,2,3],"mode":"keyword"}`: "body.vector", `{"q":"x","mode":"semantic"}`: "body.vector",
		`{"limit":0}`: "body.limit", `{"facet_limit":0}`: "body.facet_limit", `{"fusion":{"depth":0}}`: "body.fusion.depth",
		`{"limit":1001}`: "body.limit", `{"limit":-1}`: "body.limit", `{"limit":1.5}`: "body.limit", `{"limit":1e9}`: "body.limit", `{"cursor":1}`: "body.cursor",
	} {
		b.do("POST", "/v1/collections/c/search", body).want(422, detail)
	}
	for _, body := range []string{`{"vector":[NaN,0,0]}`, `{"vector":[Infinity,0,0]}`, `{"sort":["n"],"sort":["k"]}`} {
		b.do("POST", "/v1/collections/c/search", body).want(400, "malformed_json")
	}
}

// TestBadCursors takes cursors to other searches, and damages every byte of
// them. They are refused, or name some other place; nothing breaks.
func TestBadCursors(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"t","type":"text"},{"name":"k","type":"keyword[]"},{"name":"n","type":"float"}]}`)
	b.post("c", `{"id":"a","t":"x","n":1,"k":["x"]}`, `{"id":"b","t":"x y","n":2,"k":["x","y"]}`, `{"id":"c","n":-0.0,"k":[]}`, `{"id":"d","t":"x"}`)
	queries := []string{
		`{"limit":1`, `{"limit":1,"sort":["n"]`, `{"limit":1,"sort":["-n"]`, `{"limit":1,"sort":["k"]`, `{"limit":1,"sort":["t","n"]`, `{"limit":1,"filter":"n exists"`,
		`{"limit":1,"q":"x","mode":"keyword"`, `{"limit":1,"q":"x","mode":"semantic"`, `{"limit":1,"q":"x"`, `{"limit":1,"q":"x","fusion":{"depth":3}`,
	}
	ask := func(q, cursor string) int {
		return b.do("POST", "/v1/collections/c/search", q+fmt.Sprintf(`,"cursor":%q}`, cursor)).status
	}
	for _, own := range queries {
		next := *b.search("c", own+"}").Next
		for _, q := range queries {
			if status := ask(q, next); (status == 200) != (q == own) {
				t.Errorf("%s with a cursor of %s: status %d", q, own, status)
			}
		}
		raw, err := base64.RawURLEncoding.DecodeString(next)
		must(t, err)
		for at := range raw {
			for _, flip := range []byte{1, 0x80, 0xff} {
				raw[at] ^= flip
				if status := ask(own, base64.RawURLEncoding.EncodeToString(raw)); status != 200 && status != 422 {
					t.Errorf("%s with byte %d of its cursor damaged: status %d", own, at, status)
				}
				raw[at] ^= flip
			}
		}
		for _, cursor := range []string{next[:len(next)-2], next + "AAAA", strings.Repeat("A", 60_000), "====", "ä"} {
			if status := ask(own, cursor); status != 422 {
				t.Errorf("%s with the cursor %.20q: status %d", own, cursor, status)
			}
		}
	}
}
