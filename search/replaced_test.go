package search_test

import (
	"context"
	"testing"

	"quintet/search"
)

// disturbed is an embedder before whose queries something happens.
type disturbed struct {
	search.Embedder
	first, each func()
}

func (d *disturbed) Embed(ctx context.Context, texts []string) ([][]float32, []int, error) {
	if first := d.first; first != nil {
		d.first = nil
		first()
	}
	if d.each != nil {
		d.each()
	}
	return d.Embedder.Embed(ctx, texts)
}

// TestReplacedDuringSearch holds that a search which was read by a collection
// is not made in another one that has its name by then.
func TestReplacedDuringSearch(t *testing.T) {
	model := &disturbed{Embedder: &fake{}}
	b := newBed(t)
	b.options.Embedder = model
	b.reopen()
	b.define("c", `{}`)
	b.post("c", `{"id":"a","t":"winter"}`)
	model.first = func() {
		b.do("DELETE", "/v1/collections/c", "").want(204)
		b.define("c", `{"fields":[{"name":"v","type":"vector(2)"}]}`)
		b.post("c", `{"id":"a","v":[1,0]}`)
	}
	b.do("POST", "/v1/collections/c/search", `{"q":"winter"}`).want(409, "collection_changed")
}
