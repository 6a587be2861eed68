package scheduler_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"quintet/engine"
	"quintet/scheduler"
)

// endMany makes n jobs and ends each: done, or dead letters.
func (b *bed) endMany(queue string, n int, call string) (ids []string) {
	b.t.Helper()
	ids = b.enqueueMany(queue, n, func(int) string { return `{"max_attempts":1}` })
	for left := n; left > 0; {
		jobs := b.lease(queue, `{"limit":1000}`)
		for _, l := range jobs {
			b.call(l, call, ``).want(200)
		}
		left -= len(jobs)
	}
	return ids
}

// purged lets a purge come by.
func purged() { pass(11 * time.Second) }

// TestMaxFinished holds how many ended jobs are kept of a queue, and which.
func TestMaxFinished(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{MaxFinished: 100})
	scenario("OK the oldest go, dead letters last", func(b *bed) {
		dead := b.endMany("q", 60, "fail")
		done := b.endMany("q", 40, "complete")
		purged()
		b.do("GET", "/v1/queues/q", "").want(200, `"dead":60`, `"done":40`)
		b.endMany("q", 10, "complete")
		purged()
		b.do("GET", "/v1/queues/q", "").want(200, `"dead":60`, `"done":40`)
		b.do("GET", "/v1/jobs/"+done[9], "").want(404)
		b.wantState(done[10], "done")
		more := b.endMany("q", 60, "fail")
		purged()
		b.do("GET", "/v1/queues/q", "").want(200, `"dead":100`, `"done":0`)
		b.do("GET", "/v1/jobs/"+dead[19], "").want(404)
		b.wantState(dead[20], "dead")
		b.wantState(more[0], "dead")
	})
	scenario("OK each queue by itself, and what has not ended counts nowhere", func(b *bed) {
		for _, queue := range []string{"p", "q"} {
			b.endMany(queue, 90, "complete")
		}
		b.enqueueMany("p", 300, func(int) string { return `{}` })
		purged()
		b.do("GET", "/v1/queues/p", "").want(200, `"done":90`, `"ready":300`)
		b.do("GET", "/v1/queues/q", "").want(200, `"done":90`)
	})
	scenario("OK far too many go at once, before their time", func(b *bed) {
		b.endMany("q", 100, "complete")
		began := time.Now()
		b.endMany("q", 500, "complete")
		pass(time.Second) // it does not wait for its turn
		var q struct{ Jobs map[string]int }
		b.do("GET", "/v1/queues/q", "").want(200).into(&q)
		if q.Jobs["done"] > 110 {
			b.t.Errorf("%d are kept after %v", q.Jobs["done"], time.Since(began))
		}
		purged()
		b.do("GET", "/v1/queues/q", "").want(200, `"done":100`)
	})
	scenario("OK found at a start", func(b *bed) {
		b.endMany("q", 90, "complete")
		b.close()
		b.options.MaxFinished = 50
		b.open()
		purged()
		b.do("GET", "/v1/queues/q", "").want(200, `"done":50`)
	})
}

// TestPurgeRetention holds that every job goes in its own time.
func TestPurgeRetention(t *testing.T) {
	clock := &jumpingClock{}
	scenario := scenarios(t, scheduler.Options{Clock: clock})
	scenario("OK each in its time", func(b *bed) {
		for _, minutes := range []int{5, 1, 3, 4, 2} {
			b.enqueueMany("q", 10, func(int) string { return fmt.Sprintf(`{"retention":"%dm"}`, minutes) })
		}
		for _, l := range b.lease("q", `{"limit":50}`) {
			b.call(l, "complete", ``).want(200)
		}
		purged()
		for n := 5; n >= 0; n-- {
			b.do("GET", "/v1/queues/q", "").want(200, fmt.Sprintf(`"done":%d`, 10*n))
			pass(time.Minute)
		}
	})
	scenario("OK it is counted from the end of the job", func(b *bed) {
		id := b.enqueue("q", `{"retention":"1m"}`)
		pass(10 * time.Minute)
		l := b.leaseOne("q")
		b.call(l, "complete", ``).want(200)
		pass(45 * time.Second)
		b.wantState(id, "done")
		b.reopen()
		pass(30 * time.Second)
		b.do("GET", "/v1/jobs/"+id, "").want(404)
	})
	scenario("OK what is redriven in time stays", func(b *bed) {
		id := b.enqueue("q", `{"retention":"1m","max_attempts":1}`)
		b.call(b.leaseOne("q"), "fail", ``).want(200)
		pass(45 * time.Second)
		b.do("POST", "/v1/jobs/"+id+"/retry", ``).want(200)
		pass(time.Hour)
		b.wantState(id, "ready", "enqueued", "leased", "failed", "retried")
	})
	scenario("OK nothing is left of them", func(b *bed) {
		b.enqueueMany("q", 20, func(i int) string {
			return fmt.Sprintf(`{"tags":["a","b"],"unique_key":"u%d","unique_for":"1h","headers":{"h":"1"},"payload":%s,"retention":"1m"}`, i, text("x", 60_000))
		})
		for b.states()["done"] < 20 {
			for _, l := range b.lease("q", `{"limit":100}`) {
				b.call(l, "complete", `,"output":1`).want(200)
			}
		}
		pass(2 * time.Minute)
		for bucket, want := range map[engine.Bucket]int{"jobs": 0, "states": 0, "outputs": 0, "transitions": 0, "tags": 0, "unique": 20, "windows": 20} {
			if n := b.s.Count("scheduler."+bucket, b.acme); n != want {
				b.t.Errorf("%d %s are left", n, bucket)
			}
		}
		clock.jump(time.Hour)
		purged()
		if n := b.s.Count("scheduler.unique", b.acme) + b.s.Count("scheduler.windows", b.acme); n != 0 {
			b.t.Errorf("%d unique keys and windows are left", n)
		}
		collected()
		b.wantBlobs(0)
	})
	scenario("OK a job with a long timeline, by hand and by an operation", func(b *bed) {
		var ids []string
		for range 2 {
			id := b.enqueue("q", `{"tags":["long"]}`)
			for range 950 {
				b.call(b.leaseOne("q"), "snooze", `,"delay":"0s"`).want(200)
			}
			b.do("POST", "/v1/jobs/"+id+"/cancel", ``).want(200)
			ids = append(ids, id)
		}
		b.do("DELETE", "/v1/jobs/"+ids[0], "").want(204)
		b.do("GET", "/v1/jobs/"+ids[0], "").want(404)
		b.bulk("purge", `{"tag":"long"}`, `"changed":1`, `"skipped":0`)
		b.do("GET", "/v1/jobs/"+ids[1], "").want(404)
		if n := b.s.Count("scheduler.transitions", b.acme); n != 0 {
			b.t.Errorf("%d transitions are left", n)
		}
	})
	scenario("OK DELETE while the server stops", func(b *bed) {
		id := b.endMany("q", 1, "complete")[0]
		b.s.Goodbye()
		b.do("DELETE", "/v1/jobs/"+id, "").want(204)
		b.do("GET", "/v1/jobs/"+id, "").want(404)
	})
	scenario("ErrDelete", func(b *bed) {
		id := b.enqueue("q", `{"backoff":["1h"]}`)
		b.do("DELETE", "/v1/jobs/"+id, "").want(409, "job_unfinished")
		l := b.leaseOne("q")
		b.do("DELETE", "/v1/jobs/"+id, "").want(409, "job_unfinished")
		b.call(l, "fail", ``).want(200)
		b.do("DELETE", "/v1/jobs/"+id, "").want(409, "job_unfinished")
		b.do("DELETE", "/v1/jobs/x", "").want(404)
		b.do("DELETE", "/v1/jobs/00000000-0000-7000-8000-000000000000", "").want(404)
	})
}

// TestPurgeUnreadable holds that a job that cannot be read stays, and that all
// the others go.
func TestPurgeUnreadable(t *testing.T) {
	for name, bucket := range map[string]engine.Bucket{"ErrJob": "scheduler.jobs", "ErrTransition": "scheduler.transitions"} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				b := newBed(t, scheduler.Options{Keep: time.Minute})
				ids := b.endMany("a", 5, "complete")
				b.endMany("b", 5, "complete")
				must(t, b.e.Store.Update(context.Background(), b.acme, func(tx *engine.Tx) error {
					bad, err := engine.ParseID(ids[0])
					for key := range tx.Keys(bucket, nil, nil) {
						if bucket == "scheduler.jobs" && engine.ID(key) == bad || bucket == "scheduler.transitions" && engine.ID(key[8:24]) == bad {
							tx.Put(bucket, key, []byte("damaged"))
							return err
						}
					}
					return err
				}))
				pass(2 * time.Minute)
				b.do("GET", "/v1/queues/a", "").want(200, `"done":1`)
				b.do("GET", "/v1/queues/b", "").want(200, `"done":0`)
				b.endMany("a", 3, "complete")
				pass(2 * time.Minute)
				b.do("GET", "/v1/queues/a", "").want(200, `"done":1`)
				if diff := b.s.BoardDiff(context.Background()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// TestPurgeKeepsPace ends jobs for some time, as fast as it goes, and looks at
// how many are there.
func TestPurgeKeepsPace(t *testing.T) {
	virtual(t, func(t *testing.T) {
		const most = 200
		b := newBed(t, scheduler.Options{MaxFinished: most})
		highest := 0
		for range 12 {
			b.endMany("q", 120, "complete")
			pass(50 * time.Millisecond)
			var q struct{ Jobs map[string]int }
			b.do("GET", "/v1/queues/q", "").want(200).into(&q)
			highest = max(highest, q.Jobs["done"])
		}
		if highest > most+160 {
			t.Errorf("%d ended jobs were there, %d are kept", highest, most)
		}
		b.check()
	})
}

// TestMaxFinishedBesideRetention holds that what goes by its time counts among
// what is too much.
func TestMaxFinishedBesideRetention(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := &bed{t: t, dir: filepath.Join(memory(t), "data"), options: scheduler.Options{MaxFinished: 100, KeepDead: time.Minute}}
		b.openIdle()
		defer b.close()
		b.endMany("q", 98, "fail")
		time.Sleep(time.Minute)
		b.endMany("q", 110, "complete")
		must(t, b.s.PurgeNow(context.Background()))
		b.do("GET", "/v1/queues/q", "").want(200, `"dead":0`, `"done":100`)
		b.check()
	})
}
