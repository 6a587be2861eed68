package main

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"time"
)

func searchMeasures() []benchPlan {
	return []benchPlan{
		{"index", "documents with words and columns alone, as NDJSON on 4 connections", benchIndex},
		{"index-vectors", "a fifth of the documents, with vectors of 384 dimensions that they carry", benchIndexVectors},
		{"index-model", "documents of 128 tokens that the model embeds, and as many texts embedded alone, by turns", benchIndexModel},
		{"search", "searches on 16 connections; of each document the title is embedded", benchSearch},
		{"restart", "kill -9 while documents are imported, and what is there afterwards", benchRestart},
	}
}

const (
	searchCollection = "/v1/collections/bench"
	searchDocuments  = searchCollection + "/documents"
	searchSearch     = searchCollection + "/search"
)

// The fields of the documents that generated makes.
const searchFields = `{"name":"title","type":"text"},{"name":"text","type":"text"},{"name":"kind","type":"keyword"},{"name":"year","type":"int"}`

const (
	columnsOnly = `{"fields":[` + searchFields + `],"embed":[]}`
	titleOnly   = `{"fields":[` + searchFields + `],"embed":["title"]}`
	carried     = `{"fields":[{"name":"text","type":"text"},{"name":"place","type":"vector(384)"}],"embed":[]}`
	embedded    = `{"fields":[{"name":"text","type":"text"}],"embed":["text"]}`
)

// define makes the collection of a measure.
func (b *bench) define(ctx context.Context, definition string) error {
	w, err := dialWire(ctx, b.server.addr, b.server.key)
	if err != nil {
		return err
	}
	defer w.Close()
	_, err = w.want("PUT", searchCollection, definition)
	return err
}

// batches makes the bodies of an import of the documents from first on.
func batches(first, documents, size int, line func([]byte, int) []byte) (bodies [][]byte) {
	for i := range documents {
		if i%size == 0 {
			bodies = append(bodies, nil)
		}
		last := len(bodies) - 1
		bodies[last] = line(bodies[last], first+i)
	}
	return bodies
}

// load imports bodies that were made before, so that making them costs the
// server nothing, and notes how many of the documents it took in a second, and
// how long the server computed for each, which other programs change little.
func (b *bench) load(ctx context.Context, bodies [][]byte, documents int, bar *benchBar) error {
	before, unknown := b.server.cpu()
	t, err := b.server.importAll(ctx, searchDocuments, bodies)
	if err != nil {
		return err
	}
	b.add("rate", float64(documents)/t.elapsed.Seconds(), "documents/s", bar)
	if after, err := b.server.cpu(); err == nil && unknown == nil {
		b.add("computing", float64((after-before).Microseconds())/float64(documents), "µs/document", nil)
	}
	b.addTimes(fmt.Sprintf("batch of %d", bytes.Count(bodies[0], []byte("\n"))), t.calls, nil, nil, nil)
	return nil
}

// importBatch is how many documents one request carries.
func (b *bench) importBatch(most int) int { return max(min(most, b.settings.Documents/20), 1) }

func benchIndex(ctx context.Context, b *bench) error {
	g, err := generate()
	if err != nil {
		return err
	}
	if err := b.define(ctx, columnsOnly); err != nil {
		return err
	}
	n := b.settings.Documents
	return b.load(ctx, batches(0, n, b.importBatch(1_000), g.document), n, atLeast(15_000))
}

func benchIndexVectors(ctx context.Context, b *bench) error {
	g, err := generate()
	if err != nil {
		return err
	}
	if err := b.define(ctx, carried); err != nil {
		if why, is := lacks(err); is {
			b.skip("vectors", why)
			return nil
		}
		return err
	}
	n := max(b.settings.Documents/5, 1)
	return b.load(ctx, batches(0, n, b.importBatch(1_000), g.vectorDocument), n, atLeast(1_500))
}

// modelRounds is how often texts and documents take turns, so that both see the
// same minute of the machine.
const modelRounds = 4

// benchIndexModel compares an import with the model alone, as /v1/embeddings
// gives it to as many connections.
func benchIndexModel(ctx context.Context, b *bench) error {
	g, err := generate()
	if err != nil {
		return err
	}
	if err := b.define(ctx, embedded); err != nil {
		return err
	}
	round := max(b.settings.Embedded/modelRounds, 1)
	batch := max(min(round/(2*runtime.NumCPU()), 32), 1) // a slow processor has to answer all connections in time
	var alone, imported time.Duration
	texts := 0
	for i := range modelRounds {
		n := (round + batch - 1) / batch
		t, err := b.server.each(ctx, n, func(w *wire, j int) error {
			body, err := g.embeddings(i*n+j, batch)
			if err == nil {
				_, err = wanted("POST", "/v1/embeddings")(w.do("POST", "/v1/embeddings", "application/json", body))
			}
			return err
		})
		if err != nil {
			return err
		}
		alone, texts = alone+t.elapsed, texts+n*batch
		if t, err = b.server.importAll(ctx, searchDocuments, batches(i*round, round, batch, g.modelDocument)); err != nil {
			return err
		}
		imported += t.elapsed
	}
	model, rate := float64(texts)/alone.Seconds(), float64(round*modelRounds)/imported.Seconds()
	b.add("the model alone", model, "texts/s", nil)
	b.add("rate", rate, "documents/s", nil)
	b.add("of the model's rate", rate/model, "x", everywhereAtLeast(0.8))
	return nil
}
