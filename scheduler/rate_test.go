package scheduler_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"quintet/scheduler"
)

// starts leases one job after the other for some time, and returns when each
// came.
func (b *bed) starts(queue string, span time.Duration) (at []time.Duration) {
	b.t.Helper()
	began := time.Now()
	for time.Since(began) < span {
		wait := min(span-time.Since(began), time.Minute)
		for range b.lease(queue, fmt.Sprintf(`{"wait":"%dms","lease":"12h"}`, wait.Milliseconds())) {
			at = append(at, time.Since(began))
		}
	}
	return at
}

// seconds is a list of spans of whole seconds.
func seconds(list ...int) (all []time.Duration) {
	for _, n := range list {
		all = append(all, time.Duration(n)*time.Second)
	}
	return all
}

// TestRate holds how often jobs start.
func TestRate(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{})
	fill := func(b *bed, n int) { b.enqueueMany("q", n, func(int) string { return `{}` }) }
	gone, cancel := context.WithCancel(context.Background())
	cancel()

	scenario("OK a bucket begins empty and a poll waits for exactly one more", func(b *bed) {
		b.do("PUT", "/v1/queues/q", `{"rate":{"limit":5,"per":"10s"}}`).want(201)
		fill(b, 20)
		if at := b.starts("q", 11*time.Second); !slices.Equal(at, seconds(2, 4, 6, 8, 10)) {
			b.t.Errorf("started at %v", at)
		}
	})
	scenario("OK as many as the limit at once after a rest, and no more", func(b *bed) {
		b.do("PUT", "/v1/queues/q", `{"rate":{"limit":5,"per":"10s"}}`).want(201)
		fill(b, 20)
		time.Sleep(time.Hour)
		if n := len(b.lease("q", `{"limit":20,"lease":"12h"}`)); n != 5 {
			b.t.Errorf("%d at once", n)
		}
		if at := b.starts("q", 5*time.Second); !slices.Equal(at, seconds(2, 4)) {
			b.t.Errorf("started at %v", at)
		}
	})
	scenario("OK a restart gives nothing away", func(b *bed) {
		b.do("PUT", "/v1/queues/q", `{"rate":{"limit":5,"per":"10s"}}`).want(201)
		fill(b, 20)
		time.Sleep(time.Minute)
		b.reopen()
		if at := b.starts("q", 5*time.Second); !slices.Equal(at, seconds(2, 4)) {
			b.t.Errorf("started at %v", at)
		}
	})
	scenario("OK another rate begins empty, an equal one goes on", func(b *bed) {
		etag := b.do("PUT", "/v1/queues/q", `{"rate":{"limit":1,"per":"1h"}}`).want(201).header.Get("ETag")
		fill(b, 9)
		time.Sleep(time.Hour)
		etag = b.do("PUT", "/v1/queues/q", `{"rate":{"limit":1,"per":"1h"},"concurrency":9}`, "If-Match", etag).want(200).header.Get("ETag")
		if n := len(b.lease("q", `{"limit":9,"lease":"12h"}`)); n != 1 {
			b.t.Errorf("%d although one was saved up", n)
		}
		etag = b.do("PUT", "/v1/queues/q", `{"rate":{"limit":2,"per":"4s"}}`, "If-Match", etag).want(200).header.Get("ETag")
		if at := b.starts("q", 5*time.Second); !slices.Equal(at, seconds(2, 4)) {
			b.t.Errorf("started at %v", at)
		}
		got := make(chan int, 1)
		go func() { got <- len(b.lease("q", `{"limit":9,"wait":"9s"}`)) }()
		synctest.Wait()
		at := time.Now()
		b.do("PUT", "/v1/queues/q", `{}`, "If-Match", etag).want(200)
		if n := <-got; n != 6 || time.Since(at) != 0 {
			b.t.Errorf("%d after %v when the rate was lifted", n, time.Since(at))
		}
	})
	scenario("OK a reservation that fails gives its token back", func(b *bed) {
		b.do("PUT", "/v1/queues/q", `{"rate":{"limit":2,"per":"1h"}}`).want(201)
		fill(b, 9)
		time.Sleep(time.Hour)
		for range 20 {
			b.doContext(gone, "POST", "/v1/queues/q/lease", `{"limit":9}`)
		}
		if n := len(b.lease("q", `{"limit":9}`)); n != 2 {
			b.t.Errorf("%d after reservations that failed", n)
		}
	})
	scenario("OK an empty or full queue takes no tokens", func(b *bed) {
		b.do("PUT", "/v1/queues/q", `{"rate":{"limit":2,"per":"1h"},"concurrency":1}`).want(201)
		time.Sleep(time.Hour)
		b.lease("q", `{"limit":9}`)
		fill(b, 3)
		l := b.leaseOne("q")
		for range 9 {
			b.lease("q", `{"limit":9}`)
		}
		b.call(l, "complete", ``).want(200)
		b.leaseOne("q")
	})
	scenario("OK many polls", func(b *bed) {
		b.do("PUT", "/v1/queues/q", `{"rate":{"limit":10,"per":"1s"}}`).want(201)
		fill(b, 500)
		var mu sync.Mutex
		var at []time.Duration
		began := time.Now()
		var all sync.WaitGroup
		for w := range 8 {
			all.Go(func() {
				for time.Since(began) < 20*time.Second {
					for _, l := range b.lease("q", fmt.Sprintf(`{"limit":%d,"wait":"1s"}`, w+1)) {
						mu.Lock()
						at = append(at, time.Since(began))
						mu.Unlock()
						b.call(l, "complete", ``).want(200)
					}
				}
			})
		}
		all.Wait()
		if len(at) < 198 || len(at) > 220 {
			b.t.Errorf("%d started in 20 s", len(at))
		}
		for i := range at {
			if i >= 20 && at[i]-at[i-20] < time.Second {
				b.t.Fatalf("20 started within %v", at[i]-at[i-20])
			}
		}
	})
}

// TestRateByKey holds how often jobs of each key start.
func TestRateByKey(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{})
	define := func(b *bed, limit int, per string) {
		b.do("PUT", "/v1/queues/q", fmt.Sprintf(`{"rate":{"limit":%d,"per":"%s","by_key":true}}`, limit, per)).want(201)
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()

	scenario("OK each has its own, who has no key has no limit", func(b *bed) {
		define(b, 1, "10s")
		n := b.keyed("q", "aaabb", "")
		n[b.enqueue("q", `{}`)], n[b.enqueue("q", `{}`)] = "-1", "-2"
		b.wantNamed(n, "q", `{"limit":9}`, "-1 -2") // the others begin empty
		time.Sleep(10 * time.Second)
		b.wantNamed(n, "q", `{"limit":9}`, "a1 b1")
		time.Sleep(9 * time.Second)
		b.wantNamed(n, "q", `{"limit":9}`, "")
		began := time.Now()
		b.wantNamed(n, "q", `{"limit":9,"wait":"5s"}`, "a2 b2")
		if took := time.Since(began); took != time.Second {
			b.t.Errorf("waited %v", took)
		}
	})
	scenario("OK a key that was gone for a moment has no new bucket", func(b *bed) {
		define(b, 1, "10s")
		n := b.keyed("q", "a", "")
		time.Sleep(time.Minute)
		b.end(b.leaseOne("q"), "complete")
		n[b.enqueue("q", `{"key":"a"}`)] = "a2"
		b.wantNamed(n, "q", `{"limit":9}`, "")
		time.Sleep(9 * time.Second)
		b.wantNamed(n, "q", `{"limit":9}`, "")
		time.Sleep(time.Second)
		b.wantNamed(n, "q", `{"limit":9}`, "a2")
	})
	scenario("OK nor by a pause", func(b *bed) {
		define(b, 1, "10s")
		n := b.keyed("q", "a", "")
		time.Sleep(time.Minute)
		b.end(b.leaseOne("q"), "complete")
		b.do("POST", "/v1/queues/q/pause", ``).want(200)
		b.do("POST", "/v1/queues/q/resume", ``).want(200)
		n[b.enqueue("q", `{"key":"a"}`)] = "a2"
		b.wantNamed(n, "q", `{"limit":9}`, "")
		time.Sleep(10 * time.Second)
		b.wantNamed(n, "q", `{"limit":9}`, "a2")
	})
	scenario("OK a reservation that fails gives its token back, though its key stood aside", func(b *bed) {
		define(b, 1, "1h")
		n := b.keyed("q", "aab", "")
		time.Sleep(time.Hour)
		for range 5 {
			b.doContext(gone, "POST", "/v1/queues/q/lease", `{"limit":9}`)
		}
		b.wantNamed(n, "q", `{"limit":9}`, "a1 b1")
		b.wantNamed(n, "q", `{"limit":9}`, "")
	})
	scenario("OK a key that stands aside keeps nobody of a lower priority waiting", func(b *bed) {
		define(b, 1, "1h")
		n := b.keyed("q", "aaa", `,"priority":9`)
		time.Sleep(time.Hour)
		n[b.enqueue("q", `{"key":"b","priority":0}`)] = "b1"
		b.wantNamed(n, "q", `{"limit":9}`, "a1 b1")
	})
	scenario("OK cancelled while its key stands aside", func(b *bed) {
		define(b, 1, "10s")
		n := b.keyed("q", "aa", "")
		time.Sleep(10 * time.Second)
		b.end(b.leaseOne("q"), "complete")
		b.lease("q", `{}`) // a stands aside
		for id, name := range n {
			if name == "a2" {
				b.do("POST", "/v1/jobs/"+id+"/cancel", ``).want(200, `"state":"cancelled"`)
			}
		}
		n[b.enqueue("q", `{"key":"a"}`)] = "a3"
		b.wantNamed(n, "q", `{}`, "")
		time.Sleep(10 * time.Second)
		b.wantNamed(n, "q", `{}`, "a3")
	})
	scenario("OK keys are forgotten when their buckets are full, or their queue is gone", func(b *bed) {
		for _, queue := range []string{"q", "gone"} {
			b.do("PUT", "/v1/queues/"+queue, `{"rate":{"limit":1,"per":"1m","by_key":true}}`).want(201)
		}
		time.Sleep(time.Minute)
		for _, queue := range []string{"q", "gone"} {
			for _, id := range b.enqueueMany(queue, 50, func(i int) string { return fmt.Sprintf(`{"key":"k%d","retention":"1s"}`, i) }) {
				l := b.lease(queue, `{}`)[0]
				b.call(l, "complete", ``).want(200)
				b.do("DELETE", "/v1/jobs/"+id, "").want(204)
			}
		}
		if n := b.s.Groups(); n != 100 {
			b.t.Errorf("%d keys are known, expected were 100 with buckets that are not full", n)
		}
		b.do("DELETE", "/v1/queues/gone", "").want(204)
		if n := b.s.Groups(); n != 50 {
			b.t.Errorf("%d keys are known when a queue is gone", n)
		}
		time.Sleep(time.Minute)
		b.lease("q", `{}`)
		if n := b.s.Groups(); n != 0 {
			b.t.Errorf("%d keys are known whose buckets are full", n)
		}
	})
	scenario("OK strict order and a limit beside it", func(b *bed) {
		b.do("PUT", "/v1/queues/q", `{"strict_order":true,"concurrency":2,"rate":{"limit":2,"per":"2s","by_key":true}}`).want(201)
		n := b.keyed("q", "aabbc", "")
		time.Sleep(time.Minute)
		jobs := b.lease("q", `{"limit":9}`)
		if len(jobs) != 2 || n[jobs[0].ID] != "a1" || n[jobs[1].ID] != "b1" {
			b.t.Fatalf("leased %+v", jobs)
		}
		b.end(jobs[0], "complete")
		b.wantNamed(n, "q", `{"limit":9}`, "c1")
		b.end(jobs[1], "complete")
		b.wantNamed(n, "q", `{"limit":9}`, "a2")
	})
}
