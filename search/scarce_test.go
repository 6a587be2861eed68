package search_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"quintet/search"
)

// TestMemoryOfLoads has many collections loaded at the same time, which do not
// fit into memory together: those that are on their way count.
func TestMemoryOfLoads(t *testing.T) {
	b := newBed(t)
	const collections = 8
	for c := range collections {
		b.crowd(fmt.Sprint("c", c), 200)
		must(t, b.s.Merge(background, b.acme, fmt.Sprint("c", c)))
	}
	one := b.listed("c0").Memory
	b.options.Memory = 2 * one
	b.reopen()
	admitted := 0
	for c := range collections {
		if b.s.BeginLoad(b.acme, fmt.Sprint("c", c), one) == nil {
			admitted++
		}
	}
	if admitted != 2 {
		t.Errorf("%d indexes of %d bytes are loaded into %d at the same time", admitted, one, b.options.Memory)
	}
}

// TestMemoryOfFill loads a collection that has no segments, and does not fit.
func TestMemoryOfFill(t *testing.T) {
	b := newBed(t)
	b.crowd("c", 1_000)
	one := b.listed("c").Memory
	b.options.Memory = one / 4
	b.reopen()
	b.do("POST", "/v1/collections/c/search", `{"q":"winter"}`).want(507, "index_memory_full", "collection c")
	b.do("GET", "/v1/collections/c/documents/7", "").want(200, "c7")
	b.options.Memory = 2 * one
	b.reopen()
	b.wantIDs("c", `{"q":"c7","mode":"keyword"}`, "7")
	b.check()
}

// TestLookingWaitsForNobody holds that who looks what indexes take does not wait
// for a search that takes long, and a change that waits for that.
func TestLookingWaitsForNobody(t *testing.T) {
	b := newBed(t)
	b.crowd("c", 10)
	release := b.s.OccupyIndex(b.acme, "c")
	defer release()
	done := make(chan struct{})
	go func() { b.s.Trim(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Error("it waits for the search")
	}
}

// TestLoadsOfOthers holds that a tenant which loads as many indexes as it may
// waits for the next, and no other tenant does.
func TestLoadsOfOthers(t *testing.T) {
	b := newBed(t)
	b.crowd("c", 10)
	b.do("PUT", "/v1/collections/own", `{"embed":[]}`, "Test-Tenant", "globex").want(201)
	b.do("PUT", "/v1/collections/own/documents/a", `{"title":"winter"}`, "Test-Tenant", "globex").want(201)
	b.reopen()
	release := b.s.OccupyLoads(b.acme)
	ctx, cancel := context.WithTimeout(background, 20*time.Millisecond)
	defer cancel()
	if _, err := b.s.Search(ctx, b.acme, "c", search.Query{Q: "winter"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a third index is loaded beside two: %v", err)
	}
	b.do("POST", "/v1/collections/own/search", `{"q":"winter"}`, "Test-Tenant", "globex").want(200, `"found":1`)
	release()
	b.wantIDs("c", `{"q":"c7","mode":"keyword"}`, "7")
}

// crowd makes a collection of so many small documents without vectors.
func (b *bed) crowd(name string, documents int) {
	b.t.Helper()
	b.define(name, `{"embed":[]}`)
	for from := 0; from < documents; from += 500 {
		var lines []string
		for i := from; i < min(from+500, documents); i++ {
			lines = append(lines, fmt.Sprintf(`{"id":"%d","title":"%s%d winter"}`, i, name, i))
		}
		b.post(name, lines...)
	}
}
