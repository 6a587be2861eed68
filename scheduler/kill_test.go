package scheduler_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"quintet/engine"
	"quintet/engine/enginetest"
	"quintet/scheduler"
)

// fastClock runs 60,000 times as fast as time does: a minute of it passes in a
// millisecond, so that a child that lives for a moment sees many ticks.
type fastClock struct{}

var fastZero = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (fastClock) Now() time.Time {
	return fastZero.Add(60_000 * (time.Since(fastZero) % (24 * time.Hour)))
}

// TestKill kills a process that enqueues, leases, completes, fails and ticks,
// and holds what it leaves against the ledger of what was answered.
func TestKill(t *testing.T) {
	enginetest.Kill(t,
		func(dir string, ack enginetest.Ack) { killChild(t, dir, ack) },
		func(dir string, acked []string) { killVerify(t, dir, acked) })
}

func openKilled(t *testing.T, dir string) *bed {
	b := &bed{t: t, dir: dir, options: scheduler.Options{Clock: fastClock{}, Keep: 100 * 365 * 24 * time.Hour, KeepDead: 100 * 365 * 24 * time.Hour}}
	b.openEngine()
	return b
}

// killChild never returns: its parent kills it.
func killChild(t *testing.T, dir string, ack enginetest.Ack) {
	b := openKilled(t, dir)
	if err := b.s.Start(context.Background()); err != nil {
		panic(err)
	}
	b.do("PUT", "/v1/schedules/minute", `{"cron":"* * * * *","queue":"q","overlap":"allow","job":{"backoff":["0s"]}}`)
	var all sync.WaitGroup
	for p := range 6 {
		all.Go(func() { killProduce(b, ack, uint64(p)) })
	}
	all.Go(func() { killRepeat(b, ack) })
	for w := range 8 {
		all.Go(func() { killWork(b, ack, uint64(w)) })
	}
	all.Wait()
}

func killProduce(b *bed, ack enginetest.Ack, p uint64) {
	rng := rand.New(rand.NewPCG(p, uint64(time.Now().UnixNano())))
	for {
		if p == 0 {
			n := 1 + rng.IntN(300)
			var a struct{ IDs []string }
			b.do("POST", "/v1/queues/q/jobs", lines(n, func(int) string { return `{"backoff":["0s"]}` }), "Content-Type", "application/x-ndjson").into(&a)
			for _, id := range a.IDs {
				ack("enq %s", id)
			}
			time.Sleep(50 * time.Millisecond)
			continue
		}
		delay := []string{"0s", "0s", "1m", "10m"}[rng.IntN(4)]
		r := b.do("POST", "/v1/queues/q/jobs", fmt.Sprintf(`{"backoff":["0s"],"max_attempts":3,"delay":"%s"}`, delay))
		if r.status != 201 {
			panic(string(r.cut()))
		}
		ack("enq %s", r.get("id"))
	}
}

// killRepeat sends each request twice under one Idempotency-Key, and at its
// start once more what the process before it may have been killed over.
func killRepeat(b *bed, ack enginetest.Ack) {
	var q struct{ Jobs map[string]int }
	if r := b.do("GET", "/v1/queues/once", ""); r.status == 200 {
		r.into(&q)
	}
	for n := max(0, q.Jobs["ready"]-1); ; n++ { // one job per number so far
		for range 2 {
			r := b.do("POST", "/v1/queues/once/jobs", fmt.Sprintf(`{"payload":%d}`, n), "Idempotency-Key", fmt.Sprint("key", n))
			if r.status != 201 {
				panic(string(r.cut()))
			}
			ack("once %s %d", r.get("id"), n)
		}
	}
}

// killWork plays a worker of which some attempts fail, some die, and some come
// back with the token of an attempt that is over.
func killWork(b *bed, ack enginetest.Ack, w uint64) {
	rng := rand.New(rand.NewPCG(w, uint64(time.Now().UnixNano())))
	for {
		for _, l := range b.lease("q", `{"limit":5,"wait":"1s"}`) {
			ack("lease %s %s", l.ID, l.Token)
			switch rng.IntN(6) {
			case 0:
				b.call(l, "fail", `,"error":"x"`)
				if r := b.call(l, "complete", ``); r.status != 409 {
					panic("a stale complete was accepted: " + string(r.cut()))
				}
			case 1: // it is never heard of again
			default:
				if r := b.call(l, "complete", `,"output":1`); r.status == 200 {
					ack("done %s %s", l.ID, l.Token)
				}
			}
		}
	}
}

// killVerify demands every acknowledged job, every completion, tokens that
// only rise, one job per tick, and a sound store.
func killVerify(t *testing.T, dir string, acked []string) {
	b := openKilled(t, dir)
	defer b.close()
	must(t, b.s.StartIdle(context.Background()))
	b.check()
	jobs, err := b.s.Dump(context.Background(), b.acme)
	must(t, err)
	leased, once := map[engine.ID]uint64{}, map[uint64]engine.ID{}
	for _, line := range acked {
		var what, text string
		var token uint64
		fmt.Sscan(line, &what, &text, &token)
		id, err := engine.ParseID(text)
		must(t, err)
		j, ok := jobs[id]
		switch {
		case !ok:
			t.Errorf("%s: the job is lost", line)
		case what == "once":
			if old, twice := once[token]; twice && old != id {
				t.Errorf("%s: the same request made job %s before", line, old)
			}
			once[token] = id
			continue
		case what == "lease" && token <= leased[id]:
			t.Errorf("%s: the ledger had token %d before", line, leased[id])
		case what == "lease":
			leased[id] = token
		case what == "done" && (j.State != "done" || j.Token != token):
			t.Errorf("%s: the job is %s by token %d", line, j.State, j.Token)
		}
		if token > j.Token {
			t.Errorf("%s: the store has token %d", line, j.Token)
		}
	}
	killVerifyTicks(t, b, jobs)
}

func killVerifyTicks(t *testing.T, b *bed, jobs map[engine.ID]scheduler.Dumped) {
	creation, err := b.s.Creation(context.Background(), b.acme, "minute")
	if err != nil {
		return // killed before it was made
	}
	seen, ticks := map[int64]bool{}, 0
	for id, j := range jobs {
		if j.Schedule == "" {
			continue
		}
		tick := id.Time().UnixMilli() // due changes with every retry
		if ticks++; seen[tick] || id != scheduler.TickID(creation, tick) || tick%60_000 != 0 {
			t.Errorf("the tick of %v has job %s, and perhaps another", id.Time().UTC(), id)
		}
		seen[tick] = true
	}
	t.Logf("%d jobs, %d of ticks", len(jobs), ticks)
}
