package search_test

import (
	"context"
	"sync"
	"testing"

	"quintet/engine"
	"quintet/search"
)

// TestPutAgain writes a prepared document more than once, as whoever does not
// know how a commit ended may, wherever its row is meanwhile.
func TestPutAgain(t *testing.T) {
	f := func(name string, between func(b *bed, write func(*search.Put), other *search.Put)) {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			b.define("c", `{}`)
			prepare := func(text string) *search.Put {
				p, err := b.s.Prepare(background, b.acme, "c", []byte(`{"id":"a","title":"`+text+`"}`))
				must(t, err)
				return p
			}
			write := func(p *search.Put) {
				t.Helper()
				must(t, b.e.Store.Update(background, b.acme, func(tx *engine.Tx) error { return b.s.PutTx(tx, p) }))
				must(t, b.s.Stored(background, p))
			}
			put, other := prepare("winter"), prepare("summer")
			for range 2 {
				write(put)
				between(b, write, other)
			}
			write(put)
			b.wantIDs("c", `{"q":"winter","mode":"keyword"}`, "a")
			b.wantIDs("c", `{"q":"summer","mode":"keyword"}`, "")
			b.wantIDs("c", `{"q":"winter","mode":"semantic"}`, "a")
			b.check()
			b.reopen()
			b.wantIDs("c", `{"q":"winter","mode":"keyword"}`, "a")
			b.check()
		})
	}
	merge := func(b *bed) { must(b.t, b.s.Merge(background, b.acme, "c")) }
	f("OK at once", func(*bed, func(*search.Put), *search.Put) {})
	f("OK sealed", func(b *bed, _ func(*search.Put), _ *search.Put) { merge(b) })
	f("OK replaced", func(_ *bed, write func(*search.Put), other *search.Put) { write(other) })
	f("OK sealed and replaced", func(b *bed, write func(*search.Put), other *search.Put) { merge(b); write(other) })
	f("OK replaced and sealed", func(b *bed, write func(*search.Put), other *search.Put) { write(other); merge(b) })
}

// TestRecreatedMeanwhile makes a collection anew under its name while a search
// of the old one waits for the model: its plan fits no other collection.
func TestRecreatedMeanwhile(t *testing.T) {
	b := newBed(t)
	b.close()
	slow := &slowQuery{blocked: make(chan struct{}), release: make(chan struct{})}
	b.options = search.Options{Embedder: slow}
	b.open()
	b.define("c", `{"fields":[{"name":"t","type":"text"},{"name":"n","type":"int"}],"embed":["t"]}`)
	b.post("c", `{"id":"a","t":"warm"}`)
	answered := make(chan error)
	go func() {
		_, err := b.s.Search(background, b.acme, "c", search.Query{Q: "slow", Mode: "semantic"})
		answered <- err
	}()
	<-slow.blocked
	b.do("DELETE", "/v1/collections/c", "").want(204)
	b.define("c", `{"fields":[{"name":"n","type":"keyword"},{"name":"t","type":"vector(3)"}]}`)
	b.post("c", `{"id":"a","t":[1,2,3],"n":"x"}`)
	close(slow.release)
	if err := <-answered; engine.KindOf(err) != engine.Conflict {
		t.Errorf("a search of a deleted collection: %v", err)
	}
	b.wantIDs("c", `{"vector":[1,0,0]}`, "a")
}

// slowQuery holds the query "slow" back.
type slowQuery struct {
	fake
	blocked, release chan struct{}
	once             sync.Once
}

func (m *slowQuery) Embed(ctx context.Context, texts []string) ([][]float32, []int, error) {
	if texts[0] == "slow" {
		m.once.Do(func() { close(m.blocked) })
		<-m.release
	}
	return m.fake.Embed(ctx, texts)
}

// TestRedefined gives a collection that has only segments of deleted documents
// another definition: nothing of them is left.
func TestRedefined(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.post("c", `{"id":"a","title":"winter"}`)
	must(t, b.s.Merge(background, b.acme, "c"))
	b.do("DELETE", "/v1/collections/c/documents/a", "").want(204)
	etag := b.do("GET", "/v1/collections/c", "").header.Get("ETag")
	b.do("PUT", "/v1/collections/c", `{"fields":[{"name":"x","type":"text"}]}`, "If-Match", etag).want(200)
	b.check()
	must(t, b.s.Sweep(background))
	b.check()
	if n := b.segmentRecords(); n != 0 {
		t.Errorf("%d segments are left", n)
	}
	b.post("c", `{"id":"a","x":"winter"}`)
	b.reopen()
	b.wantIDs("c", `{"q":"winter","mode":"keyword"}`, "a")
	b.check()
}

// segmentRecords counts the segments that the store knows of the tenant.
func (b *bed) segmentRecords() (n int) {
	must(b.t, b.e.Store.View(background, b.acme, func(v *engine.View) error {
		n = 0
		for range v.Keys("search.segments", nil, nil) {
			n++
		}
		return nil
	}))
	return n
}

// TestVectorMembers holds what a document may bring as its vector.
func TestVectorMembers(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"v","type":"vector(3)"}],"metric":"dot"}`)
	for _, v := range []string{`[1,null,3]`, `[null,null,null]`, `"x"`, `["1",0,0]`, `[true,0,0]`, `[[1,0,0]]`, `{"a":1}`, `1`, `[]`, `[1,2]`, `[1,2,3,4]`, `[1e39,0,0]`, `[65505,0,0]`, `[1,2,3],"v":[3,2,1]`} {
		if r := b.do("PUT", "/v1/collections/c/documents/bad", `{"v":`+v+`}`); r.status != 422 && r.status != 400 {
			t.Errorf("%s: status %d", v, r.status)
		}
	}
	b.post("c", `{"id":"none"}`, `{"id":"null","v":null}`, `{"id":"zero","v":[0,0,0]}`, `{"id":"least","v":[1e-46,0,0]}`, `{"id":"most","v":[65504,-65504,0]}`)
	b.wantIDs("c", `{"vector":[1,0,0],"mode":"semantic"}`, "most least zero")
	b.check()
}
