package scheduler_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"quintet/scheduler"
)

// keyed makes jobs of one key each by a text such as "aab", and returns their
// ids with what they are called: a1, a2, b1.
func (b *bed) keyed(queue, keys, members string) map[string]string {
	b.t.Helper()
	names, count := map[string]string{}, map[rune]int{}
	for _, k := range keys {
		count[k]++
		names[b.enqueue(queue, fmt.Sprintf(`{"key":"%c"%s}`, k, members))] = fmt.Sprintf("%c%d", k, count[k])
	}
	return names
}

// named leases and returns what the jobs are called.
func (b *bed) named(names map[string]string, queue, body string) string {
	b.t.Helper()
	var list []string
	for _, id := range b.leaseIDs(queue, body) {
		list = append(list, names[id])
	}
	return strings.Join(list, " ")
}

func (b *bed) wantNamed(names map[string]string, queue, body, want string) {
	b.t.Helper()
	if got := b.named(names, queue, body); got != want {
		b.t.Fatalf("leased %q, expected was %q", got, want)
	}
}

// end completes the running job of a name.
func (b *bed) end(l leased, what string) {
	b.t.Helper()
	b.call(l, what, map[string]string{"snooze": `,"delay":"5s"`}[what]).want(200)
}

// TestKeysTakeTurns holds that the keys of a queue take turns within a
// priority, however many jobs one of them has.
func TestKeysTakeTurns(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{})
	scenario("OK one by one", func(b *bed) {
		n := b.keyed("q", "aaaaabbc", "")
		var got []string
		for range 8 {
			got = append(got, b.named(n, "q", `{}`))
		}
		if all := strings.Join(got, " "); all != "a1 b1 c1 a2 b2 a3 a4 a5" {
			b.t.Errorf("leased %s", all)
		}
	})
	scenario("OK many at once", func(b *bed) {
		n := b.keyed("q", "aaaaabbc", "")
		b.wantNamed(n, "q", `{"limit":8}`, "a1 b1 c1 a2 b2 a3 a4 a5")
	})
	scenario("OK those without a key are one of them", func(b *bed) {
		n := b.keyed("q", "aaa", "")
		for i := range 3 {
			n[b.enqueue("q", `{}`)] = fmt.Sprint("-", i+1)
		}
		b.wantNamed(n, "q", `{"limit":9}`, "a1 -1 a2 -2 a3 -3")
	})
	scenario("OK a priority comes before a turn", func(b *bed) {
		n := b.keyed("q", "aab", "")
		for id, name := range b.keyed("q", "aac", `,"priority":8`) {
			n[id] = "high-" + name
		}
		b.wantNamed(n, "q", `{"limit":9}`, "high-a1 high-c1 high-a2 b1 a1 a2")
	})
	scenario("OK who comes later waits for no whole backlog", func(b *bed) {
		n := map[string]string{}
		for i, id := range b.enqueueMany("q", 1000, func(int) string { return `{"key":"big"}` }) {
			n[id] = fmt.Sprint("big", i)
		}
		b.lease("q", `{"limit":10}`)
		small := b.enqueue("q", `{"key":"small"}`)
		if ids := b.leaseIDs("q", `{"limit":2}`); !slices.Contains(ids, small) {
			b.t.Errorf("leased %v before %s", ids, small)
		}
	})
	scenario("OK what was given back is at the end of the turns", func(b *bed) {
		n := b.keyed("q", "aabb", "")
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		b.doContext(ctx, "POST", "/v1/queues/q/lease", `{"limit":1}`)
		got := strings.Fields(b.named(n, "q", `{"limit":4}`))
		slices.Sort(got)
		if strings.Join(got, " ") != "a1 a2 b1 b2" {
			b.t.Errorf("leased %v", got)
		}
	})
	scenario("OK the same text is another key in another queue", func(b *bed) {
		for _, queue := range []string{"p", "q"} {
			b.do("PUT", "/v1/queues/"+queue, `{"per_key":1}`).want(201)
			b.keyed(queue, "aa", "")
			if n := len(b.lease(queue, `{"limit":5}`)); n != 1 {
				b.t.Errorf("leased %d", n)
			}
		}
	})
}

// TestPerKey holds that never more jobs of one key run than may.
func TestPerKey(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{})
	scenario("OK at most M of each", func(b *bed) {
		b.do("PUT", "/v1/queues/q", `{"per_key":2}`).want(201)
		n := b.keyed("q", "aaaabbb", `,"max_attempts":1`)
		for i := range 3 {
			n[b.enqueue("q", `{"max_attempts":1}`)] = fmt.Sprint("-", i+1)
		}
		b.wantNamed(n, "q", `{"limit":20}`, "a1 b1 -1 a2 b2 -2 -3") // no key, no limit
		b.wantNamed(n, "q", `{"limit":20}`, "")
		b.reopen()
		b.wantNamed(n, "q", `{"limit":20}`, "")
		pass(31 * time.Second)
		b.wantNamed(n, "q", `{"limit":20}`, "a3 b3 a4")
	})
	scenario("OK the queue's limit counts, too", func(b *bed) {
		b.do("PUT", "/v1/queues/q", `{"per_key":2,"concurrency":3}`).want(201)
		n := b.keyed("q", "aaabbb", "")
		jobs := b.lease("q", `{"limit":9}`)
		if len(jobs) != 3 {
			b.t.Fatalf("leased %d", len(jobs))
		}
		b.end(jobs[0], "complete")
		if got := b.named(n, "q", `{"limit":9}`); got != "b2" {
			b.t.Errorf("leased %s", got)
		}
	})
	scenario("OK the end of one wakes who waits", func(b *bed) {
		b.do("PUT", "/v1/queues/q", `{"per_key":1}`).want(201)
		n := b.keyed("q", "aa", "")
		l := b.leaseOne("q")
		for _, what := range []string{"complete", "fail", "snooze"} {
			got := make(chan []leased, 1)
			began := time.Now()
			go func() { got <- b.lease("q", `{"wait":"20s"}`) }()
			time.Sleep(1300 * time.Millisecond)
			synctest.Wait()
			b.end(l, what)
			next := <-got
			if len(next) != 1 || time.Since(began) != 1300*time.Millisecond {
				b.t.Fatalf("leased %v after %v and a %s", next, time.Since(began), what)
			}
			l = next[0]
			n[b.enqueue("q", `{"key":"a","backoff":["1h"]}`)] = "more"
		}
	})
	scenario("OK many polls", func(b *bed) {
		b.do("PUT", "/v1/queues/q", `{"per_key":2}`).want(201)
		keys := map[string]string{}
		for i, id := range b.enqueueMany("q", 60, func(i int) string { return fmt.Sprintf(`{"key":"k%d"}`, i%5) }) {
			keys[id] = fmt.Sprint(i % 5)
		}
		var mu sync.Mutex
		now, most, done := map[string]int{}, 0, 0
		var all sync.WaitGroup
		for w := range 16 {
			all.Go(func() {
				for range 40 {
					for _, l := range b.lease("q", `{"limit":2,"wait":"1s"}`) {
						mu.Lock()
						now[keys[l.ID]]++
						most = max(most, now[keys[l.ID]])
						mu.Unlock()
						time.Sleep(time.Duration(20+w) * time.Millisecond)
						mu.Lock()
						now[keys[l.ID]]--
						done++
						mu.Unlock()
						b.end(l, "complete")
					}
				}
			})
		}
		all.Wait()
		if most != 2 || done != 60 {
			b.t.Errorf("%d of one key ran at once, %d were done", most, done)
		}
	})
}

// TestStrictOrder holds that jobs of one key run one after the other.
func TestStrictOrder(t *testing.T) {
	strict := func(b *bed) { b.do("PUT", "/v1/queues/q", `{"strict_order":true}`).want(201) }
	scenario := scenarios(t, scheduler.Options{})
	for what, frees := range map[string]bool{"complete": true, "fail": false, "snooze": false} {
		scenario("OK "+what, func(b *bed) {
			strict(b)
			n := b.keyed("q", "aab", `,"backoff":["5s"]`)
			jobs := b.lease("q", `{"limit":9}`)
			if len(jobs) != 2 || n[jobs[0].ID] != "a1" || n[jobs[1].ID] != "b1" {
				b.t.Fatalf("leased %+v", jobs)
			}
			b.end(jobs[0], what)
			if frees {
				b.wantNamed(n, "q", `{"limit":9}`, "a2")
				return
			}
			b.wantNamed(n, "q", `{"limit":9}`, "")
			b.reopen() // and a restart forgets nothing of it
			b.wantNamed(n, "q", `{"limit":9}`, "")
			pass(5 * time.Second)
			b.wantNamed(n, "q", `{"limit":9}`, "a1")
		})
	}
	scenario("OK dead and cancelled ones block nothing", func(b *bed) {
		strict(b)
		n := b.keyed("q", "aaaa", `,"max_attempts":1,"backoff":["5s"]`)
		b.end(b.leaseOne("q"), "fail")
		l := b.leaseOne("q")
		if n[l.ID] != "a2" {
			b.t.Fatalf("leased %s after a dead letter", n[l.ID])
		}
		b.do("POST", "/v1/jobs/"+l.ID+"/cancel", ``).want(200)
		b.wantNamed(n, "q", `{"limit":9}`, "")
		b.end(l, "fail")
		b.wantNamed(n, "q", `{"limit":9}`, "a3")
	})
	scenario("OK a retrying one that is cancelled blocks nothing any more", func(b *bed) {
		strict(b)
		n := b.keyed("q", "aa", `,"backoff":["1h"]`)
		l := b.leaseOne("q")
		b.end(l, "fail")
		b.wantNamed(n, "q", `{}`, "")
		b.do("POST", "/v1/jobs/"+l.ID+"/cancel", ``).want(200, `"state":"cancelled"`)
		b.wantNamed(n, "q", `{}`, "a2")
	})
	scenario("OK a lease that expires comes first again", func(b *bed) {
		strict(b)
		n := b.keyed("q", "a", "")
		high := b.keyed("q", "a", `,"priority":9`)
		for id := range high {
			n[id] = "high"
		}
		b.wantNamed(n, "q", `{}`, "high")
		n[b.enqueue("q", `{"key":"a","priority":9}`)] = "high2"
		pass(31 * time.Second)
		b.wantNamed(n, "q", `{"limit":9}`, "high")
	})
	scenario("OK by priority, then by enqueue, and a delayed one that has not begun blocks nothing", func(b *bed) {
		strict(b)
		n := map[string]string{}
		n[b.enqueue("q", `{"key":"a","delay":"2s"}`)] = "delayed"
		n[b.enqueue("q", `{"key":"a"}`)] = "first"
		n[b.enqueue("q", `{"key":"a"}`)] = "second"
		n[b.enqueue("q", `{"key":"a","priority":9}`)] = "high"
		var got []string
		for range 4 {
			l := b.leaseOne("q")
			got = append(got, n[l.ID])
			pass(2 * time.Second)
			b.end(l, "complete")
		}
		if all := strings.Join(got, " "); all != "high delayed first second" {
			b.t.Errorf("leased %s", all)
		}
	})
	scenario("OK a redriven one stands where it was enqueued", func(b *bed) {
		strict(b)
		n := b.keyed("q", "aaa", `,"max_attempts":1`)
		first := b.leaseOne("q")
		b.end(first, "fail")
		second := b.leaseOne("q")
		b.bulk("redrive", `{"queue":"q"}`, `"changed":1`)
		b.wantNamed(n, "q", `{"limit":5}`, "") // a2 runs
		b.end(second, "complete")
		b.wantNamed(n, "q", `{"limit":5}`, "a1")
	})
	scenario("OK strict order begins and ends while jobs wait", func(b *bed) {
		n := b.keyed("q", "aaaa", `,"backoff":["5s"]`)
		b.wantNamed(n, "q", `{"limit":2}`, "a1 a2")
		etag := b.do("PUT", "/v1/queues/q", `{"strict_order":true}`).want(201).header.Get("ETag")
		b.wantNamed(n, "q", `{"limit":2}`, "")
		n[b.enqueue("q", `{"key":"a","priority":9}`)] = "high"
		pass(31 * time.Second) // both leases expire: they have begun and go on, one by one
		b.wantNamed(n, "q", `{"limit":5}`, "a1")
		b.do("PUT", "/v1/queues/q", `{}`, "If-Match", etag).want(200)
		b.wantNamed(n, "q", `{"limit":5}`, "high a3 a4 a2") // by priority, then since when they are ready
	})
	scenario("OK across a restart with the clock set back", func(b *bed) {
		clock := newTestClock(fastZero.Add(time.Hour))
		b.close()
		b.clock = clock
		b.open()
		strict(b)
		n := b.keyed("q", "aa", "")
		b.close()
		clock.Advance(-time.Hour)
		b.open()
		n[b.enqueue("q", `{"key":"a"}`)] = "a3"
		for _, want := range []string{"a1", "a2", "a3"} {
			l := b.leaseOne("q")
			if n[l.ID] != want {
				b.t.Errorf("leased %s, expected was %s", n[l.ID], want)
			}
			b.end(l, "complete")
		}
	})
	scenario("OK patched while it blocks", func(b *bed) {
		strict(b)
		n := b.keyed("q", "aa", `,"backoff":["1h"]`)
		l := b.leaseOne("q")
		b.end(l, "fail")
		b.do("PATCH", "/v1/jobs/"+l.ID, `{"priority":1}`).want(200)
		b.wantNamed(n, "q", `{}`, "")
		b.do("POST", "/v1/jobs/"+l.ID+"/retry", ``).want(200, `"state":"ready"`)
		b.wantNamed(n, "q", `{}`, "a1") // what has begun comes first, whatever its priority
	})
	scenario("OK many polls", func(b *bed) {
		strict(b)
		order := map[string]int{}
		for i, id := range b.enqueueMany("q", 40, func(i int) string { return fmt.Sprintf(`{"key":"k%d","backoff":["100ms"]}`, i%4) }) {
			order[id] = i
		}
		var mu sync.Mutex
		last := map[int]int{}
		var all sync.WaitGroup
		for w := range 10 {
			all.Go(func() {
				for range 60 {
					for _, l := range b.lease("q", `{"limit":3,"wait":"500ms"}`) {
						i := order[l.ID]
						mu.Lock()
						if old, ok := last[i%4]; ok && i < old {
							b.t.Errorf("job %d began after job %d", i, old)
						}
						last[i%4] = i
						mu.Unlock()
						time.Sleep(time.Duration(5+w) * time.Millisecond)
						if l.Attempt == 1 && i%3 == 0 {
							b.end(l, "fail")
						} else {
							b.end(l, "complete")
						}
					}
				}
			})
		}
		all.Wait()
		b.do("GET", "/v1/queues/q", "").want(200, `"done":40`)
	})
}
