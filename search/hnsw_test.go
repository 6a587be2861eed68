//go:build !windows

package search_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/coder/hnsw"

	"quintet/search"
)

// coder/hnsw, whose files are read and written here, does not build on Windows.

// vectorsOf draws vectors around some centres, by their ids.
func vectorsOf(count, dimensions int) map[string][]float32 {
	rng := rand.New(rand.NewPCG(uint64(count), 3))
	centres := make([][]float64, 30)
	for i := range centres {
		centres[i] = make([]float64, dimensions)
		for j := range centres[i] {
			centres[i][j] = rng.NormFloat64()
		}
	}
	all := map[string][]float32{}
	for i := range count {
		v := make([]float32, dimensions)
		for j, x := range clustered(rng, centres) {
			v[j] = float32(x)
		}
		all[fmt.Sprint("d", i)] = v
	}
	return all
}

// load reads an export by the library itself.
func load(t testing.TB, r *reply) *hnsw.Graph[string] {
	t.Helper()
	g := hnsw.NewGraph[string]()
	must(t, g.Import(bytes.NewReader(r.want(200).body)))
	if media := r.header.Get("Content-Type"); media != "application/vnd.coder.hnsw" {
		t.Errorf("a graph is %s", media)
	}
	return g
}

// recallOf is how many of the ten nearest the library finds.
func recallOf(g *hnsw.Graph[string], all map[string][]float32, queries [][]float32) float64 {
	hits := 0
	for _, q := range queries {
		distances := make([]float32, 0, len(all))
		for _, v := range all {
			distances = append(distances, g.Distance(v, q))
		}
		slices.Sort(distances)
		for _, node := range g.Search(q, 10) {
			if g.Distance(all[node.Key], q) <= distances[9] {
				hits++
			}
		}
	}
	return float64(hits) / float64(10*len(queries))
}

// TestGraphExport gives the library a graph of several parts, with documents
// that are gone and some without a vector: it finds no less in it than in one
// that it makes itself, and goes on with it.
func TestGraphExport(t *testing.T) {
	precisions := map[string]string{"cosine": "int8", "euclid": "float32"}
	for metric, distance := range map[string]hnsw.DistanceFunc{"cosine": hnsw.CosineDistance, "euclid": hnsw.EuclideanDistance} {
		const count, dimensions = 1_500, 16
		b := newBed(t)
		b.define("c", fmt.Sprintf(`{"fields":[{"name":"v","type":"vector(%d)"},{"name":"n","type":"int"}],"metric":%q,"precision":%q}`, dimensions, metric, precisions[metric]))
		all := vectorsOf(count+100, dimensions)
		var queries [][]float32
		for i := range 100 {
			id := fmt.Sprint("d", count+i)
			queries = append(queries, all[id])
			delete(all, id)
		}
		var docs []string
		for i := range count {
			docs = append(docs, jsonOf(map[string]any{"id": fmt.Sprint("d", i), "v": all[fmt.Sprint("d", i)], "n": i}))
		}
		b.post("c", docs[:1000]...)
		must(t, b.s.Merge(background, b.acme, "c"))
		b.post("c", append(docs[1000:], docs[7], `{"id":"plain","n":9}`)...)
		b.do("DELETE", "/v1/collections/c/documents?filter=n%3E900%20and%20n%3C1100", "").want(200)
		for i := 901; i < 1100; i++ {
			delete(all, fmt.Sprint("d", i))
		}
		got := load(t, b.do("GET", "/v1/collections/c/export?format=hnsw", ""))
		if got.Len() != len(all) || got.Dims() != dimensions || got.M != 16 || got.Ml != 0.25 || got.EfSearch != 20 {
			t.Fatalf("%s: %d nodes of %d, M %d, Ml %v, EfSearch %d", metric, got.Len(), len(all), got.M, got.Ml, got.EfSearch)
		}
		for id, v := range all {
			found, has := got.Lookup(id)
			if !has || distance(found, v) > 0.01 {
				t.Fatalf("%s: %s is %v, and was %v", metric, id, found, v)
			}
		}
		theirs := hnsw.NewGraph[string]()
		theirs.Distance = distance
		for id, v := range all {
			theirs.Add(hnsw.MakeNode(id, v))
		}
		exported, native := recallOf(got, all, queries), recallOf(theirs, all, queries)
		t.Logf("%s: coder/hnsw finds %.3f of the ten nearest in the export, %.3f in its own graph", metric, exported, native)
		if exported < 0.9*native { // whose levels it draws anew each time
			t.Errorf("%s: coder/hnsw finds %.3f of the ten nearest in the export, and %.3f in its own graph", metric, exported, native)
		}
		got.Add(hnsw.MakeNode("new", queries[0]))
		if _, has := got.Lookup("new"); !has {
			t.Error("nothing can be added")
		}
		few := load(t, b.do("GET", "/v1/collections/c/export?format=hnsw&filter=n%3C5", ""))
		if few.Len() != 5 || len(few.Search(queries[0], 5)) != 5 {
			t.Errorf("%d nodes under a filter", few.Len())
		}
		if none := load(t, b.do("GET", "/v1/collections/c/export?format=hnsw&filter=n%3C0", "")); none.Len() != 0 || none.Search(queries[0], 5) != nil {
			t.Errorf("%d nodes where nothing matches", none.Len())
		}
	}
}

// TestGraphExportPassages takes the first of several vectors of a document.
func TestGraphExportPassages(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"t","type":"text"}]}`)
	long := strings.Repeat("winter coat ", 30)
	b.post("c", jsonOf(map[string]any{"id": "long", "t": long}), `{"id":"short","t":"summer"}`, `{"id":"none"}`)
	g := load(t, b.do("GET", "/v1/collections/c/export?format=hnsw", ""))
	first, _ := b.model.Passages(long)
	want, _ := fakeVector(long[first[0].Start:first[0].End])
	got, has := g.Lookup("long")
	if g.Len() != 2 || !has || hnsw.CosineDistance(got, want) > 0.001 {
		t.Errorf("%d nodes, and %v", g.Len(), got)
	}
}

// TestGraphExportMeanwhile changes the collection while its graph is written:
// the graph is that of the moment when it began, and of nothing else.
func TestGraphExportMeanwhile(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"v","type":"vector(4)"}],"metric":"euclid"}`)
	all := vectorsOf(1_500, 4)
	var docs []string
	for id, v := range all {
		docs = append(docs, jsonOf(map[string]any{"id": id, "v": v}))
	}
	b.post("c", docs[:1000]...)
	must(t, b.s.Merge(background, b.acme, "c"))
	b.post("c", docs[1000:]...)
	var file bytes.Buffer
	changed := false
	err := b.s.ExportGraph(background, b.acme, "c", "", func(some []byte) error {
		file.Write(some)
		if changed {
			return nil
		}
		changed = true
		b.post("c", `{"id":"d1","v":[9,9,9,9]}`, `{"id":"late","v":[1,2,3,4]}`)
		b.do("DELETE", "/v1/collections/c/documents/d2", "").want(204)
		must(t, b.s.Merge(background, b.acme, "c"))
		again := b.s.ExportGraph(background, b.acme, "c", "", func([]byte) error { return nil })
		if p := problemOf(again); p.Status != 429 || p.Code != "graph_export_runs" {
			t.Errorf("a second export at a time: %v", again)
		}
		return nil
	})
	must(t, err)
	g := hnsw.NewGraph[string]()
	must(t, g.Import(&file))
	if g.Len() != len(all) {
		t.Errorf("%d nodes of %d", g.Len(), len(all))
	}
	for id, v := range all {
		if found, has := g.Lookup(id); !has || hnsw.EuclideanDistance(found, v) > 0.01 {
			t.Fatalf("%s is %v, and was %v", id, found, v)
		}
	}
	broken := errors.New("the client is gone")
	if err := b.s.ExportGraph(background, b.acme, "c", "", func([]byte) error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	if g := load(t, b.do("GET", "/v1/collections/c/export?format=hnsw", "")); g.Len() != len(all) { // it is let go
		t.Errorf("%d nodes afterwards", g.Len())
	}
}

// saved is a graph that the library itself has written.
func saved[K interface{ ~int | ~string }](t testing.TB, distance hnsw.DistanceFunc, nodes ...hnsw.Node[K]) string {
	t.Helper()
	g := hnsw.NewGraph[K]()
	g.Distance = distance
	g.Add(nodes...)
	var b bytes.Buffer
	must(t, g.Export(&b))
	return b.String()
}

const hnswMedia = "application/vnd.coder.hnsw"

// TestGraphImport takes graphs of the library over: the nodes become documents,
// which the index finds, and which it exports again.
func TestGraphImport(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"v","type":"vector(8)"},{"name":"title","type":"text"}],"metric":"euclid"}`)
	all := vectorsOf(400, 8)
	var nodes []hnsw.Node[string]
	for id, v := range all {
		nodes = append(nodes, hnsw.MakeNode(id, v))
	}
	b.post("c", jsonOf(map[string]any{"id": "d3", "title": "is replaced as a whole"}), `{"id":"own","title":"stays"}`)
	b.do("POST", "/v1/collections/c/import", saved(t, hnsw.EuclideanDistance, nodes...), "Content-Type", hnswMedia).
		want(200, `{"accepted":400,"rejected":0,"errors":[]}`)
	b.do("GET", "/v1/collections/c/documents/d3", "").want(200, `{"id":"d3","v":[`, "!title")
	b.wantIDs("c", `{"q":"stays","mode":"keyword"}`, "own")
	for _, id := range []string{"d0", "d17", "d399"} {
		b.wantIDs("c", jsonOf(map[string]any{"vector": all[id], "mode": "semantic", "limit": 1}), id)
	}
	exported := b.do("GET", "/v1/collections/c/export?format=hnsw", "")
	b.define("again", `{"fields":[{"name":"w","type":"vector(8)"}],"metric":"euclid"}`)
	b.do("POST", "/v1/collections/again/import?keys=string", string(exported.body), "Content-Type", hnswMedia).want(200, `{"accepted":400,"rejected":0`)
	if g := load(t, b.do("GET", "/v1/collections/again/export?format=hnsw", "")); g.Len() != 400 {
		t.Errorf("%d nodes came back", g.Len())
	}
	b.reopen()
	b.wantIDs("again", jsonOf(map[string]any{"vector": all["d17"], "mode": "semantic", "limit": 1}), "d17")
	b.check()

	b.define("ints", `{"fields":[{"name":"v","type":"vector(2)"}]}`)
	b.do("POST", "/v1/collections/ints/import?keys=int", saved(t, hnsw.CosineDistance, hnsw.MakeNode(0, []float32{1, 0}), hnsw.MakeNode(-70, []float32{0, 1}), hnsw.MakeNode(1<<40, []float32{1, 1})), "Content-Type", hnswMedia).
		want(200, `"accepted":3`)
	b.wantIDs("ints", `{"vector":[0,1],"mode":"semantic"}`, "-70 1099511627776 0")
}

// TestGraphImportRefuses refuses a node where only that is wrong, and a file
// that does not fit.
func TestGraphImportRefuses(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"v","type":"vector(2)"},{"name":"n","type":"int"}]}`)
	b.define("dot", `{"fields":[{"name":"v","type":"vector(2)"}],"metric":"dot"}`)
	b.define("words", `{"fields":[{"name":"t","type":"text"}]}`)
	b.define("plain", `{"fields":[{"name":"t","type":"text"}],"embed":[]}`)
	nan := float32(math.NaN())
	mixed := saved(t, hnsw.CosineDistance, hnsw.MakeNode("a", []float32{1, 0}), hnsw.MakeNode("no id", []float32{0, 1}), hnsw.MakeNode("zero", []float32{0, 0}), hnsw.MakeNode("nan", []float32{nan, 1}))
	b.do("POST", "/v1/collections/c/import", mixed, "Content-Type", hnswMedia).
		want(200, `"accepted":1,"rejected":3`, `"code":"invalid_id"`, "v: is zero, which has no direction", "v: has a number that is none, or infinite", "!ids")
	b.do("GET", "/v1/collections/c/documents", "").want(200, `{"items":[{"id":"a"}],"next":null}`)

	good := saved(t, hnsw.CosineDistance, hnsw.MakeNode("b", []float32{1, 0}))
	euclid := saved(t, hnsw.EuclideanDistance, hnsw.MakeNode("b", []float32{1, 0}))
	wide := saved(t, hnsw.CosineDistance, hnsw.MakeNode("b", []float32{1, 0, 0}))
	bound := []string{"Test-Key", "apikey:2", "Test-Filters", "n > 1"}
	f := func(name, path, body string, status int, texts ...string) scenario {
		return scenario{name, "POST", "collections/" + path, body, []string{"Content-Type", hnswMedia}, status, texts}
	}
	b.run(t, []scenario{
		f("ErrMetric", "c/import", euclid, 422, "another_metric", "cosine"),
		f("ErrDot", "dot/import", good, 422, "another_metric"),
		f("ErrDimensions", "c/import", wide, 400, "malformed_graph", "3 numbers, and 2 are expected"),
		f("ErrCut", "c/import", good[:len(good)-2], 400, "malformed_graph", "ends where"),
		f("ErrAnother", "c/import", `{"id":"a"}`, 400, "malformed_graph"),
		f("ErrKeys", "c/import?keys=int", good, 400, "malformed_graph"),
		f("ErrKeysName", "c/import?keys=float", good, 422, "query.keys"),
		f("ErrNoField", "words/import", good, 422, "no_vector_field"),
		f("ErrNoVectors", "plain/import", good, 422, "no_vector_field"),
		f("ErrNone", "none/import", good, 404, "collection_not_found"),
		{"ErrBound", "POST", "collections/c/import", good, append(bound, "Content-Type", hnswMedia), 403, []string{"key_reads_only"}},
		{"ErrOtherTenant", "POST", "collections/c/import", good, []string{"Test-Tenant", "globex", "Content-Type", hnswMedia}, 404, nil},
		{"ErrExportDot", "GET", "collections/dot/export?format=hnsw", "", nil, 422, []string{"no_graph_of_dot", "euclidean"}},
		{"ErrExportPlain", "GET", "collections/plain/export?format=hnsw", "", nil, 422, []string{"not_embedded"}},
		{"ErrExportFormat", "GET", "collections/c/export?format=csv", "", nil, 422, []string{"query.format"}},
		{"ErrExportFilter", "GET", "collections/c/export?format=hnsw&filter=m%3D1", "", nil, 422, []string{"query.filter: at character 1"}},
		{"ErrExportNone", "GET", "collections/none/export?format=hnsw", "", nil, 404, nil},
		{"ErrExportOtherTenant", "GET", "collections/c/export?format=hnsw", "", []string{"Test-Tenant", "globex"}, 404, nil},
		{"ErrExportMisfit", "GET", "collections/c/export?format=hnsw", "", []string{"Test-Key", "apikey:2", "Test-Filters", "owner = 'u'"}, 409, []string{"key_filter_misfit"}},
	})
	b.do("GET", "/v1/collections/c/documents", "").want(200, `{"items":[{"id":"a"}],"next":null}`)

	// A file that breaks off has stored what came before.
	whole := saved(t, hnsw.CosineDistance, slices.Collect(func(yield func(hnsw.Node[string]) bool) {
		for id, v := range vectorsOf(100, 2) {
			if !yield(hnsw.MakeNode(id, v)) {
				return
			}
		}
	})...)
	b.do("POST", "/v1/collections/c/import", whole[:len(whole)-1], "Content-Type", hnswMedia).want(400, "(80 documents before were stored")
}

// TestGraphExportBound shows a key nothing of what its filter hides: neither as
// a node nor as a neighbour.
func TestGraphExportBound(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"v","type":"vector(2)"},{"name":"owner","type":"keyword"}]}`)
	var docs []string
	for i := range 60 {
		docs = append(docs, jsonOf(map[string]any{"id": fmt.Sprintf("u%d-%d", i%2, i), "v": []float64{1, float64(i)}, "owner": fmt.Sprint("u", i%2)}))
	}
	b.post("c", docs...)
	r := b.do("GET", "/v1/collections/c/export?format=hnsw", "", "Test-Key", "apikey:2", "Test-Filters", "owner = 'u1'")
	if g := load(t, r); g.Len() != 30 || bytes.Contains(r.body, []byte("u0-")) {
		t.Errorf("%d nodes, and others' are among the neighbours", g.Len())
	}
	b.do("GET", "/v1/collections/c/export?format=hnsw", "", "Test-Key", "apikey:2", "Test-Collections", "d").want(404)
}

// TestGraphImportFull stops at what a collection may have.
func TestGraphImportFull(t *testing.T) {
	b := newBed(t)
	b.close()
	b.options = search.Options{Documents: 2}
	b.open()
	b.define("c", `{"fields":[{"name":"v","type":"vector(2)"}]}`)
	three := saved(t, hnsw.CosineDistance, hnsw.MakeNode("a", []float32{1, 0}), hnsw.MakeNode("b", []float32{1, 0}), hnsw.MakeNode("c", []float32{1, 0}))
	b.do("POST", "/v1/collections/c/import", three, "Content-Type", hnswMedia).want(400, "nodes of layer 0 is 3, and may be 0 to 2")
}

// TestGraphImportThroughAlias: what is stored after the alias has moved is where
// it leads then.
func TestGraphImportThroughAlias(t *testing.T) {
	b := newBed(t)
	const vectors = `{"fields":[{"name":"v","type":"vector(2)"}]}`
	b.define("c1", vectors)
	b.define("c2", vectors)
	b.do("PUT", "/v1/aliases/a", `{"collection":"c1"}`).want(201)
	var nodes []hnsw.Node[int]
	for i := range 120 {
		nodes = append(nodes, hnsw.MakeNode(i, []float32{1, float32(i)}))
	}
	moves := 0
	answer, err := b.s.ImportGraph(background, b.acme, "a", strings.NewReader(saved(t, hnsw.CosineDistance, nodes...)), true, func() {
		if moves++; moves == 1 {
			b.do("PUT", "/v1/aliases/a", `{"collection":"c2"}`, ifMatch("*")...).want(200)
		}
	})
	must(t, err)
	if answer.Accepted != 120 {
		t.Errorf("the answer is %s", jsonOf(answer))
	}
	b.do("GET", "/v1/collections/c1", "").want(200, `"documents":80`)
	b.do("GET", "/v1/collections/c2", "").want(200, `"documents":40`)
	b.check()
}
