package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	besideP99 = 20  // ms, of a call beside heavy work
	besideMax = 100 // ms
)

func benchBesideBulk(ctx context.Context, b *bench) error {
	const batch = 10_000
	body := lines(batch)
	var bulk times
	single, err := b.server.beside(ctx, 16, enqueueInto("single"), func(ctx context.Context) (err error) {
		bulk, err = b.server.drive(ctx, 1, b.inTime, func(w *wire) error { return w.wantLines(jobsOf("bulk"), body) })
		return err
	})
	if err != nil {
		return err
	}
	b.add("bulk rate", bulk.perSecond(batch), "jobs/s", nil)
	b.add("rate", single.perSecond(1), "jobs/s", nil)
	b.addTimes("call", single.calls, nil, atMost(besideP99), atMost(besideMax))
	return nil
}

const finishedQueue = "finished"

// benchBesidePurge purges a tenth of the jobs that other measures have waiting.
func benchBesidePurge(ctx context.Context, b *bench) error {
	w, err := dialWire(ctx, b.server.addr, b.server.key)
	if err != nil {
		return err
	}
	defer w.Close()
	if err := w.finish(1); err != nil { // there must be something for the first purge
		return err
	}
	if _, err := w.want("POST", "/v1/jobs/purge", `{"queue":"`+finishedQueue+`","state":["done"]}`); err != nil {
		if why, is := lacks(err); is {
			b.skip("call", why)
			return nil
		}
		return err
	}
	for left := b.settings.Jobs / 10; left > 0; left -= min(left, 1_000) {
		if err := w.finish(min(left, 1_000)); err != nil {
			return err
		}
	}
	var took time.Duration
	single, err := b.server.beside(ctx, 16, enqueueInto("single"), func(ctx context.Context) error {
		began := time.Now()
		if _, err := w.want("POST", "/v1/jobs/purge", `{"queue":"`+finishedQueue+`","state":["done"]}`); err != nil {
			return err
		}
		if err := w.awaitNone(ctx, finishedQueue, "done"); err != nil {
			return err
		}
		took = time.Since(began)
		return pause(ctx, b.settings.time()-took) // what the purge left behind may still be cleared away
	})
	if err != nil {
		return err
	}
	b.add("purged", float64(b.settings.Jobs/10), "jobs", nil)
	b.add("purge", took.Seconds(), "s", nil)
	b.add("rate", single.perSecond(1), "jobs/s", nil)
	b.addTimes("call", single.calls, nil, atMost(besideP99), atMost(besideMax))
	return nil
}

// finish takes up to 1,000 jobs through their life.
func (w *wire) finish(n int) error {
	if err := w.wantLines(jobsOf(finishedQueue), lines(n)); err != nil {
		return err
	}
	answer, err := w.want("POST", "/v1/queues/"+finishedQueue+"/lease", fmt.Sprintf(`{"limit":%d,"wait":"10s"}`, n))
	if err != nil {
		return err
	}
	type held struct {
		ID    string `json:"id"`
		Token string `json:"token"`
	}
	var leased struct{ Jobs []held }
	if err := json.Unmarshal(answer, &leased); err != nil {
		return err
	}
	if len(leased.Jobs) != n {
		return fmt.Errorf("a lease of %d ready jobs answers %d", n, len(leased.Jobs))
	}
	body, err := json.Marshal(map[string]any{"jobs": leased.Jobs})
	if err != nil {
		return err
	}
	status, answer, err := w.do("POST", "/v1/leases/complete", "application/json", body)
	if status != http.StatusNotFound && status != http.StatusMethodNotAllowed {
		_, err = wanted("POST", "/v1/leases/complete")(status, answer, err)
		return err
	}
	for _, job := range leased.Jobs { // no such route yet
		if _, err := w.want("POST", "/v1/jobs/"+job.ID+"/complete", `{"token":"`+job.Token+`"}`); err != nil {
			return err
		}
	}
	return nil
}

// awaitNone returns once a queue has no jobs in a state.
func (w *wire) awaitNone(ctx context.Context, queue, state string) error {
	for range 6_000 { // two minutes
		n, err := w.count(queue, state)
		if err != nil || n == 0 {
			return err
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("the queue %s still has jobs that are %s after two minutes", queue, state)
}

// count returns how many jobs a queue has in a state.
func (w *wire) count(queue, state string) (int, error) {
	answer, err := w.want("GET", "/v1/queues/"+queue, "")
	if err != nil {
		return 0, err
	}
	var q struct{ Jobs map[string]int }
	err = json.Unmarshal(answer, &q)
	return q.Jobs[state], err
}
