package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const waitingQueues = 10

func waitingQueue(i int) string { return "waiting-" + strconv.Itoa(i%waitingQueues) }

// benchWaiting fills ten queues, reads lists page by page and starts the server
// again.
func benchWaiting(ctx context.Context, b *bench) error {
	if err := b.heap(ctx, "heap of an empty server", nil); err != nil {
		return err
	}
	tagged, err := b.fill(ctx)
	if err != nil {
		return err
	}
	for _, list := range []struct{ name, query string }{
		{"?state=ready", "state=ready"},
		{"?state=scheduled, 1 in 1,000", "state=scheduled"},
		{"?queue=&state=", "state=ready&queue=" + waitingQueue(0)},
		{"?tag=, 1 in 100", "tag=rare"},
	} {
		if strings.HasPrefix(list.query, "tag=") && tagged != nil {
			b.skip(list.name, tagged.Error())
			continue
		}
		if err := b.pages(ctx, list.name, list.query); err != nil {
			return err
		}
	}
	return b.restart(ctx, 2, 200)
}

// benchDelayed starts the server again with many jobs that are due in up to 30
// days, in no order.
func benchDelayed(ctx context.Context, b *bench) error {
	if b.settings.Delayed == 0 {
		b.skip("start to ready", "ask for it: --delayed 10000000 takes minutes, and 1 kB of disk a job")
		return nil
	}
	var body []byte
	plain := strings.TrimSuffix(benchJob, "}")
	batch := min(10_000, b.settings.Delayed/waitingQueues)
	for i := range batch {
		body = fmt.Appendf(body, "%s,\"delay\":\"%ds\"}\n", plain, 3_600+i*7_919%(30*86_400))
	}
	if err := b.enqueueBatches(ctx, body, batch, b.settings.Delayed/batch); err != nil {
		return err
	}
	return b.restart(ctx, 15, 1_000)
}

// enqueueBatches spreads the same batch over the queues again and again.
func (b *bench) enqueueBatches(ctx context.Context, body []byte, batch, times int) error {
	var next atomic.Int64
	t, err := b.server.drive(ctx, 4, func(time.Duration) bool { return next.Load() < int64(times) }, func(w *wire) error {
		if i := next.Add(1) - 1; i < int64(times) {
			return w.wantLines(jobsOf(waitingQueue(int(i))), body)
		}
		return nil
	})
	b.add(fmt.Sprintf("NDJSON of %d on 4 connections", batch), float64(batch*times)/t.elapsed.Seconds(), "jobs/s", nil)
	return err
}

// fill enqueues jobs in batches. One in a thousand waits for its time, and one
// in a hundred has a tag, unless the server says that it has no tags: then
// tagged tells its answer.
func (b *bench) fill(ctx context.Context) (tagged, err error) {
	w, err := dialWire(ctx, b.server.addr, b.server.key)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	plain := strings.TrimSuffix(benchJob, "}")
	withTag := plain + `,"tags":["rare"]}`
	if _, err = w.want("POST", "/v1/queues/"+waitingQueue(0)+"/jobs", withTag); err == nil {
		_, err = w.want("GET", "/v1/jobs?tag=rare", "")
	}
	if why, is := lacks(err); is {
		tagged, withTag = errors.New(why), benchJob
	} else if err != nil {
		return nil, err
	}
	var body []byte
	batch := min(10_000, b.settings.Jobs/waitingQueues)
	for i := range batch {
		switch {
		case i%1_000 == 0:
			body = append(body, plain+`,"delay":"24h"}`...)
		case i%100 == 1:
			body = append(body, withTag...)
		default:
			body = append(body, benchJob...)
		}
		body = append(body, '\n')
	}
	return tagged, b.enqueueBatches(ctx, body, batch, b.settings.Jobs/batch)
}

// pages reads a list of 100 a page, ten pages deep and again from its begin.
func (b *bench) pages(ctx context.Context, name, query string) error {
	cursor, depth := "", 0
	t, err := b.server.drive(ctx, 1, b.inTime, func(w *wire) error {
		path := "/v1/jobs?limit=100&" + query
		if depth %= 10; depth > 0 && cursor != "" {
			path += "&cursor=" + url.QueryEscape(cursor)
		}
		answer, err := w.want("GET", path, "")
		if err == nil && !bytes.Contains(answer, []byte(`"id"`)) {
			err = fmt.Errorf("GET %s finds nothing", path)
		}
		cursor, depth = text(answer, "next"), depth+1
		return err
	})
	if err != nil {
		return err
	}
	slices.Sort(t.calls)
	b.add(name+" page p50", milliseconds(quantile(t.calls, 0.5)), "ms", atMost(50))
	b.add(name+" page max", milliseconds(t.calls[len(t.calls)-1]), "ms", atMost(50))
	return nil
}

// restart stops the server and starts it again over the same jobs. It may take
// so many seconds until it is ready, and then use so many MB of heap.
func (b *bench) restart(ctx context.Context, seconds, heap float64) error {
	before, err := b.waiting(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := b.server.stop(); err != nil {
		return err
	}
	b.add("stop", time.Since(began).Seconds(), "s", nil)
	began = time.Now()
	if err := b.server.start(ctx); err != nil {
		return err
	}
	b.add("start to ready", time.Since(began).Seconds(), "s", atMost(seconds))
	after, err := b.waiting(ctx)
	if err == nil && after != before {
		err = fmt.Errorf("%d jobs waited before the restart, and %d after it", before, after)
	}
	b.add("jobs waiting", float64(after), "jobs", nil)
	return errors.Join(err, b.heap(ctx, "heap in use", everywhereAtMost(heap)))
}

// waiting counts the jobs that are ready or scheduled.
func (b *bench) waiting(ctx context.Context) (jobs int, err error) {
	w, err := dialWire(ctx, b.server.addr, b.server.key)
	if err != nil {
		return 0, err
	}
	defer w.Close()
	for i := range waitingQueues {
		for _, state := range []string{"ready", "scheduled"} {
			n, err := w.count(waitingQueue(i), state)
			if err != nil {
				return 0, err
			}
			jobs += n
		}
	}
	return jobs, nil
}

// heap reads the Go heap from the server's metrics.
func (b *bench) heap(ctx context.Context, name string, bar *benchBar) error {
	bytes, err := b.server.metric(ctx, "go_memstats_heap_inuse_bytes")
	b.add(name, bytes/1e6, "MB", bar)
	return err
}
