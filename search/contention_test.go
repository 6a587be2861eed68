package search_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"quintet/engine/enginetest"
	"quintet/search"
)

const contended = 10 // documents that all writers fight for

// TestContention lets 64 writers replace and delete the same documents while
// segments are sealed and merged all the time. Every answer is of one state of
// the store, and the index is what the store is in the end. So it is where the
// index is put away and loaded again all the time.
func TestContention(t *testing.T) {
	t.Run("warm", func(t *testing.T) { contention(t, false) })
	t.Run("cold at times", func(t *testing.T) { contention(t, true) })
}

func contention(t *testing.T, cold bool) {
	b := newBed(t)
	b.options = search.Options{FlushRows: 6, FlushAfter: time.Millisecond}
	b.reopen()
	b.define("c", `{"fields":[{"name":"t","type":"text"},{"name":"n","type":"int"},{"name":"half","type":"keyword"}]}`)
	must(t, b.s.Start(background))
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	seed := enginetest.Seed()
	var all sync.WaitGroup
	var searches atomic.Int64
	for w := range 64 {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(w)))
			for ctx.Err() == nil {
				b.contend(rng)
			}
		})
	}
	for i := range 4 {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(100+i)))
			for ctx.Err() == nil && !t.Failed() {
				b.searchContended(rng)
				searches.Add(1)
			}
		})
	}
	began, evicted := time.Now(), 0
	for least, most := began.Add(700*time.Millisecond), began.Add(20*time.Second); time.Now().Before(least) || b.metric("segment_documents_total") == 0 && time.Now().Before(most); {
		if time.Sleep(time.Millisecond); cold && b.s.Evict(b.acme, "c") {
			evicted++
		}
	}
	cancel()
	all.Wait()
	b.searchContended(rand.New(rand.NewPCG(seed, 200))) // loads what is cold: nothing is loaded after the stop
	must(t, b.s.Stop(background))
	t.Logf("%d searches, %v begun anew, %v rows written, %d times put away", searches.Load(), b.metric("retries_total"), b.metric("segment_documents_total"), evicted)
	if cold && evicted == 0 {
		t.Error("it was never put away")
	}
	if b.metric("segment_documents_total") == 0 {
		t.Error("no segment was written")
	}
	b.check()
	b.reopen()
	b.check()
}

// contend writes one or several documents, or deletes one.
func (b *bed) contend(rng *rand.Rand) {
	document := func() string {
		n := rng.IntN(1000)
		return fmt.Sprintf(`{"id":"d%d","t":"common word%d","n":%d,"half":"%s"}`, rng.IntN(contended), n, n, halfOf(n))
	}
	switch rng.IntN(4) {
	case 0:
		r := b.do("DELETE", fmt.Sprintf("/v1/collections/c/documents/d%d", rng.IntN(contended)), "")
		if r.status != 204 && r.status != 404 {
			b.t.Errorf("delete: status %d %s", r.status, r.body)
		}
	case 1:
		if r := b.do("POST", "/v1/collections/c/documents", document()+"\n"+document()+"\n"+document(), lines...); r.status != 200 {
			b.t.Errorf("import: status %d %s", r.status, r.body)
		}
	default:
		if r := b.do("PUT", fmt.Sprintf("/v1/collections/c/documents/d%d", rng.IntN(contended)), fmt.Sprintf(`{"t":"common","n":%d,"half":"%s"}`, 8, halfOf(8))); r.status != 200 && r.status != 201 {
			b.t.Errorf("put: status %d %s", r.status, r.body)
		}
	}
}

func halfOf(n int) string { return []string{"even", "odd"}[n%2] }

// searchContended asks one question in one of all ways, page by page, and
// holds each page against what holds of every state.
func (b *bed) searchContended(rng *rand.Rand) {
	half := halfOf(rng.IntN(2))
	q := map[string]any{
		"q": []string{"common", "", "common word7"}[rng.IntN(3)], "mode": []string{"keyword", "semantic", "hybrid"}[rng.IntN(3)],
		"filter": "half = '" + half + "' and n >= 0", "facets": []string{"half", "n"}, "limit": []int{3, 100}[rng.IntN(2)],
		"exact": rng.IntN(2) == 0, "highlight": rng.IntN(2) == 0, "explain": rng.IntN(3) == 0,
	}
	if rng.IntN(3) == 0 {
		q["sort"] = []string{"-n"}
	}
	for {
		r := b.do("POST", "/v1/collections/c/search", jsonOf(q))
		if r.status != 200 {
			b.t.Errorf("%s: status %d %s", jsonOf(q), r.status, r.body)
			return
		}
		var f found
		r.into(&f)
		ids, last := map[string]bool{}, 1e9
		for _, h := range f.Hits {
			n := h.Document["n"].(float64)
			if ids[h.ID] || h.Document["half"] != half || halfOf(int(n)) != half || q["sort"] != nil && n > last {
				b.t.Errorf("%s: hit %s %v, twice, out of order or not of the filter, in %s", jsonOf(q), h.ID, h.Document, f.ids())
			}
			ids[h.ID], last = true, n
		}
		counted := 0
		for _, c := range f.Facets["half"] {
			counted += c.Count
		}
		if counted != f.Found || f.Found > contended || q["cursor"] == nil && len(f.Hits) != min(f.Found, q["limit"].(int)) {
			b.t.Errorf("%s: %d hits, %d found, facets of %d", jsonOf(q), len(f.Hits), f.Found, counted)
		}
		if f.Next == nil {
			return
		}
		q["cursor"] = *f.Next
	}
}
