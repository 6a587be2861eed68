package scheduler_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"quintet/engine"
	"quintet/engine/enginetest"
	"quintet/scheduler"
)

// TestJobsAcrossPowerCuts cuts the power in the commits of every kind of
// transition. What comes back is the state before or the state after, complete:
// record, place, payload, job log and queue.
func TestJobsAcrossPowerCuts(t *testing.T) {
	const seeds, steps = 8, 30
	cuts := 0
	for seed := range uint64(seeds) {
		c := &crasher{rng: rand.New(rand.NewPCG(seed, 5)), now: newTestClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))}
		c.bed = &bed{t: t, dir: filepath.Join(memory(t), "data"), clock: c.now}
		c.openIdle()
		for range steps {
			op := c.draw()
			if op == nil {
				continue
			}
			if c.rng.IntN(3) > 0 {
				op()
				continue
			}
			cuts++
			before := c.dump()
			var after map[engine.ID]scheduler.Dumped
			survived := c.cutDuring(c.rng, func() { op(); after = c.dump() })
			want := before
			if survived {
				want = after
			}
			if got := c.dump(); !maps.Equal(got, want) {
				t.Errorf("survived %v: the store has\n%v\nexpected was\n%v", survived, got, want)
			}
			c.check()
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
		c.close()
	}
	t.Logf("%d cuts", cuts)
}

// crasher draws calls that make one commit each.
type crasher struct {
	*bed
	rng *rand.Rand
	now *enginetest.Clock
}

func (c *crasher) dump() map[engine.ID]scheduler.Dumped {
	all, err := c.s.Dump(context.Background(), c.acme)
	must(c.t, err)
	return all
}

// some returns any job in one of the states.
func (c *crasher) some(states ...string) (engine.ID, scheduler.Dumped, bool) {
	for id, j := range c.dump() {
		for _, state := range states {
			if j.State == state {
				return id, j, true
			}
		}
	}
	return engine.ID{}, scheduler.Dumped{}, false
}

// draw returns a call, nil when there is nothing to call.
func (c *crasher) draw() func() {
	c.now.Advance(time.Duration(c.rng.IntN(3)) * time.Second)
	switch c.rng.IntN(8) {
	case 0:
		body := fmt.Sprintf(`{"payload":%d,"max_attempts":2,"backoff":["%ds"],"delay":"%ds"}`, c.rng.Uint32(), c.rng.IntN(3), c.rng.IntN(3))
		return func() { c.do("POST", "/v1/queues/q/jobs", body).want(201) }
	case 1:
		n := 1 + c.rng.IntN(40)
		return func() {
			c.do("POST", "/v1/queues/q/jobs?atomic=true", lines(n, func(i int) string { return fmt.Sprintf(`{"payload":%d}`, i) })).want(200)
		}
	case 2, 3:
		if _, _, ok := c.some("ready"); ok {
			limit := 1 + c.rng.IntN(20)
			return func() { c.lease("q", fmt.Sprintf(`{"limit":%d}`, limit)) }
		}
	case 4, 5:
		if id, j, ok := c.some("running"); ok {
			call := []string{"complete", "fail", "snooze"}[c.rng.IntN(3)]
			return func() { c.call(leased{ID: id.String(), Token: fmt.Sprint(j.Token)}, call, members(call)).want(200) }
		}
	case 6:
		if id, _, ok := c.some("ready", "scheduled", "running"); ok {
			return func() { c.do("POST", "/v1/jobs/"+id.String()+"/cancel", "").want(200) }
		}
	case 7:
		if id, _, ok := c.some("dead", "cancelled"); ok {
			return func() { c.do("POST", "/v1/jobs/"+id.String()+"/retry", "").want(200) }
		}
		return func() { must(c.t, c.s.Settle(context.Background())) }
	}
	return nil
}
