package scheduler_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"quintet/engine"
	"quintet/scheduler"
)

// herd is many jobs whose retry is due in the same second, and the clock that
// brings that second near.
type herd struct {
	*bed
	clock *jumpingClock
	size  int

	mu      sync.Mutex
	waited  []time.Duration // from due to leased
	started map[string]bool
}

// TestHerd lets 5,000 retries, 100,000 with QUINTET_LONG=1, become due in one
// second. Each pass moves so many and no more, all of them run, and somebody
// else's jobs go on meanwhile. The time from due to start is told.
func TestHerd(t *testing.T) {
	t.Parallel()
	h := &herd{clock: &jumpingClock{}, size: 5000, started: map[string]bool{}}
	if os.Getenv("QUINTET_LONG") == "1" {
		h.size = 100_000
	}
	h.bed = newBed(t, scheduler.Options{Clock: h.clock})
	h.gather()
	h.do("GET", "/v1/queues/herd", "").want(200, fmt.Sprintf(`"retrying":%d,`, h.size))

	var most atomic.Int64
	must(t, h.e.Store.Observe(context.Background(), &engine.Observer{
		Name: "passes", Rebuild: func(*engine.View) error { return nil },
		Apply: func(c engine.Commit) { most.Store(max(most.Load(), int64(dueIn(c)))) },
	}))
	over := make(chan struct{})
	var workers, other sync.WaitGroup
	for range 4 {
		workers.Go(h.work)
	}
	var lives []time.Duration
	other.Go(func() { lives = h.bystander(over) })
	h.clock.jump(time.Hour) // and the second begins in two
	workers.Wait()
	close(over)
	other.Wait()

	h.do("GET", "/v1/queues/herd", "").want(200, fmt.Sprintf(`"done":%d,`, h.size), `"retrying":0`, `"ready":0`)
	if most.Load() > scheduler.SliceJobs {
		t.Errorf("one commit made %d jobs ready, expected were at most %d", most.Load(), scheduler.SliceJobs)
	}
	if slowest := slices.Max(lives); slowest > 2*time.Second {
		t.Errorf("another queue's job took %v from its enqueue to its end", slowest)
	}
	t.Logf("%d retries in one second, at most %d in a commit; from due to start %s; beside them %d jobs of another queue, each %s",
		h.size, most.Load(), spread(h.waited), len(lives), spread(lives))
	h.check()
}

// dueIn counts the jobs that a commit makes ready.
func dueIn(c engine.Commit) (n int) {
	for _, w := range c.Writes {
		if w.Bucket == "scheduler.transitions" && !w.Deleted && w.Value[1] == 2 {
			n++
		}
	}
	return n
}

// spread tells the half, the 99th of 100 and the slowest.
func spread(list []time.Duration) string {
	slices.Sort(list)
	at := func(part float64) time.Duration {
		return list[int(part*float64(len(list)-1))].Round(time.Microsecond)
	}
	return fmt.Sprintf("p50 %v, p99 %v, max %v", at(0.5), at(0.99), at(1))
}

// gather makes the jobs, and lets each fail once. Their retries are due within
// the same second, in an hour and two seconds.
func (h *herd) gather() {
	for left := h.size; left > 0; left -= 10_000 {
		body := lines(min(left, 10_000), func(int) string { return `{}` })
		h.do("POST", "/v1/queues/herd/jobs", body, "Content-Type", "application/x-ndjson").want(200, `"rejected":0`)
	}
	due := h.clock.Now().Add(time.Hour + 2*time.Second)
	var all sync.WaitGroup
	for n := range 16 {
		all.Go(func() {
			for rng := rand.New(rand.NewPCG(uint64(n), 3)); ; {
				jobs := h.lease("herd", `{"limit":200,"lease":"10m"}`)
				if len(jobs) == 0 {
					return
				}
				for _, l := range jobs {
					after := due.Sub(h.clock.Now()) + time.Duration(rng.IntN(1000))*time.Millisecond
					if r := h.call(l, "fail", fmt.Sprintf(`,"retry_after":"%dms"`, after.Milliseconds())); r.status != 200 {
						h.t.Errorf("fail: %d %s", r.status, r.cut())
					}
				}
			}
		})
	}
	all.Wait()
	h.clock.jump(due.Add(-time.Hour - 2*time.Second).Sub(h.clock.Now()))
}

// work runs jobs of the herd until all have run.
func (h *herd) work() {
	for {
		var a struct{ Jobs []leased }
		if r := h.do("POST", "/v1/queues/herd/lease", `{"limit":100,"wait":"500ms"}`); json.Unmarshal(r.body, &a) != nil {
			h.t.Errorf("lease: %d %s", r.status, r.cut())
			return
		}
		now, done := h.clock.Now(), []map[string]string{}
		h.mu.Lock()
		for _, l := range a.Jobs {
			if h.started[l.ID] {
				h.t.Errorf("job %s has run before", l.ID)
			}
			h.started[l.ID] = true
			done = append(done, map[string]string{"id": l.ID, "token": l.Token})
		}
		over := len(h.started) == h.size
		h.mu.Unlock()
		if len(a.Jobs) > 0 {
			h.note(a.Jobs, now)
			body, _ := json.Marshal(map[string]any{"jobs": done})
			if r := h.do("POST", "/v1/leases/complete", string(body)); r.status != 200 || r.get("lost") != "[]" {
				h.t.Errorf("complete: %d %s", r.status, r.cut())
			}
		}
		if over {
			return
		}
	}
}

// note asks for one of the jobs when it was due.
func (h *herd) note(jobs []leased, now time.Time) {
	var j scheduler.Job
	r := h.do("GET", "/v1/jobs/"+jobs[0].ID, "")
	if json.Unmarshal(r.body, &j) != nil || j.RunAt.After(now) {
		h.t.Errorf("job %s is due at %v and was leased at %v", jobs[0].ID, j.RunAt, now)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waited = append(h.waited, now.Sub(j.RunAt))
}

// bystander runs jobs of another queue, one after the other, and takes their
// time.
func (h *herd) bystander(over <-chan struct{}) (lives []time.Duration) {
	for {
		began := time.Now()
		made := h.do("POST", "/v1/queues/other/jobs", `{}`)
		var a struct{ Jobs []leased }
		r := h.do("POST", "/v1/queues/other/lease", `{"wait":"10s"}`)
		if made.status != 201 || json.Unmarshal(r.body, &a) != nil || len(a.Jobs) != 1 {
			h.t.Errorf("another queue: %s %s", made.cut(), r.cut())
			return append(lives, time.Hour)
		}
		h.call(a.Jobs[0], "complete", ``)
		lives = append(lives, time.Since(began))
		select {
		case <-over:
			return lives
		case <-time.After(5 * time.Millisecond):
		}
	}
}
