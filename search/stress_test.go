package search_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"quintet/search"
	"quintet/search/embed"
)

// TestStress replaces documents while others search: every search sees each
// document exactly once, with revisions that never go back, whichever way it
// looks. Meanwhile other documents and collections come and go.
func TestStress(t *testing.T) {
	b := newBed(t)
	const documents, searchers = 8, 4
	b.define("c", `{"fields":[{"name":"t","type":"text"},{"name":"n","type":"int"},{"name":"who","type":"keyword"}]}`)
	put := func(slot, n int) string {
		return fmt.Sprintf(`{"id":"d%d","t":"common slot%d","n":%d,"who":"kept"}`, slot, slot, n)
	}
	for slot := range documents {
		b.post("c", put(slot, 0))
	}
	ctx, cancel := context.WithTimeout(background, 800*time.Millisecond)
	defer cancel()
	var all sync.WaitGroup
	var writes, searches atomic.Int64
	for w := range 2 {
		all.Go(func() {
			for n := 1; ctx.Err() == nil; n++ {
				for slot := w; slot < documents; slot += 2 {
					b.do("PUT", fmt.Sprintf("/v1/collections/c/documents/d%d", slot), put(slot, n)).want(200)
					writes.Add(1)
				}
			}
		})
	}
	all.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			b.do("POST", "/v1/collections/c/documents", `[{"id":"x1","t":"other","who":"x"},{"id":"x2","t":"other","who":"x"}]`).want(200)
			b.do("DELETE", "/v1/collections/c/documents/x1", "").want(204)
			b.define("e", `{}`)
			b.post("e", `{"a":"b"}`)
			b.do("DELETE", "/v1/collections/e", "").want(204)
			must(t, b.s.Sweep(background))
		}
	})
	for i := range searchers {
		all.Go(func() {
			last := map[string]float64{}
			q := search.Query{Q: "common", Mode: []string{"keyword", "semantic", "hybrid", "hybrid"}[i], Filter: "who = 'kept'", Limit: 100}
			if i == 3 {
				q.Q = ""
			}
			for ctx.Err() == nil {
				var f found
				b.do("POST", "/v1/collections/c/search", jsonOf(q)).want(200).into(&f)
				searches.Add(1)
				seen := map[string]bool{}
				for _, h := range f.Hits {
					n := h.Document["n"].(float64)
					if seen[h.ID] || n < last[h.ID] {
						t.Errorf("%s is seen twice, or revision %v after %v", h.ID, n, last[h.ID])
					}
					seen[h.ID], last[h.ID] = true, n
				}
				if len(f.Hits) != documents || f.Found != documents {
					t.Errorf("%d of %d documents are seen: %s", len(f.Hits), documents, f.ids())
					return
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d writes, %d searches, %v begun anew", writes.Load(), searches.Load(), b.metric("retries_total"))
	b.check()
}

// TestQueriesFirst holds that an import leaves a place for queries: one is
// answered while the import's texts wait for the model.
func TestQueriesFirst(t *testing.T) {
	b := newBed(t)
	b.close()
	slow := &blocking{fake: fake{}, blocked: make(chan struct{}), release: make(chan struct{})}
	b.options = search.Options{Embedder: slow}
	b.open()
	b.define("c", `{}`)
	imported := make(chan int)
	go func() {
		imported <- b.do("POST", "/v1/collections/c/documents", `[{"t":"slow"},{"t":"slow two"}]`).status
	}()
	<-slow.blocked
	if b.s.Places() > 1 {
		b.search("c", `{"q":"quick"}`)
	}
	close(slow.release)
	if status := <-imported; status != 200 {
		t.Errorf("the import answered %d", status)
	}
}

// blocking holds texts that begin with "slow" back.
type blocking struct {
	fake
	blocked, release chan struct{}
	once             sync.Once
}

func (m *blocking) EmbedPassages(ctx context.Context, passages []embed.Passage) ([][]float32, error) {
	vectors, _, err := m.Embed(ctx, textsOf(passages))
	return vectors, err
}

func (m *blocking) Embed(ctx context.Context, texts []string) ([][]float32, []int, error) {
	if texts[0][:4] == "slow" {
		m.once.Do(func() { close(m.blocked) })
		<-m.release
	}
	return m.fake.Embed(ctx, texts)
}

// TestCancelled ends a request while it waits for the model.
func TestCancelled(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	leave := b.s.OccupyModel()
	ctx, cancel := context.WithCancel(background)
	failed := make(chan error)
	go func() {
		_, err := b.s.Search(ctx, b.acme, "c", search.Query{Q: "x"})
		failed <- err
	}()
	cancel()
	if err := <-failed; err == nil {
		t.Error("a search without a model and without a client was answered")
	}
	leave()
	b.wantIDs("c", `{"q":"x"}`, "")
}
