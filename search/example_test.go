package search_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"quintet/engine"
	"quintet/search"
	"quintet/search/embed"
)

// Example stores documents and finds one by what it means.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "search-example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	e, err := engine.Open(ctx, engine.Options{Dir: filepath.Join(dir, "data")})
	if err != nil {
		panic(err)
	}
	defer e.Close()
	acme, err := e.Tenants.Create(ctx, "acme", func(*engine.Tx) error { return nil })
	if err != nil {
		panic(err)
	}
	model, err := embed.Open()
	if err != nil {
		panic(err)
	}

	s := search.New(e, search.Options{Embedder: model})
	if err := s.Start(ctx); err != nil {
		panic(err)
	}
	if _, _, err := s.Define(ctx, acme, "products", search.Definition{EmbedAll: true}, ""); err != nil {
		panic(err)
	}
	for _, document := range []string{
		`{"id":"parka","title":"Down parka for cold days","price":180,"tags":["coat"]}`,
		`{"id":"shorts","title":"Shorts for the beach","price":25,"tags":["summer"]}`,
	} {
		if _, _, err := s.Put(ctx, acme, "products", "", []byte(document), search.Condition{}); err != nil {
			panic(err)
		}
	}
	answer, err := s.Search(ctx, acme, "products", search.Query{Q: "warm winter clothes", Filter: "price < 200 and tags in ['coat', 'summer']"})
	if err != nil {
		panic(err)
	}
	for _, hit := range answer.Hits {
		fmt.Println(hit.ID)
	}
	if err := s.Stop(ctx); err != nil {
		panic(err)
	}
	// Output:
	// parka
	// shorts
}
