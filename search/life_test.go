package search_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quintet/engine"
	"quintet/search"
)

// TestRestart holds that everything is found again, and that nothing is
// embedded a second time.
func TestRestart(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.post("c", `{"id":"a","title":"winter coat"}`, `{"id":"b","title":"summer","n":1}`)
	b.post("c", `{"id":"a","title":"winter coat","n":2}`) // the text is the same
	if n := b.model.texts.Load(); n != 2 {
		t.Errorf("%d texts were embedded, expected were 2", n)
	}
	b.do("DELETE", "/v1/collections/c/documents/b", "").want(204)
	b.reopen()
	b.wantIDs("c", `{"q":"winter","mode":"keyword"}`, "a")
	b.wantIDs("c", `{"mode":"semantic","vector":`+vectorOf("winter coat")+`}`, "a")
	b.wantIDs("c", `{"filter":"n = 2"}`, "a")
	b.do("GET", "/v1/collections/c", "").want(200, `"documents":1`, `"inferred":true`)
	if n := b.model.texts.Load(); n != 2 {
		t.Errorf("%d texts were embedded, expected were 2", n)
	}
	b.check()
}

func vectorOf(text string) string {
	v, _ := fakeVector(text)
	return jsonOf(v)
}

// TestInference holds the rules by which documents define a collection.
func TestInference(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	answer := b.do("POST", "/v1/collections/c/documents", strings.Join([]string{
		`{"id":"1","t":"text","n":3,"b":true,"k":["x"],"o":{"a":1},"e":[],"m":[1,"x"],"z":null,"bad name":"x","in":"x"}`,
		`{"id":"2","n":2.5,"e":["late"],"o":"text now","z":"z"}`,
		`{"id":"3","n":"three"}`,
		`{"id":"4","long":["` + strings.Repeat("x", 300) + `"]}`,
	}, "\n"), lines...)
	answer.want(200, `"accepted":3,"rejected":1`, `"line":3`, "member n is a float")
	b.do("GET", "/v1/collections/c", "").want(200, `{"name":"b","type":"bool"}`, `{"name":"k","type":"keyword[]"}`, `{"name":"n","type":"float"}`,
		`{"name":"t","type":"text","weight":1}`, `{"name":"e","type":"keyword[]"}`, `{"name":"o","type":"text","weight":1}`, `"embed":["t","o","z"]`,
		`!bad name`, `!"name":"in"`, `!long`, `!"name":"m"`)
	b.do("PUT", "/v1/collections/c", `{}`).want(200)
	for range 2 {
		b.wantIDs("c", `{"filter":"e exists"}`, "2")
		b.wantIDs("c", `{"filter":"o exists or n = 3"}`, "2 1")
		b.check()
		b.reopen()
	}
	var many []string
	for i := range 70 {
		many = append(many, fmt.Sprintf(`"m%d":%d`, i, i))
	}
	b.post("c", `{"id":"many",`+strings.Join(many, ",")+`}`)
	var info struct{ Fields []any }
	b.do("GET", "/v1/collections/c", "").into(&info)
	if len(info.Fields) != 64 {
		t.Errorf("%d fields, expected were 64", len(info.Fields))
	}
	b.check()
}

// TestInferenceRace lets writers give one collection fields at the same time.
func TestInferenceRace(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	statuses := make(chan int, 40)
	for i := range 40 {
		go func() {
			value := []string{`1`, `"x"`}[i%2]
			statuses <- b.do("PUT", fmt.Sprintf("/v1/collections/c/documents/d%d", i), fmt.Sprintf(`{"shared":%s,"own%d":1}`, value, i%7)).status
		}()
	}
	counts := map[int]int{}
	for range 40 {
		counts[<-statuses]++
	}
	if counts[201] != 20 || counts[422] != 20 {
		t.Errorf("statuses %v, expected were 20 of 201 and 20 of 422: shared has one type", counts)
	}
	b.check()
}

// TestSweep deletes a collection; what is left of it goes, also after a crash.
func TestSweep(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.define("kept", `{}`)
	b.post("kept", `{"id":"a","x":"y"}`)
	var docs []string
	for i := range 1200 {
		docs = append(docs, fmt.Sprintf(`{"id":"d%d"}`, i))
	}
	b.post("c", docs...)
	b.do("DELETE", "/v1/collections/c", "").want(204)
	b.do("POST", "/v1/collections/c/search", `{}`).want(404)
	b.check() // half-way is sound, too
	if n := b.stored(); n < 2400 {
		t.Fatalf("%d keys are left, expected were those of 1,200 documents", n)
	}
	b.reopen()
	must(t, b.s.Start(background)) // begins to sweep
	for b.stored() > 4 {
		time.Sleep(time.Millisecond)
	}
	b.wantIDs("kept", `{}`, "a")
	must(t, b.s.Stop(background))
	b.check()
}

// stored counts the keys that search has in the tenant.
func (b *bed) stored() (n int) {
	must(b.t, b.e.Store.View(background, b.acme, func(v *engine.View) error {
		n = 0
		for _, bucket := range []engine.Bucket{"search.collections", "search.documents", "search.ids", "search.dropped"} {
			for range v.Keys(bucket, nil, nil) {
				n++
			}
		}
		return nil
	}))
	return n
}

// TestTenantDeleted holds that memory follows when a tenant goes.
func TestTenantDeleted(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.post("c", `{"id":"a","title":"winter"}`)
	b.do("PUT", "/v1/collections/c", `{}`, "Test-Tenant", "globex").want(201)
	b.do("PUT", "/v1/collections/c/documents/a", `{"title":"winter"}`, "Test-Tenant", "globex").want(201)
	must(t, b.e.Tenants.Delete(background, b.globex, nothing))
	if n := b.metric("collections"); n != 1 {
		t.Errorf("%v collections, expected was 1", n)
	}
	b.wantIDs("c", `{"q":"winter"}`, "a")
	b.check()
}

// TestOtherModel opens a folder with a model that did not make its vectors.
func TestOtherModel(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.define("words", `{"fields":[{"name":"t","type":"text"}],"embed":[]}`)
	b.post("c", `{"id":"a","title":"winter"}`)
	b.close()
	b.model = &fake{hash: "another"}
	b.open()
	if f := b.search("c", `{"q":"winter"}`); !f.Degraded || f.Mode != "hybrid" || f.ids() != "a" {
		t.Errorf("%+v; expected was a degraded answer", f)
	}
	if f := b.search("c", `{"q":"winter","mode":"keyword"}`); f.Degraded || f.ids() != "a" {
		t.Errorf("%+v", f)
	}
	b.do("POST", "/v1/collections/c/search", `{"q":"winter","mode":"semantic"}`).want(409, "model_changed")
	b.do("PUT", "/v1/collections/c/documents/b", `{"title":"x"}`).want(409, "model_changed")
	b.do("POST", "/v1/collections/c/documents", `[{"title":"x"}]`).want(409, "model_changed")
	b.do("DELETE", "/v1/collections/c/documents/a", "").want(204)
	b.post("words", `{"id":"a","t":"winter"}`)
	b.check()
}

// TestModelFails lets the model fail: writing is refused, keywords go on.
func TestModelFails(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.post("c", `{"id":"a","title":"winter"}`)
	b.model.fail.Store(true)
	if f := b.search("c", `{"q":"winter"}`); !f.Degraded || f.ids() != "a" || f.Hits[0].Scores.Semantic != nil {
		t.Errorf("%+v; expected was a degraded answer", f)
	}
	b.do("POST", "/v1/collections/c/search", `{"q":"winter","mode":"semantic"}`).want(503, "embedding_failed")
	b.do("PUT", "/v1/collections/c/documents/b", `{"title":"x"}`).want(503, "embedding_failed")
	b.do("GET", "/v1/collections/c/documents/b", "").want(404)
	b.do("PUT", "/v1/collections/c/documents/a", `{"title":"winter","n":1}`).want(200) // its vector is there
	b.model.fail.Store(false)
	b.wantIDs("c", `{"q":"winter","filter":"n = 1"}`, "a")
	b.check()
}

// TestMerge replaces documents time and again: segments are sealed and merged,
// and their dead rows thrown out.
func TestMerge(t *testing.T) {
	b := newBed(t)
	b.options.FlushRows = 40
	b.reopen()
	b.define("c", `{}`)
	want := func() {
		t.Helper()
		b.wantIDs("c", `{"q":"word30","mode":"keyword"}`, "d30")
		b.wantIDs("c", `{"q":"round6","mode":"keyword"}`, "")
		b.wantIDs("c", `{"q":"round7","mode":"keyword","filter":"n >= 147 and k = 'k1'"}`, "d148")
		b.wantIDs("c", `{"q":"word30 round7","mode":"semantic","limit":1}`, "d30")
		b.check()
	}
	for round := range 8 {
		var docs []string
		for i := range 150 {
			docs = append(docs, fmt.Sprintf(`{"id":"d%d","title":"word%d round%d","n":%d,"k":["k%d"]}`, i, i, round, i, i%3))
		}
		b.post("c", docs...)
		b.do("DELETE", fmt.Sprintf("/v1/collections/c/documents/d%d", round), "").want(204)
		if round%2 == 0 {
			_, err := b.s.Maintain(background, 0)
			must(t, err)
		}
	}
	want()
	b.reopen() // on segments that are older than the documents
	want()
	rewrites, err := b.s.Maintain(background, time.Hour)
	must(t, err)
	if rows, n := b.s.Rows(b.acme, "c"), b.s.Segments(b.acme, "c"); rows != 149 || n != 1 || rewrites == 0 {
		t.Errorf("%d rows in %d segments for 149 documents, after %d rewrites", rows, n, rewrites)
	}
	want()
	embedded := b.model.texts.Load()
	b.reopen()
	want()
	if more := b.model.texts.Load() - embedded; more != 1 { // the query of want
		t.Errorf("a restart embedded %d texts", more-1)
	}
}

// TestSegments loses, damages and multiplies segments. None of it shows.
func TestSegments(t *testing.T) {
	f := func(name string, harm func(b *bed)) {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			b.options.FlushRows = 10
			b.reopen()
			b.define("c", `{}`)
			put := func(from, to int) {
				var docs []string
				for i := from; i < to; i++ {
					docs = append(docs, fmt.Sprintf(`{"id":"d%d","title":"word%d","n":%d}`, i, i, i))
				}
				b.post("c", docs...)
			}
			put(0, 30)
			_, err := b.s.Maintain(background, time.Hour)
			must(t, err)
			put(10, 20) // again
			b.do("DELETE", "/v1/collections/c/documents/d3", "").want(204)
			b.close()
			harm(b)
			b.open()
			b.wantIDs("c", `{"q":"word3","mode":"keyword"}`, "")
			b.wantIDs("c", `{"q":"word12","mode":"keyword"}`, "d12")
			b.wantIDs("c", `{"q":"word25","mode":"semantic","limit":1}`, "d25")
			if found := b.search("c", `{"limit":1}`).Found; found != 29 {
				t.Errorf("%d documents", found)
			}
			b.wantIndex()
			put(30, 45)
			_, err = b.s.Maintain(background, time.Hour)
			must(t, err)
			if n := b.s.Segments(b.acme, "c"); n != 1 {
				t.Errorf("%d segments", n)
			}
			b.reopen()
			if found := b.search("c", `{"limit":1}`).Found; found != 44 {
				t.Errorf("%d documents", found)
			}
			b.wantIndex()
		})
	}
	blobs := func(b *bed) (files []string) {
		must(t, filepath.WalkDir(filepath.Join(b.dir, "blobs"), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				files = append(files, path)
			}
			return err
		}))
		if len(files) == 0 {
			t.Fatal("there is no segment")
		}
		return files
	}
	f("OK", func(*bed) {})
	f("OK the files are gone", func(b *bed) {
		for _, path := range blobs(b) {
			must(t, os.Remove(path))
		}
	})
	f("OK the files are damaged", func(b *bed) {
		for _, path := range blobs(b) {
			data, err := os.ReadFile(path)
			must(t, err)
			data[len(data)/2] ^= 1
			must(t, os.WriteFile(path, data, 0o600))
		}
	})
	f("OK the files are cut off", func(b *bed) {
		for _, path := range blobs(b) {
			must(t, os.Truncate(path, 100))
		}
	})
}

// TestSlowSearches holds that a search that takes long can be looked up, and
// that the log does not tell what was asked.
func TestSlowSearches(t *testing.T) {
	b := newBed(t)
	b.options.SlowSearch = 1 // every one
	b.reopen()
	b.define("c", `{}`)
	b.post("c", `{"id":"a","title":"winter"}`)
	for i := range 120 {
		b.search("c", fmt.Sprintf(`{"q":"winter%d","filter":"title exists","limit":3}`, i))
	}
	var list struct{ Items []search.SlowSearch }
	b.do("GET", "/v1/collections/c/slow-searches", "").want(200).into(&list)
	if len(list.Items) != 100 || list.Items[0].Q != "winter119" || list.Items[99].Q != "winter20" || list.Items[0].Filter != "title exists" || list.Items[0].Limit != 3 {
		t.Errorf("%d, %+v", len(list.Items), list.Items)
	}
	b.search("c", fmt.Sprintf(`{"q":"a%s"}`, strings.Repeat("é", 200)))
	b.do("GET", "/v1/collections/c/slow-searches", "").want(200, `"q":"a`+strings.Repeat("é", 127)+`",`)
	b.search("c", `{"q":"winter"}`)
	b.do("GET", "/v1/collections/c/slow-searches", "").want(200, `"limit":10`)
	b.do("GET", "/v1/collections/none/slow-searches", "").want(404)
	b.options.SlowSearch = time.Hour
	b.reopen()
	b.search("c", `{"q":"winter"}`)
	b.do("GET", "/v1/collections/c/slow-searches", "").want(200, `{"items":[],"next":null}`)
}

// TestRestore goes back to a backup: what came after it is not found.
func TestRestore(t *testing.T) {
	b := newBed(t)
	quiet := func(string, int64, int64) {}
	b.define("c", `{}`)
	b.post("c", `{"id":"a","title":"winter"}`)
	var backup bytes.Buffer
	must(t, b.e.Backup(background, &backup, quiet))
	b.post("c", `{"id":"b","title":"winter"}`, `{"id":"a","title":"summer"}`)
	b.close()
	b.dir = filepath.Join(filepath.Dir(b.dir), "restored")
	must(t, engine.Restore(background, b.dir, &backup, quiet))
	b.open()
	b.wantIDs("c", `{"q":"winter","mode":"keyword"}`, "a")
	b.post("c", `{"id":"b","title":"winter winter"}`)
	b.wantIDs("c", `{"q":"winter","mode":"keyword"}`, "b a")
	b.check()
}

// TestSealed looks for what was sent in every file of the data folder.
func TestSealed(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.post("c", `{"id":"needleid","needlemember":"needletext"}`)
	b.reopen()
	must(t, filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte("needle")) {
			t.Errorf("%s holds a needle", path)
		}
		return err
	}))
}

// TestTransaction writes documents in an update of somebody else.
func TestTransaction(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.define("d", `{}`)
	b.post("c", `{"id":"old","title":"old"}`)
	put1, err := b.s.Prepare(background, b.acme, "c", []byte(`{"id":"a","title":"winter","n":1}`))
	must(t, err)
	put2, err := b.s.Prepare(background, b.acme, "d", []byte(`{"id":"a","title":"winter"}`))
	must(t, err)
	put3, err := b.s.Prepare(background, b.acme, "c", []byte(`{"title":"more","m":1}`))
	must(t, err)
	gone, err := b.s.PrepareDelete(background, b.acme, "c", "old")
	must(t, err)
	broken := errors.New("somebody else's")
	update := func(fail error) error {
		return b.e.Store.Update(background, b.acme, func(tx *engine.Tx) error {
			tx.Put("test.other", []byte("key"), []byte("value"))
			if err := errors.Join(b.s.PutTx(tx, put1, put2), b.s.PutTx(tx, put3), b.s.DeleteTx(tx, gone)); err != nil {
				return err
			}
			return fail
		})
	}
	if err := update(broken); err != broken {
		t.Fatal(err)
	}
	b.wantIDs("c", `{}`, "old")
	must(t, update(nil))
	must(t, b.s.Stored(background, put1, put2, put3))
	must(t, b.s.Deleted(background, gone))
	b.wantIDs("c", `{}`, put3.ID()+" a")
	b.wantIDs("c", `{"q":"winter","filter":"n = 1"}`, "a")
	b.wantIDs("d", `{"q":"winter"}`, "a")
	if err := update(nil); !errors.Is(err, &engine.Error{Kind: engine.NotFound, Code: "document_not_found"}) {
		t.Errorf("deleting twice: %v", err)
	}
	clash, err := b.s.Prepare(background, b.acme, "c", []byte(`{"id":"x","late":1}`))
	must(t, err)
	b.post("c", `{"id":"y","late":"text"}`)
	err = b.e.Store.Update(background, b.acme, func(tx *engine.Tx) error { return b.s.PutTx(tx, clash) })
	if !errors.Is(err, &engine.Error{Kind: engine.Conflict, Code: "collection_changed"}) {
		t.Errorf("a document that was read by other fields: %v", err)
	}
	b.check()
}

// TestLimits holds how many collections and documents there may be.
func TestLimits(t *testing.T) {
	b := newBed(t)
	b.close()
	b.options = search.Options{Collections: 2, Documents: 3}
	b.open()
	b.define("a", `{}`)
	b.define("b", `{}`)
	b.do("PUT", "/v1/collections/c", `{}`).want(409, "too_many_collections")
	b.do("DELETE", "/v1/collections/b", "").want(204)
	b.define("c", `{}`)
	b.post("a", `{"id":"1"}`, `{"id":"2"}`, `{"id":"3"}`)
	b.do("PUT", "/v1/collections/a/documents/4", `{}`).want(409, "too_many_documents")
}

// TestLifecycle starts and stops in every order.
func TestLifecycle(t *testing.T) {
	b := newBed(t)
	must(t, b.s.Stop(background))
	must(t, b.s.Start(background))
	must(t, b.s.Start(background))
	must(t, b.s.Stop(background))
	must(t, b.s.Stop(background))
}

// TestIndexFails breaks an index: it is made anew, of the document on which it
// failed too, before that is answered, and no other collection notices.
func TestIndexFails(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.post("c", `{"id":"a","title":"winter"}`)
	b.define("other", `{}`)
	loads := b.metric("index_load_seconds")
	b.s.FailNextIndexing("c")
	b.do("PUT", "/v1/collections/c/documents/b", `{"title":"winter"}`).want(201)
	b.wantIDs("c", `{"q":"winter","mode":"keyword"}`, "b a")
	if n := b.metric("index_load_seconds") - loads; n != 1 || !b.listed("other").Loaded {
		t.Errorf("%v indexes were loaded, and the other one is there: %v", n, b.listed("other").Loaded)
	}
	b.check()
}

// TestLargeAnswer ends a page early where its documents are large.
func TestLargeAnswer(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"n","type":"int"}]}`)
	for i := range 200 {
		b.do("PUT", fmt.Sprintf("/v1/collections/c/documents/d%d", i), `{"pad":"`+strings.Repeat("x", 60_000)+`"}`).want(201)
	}
	body := map[string]any{"limit": 1000}
	seen := map[string]bool{}
	for pages := 1; ; pages++ {
		f := b.search("c", jsonOf(body))
		for _, h := range f.Hits {
			seen[h.ID] = true
		}
		if f.Next == nil {
			if len(seen) != 200 || pages != 2 {
				t.Errorf("%d documents on %d pages, expected were 200 on 2", len(seen), pages)
			}
			return
		}
		body["cursor"] = *f.Next
	}
}

// TestHybridDepth pages through a hybrid search that finds more than it
// blends: it ends with the best 200 of each kind, each once, in order.
func TestHybridDepth(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	var docs []string
	for i := range 900 {
		docs = append(docs, fmt.Sprintf(`{"id":"d%d","t":"winter word%d %s"}`, i, i, strings.Repeat("pad ", i%40)))
	}
	b.post("c", docs...)
	body := map[string]any{"q": "winter word7", "limit": 90}
	seen, last := map[string]bool{}, 2.0
	for {
		f := b.search("c", jsonOf(body))
		if f.Found != 900 {
			t.Fatalf("found %d, expected were 900", f.Found)
		}
		for _, h := range f.Hits {
			if seen[h.ID] || h.Score > last || h.Score < 0 {
				t.Fatalf("%s with %v comes after %v, or again", h.ID, h.Score, last)
			}
			seen[h.ID], last = true, h.Score
		}
		if f.Next == nil {
			break
		}
		body["cursor"] = *f.Next
	}
	if len(seen) < 200 || len(seen) > 400 || !seen["d7"] {
		t.Errorf("%d documents are blended, expected were 200 to 400", len(seen))
	}
}
