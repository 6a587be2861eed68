package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// acknowledged are the batches of an import that the server said it has.
type acknowledged struct {
	mu      sync.Mutex
	next    int // batch
	batches []int
	killed  bool
}

func (a *acknowledged) take() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.next++
	return a.next - 1
}

// note keeps a batch that was acknowledged. When there are enough it kills the
// server; what fails after that is meant to. It reports that the load is over.
func (a *acknowledged) note(batch int, failed error, enough int, kill func() error) (over bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if failed == nil {
		a.batches = append(a.batches, batch)
	}
	switch {
	case a.killed:
		return true, nil
	case failed != nil:
		return true, failed
	case len(a.batches) >= enough:
		a.killed = true
		return true, kill()
	}
	return false, nil
}

// benchRestart kills the server while it has more imports in hand, and starts
// it again.
func benchRestart(ctx context.Context, b *bench) error {
	g, err := generate()
	if err != nil {
		return err
	}
	if err := b.define(ctx, titleOnly); err != nil {
		return err
	}
	size := b.importBatch(200)
	acked, err := b.killInLoad(ctx, g, size)
	if err != nil {
		return err
	}
	promised := float64(len(acked.batches) * size)
	b.add("acknowledged", promised, "documents", nil)
	began := time.Now()
	if err := b.server.start(ctx); err != nil {
		return err
	}
	b.add("start to ready", time.Since(began).Seconds(), "s", nil)
	w, err := dialWire(ctx, b.server.addr, b.server.key)
	if err != nil {
		return err
	}
	defer w.Close()
	if _, err := w.want("POST", searchSearch, g.query(0, "keyword")); err != nil {
		return err
	}
	b.add("start to the first answer", time.Since(began).Seconds(), "s", atMost(2))
	return b.lookForAll(ctx, w, acked, size)
}

// killInLoad imports until the collection is full, and then kills the server
// from within: the other connections are in the middle of theirs.
func (b *bench) killInLoad(ctx context.Context, g *generated, size int) (*acknowledged, error) {
	a := &acknowledged{}
	_, err := b.server.connected(ctx, 4, func(ctx context.Context, w *wire, _ time.Time) ([]time.Duration, error) {
		for over := false; !over; {
			batch := a.take()
			err := w.wantLines(searchDocuments, batches(batch*size, size, size, g.document)[0])
			if over, err = a.note(batch, err, b.settings.Documents/size, b.server.kill); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	return a, err
}

// restartSample is how many documents are looked for one by one.
const restartSample = 1_000

// lookForAll counts what an acknowledgement promised and is not there, and what
// the model had to do again.
func (b *bench) lookForAll(ctx context.Context, w *wire, a *acknowledged, size int) error {
	state, err := b.collection(ctx)
	if err != nil {
		return err
	}
	b.add("documents", float64(state.Documents), "documents", everywhereAtLeast(float64(len(a.batches)*size)))
	r := draws(streamTexts, 0)
	lost := 0
	for range restartSample {
		path := searchDocuments + "/" + documentID(a.batches[r.IntN(len(a.batches))]*size+r.IntN(size))
		status, answer, err := w.do("GET", path, "", nil)
		if err == nil && status == http.StatusNotFound {
			lost++
		} else if _, err = wanted("GET", path)(status, answer, err); err != nil {
			return err
		}
	}
	b.add(fmt.Sprintf("lost of %d looked for", restartSample), float64(lost), "documents", everywhereAtMost(0))
	again, err := b.server.metric(ctx, "quintet_search_texts_embedded_total")
	b.add("embedded again", again, "texts", everywhereAtMost(0))
	return err
}
