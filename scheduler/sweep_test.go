package scheduler_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"quintet/engine"
	"quintet/scheduler"
)

// differences is how many times the sweep has found one.
func (b *bed) differences() int { return int(b.metric("sweep_differences_total", "")) }

// TestSweep damages the board in every way, and lets the sweep mend it.
func TestSweep(t *testing.T) {
	f := func(name string, damage func(b *bed, ids map[string]engine.ID) (differences int)) {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				b := newBed(t, scheduler.Options{})
				ids := map[string]engine.ID{}
				note := func(state, id string) {
					parsed, err := engine.ParseID(id)
					must(t, err)
					ids[state] = parsed
				}
				b.do("PUT", "/v1/queues/q", `{"strict_order":true,"concurrency":50}`).want(201)
				b.do("PUT", "/v1/queues/p", `{}`).want(201)
				for _, state := range []string{"running", "retrying", "done", "ready", "scheduled"} {
					note(state, b.enqueue("q", fmt.Sprintf(`{"key":"%s","delay":"%s","backoff":["1h"]}`, state, map[bool]string{true: "1h", false: "0s"}[state == "scheduled"])))
					if state == "ready" || state == "scheduled" {
						continue
					}
					l := b.leaseOne("q")
					if call := map[string]string{"retrying": "fail", "done": "complete"}[state]; call != "" {
						b.call(l, call, ``).want(200)
					}
				}
				for i := range 30 {
					b.enqueue("q", fmt.Sprintf(`{"key":"k%d"}`, i%3))
				}
				must(t, b.s.Sweep(context.Background()))
				if n := b.differences(); n != 0 {
					t.Fatalf("%d differences before the damage", n)
				}
				want := damage(b, ids)
				must(t, b.s.Sweep(context.Background()))
				if n := b.differences(); n != want {
					t.Errorf("%d differences, expected were %d", n, want)
				}
				b.check()
				must(t, b.s.Sweep(context.Background()))
				if n := b.differences(); n != want {
					t.Errorf("%d differences after they were mended", n)
				}
				b.do("GET", "/v1/queues/q", "").want(200, `"ready":31`, `"running":1`, `"retrying":1`, `"scheduled":1`, `"done":1`)
			})
		})
	}
	for _, state := range []string{"ready", "running", "scheduled", "retrying"} {
		f("OK lost "+state, func(b *bed, ids map[string]engine.ID) int {
			b.s.LoseJob(b.acme, ids[state])
			return 1
		})
		for other, number := range map[string]scheduler.State{"ready": scheduler.Ready, "running": scheduler.Running, "retrying": scheduler.Retrying} {
			f("OK "+state+" taken for "+other, func(b *bed, ids map[string]engine.ID) int {
				b.s.MisplaceJob(b.acme, ids[state], "q", number, state)
				return 1
			})
		}
	}
	f("OK of another key", func(b *bed, ids map[string]engine.ID) int {
		b.s.MisplaceJob(b.acme, ids["ready"], "q", scheduler.Ready, "other")
		return 1
	})
	f("OK in another queue", func(b *bed, ids map[string]engine.ID) int {
		b.s.MisplaceJob(b.acme, ids["running"], "p", scheduler.Running, "running")
		return 1
	})
	f("OK one that has ended", func(b *bed, ids map[string]engine.ID) int {
		b.s.InventJob(b.acme, ids["done"], "q", scheduler.Retrying)
		return 1
	})
	for _, state := range []scheduler.State{scheduler.Ready, scheduler.Running, scheduler.Scheduled} {
		f("OK one that there is not, "+state.String(), func(b *bed, ids map[string]engine.ID) int {
			b.s.InventJob(b.acme, b.e.IDs.New(), "q", state)
			return 1
		})
	}
	f("OK many at once", func(b *bed, ids map[string]engine.ID) int {
		b.s.LoseJob(b.acme, ids["ready"])
		b.s.LoseJob(b.acme, ids["scheduled"])
		b.s.MisplaceJob(b.acme, ids["retrying"], "q", scheduler.Ready, "retrying")
		b.s.InventJob(b.acme, b.e.IDs.New(), "p", scheduler.Ready)
		return 4
	})
}

// TestStaleJob holds that a job which is on the board alone costs a poll
// nothing but a moment.
func TestStaleJob(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		id := b.enqueue("q", `{}`)
		b.s.InventJob(b.acme, b.e.IDs.New(), "q", scheduler.Ready)
		b.s.InventJob(b.acme, b.e.IDs.New(), "alone", scheduler.Ready)
		b.wantIDs("leased", b.leaseIDs("q", `{"wait":"2s"}`), id)
		b.wantIDs("leased", b.leaseIDs("alone", `{"wait":"2s"}`))
		if n := b.differences(); n != 2 {
			t.Errorf("%d differences were counted", n)
		}
		b.check()
	})
}

// TestSweepFindsNothing sweeps again and again while jobs change, in real time.
func TestSweepFindsNothing(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	b.do("PUT", "/v1/queues/q", `{"per_key":2,"concurrency":40}`).want(201)
	var all sync.WaitGroup
	until := time.Now().Add(1500 * time.Millisecond)
	for w := range uint64(8) {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(w, 7))
			for time.Now().Before(until) {
				id := b.enqueue("q", fmt.Sprintf(`{"key":"k%d","delay":"%dms","backoff":["0s"],"max_attempts":2}`, rng.IntN(9), rng.IntN(2)*3))
				for _, l := range b.lease("q", `{"limit":4}`) {
					switch rng.IntN(5) {
					case 0:
						b.call(l, "fail", ``)
					case 1:
						b.call(l, "snooze", `,"delay":"2ms"`)
					case 2:
						b.heartbeat(l)
					default:
						b.call(l, "complete", ``)
					}
				}
				switch rng.IntN(6) {
				case 0:
					b.do("POST", "/v1/jobs/"+id+"/cancel", ``)
					b.do("DELETE", "/v1/jobs/"+id, "")
				case 1:
					b.do("PATCH", "/v1/jobs/"+id, `{"priority":8}`)
				}
			}
		})
	}
	sweeps := 0
	for ; time.Now().Before(until); sweeps++ {
		must(t, b.s.Sweep(context.Background()))
	}
	all.Wait()
	must(t, b.s.Sweep(context.Background()))
	if n := b.differences(); n != 0 {
		t.Errorf("%d differences in %d sweeps", n, sweeps)
	}
	b.check()
	b.do("POST", "/v1/jobs/check", ``).want(200, `"problems":0`, `"found":[]`)
	t.Logf("%d sweeps", sweeps)
}

// TestPostCheck lets a tenant prove its jobs.
func TestPostCheck(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	_, err := b.e.Tenants.Create(context.Background(), "other", nothing)
	must(t, err)
	b.do("POST", "/v1/jobs/check", ``).want(200, `"checked":0`, `"problems":0`, `"found":[]`)
	ids := b.enqueueMany("q", 150, func(int) string { return `{"tags":["t"]}` })
	b.do("POST", "/v1/jobs/check", ``).want(200, `"checked":601`, `"problems":0`) // queue; record, place, tag and transition of each
	b.do("POST", "/v1/jobs/check", ``, "Test-Tenant", "other").want(200, `"checked":0`)
	must(t, b.e.Store.Update(context.Background(), b.acme, func(tx *engine.Tx) error {
		for _, text := range ids {
			id, err := engine.ParseID(text)
			if err != nil {
				return err
			}
			tx.Delete("scheduler.jobs", id[:])
		}
		return nil
	}, engine.Bulk))
	var a struct {
		Problems int
		Found    []string
	}
	b.do("POST", "/v1/jobs/check", ``).want(200).into(&a)
	if a.Problems < 300 || len(a.Found) != 100 {
		t.Errorf("%d problems, %d of them told", a.Problems, len(a.Found))
	}
}

// TestSweepByItself lets time pass: nothing is swept while the server starts,
// and a difference is mended by the first sweep after it.
func TestSweepByItself(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		id, err := engine.ParseID(b.enqueue("q", `{"delay":"1h"}`))
		must(t, err)
		b.s.LoseJob(b.acme, id)
		pass(9 * time.Minute)
		if n := b.differences(); n != 0 {
			t.Errorf("%d differences nine minutes after the start", n)
		}
		pass(2 * time.Minute)
		if n := b.differences(); n != 1 {
			t.Errorf("%d differences after the first sweep", n)
		}
		b.check()
	})
}
