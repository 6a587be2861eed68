package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// searchConnections send the searches.
const searchConnections = 16

// questions are searches of which no two are the same, so that no cache answers
// for the index.
type questions struct {
	text *generated
	next atomic.Int64
}

// ask returns a call that sends the next question.
func (q *questions) ask(mode string) func(*wire) error {
	return func(w *wire) error {
		answer, err := w.want("POST", searchSearch, q.text.query(int(q.next.Add(1)), mode))
		if err == nil && bytes.Contains(answer, []byte(`"degraded":true`)) {
			err = errors.New("a hybrid search was answered by keywords alone")
		}
		return err
	}
}

// benchSearch loads the collection, searches it at once, and again when its
// index has come to rest.
func benchSearch(ctx context.Context, b *bench) error {
	g, err := generate()
	if err != nil {
		return err
	}
	if err := b.define(ctx, titleOnly); err != nil {
		return err
	}
	n := b.settings.Documents
	if err := b.load(ctx, batches(0, n, b.importBatch(200), g.document), n, nil); err != nil {
		return err
	}
	b.memory()
	return b.searchTwice(ctx, &questions{text: g})
}

// searchTwice searches while the index is in many segments, if it is, and when
// it is in one.
func (b *bench) searchTwice(ctx context.Context, q *questions) error {
	state, err := b.collection(ctx)
	if err != nil {
		return err
	}
	if state.Segments == nil {
		b.skip("segments", "the collection does not tell them, so its index counts as settled")
	} else {
		b.add("segments after the load", float64(*state.Segments), "segments", nil)
		if *state.Segments > 1 {
			if err := b.searches(ctx, "unmerged", q); err != nil {
				return err
			}
		}
		if err := b.settle(ctx); err != nil {
			return err
		}
	}
	return b.searches(ctx, "settled", q)
}

// searches sends each mode at a steady rate, and then as fast as it is answered.
func (b *bench) searches(ctx context.Context, state string, q *questions) error {
	for _, load := range []struct {
		mode     string
		rate     float64
		p50, p99 *benchBar
	}{
		{"keyword", 500, nil, atMost(10)},
		{"hybrid", 200, atMost(5), atMost(30)},
	} {
		name := fmt.Sprintf("%s: %.0f %s/s", state, load.rate, load.mode)
		t, left, err := b.server.steadily(ctx, searchConnections, load.rate, b.settings.time(), q.ask(load.mode))
		if err != nil {
			return err
		}
		b.add(name+", answered", float64(len(t.calls)-left)/t.elapsed.Seconds(), "searches/s", nil)
		b.addTimes(name, t.calls, load.p50, load.p99, nil)
	}
	for _, mode := range []string{"keyword", "semantic", "hybrid"} {
		t, err := b.server.drive(ctx, searchConnections, b.inTime, q.ask(mode))
		if err != nil {
			return err
		}
		b.add(state+": "+mode+" saturated", t.perSecond(1), "searches/s", nil)
	}
	return nil
}

// steadily makes calls at a rate in an open loop: each is due at its time,
// whether or not those before it are answered, and takes from then on. So a
// server that stalls pays for the calls that had to wait (Tene's coordinated
// omission). After twice the length no more are sent; left are those, and count
// with the time for which they had waited.
func (s *benchServer) steadily(ctx context.Context, n int, rate float64, length time.Duration, call func(*wire) error) (t times, left int, err error) {
	var next, unsent atomic.Int64
	calls := max(int64(rate*length.Seconds()), 1)
	t, err = s.connected(ctx, n, func(ctx context.Context, w *wire, began time.Time) (took []time.Duration, err error) {
		for i := next.Add(1) - 1; i < calls; i = next.Add(1) - 1 {
			due := began.Add(time.Duration(float64(i) / rate * float64(time.Second)))
			if err := pause(ctx, time.Until(due)); err != nil {
				return took, err
			}
			if time.Since(began) > 2*length {
				unsent.Add(1)
			} else if err := call(w); err != nil {
				return took, err
			}
			took = append(took, time.Since(due))
		}
		return took, nil
	})
	return t, int(unsent.Load()), err
}

// collectionState is what a collection tells of itself.
type collectionState struct {
	Documents int
	Segments  *int // nil = it does not tell
}

func (b *bench) collection(ctx context.Context) (state collectionState, err error) {
	w, err := dialWire(ctx, b.server.addr, b.server.key)
	if err != nil {
		return state, err
	}
	defer w.Close()
	answer, err := w.want("GET", searchCollection, "")
	if err == nil {
		err = json.Unmarshal(answer, &state)
	}
	return state, err
}

// settleTime is how long an index that is left alone may take to become one
// segment.
const settleTime = 2 * time.Minute

func (b *bench) settle(ctx context.Context) error {
	began := time.Now()
	for {
		state, err := b.collection(ctx)
		if err != nil {
			return err
		}
		if passed := time.Since(began); *state.Segments <= 1 || passed > settleTime {
			b.add("to one segment", passed.Seconds(), "s", atMost(settleTime.Seconds()))
			b.add("segments then", float64(*state.Segments), "segments", nil)
			return nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// memory notes what the server holds by itself, and apart from it what it has
// mapped, which the system takes back as it needs.
func (b *bench) memory() {
	for _, part := range []struct {
		name string
		bar  *benchBar
	}{{"RssAnon", everywhereAtMost(450)}, {"RssFile", nil}} {
		if bytes, err := b.server.status(part.name); err != nil {
			b.skip(part.name, "only Linux tells it: "+err.Error())
		} else {
			b.add(part.name, bytes/1e6, "MB", part.bar)
		}
	}
}
