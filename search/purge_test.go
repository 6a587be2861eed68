package search_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quintet/engine"
)

func TestPurgeRoute(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"title","type":"text"},{"name":"n","type":"int"}]}`)
	b.post("c", `{"id":"a","title":"`+strings.Repeat("winter coat ", 20)+`","n":1}`, `{"id":"b","title":"winter","n":2}`, `{"id":"c","n":3}`)
	f := func(name, query string, status int, texts ...string) scenario {
		return scenario{name, "DELETE", "collections/c/documents" + query, "", nil, status, texts}
	}
	b.run(t, []scenario{
		f("ErrNoFilter", "", 422, "filter_missing"),
		f("ErrBlank", "?filter=%20", 422, "filter_missing"),
		f("ErrBlankDry", "?filter=&dry_run=true", 422, "filter_missing"),
		f("ErrFilter", "?filter=m%3D1", 422, "invalid_filter", "query.filter: at character 1"),
		f("ErrDry", "?filter=n%3D1&dry_run=yes", 422, "query.dry_run"),
		{"ErrNone", "DELETE", "collections/none/documents?filter=n%3D1", "", nil, 404, []string{"collection_not_found"}},
		{"ErrOtherTenant", "DELETE", "collections/c/documents?filter=n%3D1", "", []string{"Test-Tenant", "globex"}, 404, nil},
		f("OKDry", "?filter=n%3C3&dry_run=true", 200, `{"matched":2}`),
		f("OK", "?filter=n%3C3&dry_run=false", 200, `{"deleted":2}`),
		f("OKNothingLeft", "?filter=n%3C3", 200, `{"deleted":0}`),
		{"OKGone", "GET", "collections/c/documents/a", "", nil, 404, []string{"document_not_found"}},
		{"OKOther", "GET", "collections/c/documents/c", "", nil, 200, nil},
	})
	b.wantIDs("c", `{}`, "c")
	if n := b.metric("documents_deleted_total"); n != 2 {
		t.Errorf("%v documents are counted", n)
	}
	b.check()
}

// TestPurgeStops holds what becomes of a purge that something comes between:
// what was written again stays, and a fault says what is done.
func TestPurgeStops(t *testing.T) {
	b := newBed(t)
	fill := func() {
		var lines []string
		for i := range 100 {
			lines = append(lines, fmt.Sprintf(`{"id":"d%d","n":1}`, i))
		}
		b.post("c", lines...)
	}
	const left = 20 // after the first slice of 80
	b.define("c", `{"fields":[{"name":"n","type":"int"}]}`)
	fill()
	deleted, err := b.s.Purge(background, b.acme, "c", "n = 1", func() {
		for _, h := range b.search("c", `{"limit":100}`).Hits {
			b.do("PUT", "/v1/collections/c/documents/"+h.ID, `{"n":1}`).want(200)
		}
	})
	if err != nil || deleted != 100-left || b.search("c", `{}`).Found != left {
		t.Errorf("%d were deleted: %v", deleted, err)
	}
	b.check()

	fill()
	ctx, cancel := context.WithCancel(background)
	if deleted, err = b.s.Purge(ctx, b.acme, "c", "n = 1", cancel); !errors.Is(err, context.Canceled) || deleted != 100-left {
		t.Errorf("%d were deleted: %v", deleted, err)
	}
	fill()
	_, err = b.s.Purge(background, b.acme, "c", "n = 1", func() { b.do("DELETE", "/v1/collections/c", "").want(204) })
	if own, ok := errors.AsType[*engine.Error](err); !ok || own.Code != "collection_not_found" || !strings.Contains(own.Detail, "80 documents were deleted before") {
		t.Errorf("the purge of a deleted collection failed with %v", err)
	}
}

// TestPurgeRaces deletes documents that are written again all the time: what is
// deleted is gone as a whole, and what stands stands as a whole.
func TestPurgeRaces(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"n","type":"int"}]}`)
	ctx, cancel := context.WithCancel(background)
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			if status := b.do("PUT", fmt.Sprintf("/v1/collections/c/documents/d%d", i%3), `{"n":1}`).status; status != 200 && status != 201 {
				t.Errorf("a write is answered %d", status)
				return
			}
		}
	})
	for deleted := 0; deleted < 100 && !t.Failed(); {
		n, err := b.s.Purge(background, b.acme, "c", "n = 1", func() {})
		must(t, err)
		deleted += n
	}
	cancel()
	writer.Wait()
	b.check()
}

// TestPurgePatience holds that the connection of a long purge is kept.
func TestPurgePatience(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.post("c", `{"n":1}`)
	c, began := &conn{}, time.Now()
	must(t, b.send(c, "DELETE", "/v1/collections/c/documents?filter=n%3D1", ""))
	if c.Code != 200 || c.deadline.Before(began.Add(time.Minute)) {
		t.Errorf("status %d, written until %v", c.Code, c.deadline)
	}
}

// purge deletes by a random filter, of both.
func (b *bed) purge(t *rapid.T, n *naive) {
	c := drawCondition(t, 2)
	matched := 0
	for id, d := range n.documents {
		if c.pass(d.members) {
			matched++
			delete(n.documents, id)
		}
	}
	n.dirty = n.dirty || matched > 0
	path := "/v1/collections/c/documents?filter=" + url.QueryEscape(c.text)
	b.do("DELETE", path+"&dry_run=true", "").want(200, fmt.Sprintf(`{"matched":%d}`, matched))
	b.do("DELETE", path, "").want(200, fmt.Sprintf(`{"deleted":%d}`, matched))
}
