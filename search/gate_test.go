package search_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"quintet/engine"
	"quintet/search"
	"quintet/search/embed"
)

// turnstile notes which texts the model is given, in order, and lets one turn
// after another through.
type turnstile struct {
	fake
	pass chan struct{}
	mu   sync.Mutex
	seen []string // the first text of each turn
}

func (m *turnstile) EmbedPassages(ctx context.Context, passages []embed.Passage) ([][]float32, error) {
	vectors, _, err := m.Embed(ctx, textsOf(passages))
	return vectors, err
}

func (m *turnstile) Embed(ctx context.Context, texts []string) ([][]float32, []int, error) {
	m.mu.Lock()
	m.seen = append(m.seen, texts[0])
	m.mu.Unlock()
	<-m.pass
	return m.fake.Embed(ctx, texts)
}

// next lets one turn through and returns the text that comes in for it.
func (m *turnstile) next() string {
	m.pass <- struct{}{}
	synctest.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen[len(m.seen)-1]
}

// queue is a bed whose model is a turnstile, and the requests that wait for it.
type queue struct {
	*bed
	model   *turnstile
	waiting sync.WaitGroup
}

func newQueue(t *testing.T) *queue {
	b := newBed(t)
	b.close()
	q := &queue{bed: b, model: &turnstile{pass: make(chan struct{})}}
	b.options = search.Options{Embedder: q.model}
	b.open()
	for _, tenant := range []string{"acme", "globex"} {
		b.do("PUT", "/v1/collections/c", `{}`, "Test-Tenant", tenant).want(201)
	}
	return q
}

// call sends a request of a tenant and returns when it waits for the model.
func (q *queue) call(tenant, path, body string) {
	q.waiting.Go(func() {
		if r := q.do("POST", "/v1/collections/c/"+path, body, "Test-Tenant", tenant); r.status != 200 {
			q.t.Errorf("%s: %s %d\n%s", tenant, r.call, r.status, r.body)
		}
	})
	synctest.Wait()
}

func (q *queue) ask(tenant, text string) {
	q.call(tenant, "search", `{"mode":"semantic","q":"`+text+`"}`)
}

// end lets everybody through.
func (q *queue) end() {
	close(q.model.pass)
	q.waiting.Wait()
}

// TestTenantsInTurn lets one tenant queue many queries: another's one is next.
func TestTenantsInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		defer q.end()
		for range q.s.Places() + 30 {
			q.ask("acme", "many")
		}
		q.ask("globex", "first")
		q.ask("globex", "second")
		for n, want := range []string{"first", "many", "second", "many", "many"} {
			if got := q.model.next(); got != want {
				t.Fatalf("turn %d is %q, expected was %q", n, got, want)
			}
		}
	})
}

// TestTooManySearches fills the queue of one tenant: it alone is told so.
func TestTooManySearches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		defer q.end()
		for range q.s.Places() + 63 {
			q.ask("acme", "many")
		}
		given, leave := context.WithCancel(background)
		gone := make(chan error, 1)
		go func() {
			_, err := q.s.Search(given, q.acme, "c", search.Query{Q: "gone"})
			gone <- err
		}()
		synctest.Wait()
		q.do("POST", "/v1/collections/c/search", `{"q":"hybrid"}`).want(429, "too_many_searches")
		_, err := q.s.Search(background, q.acme, "c", search.Query{Q: "semantic", Mode: "semantic"})
		if own, ok := errors.AsType[*engine.Error](err); !ok || own.Kind != engine.Busy || own.RetryAfter <= 0 {
			t.Errorf("one more answered %v", err)
		}
		q.do("POST", "/v1/collections/c/search", `{"q":"words","mode":"keyword"}`).want(200)
		q.ask("globex", "another")
		leave()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("who left was answered %v", err)
		}
		q.ask("acme", "room again")
		if got := q.model.next(); got != "another" {
			t.Errorf("%q is next, expected was the other tenant's", got)
		}
	})
}

// TestImportsGoOn holds that queries come first, and that endless ones do not
// hold an import up for ever.
func TestImportsGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		defer q.end()
		for range q.s.Places() {
			q.ask("acme", "before")
		}
		q.call("globex", "documents", `[{"t":"import one"},{"t":"import two"}]`)
		for n := range 40 {
			q.ask("acme", fmt.Sprint("query ", n))
		}
		var order []string
		for range 40 {
			order = append(order, q.model.next())
		}
		if at := slices.Index(order, "import one"); at != 16 {
			t.Errorf("the import is turn %d, expected was it after 16 queries: %q", at, order)
		}
	})
}
