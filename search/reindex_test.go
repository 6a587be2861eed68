package search_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"quintet/engine"
	"quintet/search"
)

// aliasState is what an alias tells.
type aliasState struct {
	Collection string
	Reindex    *search.Reindex
}

func (b *bed) alias(name string) (a aliasState) {
	b.t.Helper()
	b.do("GET", "/v1/aliases/"+name, "").want(200).into(&a)
	return a
}

// finish takes re-indexes further until none runs.
func (b *bed) finish() {
	b.t.Helper()
	for n := 0; b.s.StepReindex(background); n++ {
		if n > 1000 {
			b.t.Fatal("a re-index does not end")
		}
	}
}

// many stores documents of ids d0, d1 and so on.
func (b *bed) many(name string, n int) {
	b.t.Helper()
	var docs []string
	for i := range n {
		docs = append(docs, fmt.Sprintf(`{"id":"d%d","title":"word%d","n":%d}`, i, i, i))
	}
	b.post(name, docs...)
}

// TestReindex follows what is written while a re-index runs, takes vectors over
// and keeps order and ETags.
func TestReindex(t *testing.T) {
	b := newBed(t)
	b.define("v1", `{}`)
	b.many("v1", 200)
	b.do("PUT", "/v1/aliases/a", `{"collection":"v1"}`).want(201)
	etag := b.do("GET", "/v1/collections/a/documents/d7", "").header.Get("ETag")
	list := func() string { return string(b.do("GET", "/v1/collections/a/documents?limit=1000", "").want(200).body) }
	const definition = `{"fields":[{"name":"title","type":"text"},{"name":"n","type":"int"}]}`
	b.do("POST", "/v1/aliases/a/reindex", `{"collection":"v2","definition":`+definition+`}`).
		want(202, `"collection":"v2"`, `"state":"running"`, `"documents":0,"of":200`, "!error")
	before := b.model.texts.Load()
	if !b.s.StepReindex(background) {
		t.Fatal("no re-index runs")
	}
	if r := b.alias("a").Reindex; r.Documents != 80 || r.Of != 200 || r.State != "running" {
		t.Errorf("after a step it tells %+v", r)
	}
	b.do("PUT", "/v1/collections/a/documents/d3", `{"title":"another","n":3}`).want(200)      // is copied already
	b.do("PUT", "/v1/collections/v1/documents/d150", `{"title":"another","n":150}`).want(200) // is not, and named directly
	b.do("DELETE", "/v1/collections/a/documents/d4", "").want(204)
	b.do("DELETE", "/v1/collections/a/documents/d151", "").want(204)
	b.do("DELETE", "/v1/collections/a/documents?filter=n%20%3E%20195", "").want(200, `"deleted":4`)
	b.post("a", `{"id":"new","title":"new"}`)
	b.check()
	b.reopen()
	want := list()
	b.finish()
	if a := b.alias("a"); a.Collection != "v2" || a.Reindex != nil {
		t.Errorf("in the end it tells %+v", a)
	}
	if got := list(); got != want {
		t.Errorf("there were\n%s\nand are\n%s", want, got)
	}
	if n := b.model.texts.Load() - before; n != 3 {
		t.Errorf("%d texts were embedded, expected were those of 3 writes", n)
	}
	if got := b.do("GET", "/v1/collections/a/documents/d7", "").header.Get("ETag"); got != etag {
		t.Errorf("the ETag was %s and is %s", etag, got)
	}
	b.do("GET", "/v1/collections/a", "").want(200, `"name":"v2"`, `"documents":195,"vectors":195`, `"type":"int"`)
	b.do("GET", "/v1/collections/v1", "").want(200, `"documents":195`)
	b.wantIDs("a", `{"q":"another","mode":"keyword"}`, "d150 d3")
	b.wantIDs("a", `{"q":"word4 word151 word199","mode":"keyword"}`, "")
	b.do("PUT", "/v1/collections/v1/documents/late", `{}`).want(201)
	b.do("GET", "/v1/collections/a/documents/late", "").want(404)
	b.do("PUT", "/v1/collections/v2/documents/late", `{}`).want(201)
	b.check()
}

// TestReindexRefuses holds what a re-index that runs keeps as it is.
func TestReindexRefuses(t *testing.T) {
	b := led(t)
	b.do("PUT", "/v1/aliases/b", `{"collection":"c1"}`).want(201)
	const a = "aliases/a"
	b.run(t, []scenario{
		{"ErrAbsent", "POST", "aliases/none/reindex", `{"collection":"c3"}`, nil, 404, []string{"alias_not_found"}},
		{"ErrCollection", "POST", a + "/reindex", `{"collection":"c2"}`, nil, 409, []string{"name_taken"}},
		{"ErrItself", "POST", a + "/reindex", `{"collection":"c1"}`, nil, 409, []string{"name_taken"}},
		{"ErrAlias", "POST", a + "/reindex", `{"collection":"b"}`, nil, 409, []string{"name_taken"}},
		{"ErrName", "POST", a + "/reindex", `{"collection":"C"}`, nil, 422, []string{"invalid_name"}},
		{"ErrDefinition", "POST", a + "/reindex", `{"collection":"c3","definition":{"fields":[{"name":"x","type":"y"}]}}`, nil, 422, []string{"invalid_definition", "body.definition.fields[0]"}},
		{"ErrDropWithoutScope", "POST", a + "/reindex", `{"collection":"c3","drop":true}`, []string{"Test-Scopes", "search:write"}, 403, []string{"search:admin"}},
		{"ErrNothingToCancel", "DELETE", a + "/reindex", "", nil, 404, []string{"reindex_not_found"}},
		{"OK", "POST", a + "/reindex", `{"collection":"c3"}`, []string{"Test-Scopes", "search:write"}, 202, nil},
		{"ErrTwice", "POST", a + "/reindex", `{"collection":"c4"}`, nil, 409, []string{"reindex_running"}},
		{"ErrOtherAliasOfTheSame", "POST", "aliases/b/reindex", `{"collection":"c4"}`, nil, 409, []string{"reindex_running"}},
		{"ErrMove", "PUT", a, `{"collection":"c2"}`, ifMatch("*"), 409, []string{"reindex_running"}},
		{"ErrDelete", "DELETE", a, "", nil, 409, []string{"reindex_running"}},
		{"ErrRedefineOld", "PUT", "collections/c1", `{"fields":[{"name":"n","type":"int"}]}`, ifMatch("*"), 409, []string{"reindex_running"}},
		{"ErrRedefineNew", "PUT", "collections/c3", `{"fields":[{"name":"n","type":"int"}]}`, ifMatch("*"), 409, []string{"reindex_running"}},
		{"ErrDropOld", "DELETE", "collections/c1", "", nil, 409, []string{"collection_has_aliases"}},
		{"ErrDropNew", "DELETE", "collections/c3", "", nil, 409, []string{"reindex_running"}},
		{"ErrLeadToNew", "PUT", "aliases/b", `{"collection":"c3"}`, ifMatch("*"), 409, []string{"reindex_running"}},
		{"ErrPutIntoNew", "PUT", "collections/c3/documents/y", `{}`, nil, 409, []string{"reindex_running", "through the alias"}},
		{"ErrImportIntoNew", "POST", "collections/c3/documents", `{}`, lines, 409, []string{"reindex_running"}},
		{"ErrDeleteInNew", "DELETE", "collections/c3/documents/x", "", nil, 409, []string{"reindex_running"}},
		{"OKSearchNew", "POST", "collections/c3/search", `{}`, nil, 200, nil},
		{"OKMoveOther", "PUT", "aliases/b", `{"collection":"c2"}`, ifMatch("*"), 200, nil},
	})
	b.check()
	b.do("DELETE", "/v1/aliases/a/reindex", "").want(204)
	b.do("GET", "/v1/collections/c3", "").want(404)
	b.do("PUT", "/v1/aliases/a", `{"collection":"c2"}`, ifMatch("*")...).want(200)
	b.do("DELETE", "/v1/collections/c1", "").want(204)
	must(t, b.s.Sweep(background))
	b.check()
	b.wantBuckets(map[engine.Bucket]int{"search.journal": 0, "search.reindexes": 0, "search.documents": 1})
}

// wantBuckets counts the keys of buckets.
func (b *bed) wantBuckets(want map[engine.Bucket]int) {
	b.t.Helper()
	must(b.t, b.e.Store.View(background, b.acme, func(v *engine.View) error {
		for bucket, n := range want {
			got := 0
			for range v.Keys(bucket, nil, nil) {
				got++
			}
			if got != n {
				b.t.Errorf("%s has %d keys, expected were %d", bucket, got, n)
			}
		}
		return nil
	}))
}

// TestReindexUnfit: a document that does not fit ends it, whether it was there
// before or is written meanwhile, and the alias says which one.
func TestReindexUnfit(t *testing.T) {
	for name, written := range map[string]bool{"ErrCopied": false, "ErrFollowed": true} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			b.define("v1", `{"fields":[{"name":"title","type":"text"}]}`)
			b.do("PUT", "/v1/aliases/a", `{"collection":"v1"}`).want(201)
			b.post("a", `{"id":"good","title":"x","n":1}`)
			bad := func() { b.post("a", `{"id":"bad","title":"y","n":"one"}`) }
			if !written {
				bad()
			}
			b.do("POST", "/v1/aliases/a/reindex", `{"collection":"v2","definition":{"fields":[{"name":"n","type":"int"}]},"drop":true}`).want(202)
			if written {
				b.s.StepReindex(background)
				bad()
			}
			b.finish()
			b.check()
			b.do("GET", "/v1/aliases/a", "").want(200, `"collection":"v1"`, `"state":"failed"`, `\"bad\"`, "the member n", `"of":2`)
			b.do("GET", "/v1/collections/v2", "").want(404)
			b.do("GET", "/v1/collections/a/documents/bad", "").want(200)
			b.post("a", `{"id":"later"}`)
			b.reopen()
			if n := b.metric("reindexes"); n != 0 {
				t.Errorf("%v re-indexes run", n)
			}
			must(t, b.s.Sweep(background))
			b.wantBuckets(map[engine.Bucket]int{"search.journal": 0, "search.reindexes": 1, "search.documents": 3, "search.dropped": 0})
			b.do("DELETE", "/v1/collections/a/documents/bad", "").want(204)
			b.do("POST", "/v1/aliases/a/reindex", `{"collection":"v2","definition":{"fields":[{"name":"n","type":"int"}]},"drop":true}`).want(202, `"state":"running"`)
			b.finish()
			b.do("GET", "/v1/collections/v1", "").want(404)
			b.do("GET", "/v1/collections/a", "").want(200, `"name":"v2"`, `"documents":2`)
			b.check()
		})
	}
}

// TestReindexKeepsWhatOthersLeadTo: a collection to which another alias leads by
// the end is not deleted.
func TestReindexKeepsWhatOthersLeadTo(t *testing.T) {
	b := led(t)
	b.do("POST", "/v1/aliases/a/reindex", `{"collection":"c3","drop":true}`).want(202)
	b.do("PUT", "/v1/aliases/b", `{"collection":"c1"}`).want(201)
	b.finish()
	b.do("GET", "/v1/aliases/a", "").want(200, `"collection":"c3"`)
	b.do("GET", "/v1/collections/b/documents/x", "").want(200, "first coat")
	b.do("DELETE", "/v1/collections/c3/documents/x", "").want(204)
	b.do("GET", "/v1/collections/b/documents/x", "").want(200)
	b.check()
}

// TestReindexVectors takes vectors into a collection whose vectors are others:
// those of another model, those that documents brought, and none.
func TestReindexVectors(t *testing.T) {
	long := strings.Repeat("some words of a long text ", 30)
	for name, c := range map[string]struct{ from, to, document, want string }{
		"OKOwn":       {`{"fields":[{"name":"v","type":"vector(2)"}],"metric":"euclid"}`, ``, `{"id":"x","v":[3,4]}`, `{"id":"x","v":[3,4]}`},
		"OKOwnLeft":   {`{"fields":[{"name":"v","type":"vector(2)"},{"name":"t","type":"text"}]}`, `{"fields":[{"name":"t","type":"text"}]}`, `{"id":"x","v":[3,4],"t":"a"}`, `{"id":"x","t":"a"}`},
		"OKPassages":  {`{}`, ``, `{"id":"x","t":"` + long + `"}`, ""},
		"OKNone":      {`{}`, `{"fields":[{"name":"t","type":"keyword"}]}`, `{"id":"x","t":"a"}`, ""},
		"OKOtherText": {`{}`, `{"fields":[{"name":"t","type":"text"},{"name":"u","type":"text"}],"embed":["u"]}`, `{"id":"x","t":"a","u":"b"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			b.define("v1", c.from)
			b.post("v1", c.document)
			b.do("PUT", "/v1/aliases/a", `{"collection":"v1"}`).want(201)
			body := `{"collection":"v2"}`
			if c.to != "" {
				body = `{"collection":"v2","definition":` + c.to + `}`
			}
			b.do("POST", "/v1/aliases/a/reindex", body).want(202)
			b.finish()
			if a := b.alias("a"); a.Collection != "v2" {
				t.Fatalf("the alias tells %s", jsonOf(a.Reindex))
			}
			if c.want == "" {
				c.want = c.document
			}
			b.do("GET", "/v1/collections/a/documents/x", "").want(200, c.want)
			b.check()
			b.reopen()
			b.check()
		})
	}
}

// TestReindexAfterModelChange: a re-index brings a collection to the model of now.
func TestReindexAfterModelChange(t *testing.T) {
	b := newBed(t)
	b.define("v1", `{}`)
	b.many("v1", 10)
	b.do("PUT", "/v1/aliases/a", `{"collection":"v1"}`).want(201)
	b.close()
	b.model = &fake{hash: "newer"}
	b.open()
	b.do("POST", "/v1/collections/a/search", `{"q":"word1","mode":"semantic"}`).want(409, "model_changed")
	b.do("POST", "/v1/aliases/a/reindex", `{"collection":"v2","drop":true}`).want(202)
	b.do("DELETE", "/v1/collections/a/documents/d2", "").want(204)
	b.model.fail.Store(true)
	b.s.StepReindex(background)
	if r := b.alias("a").Reindex; r == nil || r.State != "running" || r.Documents != 0 {
		t.Errorf("without a model it tells %+v", r)
	}
	b.model.fail.Store(false)
	b.finish()
	if n := b.model.texts.Load(); n != 9 {
		t.Errorf("%d texts were embedded", n)
	}
	b.wantIDs("a", `{"q":"word1","mode":"semantic","limit":1}`, "d1")
	b.check()
}

// TestReindexTakesTurns: re-indexes of several tenants get on side by side.
func TestReindexTakesTurns(t *testing.T) {
	b := &bed{t: t, dir: filepath.Join(memory(t), "data"), model: &fake{}}
	b.open()
	t.Cleanup(b.close)
	for _, tenant := range []string{"acme", "globex"} {
		h := []string{"Test-Tenant", tenant}
		b.do("PUT", "/v1/collections/v1", `{}`, h...).want(201)
		for range 2 {
			b.do("POST", "/v1/collections/v1/documents", strings.Repeat(`{"n":1}`+"\n", 100), append(h, lines...)...).want(200)
		}
		b.do("PUT", "/v1/aliases/a", `{"collection":"v1"}`, h...).want(201)
		b.do("POST", "/v1/aliases/a/reindex", `{"collection":"v2"}`, h...).want(202)
	}
	for range 2 {
		b.s.StepReindex(background)
	}
	for _, tenant := range []string{"acme", "globex"} {
		b.do("GET", "/v1/aliases/a", "", "Test-Tenant", tenant).want(200, `"documents":80,"of":200`)
	}
	if n := b.metric("reindexes"); n != 2 {
		t.Errorf("%v re-indexes run", n)
	}
	b.finish()
	if n := b.metric("documents_reindexed_total"); n != 400 {
		t.Errorf("%v documents were re-indexed", n)
	}
	b.check()
}

// TestReindexFieldOfReplaced replaces documents between the look into the
// journal and its commit, among them the one that brought a field: others that
// have it are found by it.
func TestReindexFieldOfReplaced(t *testing.T) {
	b := &bed{t: t, dir: filepath.Join(memory(t), "data")}
	b.options.Embedder = &meddlingPassages{&fake{}, func() {}}
	b.open()
	t.Cleanup(b.close)
	b.define("v1", `{}`)
	b.do("PUT", "/v1/aliases/a", `{"collection":"v1"}`).want(201)
	b.do("POST", "/v1/aliases/a/reindex", `{"collection":"v2","definition":{"embed":["other"]}}`).want(202)
	b.s.StepReindex(background)
	for i := range 8 {
		b.post("a", fmt.Sprintf(`{"id":"d%d","more":"text","other":"now","p":%d}`, i, i))
	}
	b.options.Embedder.(*meddlingPassages).meddle = func() {
		for i := range 7 {
			b.post("a", fmt.Sprintf(`{"id":"d%d","q":1}`, i))
		}
	}
	b.finish()
	b.do("GET", "/v1/collections/a", "").want(200, `"name":"v2"`, `"documents":8`)
	b.wantIDs("a", `{"filter":"p = 7"}`, "d7")
	b.check()
}

// TestReindexTells holds what the bus and the metrics are told.
func TestReindexTells(t *testing.T) {
	b := newBed(t)
	b.define("v1", `{"fields":[{"name":"t","type":"text"}]}`)
	b.post("v1", `{"id":"x","n":"one"}`)
	events := b.e.Bus.Subscribe(t.Context(), b.acme, 100)
	b.do("PUT", "/v1/aliases/a", `{"collection":"v1"}`).want(201)
	b.do("POST", "/v1/aliases/a/reindex", `{"collection":"v2","definition":{"fields":[{"name":"n","type":"int"}]}}`).want(202)
	b.finish()
	b.do("POST", "/v1/aliases/a/reindex", `{"collection":"v2"}`).want(202)
	b.do("DELETE", "/v1/aliases/a/reindex", "").want(204)
	b.do("POST", "/v1/aliases/a/reindex", `{"collection":"v2","drop":true}`).want(202)
	b.finish()
	b.define("v3", `{}`)
	b.do("PUT", "/v1/aliases/a", `{"collection":"v3"}`, ifMatch("*")...).want(200)
	b.do("DELETE", "/v1/aliases/a", "").want(204)
	var got []string
	for len(events) > 0 {
		e := <-events
		got = append(got, e.Type+" "+e.Subject)
	}
	want := []string{
		"alias.created a", "collection.created v2", "reindex.started a", "reindex.failed a",
		"collection.created v2", "reindex.started a", "reindex.cancelled a",
		"collection.created v2", "reindex.started a", "reindex.finished a", "alias.moved a", "collection.deleted v1",
		"collection.created v3", "alias.moved a", "alias.deleted a",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the bus was told\n%q\nexpected was\n%q", got, want)
	}
	for name, want := range map[string]float64{"documents_reindexed_total": 1, "reindexes_failed_total": 1, "reindexes": 0, "documents_stored_total": 1} {
		if got := b.metric(name); got != want {
			t.Errorf("%s is %v, expected was %v", name, got, want)
		}
	}
}
