package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"quintet/engine"
	"quintet/scheduler"
)

// leaseOf polls several queues and returns the ids.
func (b *bed) leaseOf(body string) (ids []string) {
	b.t.Helper()
	var a struct{ Jobs []leased }
	b.do("POST", "/v1/leases", body).want(200).into(&a)
	for _, l := range a.Jobs {
		ids = append(ids, l.ID)
	}
	return ids
}

// TestLeases polls several queues by one call.
func TestLeases(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{})
	// poll leases in the background and tells when it was answered.
	type answered struct {
		ids  []string
		took time.Duration
	}
	poll := func(b *bed, body string) chan answered {
		c, began := make(chan answered, 1), time.Now()
		go func() { c <- answered{b.leaseOf(body), time.Since(began)} }()
		synctest.Wait()
		return c
	}
	scenario("OK the first queue comes first", func(b *bed) {
		low, low2 := b.enqueue("low", `{"priority":9}`), b.enqueue("low", `{"priority":9}`)
		high, high2 := b.enqueue("high", `{"priority":0}`), b.enqueue("high", `{"priority":0}`)
		b.wantIDs("one", b.leaseOf(`{"queues":["high","none","low"]}`), high)
		b.wantIDs("two", b.leaseOf(`{"queues":["high","none","low"],"limit":2}`), high2, low)
		b.wantIDs("the rest", b.leaseOf(`{"queues":["high","none","low"],"limit":9}`), low2)
		b.do("GET", "/v1/queues", "").want(200, `!"none"`)
	})
	scenario("OK any of them wakes", func(b *bed) {
		for _, queue := range []string{"a", "b", "c"} {
			c := poll(b, `{"queues":["a","b","c"],"wait":"20s"}`)
			time.Sleep(1300 * time.Millisecond)
			id := b.enqueue(queue, `{}`)
			if a := <-c; len(a.ids) != 1 || a.ids[0] != id || a.took != 1300*time.Millisecond {
				b.t.Errorf("queue %s: %v after %v", queue, a.ids, a.took)
			}
		}
	})
	scenario("OK nothing comes", func(b *bed) {
		if a := <-poll(b, `{"queues":["a","b"],"wait":"7s"}`); len(a.ids) != 0 || a.took != 7*time.Second {
			b.t.Errorf("%v after %v", a.ids, a.took)
		}
		b.do("GET", "/v1/queues", "").want(200, `"items":[]`)
	})
	scenario("OK a paused one and a full one are passed by", func(b *bed) {
		b.do("POST", "/v1/queues/paused/pause", ``).want(200)
		b.do("PUT", "/v1/queues/full", `{"concurrency":1}`).want(201)
		b.enqueue("paused", `{}`)
		b.enqueueMany("full", 2, func(int) string { return `{}` })
		b.leaseOne("full")
		id := b.enqueue("open", `{}`)
		b.wantIDs("leased", b.leaseOf(`{"queues":["paused","full","open"],"limit":5}`), id)
	})
	scenario("OK a rate of one keeps no other waiting, and its time wakes", func(b *bed) {
		b.do("PUT", "/v1/queues/slow", `{"rate":{"limit":1,"per":"3s"}}`).want(201)
		slow, other := b.enqueue("slow", `{}`), b.enqueue("other", `{}`)
		b.wantIDs("leased", b.leaseOf(`{"queues":["slow","other"]}`), other)
		if a := <-poll(b, `{"queues":["other","slow"],"wait":"20s"}`); len(a.ids) != 1 || a.ids[0] != slow || a.took != 3*time.Second {
			b.t.Errorf("%v after %v", a.ids, a.took)
		}
	})
	scenario("OK one job wakes one poll, and no signal is lost", func(b *bed) {
		var all sync.WaitGroup
		var mu sync.Mutex
		got := map[string]int{}
		late := 0
		began := time.Now()
		for i := range 30 {
			queues := []string{`"a","b"`, `"b","a"`}[i%2]
			all.Go(func() {
				for _, id := range b.leaseOf(`{"queues":[` + queues + `],"wait":"10s"}`) {
					mu.Lock()
					if got[id]++; time.Since(began) > 0 {
						late++
					}
					mu.Unlock()
				}
			})
		}
		synctest.Wait()
		for i := range 30 {
			b.enqueue([]string{"a", "b", "b"}[i%3], `{}`)
		}
		all.Wait()
		if len(got) != 30 || late != 0 {
			b.t.Errorf("%d jobs were leased, %d of them late", len(got), late)
		}
	})
	scenario("OK who took another job leaves its signal to the next", func(b *bed) {
		// One commit has a job of each. The first poll is woken by b, and finds
		// one of z, which it prefers.
		first, second := poll(b, `{"queues":["z","b"],"wait":"10s"}`), poll(b, `{"queues":["b"],"wait":"10s"}`)
		var jobs []*scheduler.Enqueue
		for _, queue := range []string{"b", "z"} {
			q, err := b.s.Prepare(context.Background(), b.acme, queue, []byte(`{}`), "body")
			must(b.t, err)
			jobs = append(jobs, q)
		}
		must(b.t, b.e.Store.Update(context.Background(), b.acme, func(tx *engine.Tx) error {
			return errors.Join(b.s.EnqueueTx(tx, jobs[0]), b.s.EnqueueTx(tx, jobs[1]))
		}))
		x, y := <-first, <-second
		b.wantIDs("the first poll", x.ids, jobs[1].ID().String())
		b.wantIDs("the second poll", y.ids, jobs[0].ID().String())
		if x.took != 0 || y.took != 0 {
			b.t.Errorf("after %v and %v", x.took, y.took)
		}
	})
}

// TestLeasesErrors tells what is no list of queues.
func TestLeasesErrors(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	f := func(name, body string, texts ...string) {
		t.Helper()
		t.Run(name, func(t *testing.T) { b.do("POST", "/v1/leases", body).want(422, texts...) })
	}
	f("ErrNone", `{"queues":[]}`, "queues")
	f("ErrMissing", `{}`, "queues")
	f("ErrNull", `{"queues":null}`, "queues")
	f("ErrName", `{"queues":["a","B"]}`, "invalid_name")
	f("ErrName empty", `{"queues":[""]}`, "invalid_name")
	f("ErrMany", `{"queues":["a"`+strings.Repeat(`,"a"`, 32)+`]}`, "queues")
	f("ErrType", `{"queues":"a"}`, "queues")
	f("ErrLimit", `{"queues":["a"],"limit":0}`, "body.limit")
	f("ErrWait", `{"queues":["a"],"wait":"2m"}`, "body.wait")
	f("ErrLease", `{"queues":["a"],"lease":"13h"}`, "body.lease")
	f("ErrWorker", `{"queues":["a"],"worker":"`+strings.Repeat("w", 129)+`"}`, "body.worker")
	f("ErrUnknown", `{"queues":["a"],"queue":"a"}`, "queue")
	id := b.enqueue("a", `{}`)
	b.wantIDs("one queue twice", b.leaseOf(`{"queues":["a","a"],"limit":5}`), id)
	b.check()
}

// TestCompleteMany completes many jobs by one call.
func TestCompleteMany(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{})
	complete := func(b *bed, jobs []leased, output string) (completed, lost []string) {
		b.t.Helper()
		var list []string
		for _, l := range jobs {
			list = append(list, fmt.Sprintf(`{"id":"%s","token":"%s"%s}`, l.ID, l.Token, output))
		}
		var a struct{ Completed, Lost []string }
		b.do("POST", "/v1/leases/complete", `{"jobs":[`+strings.Join(list, ",")+`]}`).want(200).into(&a)
		return a.Completed, a.Lost
	}
	scenario("OK completed, repeated, lost", func(b *bed) {
		b.enqueueMany("q", 4, func(int) string { return `{"backoff":["1h"]}` })
		jobs := b.lease("q", `{"limit":4}`)
		done, lost := complete(b, jobs[:2], `,"output":{"n":1}`)
		b.wantIDs("completed", done, jobs[0].ID, jobs[1].ID)
		b.wantIDs("lost", lost)
		b.call(jobs[2], "fail", ``).want(200)
		other := jobs[3]
		other.Token += "1"
		nobody := leased{ID: "00000000-0000-7000-8000-000000000000", Token: "1"}
		done, lost = complete(b, []leased{jobs[0], jobs[2], other, nobody, jobs[3]}, `,"output":2`)
		b.wantIDs("lost", lost, jobs[2].ID, jobs[3].ID, nobody.ID)
		if len(done) != 2 || strings.Join(done, " ") != jobs[3].ID+" "+jobs[0].ID {
			b.t.Errorf("completed %v", done)
		}
		if j := b.wantState(jobs[0].ID, "done", "enqueued", "leased", "completed"); string(j.Output) != `{"n":1}` {
			b.t.Errorf("a repeated completion changed the output to %s", j.Output)
		}
		b.wantState(jobs[3].ID, "done")
		b.do("POST", "/v1/leases/complete", `{"jobs":[]}`).want(200, `"completed":[]`, `"lost":[]`)
	})
	scenario("OK one twice", func(b *bed) {
		b.enqueue("q", `{}`)
		l := b.leaseOne("q")
		done, lost := complete(b, []leased{l, l}, ``)
		b.wantIDs("completed", done, l.ID, l.ID)
		b.wantIDs("lost", lost)
		b.wantState(l.ID, "done", "enqueued", "leased", "completed")
	})
	scenario("OK a thousand, and each is told once to metrics and bus", func(b *bed) {
		b.enqueueMany("q", 1000, func(int) string { return `{}` })
		jobs := b.lease("q", `{"limit":1000}`)
		done, lost := complete(b, jobs, `,"output":`+text("x", 900))
		if len(done) != 1000 || len(lost) != 0 {
			b.t.Errorf("%d completed, %d lost", len(done), len(lost))
		}
		b.do("GET", "/v1/queues/q", "").want(200, `"done":1000`, `"running":0`)
	})
	scenario("OK after its lease expired", func(b *bed) {
		b.enqueue("q", `{}`)
		old := b.leaseOne("q")
		pass(31 * time.Second)
		_, lost := complete(b, []leased{old}, ``)
		b.wantIDs("lost", lost, old.ID)
		done, _ := complete(b, []leased{b.leaseOne("q")}, ``)
		b.wantIDs("completed", done, old.ID)
	})
	scenario("Err", func(b *bed) {
		b.enqueue("q", `{}`)
		l := b.leaseOne("q")
		one := fmt.Sprintf(`{"id":"%s","token":"%s"}`, l.ID, l.Token)
		for _, c := range [][2]string{
			{`{"jobs":[` + one + `,{"id":"x","token":"1"}]}`, "body.jobs[1].id"},
			{`{"jobs":[` + one + `,{"id":"` + l.ID + `","token":"01"}]}`, "body.jobs[1].token"},
			{`{"jobs":[` + one + strings.Repeat(","+one, 1000) + `]}`, "body.jobs"},
			{`{"jobs":[{"id":"` + l.ID + `"}]}`, "token"},
			{`{"jobs":[{"id":"` + l.ID + `","token":"1","result":1}]}`, "result"},
		} {
			b.do("POST", "/v1/leases/complete", c[0]).want(422, c[1])
		}
		b.do("POST", "/v1/leases/complete", `{"jobs":[{"id":"`+l.ID+`","token":"`+l.Token+`","output":`+text("x", 64<<10)+`}]}`).want(413, "payload_too_large")
		b.wantState(l.ID, "running", "enqueued", "leased") // nothing half done
	})
}

// TestGoneCaller holds that who is gone when its jobs have been leased gives
// them, and their attempts, back.
func TestGoneCaller(t *testing.T) {
	for name, call := range map[string][2]string{
		"OK one queue":      {"/v1/queues/b/lease", `{"limit":5}`},
		"OK several queues": {"/v1/leases", `{"queues":["a","b","c"],"limit":5}`},
		"OK waiting":        {"/v1/leases", `{"queues":["a","b"],"limit":5,"wait":"20s"}`},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				b := newBed(t, scheduler.Options{})
				b.do("PUT", "/v1/queues/b", `{"concurrency":3,"rate":{"limit":100,"per":"1s"}}`).want(201)
				b.enqueueMany("b", 2, func(int) string { return `{"max_attempts":1}` })
				big := b.enqueue("b", `{"max_attempts":1,"payload":`+text("x", 100_000)+`}`)
				pass(time.Second)
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				armed := true
				must(t, b.e.Store.Observe(context.Background(), &engine.Observer{
					Name: "goes away", Rebuild: func(*engine.View) error { return nil },
					Apply: func(c engine.Commit) {
						for _, w := range c.Writes {
							if armed && w.Bucket == "scheduler.transitions" && w.Value[1] == 3 { // leased
								armed = false
								cancel()
							}
						}
					},
				}))
				if r := b.doContext(ctx, "POST", call[0], call[1]); strings.Contains(string(r.body), `"token"`) {
					t.Errorf("answered %d %s", r.status, r.cut())
				}
				if armed {
					t.Fatal("nothing was leased")
				}
				b.wantState(big, "ready", "enqueued", "leased", "released")
				b.check()
				for _, l := range b.lease("b", `{"limit":9}`) {
					if l.Attempt != 1 {
						t.Errorf("attempt %d", l.Attempt)
					}
					b.call(l, "complete", ``).want(200)
				}
				b.do("GET", "/v1/queues/b", "").want(200, `"done":3`)
				b.check()
			})
		})
	}
}

// TestReservation holds that jobs which could not be leased, because the update
// was not made, are where they were.
func TestReservation(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		b.do("PUT", "/v1/queues/q", `{"concurrency":2,"per_key":1}`).want(201)
		n := b.keyed("q", "aab", "")
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		for range 3 {
			if r := b.doContext(gone, "POST", "/v1/leases", `{"queues":["none","q"],"limit":9}`); r.status == 200 {
				t.Errorf("answered %s", r.cut())
			}
			b.check()
		}
		b.do("GET", "/v1/queues/q", "").want(200, `"ready":3`, `"running":0`)
		jobs := b.lease("q", `{"limit":9}`)
		if len(jobs) != 2 || n[jobs[0].ID] == n[jobs[1].ID] {
			t.Errorf("leased %+v", jobs)
		}
		b.check()
	})
}

// TestReleaseCancelled holds that a job which a worker gives back is not run
// again where somebody asked to cancel it meanwhile.
func TestReleaseCancelled(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		id := b.enqueue("q", `{}`)
		b.s.Handle(b.acme, "q", func(ctx context.Context, _ scheduler.Lease) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		synctest.Wait()
		b.do("POST", "/v1/jobs/"+id+"/cancel", ``).want(200, `"state":"running"`, `"cancel_requested":true`)
		over, cancel := context.WithCancel(context.Background())
		cancel()
		_ = b.s.Stop(over) // which gives it back at once
		b.reopen()
		b.wantState(id, "cancelled", "enqueued", "leased", "cancel_requested", "released")
		b.check()
	})
}
