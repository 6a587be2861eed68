package search_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"quintet/search"
)

// ending is a context that ends when it was asked so many times whether it has.
type ending struct {
	context.Context
	after int64
	asked atomic.Int64
}

func (e *ending) Done() <-chan struct{} { return nil }

func (e *ending) Err() error {
	if e.asked.Add(1) > e.after {
		return context.Canceled
	}
	return nil
}

// TestSearchEnds holds that a search which looks at many vectors many times is
// ended when nobody waits for it any more.
func TestSearchEnds(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	var words []string
	for i := range 800 {
		words = append(words, fmt.Sprint("word", i))
	}
	b.post("c", fmt.Sprintf(`{"id":"long","title":"%s"}`, strings.Join(words, " ")), `{"id":"short","title":"word7"}`)
	similar := func(after int64) (asked int64, err error) {
		ctx := &ending{Context: background, after: after}
		_, err = b.s.Similar(ctx, b.acme, "c", search.SimilarQuery{ID: "long", Exact: true})
		return ctx.asked.Load(), err
	}
	all, err := similar(1_000_000)
	must(t, err)
	if all < 32 {
		t.Fatalf("it asked %d times whether it goes on, for 32 passages", all)
	}
	if _, err := similar(all / 2); !errors.Is(err, context.Canceled) {
		t.Errorf("it was ended, and answered with %v", err)
	}
}
