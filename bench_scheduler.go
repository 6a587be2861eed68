package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"
)

// benchPayload is the length of a job's payload in bytes.
const benchPayload = 200

// benchJob is the job of every load: a JSON string of benchPayload bytes.
var benchJob = `{"payload":"` + strings.Repeat("x", benchPayload-len(`""`)) + `"}`

type benchPlan struct {
	name, title string
	run         func(context.Context, *bench) error
}

func schedulerMeasures() []benchPlan {
	return []benchPlan{
		{"enqueue", "single jobs on 64 connections", benchEnqueue},
		{"bulk", "NDJSON of 1,000 jobs on 4 connections", benchBulk},
		{"life-cycle", "enqueue, lease and complete, each waited for, by producers + workers", benchLifeCycle},
		{"start", "from the begin of an enqueue to the job in the hands of a worker that polls an idle queue", benchStart},
		{"beside-bulk", "single jobs on 16 connections while NDJSON of 10,000 jobs follow each other on another", benchBesideBulk},
		{"beside-purge", "single jobs on 16 connections while finished jobs are purged", benchBesidePurge},
		{"waiting", "lists and a restart with many jobs waiting", benchWaiting},
		{"delayed", "a restart with many more that wait for their time", benchDelayed},
	}
}

// lines repeats a job.
func lines(n int) []byte { return bytes.Repeat([]byte(benchJob+"\n"), n) }

// jobsOf is where the jobs of a queue are sent.
func jobsOf(queue string) string { return "/v1/queues/" + queue + "/jobs" }

func enqueueInto(queue string) func(*wire) error {
	path := jobsOf(queue)
	return func(w *wire) error {
		_, err := w.want("POST", path, benchJob)
		return err
	}
}

func benchEnqueue(ctx context.Context, b *bench) error {
	t, err := b.server.drive(ctx, 64, b.inTime, enqueueInto("single"))
	if err != nil {
		return err
	}
	b.add("rate", t.perSecond(1), "jobs/s", atLeast(10_000))
	b.addTimes("call", t.calls, nil, atMost(15), nil)
	return nil
}

func benchBulk(ctx context.Context, b *bench) error {
	const batch = 1_000
	body := lines(batch)
	t, err := b.server.drive(ctx, 4, b.inTime, func(w *wire) error { return w.wantLines(jobsOf("bulk"), body) })
	if err != nil {
		return err
	}
	b.add("rate", t.perSecond(batch), "jobs/s", atLeast(100_000))
	b.addTimes("batch", t.calls, nil, nil, nil)
	return nil
}

func benchLifeCycle(ctx context.Context, b *bench) error {
	for _, n := range []int{1, 16, 64} {
		queue := fmt.Sprintf("cycle-%d", n)
		rate, err := b.lifeCycle(ctx, queue, n, n, func(done func(int)) func(*wire) error {
			return workOn(queue, func(string) error { return nil }, func() { done(1) })
		})
		if err != nil {
			return err
		}
		b.add(fmt.Sprintf("%d + %d", n, n), rate, "jobs/s", nil)
	}
	rate, err := b.lifeCycle(ctx, "cycle-together", 16, 2, func(done func(int)) func(*wire) error {
		return workTogether("cycle-together", 100, done)
	})
	if err != nil {
		return err
	}
	b.add("16 + 2, 100 jobs a lease", rate, "jobs/s", nil)
	return nil
}

// lifeCycle returns how many jobs workers complete in a second while producers
// enqueue one job a call. At most 50 jobs a producer wait, so that both sides of
// the life are seen in balance. The first quarter of the time does not count.
func (b *bench) lifeCycle(ctx context.Context, queue string, producers, workers int, worker func(done func(int)) func(*wire) error) (rate float64, err error) {
	var produced, done atomic.Int64
	enqueue := enqueueInto(queue)
	produce := func(w *wire) error {
		if produced.Load()-done.Load() >= int64(50*producers) {
			return pause(ctx, time.Millisecond)
		}
		produced.Add(1)
		return enqueue(w)
	}
	work := worker(func(n int) { done.Add(int64(n)) })
	count := func(ctx context.Context) error {
		length := b.settings.time()
		if err := pause(ctx, length/4); err != nil {
			return err
		}
		before, began := done.Load(), time.Now()
		err := pause(ctx, length-length/4)
		rate = float64(done.Load()-before) / time.Since(began).Seconds()
		return err
	}
	_, err = b.server.beside(ctx, workers, work, func(ctx context.Context) error {
		_, err := b.server.beside(ctx, producers, produce, count)
		return err
	})
	return rate, err
}

// workOn leases a job and completes it. Where there is none it waits a little.
func workOn(queue string, leased func(id string) error, completed func()) func(*wire) error {
	path := "/v1/queues/" + queue + "/lease"
	return func(w *wire) error {
		answer, err := w.want("POST", path, `{"limit":1,"wait":"100ms"}`)
		id, token := text(answer, "id"), text(answer, "token")
		if err != nil || id == "" {
			return err
		}
		if err := leased(id); err != nil {
			return err
		}
		if _, err = w.want("POST", "/v1/jobs/"+id+"/complete", `{"token":"`+token+`"}`); err == nil {
			completed()
		}
		return err
	}
}

// workTogether leases many jobs and completes them in one call, as the worker
// of the package client does with what is ready at the same time.
func workTogether(queue string, limit int, completed func(int)) func(*wire) error {
	lease := fmt.Sprintf(`{"limit":%d,"wait":"100ms"}`, limit)
	return func(w *wire) error {
		answer, err := w.want("POST", "/v1/queues/"+queue+"/lease", lease)
		if err != nil {
			return err
		}
		body, n := []byte(`{"jobs":[`), 0
		for id := text(answer, "id"); id != ""; id = text(answer, "id") {
			if n++; n > 1 {
				body = append(body, ',')
			}
			body = fmt.Appendf(body, `{"id":"%s","token":"%s"}`, id, text(answer, "token"))
			_, answer, _ = bytes.Cut(answer, []byte(`"token":"`))
		}
		if n == 0 {
			return nil
		}
		if _, err = w.want("POST", "/v1/leases/complete", string(append(body, "]}"...))); err == nil {
			completed(n)
		}
		return err
	}
}

// benchStart inserts a job every 10 to 20 ms. What it holds to is the disk of
// the same minute: an enqueue and a lease wait for it twice.
func benchStart(ctx context.Context, b *bench) error {
	before, err := syncP50(b.dir)
	if err != nil {
		return err
	}
	type start struct {
		id string
		at time.Time
	}
	started := make(chan start, 1)
	work := workOn("idle", func(id string) error {
		select {
		case started <- start{id, time.Now()}:
			return nil
		default:
			return fmt.Errorf("job %s was started before the one before it was looked at", id)
		}
	}, func() {})
	var took []time.Duration
	insert := func(w *wire) error {
		time.Sleep(10*time.Millisecond + rand.N(10*time.Millisecond))
		began := time.Now()
		answer, err := w.want("POST", "/v1/queues/idle/jobs", benchJob)
		if err != nil {
			return err
		}
		id := text(answer, "id")
		select {
		case s := <-started:
			if s.id != id {
				return fmt.Errorf("job %s was started; job %s was enqueued", s.id, id)
			}
			took = append(took, s.at.Sub(began))
		case <-time.After(10 * time.Second):
			return fmt.Errorf("job %s was not started for 10 s", id)
		}
		return nil
	}
	_, err = b.server.beside(ctx, 1, work, func(ctx context.Context) error {
		_, err := b.server.drive(ctx, 1, b.inTime, insert)
		return err
	})
	if err != nil {
		return err
	}
	after, err := syncP50(b.dir)
	sync := milliseconds(before+after) / 2
	b.add("fdatasync p50", sync, "ms", nil)
	idle, idleErr := syncEvery(b.dir, 100, 15*time.Millisecond)
	b.add("fdatasync p50, one every 15 ms", milliseconds(idle), "ms", nil)
	err = errors.Join(err, idleErr)
	b.add("jobs", float64(len(took)), "jobs", nil)
	b.addTimes("start", took, everywhereAtMost(5*sync+0.3), atMost(5), nil)
	return err
}
