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

// guard holds limits after every commit, by nothing but the keys that commits
// write.
type guard struct {
	limits map[string]limit

	mu      sync.Mutex
	jobs    map[engine.ID]scheduler.Stood
	commits int
	most    map[string]int // that ran at once, by queue
	faults  []string
}

func (g *guard) apply(c engine.Commit) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.commits++
	for _, w := range c.Writes { // first what is left: the new place of a job may stand before its old one
		if at, ok := scheduler.StoodIn(w); ok && w.Deleted && g.jobs[at.ID] == at {
			delete(g.jobs, at.ID)
		}
	}
	for _, w := range c.Writes {
		if at, ok := scheduler.StoodIn(w); ok && !w.Deleted {
			g.jobs[at.ID] = at
		}
	}
	type key struct {
		queue string
		group uint64
	}
	all, running, begun := map[string]int{}, map[key]int{}, map[key]int{}
	for _, at := range g.jobs {
		if at.State == "running" {
			all[at.Queue]++
			running[key{at.Queue, at.Group}]++
		}
		if at.Started {
			begun[key{at.Queue, at.Group}]++
		}
	}
	for queue, n := range all {
		if g.most[queue] = max(g.most[queue], n); n > g.limits[queue].queue {
			g.faults = append(g.faults, fmt.Sprintf("%d jobs of %s run at once", n, queue))
		}
	}
	for k, n := range running {
		if most := g.limits[k.queue].key; k.group != 0 && n > most {
			g.faults = append(g.faults, fmt.Sprintf("%d jobs of a key of %s run at once", n, k.queue))
		}
	}
	for k, n := range begun {
		if k.group != 0 && g.limits[k.queue].strict && n > 1 {
			g.faults = append(g.faults, fmt.Sprintf("%d jobs of a key of %s have begun and not ended", n, k.queue))
		}
	}
}

func (g *guard) watch(b *bed) {
	b.t.Helper()
	must(b.t, b.e.Store.Observe(context.Background(), &engine.Observer{
		Name: "guard", Rebuild: func(*engine.View) error { return nil }, Apply: g.apply,
	}))
}

// TestLimits lets 48 callers lease, finish, forget, cancel and retry jobs of two
// queues with limits, through restarts. After no commit do more jobs run than
// may, and under strict order no job begins before another of its key has ended.
func TestLimits(t *testing.T) {
	const callers, calls, lives = 48, 40, 3
	limits := map[string]limit{"a": {queue: 7, key: 2}, "b": {queue: 5, key: 1, strict: true}}
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		g := &guard{limits: limits, jobs: map[engine.ID]scheduler.Stood{}, most: map[string]int{}}
		b.do("PUT", "/v1/queues/a", `{"concurrency":7,"per_key":2}`).want(201)
		b.do("PUT", "/v1/queues/b", `{"concurrency":5,"strict_order":true}`).want(201)
		for life := range lives {
			g.watch(b)
			var all sync.WaitGroup
			for n := range callers {
				all.Go(func() {
					c := &limitCaller{b: b, rng: rand.New(rand.NewPCG(uint64(life), uint64(n)))}
					for range calls {
						c.act()
					}
				})
			}
			all.Wait()
			b.check()
			b.reopen() // leases go on
			b.check()
		}
		for queue, most := range limits {
			if g.most[queue] != most.queue {
				t.Errorf("at most %d jobs of %s ran at once, %d may", g.most[queue], queue, most.queue)
			}
		}
		for i, fault := range g.faults {
			if i < 5 {
				t.Error(fault)
			}
		}
		t.Logf("%d commits, %d jobs", g.commits, len(g.jobs))
	})
}

// limitCaller does what clients, workers and operators do.
type limitCaller struct {
	b    *bed
	rng  *rand.Rand
	jobs []leased
}

func (c *limitCaller) act() {
	queue := []string{"a", "b"}[c.rng.IntN(2)]
	switch n := c.rng.IntN(12); {
	case n < 3:
		body := fmt.Sprintf(`{"key":"k%d","priority":%d,"max_attempts":3,"backoff":["%ds"],"delay":"%ds"}`, c.rng.IntN(6), c.rng.IntN(3), c.rng.IntN(2), c.rng.IntN(2))
		c.b.do("POST", "/v1/queues/"+queue+"/jobs", body)
	case n < 6:
		var a struct{ Jobs []leased }
		c.b.do("POST", "/v1/leases", fmt.Sprintf(`{"queues":["%s","a","b"],"limit":%d,"lease":"2s","wait":"%dms"}`, queue, 1+c.rng.IntN(4), c.rng.IntN(500))).into(&a)
		c.jobs = append(c.jobs, a.Jobs...)
	case n < 7:
		time.Sleep(time.Duration(c.rng.IntN(1500)) * time.Millisecond)
	case len(c.jobs) == 0:
	case n < 8:
		c.b.heartbeat(c.jobs[len(c.jobs)-1])
	default:
		l := c.jobs[len(c.jobs)-1]
		switch call := []string{"complete", "complete", "fail", "snooze", "cancel", "retry", "forget"}[c.rng.IntN(7)]; call {
		case "forget":
			c.jobs = c.jobs[:len(c.jobs)-1]
		case "cancel", "retry":
			c.b.do("POST", "/v1/jobs/"+l.ID+"/"+call, "")
		default:
			c.jobs = c.jobs[:len(c.jobs)-1]
			c.b.call(l, call, members(call))
		}
	}
}
