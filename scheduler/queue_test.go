package scheduler_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"quintet/scheduler"
)

// TestQueueDefinition defines, redefines and deletes queues.
func TestQueueDefinition(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{})
	scenario("OK defined anew", func(b *bed) {
		first := b.do("PUT", "/v1/queues/q", `{"concurrency":2}`).want(201, `"name":"q"`, `"state":"active"`, `"definition":{"concurrency":2}`).header.Get("ETag")
		if first == "" || first == `"0"` {
			b.t.Errorf("the ETag is %s", first)
		}
		again := b.do("PUT", "/v1/queues/q", ` { "concurrency" : 2 } `).want(200).header.Get("ETag")
		if again != first {
			b.t.Errorf("an equal definition has the ETag %s and had %s", again, first)
		}
		b.do("PUT", "/v1/queues/q", `{"concurrency":3}`).want(409, "queue_exists")
		b.do("PUT", "/v1/queues/q", `{"concurrency":3}`, "If-Match", `"1"`).want(412, "etag_mismatch")
		b.do("PUT", "/v1/queues/q", `{"concurrency":2}`, "If-Match", `"1"`).want(412)
		second := b.do("PUT", "/v1/queues/q", `{"concurrency":3}`, "If-Match", first).want(200, `"concurrency":3`).header.Get("ETag")
		if got := b.do("GET", "/v1/queues/q", "").want(200, `"concurrency":3`).header.Get("ETag"); got != second || got == first {
			b.t.Errorf("the ETag is %s after %s and then %s", got, first, second)
		}
		b.do("PUT", "/v1/queues/q", `{"concurrency":4}`, "If-Match", first).want(412)
		b.do("PUT", "/v1/queues/q", `{}`, "If-Match", "*").want(200, `"definition":{}`)
		b.do("PUT", "/v1/queues/new", `{}`, "If-Match", "*").want(412)
		b.do("PUT", "/v1/queues/new", `{}`, "If-Match", `"1"`).want(412)
		b.do("GET", "/v1/queues/new", "").want(404, "queue_not_found")
	})
	scenario("OK its first job made it", func(b *bed) {
		b.enqueue("q", `{}`)
		b.do("GET", "/v1/queues/q", "").want(200, `"definition":{}`)
		b.do("PUT", "/v1/queues/q", `{"per_key":3}`).want(201, `"per_key":3`, `"ready":1`)
		b.do("PUT", "/v1/queues/q", `{"per_key":3}`).want(200)
		b.do("PUT", "/v1/queues/q", `{"per_key":4}`).want(409)
	})
	scenario("OK its jobs take its defaults", func(b *bed) {
		b.do("PUT", "/v1/queues/q", `{"defaults":{"priority":7,"max_attempts":2,"timeout":"40s","backoff":["3s"],"retention":"5m"}}`).want(201)
		own := b.enqueue("q", `{"priority":0,"max_attempts":9,"timeout":"1s","backoff":["1h"],"retention":"1h"}`)
		id := b.enqueue("q", `{}`)
		b.enqueueMany("q", 2, func(int) string { return `{"payload":1}` })
		for _, j := range []string{id, b.leaseIDs("q", `{"limit":3}`)[2]} {
			b.do("GET", "/v1/jobs/"+j, "").want(200, `"priority":7`, `"max_attempts":2`, `"timeout":"40s"`, `"backoff":["3s"]`)
		}
		b.do("GET", "/v1/jobs/"+own, "").want(200, `"priority":0`, `"max_attempts":9`, `"timeout":"1s"`, `"backoff":["1h"]`)
		b.do("POST", "/v1/jobs/"+own+"/cancel", ``).want(200)
		pass(41 * time.Second) // the timeout ends the attempt at 40 s, the lease did at 30 s
		b.wantState(id, "ready", "enqueued", "leased", "expired")
		b.do("POST", "/v1/jobs/"+id+"/cancel", ``).want(200)
		pass(6 * time.Minute)
		b.do("GET", "/v1/jobs/"+id, "").want(404)
		b.wantState(own, "cancelled")
		b.reopen()
		b.do("GET", "/v1/jobs/"+b.enqueue("q", `{}`), "").want(200, `"priority":7`)
	})
	scenario("OK deleted when it is empty", func(b *bed) {
		b.do("DELETE", "/v1/queues/q", "").want(404, "queue_not_found")
		etag := b.do("PUT", "/v1/queues/q", `{"concurrency":1}`).want(201).header.Get("ETag")
		id := b.enqueue("q", `{}`)
		b.do("DELETE", "/v1/queues/q", "").want(409, "queue_in_use")
		b.do("POST", "/v1/jobs/"+id+"/cancel", "").want(200)
		b.do("DELETE", "/v1/queues/q", "").want(409, "queue_in_use") // it still has one that has ended
		b.do("DELETE", "/v1/jobs/"+id, "").want(204)
		b.do("DELETE", "/v1/queues/q", "", "If-Match", `"1"`).want(412)
		b.do("DELETE", "/v1/queues/q", "", "If-Match", etag).want(204)
		b.do("GET", "/v1/queues/q", "").want(404)
		b.do("GET", "/v1/queues", "").want(200, `"items":[]`)
		b.enqueueMany("q", 2, func(int) string { return `{}` })
		if n := len(b.lease("q", `{"limit":9}`)); n != 2 {
			b.t.Errorf("%d jobs of a queue whose limits were deleted", n)
		}
	})
	scenario("OK a neighbour by name stays", func(b *bed) {
		b.do("PUT", "/v1/queues/a", `{}`).want(201)
		b.enqueue("a-b", `{}`)
		b.enqueue("ab", `{}`)
		b.do("DELETE", "/v1/queues/a", "").want(204)
		b.do("GET", "/v1/queues", "").want(200, `"a-b"`, `"ab"`, `!"name":"a"`)
	})
	scenario("OK deleted while a poll waits", func(b *bed) {
		b.do("PUT", "/v1/queues/q", `{"concurrency":1}`).want(201)
		got := make(chan int, 1)
		go func() { got <- len(b.lease("q", `{"wait":"20s","limit":5}`)) }()
		synctest.Wait()
		b.do("DELETE", "/v1/queues/q", "").want(204)
		b.enqueue("q", `{}`)
		if n := <-got; n != 1 {
			b.t.Errorf("the poll got %d jobs", n)
		}
	})
}

// TestQueueErrors tells what is no definition of a queue.
func TestQueueErrors(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	f := func(name, body string, texts ...string) {
		t.Helper()
		t.Run(name, func(t *testing.T) { b.do("PUT", "/v1/queues/q", body).want(422, texts...) })
	}
	f("ErrConcurrency", `{"concurrency":0}`, "body.concurrency", "from 1 to")
	f("ErrConcurrency high", `{"concurrency":100001}`, "body.concurrency")
	f("ErrConcurrency type", `{"concurrency":"1"}`, "concurrency")
	f("ErrPerKey", `{"per_key":-1}`, "body.per_key")
	f("ErrPerKey strict", `{"per_key":2,"strict_order":true}`, "body.per_key", "strict_order")
	f("ErrRate limit", `{"rate":{"limit":0,"per":"1s"}}`, "body.rate.limit")
	f("ErrRate limit high", `{"rate":{"limit":1000001,"per":"1s"}}`, "body.rate.limit")
	f("ErrRate per missing", `{"rate":{"limit":1}}`, "per")
	f("ErrRate per empty", `{"rate":{"limit":1,"per":""}}`, "body.rate.per")
	f("ErrRate per short", `{"rate":{"limit":1,"per":"99ms"}}`, "body.rate.per")
	f("ErrRate per long", `{"rate":{"limit":1,"per":"25h"}}`, "body.rate.per")
	f("ErrRate per form", `{"rate":{"limit":1,"per":"1"}}`, "body.rate.per")
	f("ErrDefaults priority", `{"defaults":{"priority":10}}`, "body.defaults.priority")
	f("ErrDefaults backoff", `{"defaults":{"backoff":["x"]}}`, "body.defaults.backoff[0]")
	f("ErrDefaults timeout", `{"defaults":{"timeout":"0s"}}`, "body.defaults.timeout")
	f("ErrDefaults retention", `{"defaults":{"retention":"1ms"}}`, "body.defaults.retention")
	f("ErrDefaults payload", `{"defaults":{"payload":1}}`, "payload")
	f("ErrUnknown", `{"concurrent":1}`, "concurrent")
	b.do("PUT", "/v1/queues/Q", `{}`).want(422, "invalid_name")
	b.do("POST", "/v1/queues/Q/pause", ``).want(422, "invalid_name")
	b.do("POST", "/v1/queues/q/pause", `{"note":"`+fmt.Sprintf("%0513d", 0)+`"}`).want(422, "body.note")
	b.do("POST", "/v1/queues/q/pause", `{"note":"a\nb"}`).want(422, "body.note")
	b.do("GET", "/v1/queues/q", "").want(404)
	b.check()
}

// TestQueueStates pauses, drains and resumes queues.
func TestQueueStates(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{})
	scenario("OK paused", func(b *bed) {
		b.do("POST", "/v1/queues/q/pause", `{"note":"deploy"}`).want(200, `"state":"paused"`, `"note":"deploy"`)
		id := b.enqueue("q", `{}`)
		if n := len(b.lease("q", `{}`)); n != 0 {
			b.t.Errorf("%d jobs of a paused queue", n)
		}
		began := time.Now()
		if n := len(b.lease("q", `{"wait":"7s"}`)); n != 0 || time.Since(began) != 7*time.Second {
			b.t.Errorf("%d jobs of a paused queue after %v", n, time.Since(began))
		}
		b.reopen()
		b.do("GET", "/v1/queues/q", "").want(200, `"state":"paused"`, `"note":"deploy"`)
		b.do("GET", "/v1/queues", "").want(200, `"state":"paused"`, `"note":"deploy"`)
		got := make(chan []leased, 1)
		go func() { got <- b.lease("q", `{"wait":"20s"}`) }()
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		resumed := time.Now()
		b.do("POST", "/v1/queues/q/resume", ``).want(200, `"state":"active"`, `!"note"`)
		if l := <-got; len(l) != 1 || l[0].ID != id || time.Since(resumed) != 0 {
			b.t.Errorf("leased %+v after %v", l, time.Since(resumed))
		}
	})
	scenario("OK resume wakes every poll", func(b *bed) {
		b.enqueueMany("q", 5, func(int) string { return `{}` })
		b.do("POST", "/v1/queues/q/pause", ``).want(200)
		var all sync.WaitGroup
		var got atomic.Int32
		for range 5 {
			all.Go(func() { got.Add(int32(len(b.lease("q", `{"wait":"20s"}`)))) })
		}
		time.Sleep(300 * time.Millisecond)
		synctest.Wait()
		resumed := time.Now()
		b.do("POST", "/v1/queues/q/resume", ``).want(200)
		all.Wait()
		if got.Load() != 5 || time.Since(resumed) != 0 {
			b.t.Errorf("%d jobs after %v", got.Load(), time.Since(resumed))
		}
	})
	scenario("OK a pause leaves what runs alone", func(b *bed) {
		b.enqueue("q", `{}`)
		l := b.leaseOne("q")
		b.do("POST", "/v1/queues/q/pause", ``).want(200)
		b.heartbeat(l).want(200, `"extended":["`)
		b.call(l, "complete", ``).want(200)
	})
	scenario("OK drained", func(b *bed) {
		id := b.enqueue("q", `{}`)
		b.do("POST", "/v1/queues/q/drain", `{"note":"moving"}`).want(200, `"state":"draining"`, `"note":"moving"`)
		b.do("POST", "/v1/queues/q/jobs", `{}`).want(409, "queue_draining")
		b.do("POST", "/v1/queues/q/jobs", `{}{}`, "Content-Type", "application/x-ndjson").want(200, `"accepted":0`)
		b.do("POST", "/v1/queues/q/jobs", "{}\n{}\n", "Content-Type", "application/x-ndjson").want(200, `"accepted":0`, `"rejected":2`, "queue_draining")
		b.do("POST", "/v1/queues/q/jobs?atomic=true", "[{},{}]").want(409, "queue_draining")
		if l := b.leaseOne("q"); l.ID != id {
			b.t.Errorf("leased %+v", l)
		}
		b.reopen()
		b.do("POST", "/v1/queues/q/jobs", `{}`).want(409, "queue_draining")
		b.do("POST", "/v1/queues/q/resume", ``).want(200, `"state":"active"`)
		b.enqueue("q", `{}`)
	})
	scenario("OK a repeated request is answered although the queue drains", func(b *bed) {
		id := b.do("POST", "/v1/queues/q/jobs", `{"payload":1}`, "Idempotency-Key", "k").want(201).get("id")
		many := b.do("POST", "/v1/queues/q/jobs", `[{}]`, "Idempotency-Key", "m").want(200, `"accepted":1`)
		b.do("POST", "/v1/queues/q/drain", ``).want(200)
		if again := b.do("POST", "/v1/queues/q/jobs", `{"payload":1}`, "Idempotency-Key", "k").want(201).get("id"); again != id {
			b.t.Errorf("job %s, the first answer named %s", again, id)
		}
		if again := b.do("POST", "/v1/queues/q/jobs", `[{}]`, "Idempotency-Key", "m").want(200, `"accepted":1`); string(again.body) != string(many.body) {
			b.t.Errorf("%s, the first answer was %s", again.body, many.body)
		}
		b.do("POST", "/v1/queues/q/jobs", `{"payload":1}`, "Idempotency-Key", "other").want(409, "queue_draining")
	})
	scenario("OK a definition keeps the state", func(b *bed) {
		b.do("POST", "/v1/queues/q/pause", `{"note":"n"}`).want(200)
		b.do("PUT", "/v1/queues/q", `{"concurrency":1}`).want(201, `"state":"paused"`, `"note":"n"`)
	})
}

// TestConcurrency holds that never more jobs of a queue run than may.
func TestConcurrency(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{})
	running := func(b *bed) string {
		var q struct{ Jobs map[string]int }
		b.do("GET", "/v1/queues/q", "").want(200).into(&q)
		return fmt.Sprint(q.Jobs["running"])
	}
	scenario("OK at most N, whatever ends one", func(b *bed) {
		b.do("PUT", "/v1/queues/q", `{"concurrency":3}`).want(201)
		b.enqueueMany("q", 20, func(int) string { return `{"max_attempts":1}` })
		first := b.lease("q", `{"limit":10}`)
		if len(first) != 3 || len(b.lease("q", `{"limit":10}`)) != 0 {
			b.t.Fatalf("leased %d at first", len(first))
		}
		b.call(first[0], "complete", ``).want(200)
		if n := len(b.lease("q", `{"limit":10}`)); n != 1 {
			b.t.Errorf("leased %d after a completion", n)
		}
		b.call(first[1], "fail", ``).want(200)
		if n := len(b.lease("q", `{"limit":10}`)); n != 1 {
			b.t.Errorf("leased %d after a failure", n)
		}
		b.do("POST", "/v1/jobs/"+first[2].ID+"/cancel", ``).want(200, `"state":"running"`)
		if n := len(b.lease("q", `{"limit":10}`)); n != 0 {
			b.t.Errorf("leased %d although the cancelled job still runs", n)
		}
		b.call(first[2], "snooze", `,"delay":"1h"`).want(200, `"state":"cancelled"`)
		if n := len(b.lease("q", `{"limit":10}`)); n != 1 {
			b.t.Errorf("leased %d after a cancellation", n)
		}
		if n := running(b); n != "3" {
			b.t.Errorf("%s run", n)
		}
		b.reopen() // what runs still counts
		if n := len(b.lease("q", `{"limit":10}`)); n != 0 {
			b.t.Errorf("leased %d after a restart", n)
		}
		pass(31 * time.Second) // the leases expire, and those jobs are dead
		if n := len(b.lease("q", `{"limit":10}`)); n != 3 {
			b.t.Errorf("leased %d after the leases expired", n)
		}
	})
	scenario("OK many polls", func(b *bed) {
		b.do("PUT", "/v1/queues/q", `{"concurrency":4}`).want(201)
		b.enqueueMany("q", 60, func(int) string { return `{"backoff":["0s"],"max_attempts":3}` })
		var now, most, done atomic.Int32
		var all sync.WaitGroup
		for w := range 12 {
			all.Go(func() {
				for done.Load() < 60 {
					for i, l := range b.lease("q", fmt.Sprintf(`{"limit":%d,"wait":"2s"}`, 1+w%3)) {
						for n := now.Add(1); ; {
							if m := most.Load(); n <= m || most.CompareAndSwap(m, n) {
								break
							}
						}
						time.Sleep(time.Duration(50+10*w) * time.Millisecond)
						now.Add(-1)
						if (w+i+l.Attempt)%4 == 0 && l.Attempt < 3 {
							b.call(l, "fail", ``).want(200)
						} else {
							b.call(l, "complete", ``).want(200)
							done.Add(1)
						}
					}
				}
			})
		}
		all.Wait()
		if most.Load() != 4 {
			b.t.Errorf("%d ran at once", most.Load())
		}
	})
	scenario("OK who waits is woken by the end of another", func(b *bed) {
		b.do("PUT", "/v1/queues/q", `{"concurrency":1}`).want(201)
		b.enqueueMany("q", 3, func(int) string { return `{}` })
		l := b.leaseOne("q")
		got := make(chan time.Time, 2)
		for range 2 {
			go func() {
				if len(b.lease("q", `{"wait":"30s","limit":5}`)) == 1 {
					got <- time.Now()
				}
			}()
		}
		time.Sleep(3300 * time.Millisecond)
		synctest.Wait()
		ended := time.Now()
		b.call(l, "complete", ``).want(200)
		if at := <-got; at != ended {
			b.t.Errorf("woken %v late", at.Sub(ended))
		}
		time.Sleep(time.Minute) // the other poll gets what expires
		synctest.Wait()
	})
	scenario("OK a limit that rises wakes", func(b *bed) {
		etag := b.do("PUT", "/v1/queues/q", `{"concurrency":1}`).want(201).header.Get("ETag")
		b.enqueueMany("q", 3, func(int) string { return `{}` })
		b.leaseOne("q")
		got := make(chan int, 1)
		go func() { got <- len(b.lease("q", `{"wait":"20s","limit":9}`)) }()
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		at := time.Now()
		etag = b.do("PUT", "/v1/queues/q", `{"concurrency":2}`, "If-Match", etag).want(200).header.Get("ETag")
		if n := <-got; n != 1 || time.Since(at) != 0 {
			b.t.Errorf("leased %d after %v", n, time.Since(at))
		}
		b.do("PUT", "/v1/queues/q", `{"concurrency":1}`, "If-Match", etag).want(200)
		if n := len(b.lease("q", `{"limit":9}`)); n != 0 {
			b.t.Errorf("leased %d beyond a limit that fell", n)
		}
	})
	scenario("OK a reservation that fails is returned", func(b *bed) {
		b.do("PUT", "/v1/queues/q", `{"concurrency":1}`).want(201)
		id := b.enqueue("q", `{}`)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		for range 5 {
			b.doContext(ctx, "POST", "/v1/queues/q/lease", `{}`)
		}
		if l := b.leaseOne("q"); l.ID != id || l.Attempt != 1 {
			b.t.Errorf("leased %+v", l)
		}
	})
}

// TestQueueRates holds how much happens in a queue, over the last minute.
func TestQueueRates(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{})
	want := func(b *bed, enqueued, started, done, dead float64) {
		b.t.Helper()
		var q scheduler.Queue
		b.do("GET", "/v1/queues/q", "").want(200).into(&q)
		if got := q.PerSecond; got != (scheduler.QueueRates{Enqueued: enqueued, Started: started, Done: done, Dead: dead}) {
			b.t.Fatalf("per second %+v, expected were %v %v %v %v", got, enqueued, started, done, dead)
		}
	}
	run := func(b *bed) {
		b.enqueueMany("q", 60, func(int) string { return `{"max_attempts":1}` })
		for i, l := range b.lease("q", `{"limit":45,"lease":"1h"}`) {
			if i < 15 {
				b.call(l, "complete", ``).want(200)
			} else if i < 30 {
				b.call(l, "fail", ``).want(200)
			}
		}
	}
	scenario("OK over the last minute", func(b *bed) {
		pass(time.Hour)
		run(b)
		want(b, 1, 0.75, 0.25, 0.25)
		pass(54 * time.Second)
		want(b, 1, 0.75, 0.25, 0.25)
		pass(6 * time.Second)
		want(b, 0, 0, 0, 0)
	})
	scenario("OK a restart begins anew", func(b *bed) {
		pass(time.Hour)
		run(b)
		b.reopen()
		want(b, 0, 0, 0, 0)
	})
	scenario("OK a redrive enqueues nothing", func(b *bed) {
		pass(time.Hour)
		run(b)
		b.bulk("redrive", `{"queue":"q"}`, `"changed":15`)
		want(b, 1, 0.75, 0.25, 0.25)
	})
}
