package scheduler_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"quintet/engine"
	"quintet/engine/enginetest"
	"quintet/scheduler"
)

// cutsOfRun is how many power cuts one seed sees.
const cutsOfRun = 50

// TestJobsAcrossPowerCuts cuts the power in the commits of every kind of call,
// several at once: jobs with keys, unique keys and tags, long payloads, bulk
// operations, purges and what happens by itself. What comes back is what some
// number of commits left, complete: every bucket, byte for byte.
//
// QUINTET_SEEDS sets the number of cuts, which is 1,000 in 20 runs;
// QUINTET_SEED replays one run.
func TestJobsAcrossPowerCuts(t *testing.T) {
	t.Parallel()
	first, runs := uint64(1), uint64(20)
	if text := os.Getenv("QUINTET_SEEDS"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		must(t, err)
		runs = max(1, n/cutsOfRun)
	}
	if os.Getenv("QUINTET_SEED") != "" {
		first, runs = enginetest.Seed(), 1
	}
	commits, torn := 0, 0
	for seed := first; seed < first+runs; seed++ {
		virtual(t, func(t *testing.T) {
			c := &crasher{rng: rand.New(rand.NewPCG(seed, 5))}
			c.bed = &bed{t: t, dir: filepath.Join(memory(t), "data")}
			defer c.close()
			c.openIdle()
			for range cutsOfRun {
				for range c.rng.IntN(4) {
					c.draw()()
				}
				c.cut()
			}
			commits, torn = commits+c.commits, torn+c.torn
		})
		if t.Failed() {
			t.Fatalf("replay with QUINTET_SEED=%d", seed)
		}
	}
	t.Logf("%d cuts among %d commits, %d of them torn", runs*cutsOfRun, commits, torn)
}

// crasher draws calls.
type crasher struct {
	*bed
	rng *rand.Rand

	loops         sync.Mutex // what happens by itself never happens twice at once
	commits, torn int
}

// cut lets some calls run at once and cuts the power in one of their commits.
func (c *crasher) cut() {
	c.t.Helper()
	r, want := c.record(), c.content()
	old, err := usedPages(filepath.Join(c.dir, storeFile))
	must(c.t, err)
	var calls []func()
	for range 1 + c.rng.IntN(3) {
		calls = append(calls, c.draw())
	}
	commits := r.of(func() {
		var all sync.WaitGroup
		for _, call := range calls {
			all.Go(call)
		}
		all.Wait()
	})
	c.commits += len(commits)
	image := old
	if len(commits) > 0 {
		in := c.rng.IntN(len(commits)) // this commit is cut
		if in > 0 {
			image = commits[in-1].image
		}
		survived := in
		if c.rng.IntN(2) == 0 {
			image, survived = commits[in].image, in+1
		} else {
			image = halfWritten(c.rng, image, commits[in].image)
			c.torn++
		}
		for _, one := range commits[:survived] {
			follow(want, one.writes)
		}
	}
	c.reopenFrom(image)
	if got := c.content(); !maps.Equal(got, want) {
		c.t.Fatalf("the store has %d entries, expected were %d; they differ in %q", len(got), len(want), differ(got, want))
	}
	c.check()
	if diff := c.s.HeapsDiff(); diff != "" {
		c.t.Fatal(diff)
	}
}

// reopenFrom opens a copy of the folder with another content of the store, as
// a process that was killed leaves it.
func (c *crasher) reopenFrom(image []byte) {
	c.t.Helper()
	info, err := os.Stat(filepath.Join(c.dir, storeFile))
	must(c.t, err)
	to, err := os.MkdirTemp(filepath.Dir(c.dir), "cut-")
	must(c.t, err)
	c.copyFolder(to)
	c.close()
	must(c.t, os.WriteFile(filepath.Join(to, storeFile), image, 0o600))
	must(c.t, os.Truncate(filepath.Join(to, storeFile), info.Size()))
	must(c.t, os.RemoveAll(c.dir))
	c.dir = to
	c.openIdle()
	must(c.t, c.s.Resume(context.Background()))
}

func (c *crasher) content() map[string]string {
	all, err := c.s.Content(context.Background(), c.acme)
	must(c.t, err)
	return all
}

// follow applies what a commit wrote.
func follow(all map[string]string, writes []engine.Write) {
	for _, w := range writes {
		name := string(w.Bucket) + " " + string(w.Key())
		if !strings.HasPrefix(name, "scheduler.") {
			continue
		}
		if w.Deleted {
			delete(all, name)
		} else {
			all[name] = string(w.Value)
		}
	}
}

// differ names an entry in which two contents differ.
func differ(a, b map[string]string) string {
	for name := range a {
		if a[name] != b[name] {
			return name
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			return name
		}
	}
	return ""
}

// some returns a job in one of the states, or the id of none.
func (c *crasher) some(states ...string) (engine.ID, scheduler.Dumped) {
	all, err := c.s.Dump(context.Background(), c.acme)
	must(c.t, err)
	var ids []engine.ID
	for id, j := range all {
		if slices.Contains(states, j.State) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return engine.ID{}, scheduler.Dumped{}
	}
	slices.SortFunc(ids, func(a, b engine.ID) int { return strings.Compare(a.String(), b.String()) })
	id := ids[c.rng.IntN(len(ids))]
	return id, all[id]
}

// newJob describes a job that has a bit of everything.
func (c *crasher) newJob() string {
	text := fmt.Sprintf(`{"max_attempts":2,"backoff":["%ds"],"delay":"%ds","priority":%d,"key":"k%d"`, c.rng.IntN(3), c.rng.IntN(3), c.rng.IntN(10), c.rng.IntN(3))
	if c.rng.IntN(3) == 0 {
		text += fmt.Sprintf(`,"unique_key":"u%d","unique_for":"%ds"`, c.rng.IntN(5), 1+c.rng.IntN(30))
	}
	if c.rng.IntN(3) == 0 {
		text += fmt.Sprintf(`,"tags":["t%d","t"],"retention":"%ds"`, c.rng.IntN(3), 1+c.rng.IntN(10))
	}
	if c.rng.IntN(20) == 0 {
		text += fmt.Sprintf(`,"payload":"%050000d"`, c.rng.Uint32())
	}
	return text + "}"
}

// draw decides about a call, and returns it. Another one may be faster: then it
// is refused.
func (c *crasher) draw() func() {
	time.Sleep(time.Duration(c.rng.IntN(3)) * 700 * time.Millisecond)
	background := context.Background()
	switch n := c.rng.IntN(13); n {
	case 0, 1:
		body := c.newJob()
		return func() { c.settled("POST", "/v1/queues/q/jobs", body) }
	case 2:
		body := lines(1+c.rng.IntN(12), func(int) string { return c.newJob() })
		path := []string{"/v1/queues/q/jobs", "/v1/queues/q/jobs?atomic=true"}[c.rng.IntN(2)]
		return func() { c.settled("POST", path, body, "Content-Type", "application/x-ndjson") }
	case 3, 4:
		body := fmt.Sprintf(`{"limit":%d,"lease":"%ds"}`, 1+c.rng.IntN(20), 1+c.rng.IntN(5))
		return func() { c.settled("POST", "/v1/queues/q/lease", body) }
	case 5:
		id, j := c.some("running")
		call := []string{"complete", "fail", "snooze"}[c.rng.IntN(3)]
		return func() {
			c.settled("POST", fmt.Sprintf("/v1/jobs/%s/%s", id, call), fmt.Sprintf(`{"token":"%d"%s}`, j.Token, members(call)))
		}
	case 6:
		return c.drawMany()
	case 7:
		id, _ := c.some("ready", "scheduled", "retrying", "running", "dead", "cancelled")
		call := []string{"cancel", "retry"}[c.rng.IntN(2)]
		return func() { c.settled("POST", fmt.Sprintf("/v1/jobs/%s/%s", id, call), "") }
	case 8:
		id, _ := c.some("ready", "scheduled", "retrying")
		body := fmt.Sprintf(`{"priority":%d,"delay":"%ds"}`, c.rng.IntN(10), c.rng.IntN(3))
		return func() { c.settled("PATCH", fmt.Sprintf("/v1/jobs/%s", id), body) }
	case 9:
		return c.alone(func() { must(c.t, c.s.Settle(background)); must(c.t, c.s.Expire(background)) })
	case 10:
		return c.alone(func() { must(c.t, c.s.PurgeNow(background)) })
	case 11:
		kind, what := []string{"redrive", "retry", "cancel", "purge"}[c.rng.IntN(4)], []string{`"tag":"t"`, `"queue":"q"`}[c.rng.IntN(2)]
		return c.alone(func() {
			c.settled("POST", "/v1/jobs/"+kind, "{"+what+"}")
			for range 3 {
				must(c.t, c.s.Operate(background))
			}
		})
	default:
		body := fmt.Sprintf(`{"concurrency":%d,"per_key":%d}`, 1+c.rng.IntN(30), 1+c.rng.IntN(9))
		match := []string{"If-Match", "*"}
		if c.do("GET", "/v1/queues/q", "").header.Get("ETag") == `"0"` {
			match = nil
		}
		return func() { c.settled("PUT", "/v1/queues/q", body, match...) }
	}
}

func (c *crasher) alone(f func()) func() {
	return func() {
		c.loops.Lock()
		defer c.loops.Unlock()
		f()
	}
}

// drawMany decides about a call for several leases.
func (c *crasher) drawMany() func() {
	var leases []string
	for range 6 {
		id, j := c.some("running")
		leases = append(leases, fmt.Sprintf(`{"id":"%s","token":"%d"}`, id, j.Token))
	}
	slices.Sort(leases)
	list := strings.Join(slices.Compact(leases), ",")
	if c.rng.IntN(2) == 0 {
		return func() { c.settled("POST", "/v1/leases/complete", `{"jobs":[`+list+`]}`) }
	}
	return func() { c.settled("POST", "/v1/leases/heartbeat", `{"leases":[`+list+`],"extend":"3s"}`) }
}

// settled makes a call that is done or refused.
func (c *crasher) settled(method, path, body string, headers ...string) {
	if r := c.do(method, path, body, headers...); r.status >= 500 || r.status == 400 || r.status == 422 {
		c.t.Errorf("%s: %d %s", r.call, r.status, r.cut())
	}
}
