package search_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"quintet/engine"
	"quintet/search"
)

// TestRewritePanics lets a rewrite panic: that costs its own collection a pause,
// and neither the others nor the process.
func TestRewritePanics(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"embed":[]}`)
	b.define("d", `{"embed":[]}`)
	b.post("c", `{"id":"a","title":"winter"}`)
	b.post("d", `{"id":"a","title":"winter"}`)
	b.s.FailNextRewrite(b.acme, "c")
	failed := false
	for done := true; done; {
		var err error
		done, err = b.s.SealOnce(background)
		failed = failed || err != nil
	}
	if !failed {
		t.Error("no rewrite failed")
	}
	if n, m := b.s.Segments(b.acme, "c"), b.s.Segments(b.acme, "d"); n != 0 || m != 1 {
		t.Errorf("they have %d and %d segments, expected were 0 and 1", n, m)
	}
}

// TestRewriteTurns holds that a tenant with many collections and one with few
// have as many turns.
func TestRewriteTurns(t *testing.T) {
	b := newBed(t)
	const many = 10
	for i := range many {
		name := fmt.Sprint("c", i)
		b.define(name, `{"embed":[]}`)
		b.post(name, `{"id":"a","title":"winter"}`)
	}
	b.do("PUT", "/v1/collections/own", `{"embed":[]}`, "Test-Tenant", "globex").want(201)
	b.do("PUT", "/v1/collections/own/documents/a", `{"title":"winter"}`, "Test-Tenant", "globex").want(201)
	sealed := func() (n int) {
		for i := range many {
			n += b.s.Segments(b.acme, fmt.Sprint("c", i))
		}
		return n
	}
	for round := 1; round <= many; round++ {
		if done, err := b.s.SealOnce(background); !done || err != nil {
			t.Fatalf("round %d: %v, %v", round, done, err)
		}
		if n, own := sealed(), b.s.Segments(b.globex, "own"); n != round || own != 1 {
			t.Fatalf("after %d rounds the one has %d segments and the other %d", round, n, own)
		}
	}
}

// TestReindexTurns holds the same of re-indexes.
func TestReindexTurns(t *testing.T) {
	b := newBed(t)
	tenants := append(slices.Repeat([]engine.Tenant{b.acme}, 9), b.globex)
	if taken := search.ReindexTurns(tenants, 20); taken[b.acme] != 10 || taken[b.globex] != 10 {
		t.Errorf("a tenant with 9 re-indexes had %d turns, and one with one %d", taken[b.acme], taken[b.globex])
	}
}

// TestMergesBesideEachOther holds that the small parts of a collection are merged
// while a merge of its large ones is under way, and these with the others when it
// failed.
func TestMergesBesideEachOther(t *testing.T) {
	b := newBed(t)
	b.close()
	b.options = search.Options{FlushRows: 10}
	b.open()
	b.define("c", `{"embed":[]}`)
	fill := func(name string) {
		for part := range 8 {
			var docs []string
			for i := range 10 {
				docs = append(docs, fmt.Sprintf(`{"id":"%s%d-%d","title":"winter"}`, name, part, i))
			}
			b.post("c", docs...)
			_, err := b.s.Maintain(background, 0)
			must(t, err)
		}
	}
	hold := func(segments, found int) {
		t.Helper()
		b.check()
		if n := b.s.Segments(b.acme, "c"); n != segments {
			t.Errorf("%d segments, expected were %d", n, segments)
		}
		if n := b.search("c", `{"q":"winter","mode":"keyword"}`).Found; n != found {
			t.Errorf("%d of %d found", n, found)
		}
	}
	fill("a") // one segment, as all eight are of one size
	release := b.s.OccupyMerge(b.acme, "c")
	fill("b") // another
	hold(2, 160)
	release()
	_, err := b.s.Maintain(background, time.Hour)
	must(t, err)
	hold(1, 160)
}
