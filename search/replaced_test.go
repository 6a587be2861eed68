package search_test

import (
	"context"
	"strings"
	"testing"

	"quintet/search"
	"quintet/search/embed"
)

// disturbed is an embedder before which something happens: first, before what
// comes first, and each before every query.
type disturbed struct {
	search.Embedder
	first, each func()
}

func (d *disturbed) Embed(ctx context.Context, texts []string) ([][]float32, []int, error) {
	d.disturb()
	if d.each != nil {
		d.each()
	}
	return d.Embedder.Embed(ctx, texts)
}

func (d *disturbed) EmbedPassages(ctx context.Context, passages []embed.Passage) ([][]float32, error) {
	d.disturb()
	return d.Embedder.EmbedPassages(ctx, passages)
}

func (d *disturbed) disturb() {
	if first := d.first; first != nil {
		d.first = nil
		first()
	}
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

// TestSliceReadAnew holds that a slice of an import which is read anew, because
// the collection has changed, keeps the vectors that were made already.
func TestSliceReadAnew(t *testing.T) {
	model := &disturbed{Embedder: &fake{}}
	b := newBed(t)
	b.options.Embedder = model
	b.reopen()
	b.define("c", `{}`)
	model.first = func() { b.do("PUT", "/v1/collections/c/documents/b", `{"tags":["x"]}`).want(201) }
	b.post("c", `{"id":"a","t":"`+strings.Repeat("winter coat ", 20)+`","tags":[]}`)
	b.check()
	b.do("GET", "/v1/collections/c/export?vectors=true&filter=t%20exists%20or%20not%20tags%20exists", "").want(200, `"passages":"`)
}
