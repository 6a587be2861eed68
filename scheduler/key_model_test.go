package scheduler_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"quintet/scheduler"
)

// rules drives one queue whose definition changes, and holds every lease
// against what the definition says about what was there before it.
type rules struct {
	b       *bed
	def     definition
	paused  bool
	started map[string]bool // by job: a worker has had it since it was made or revived
	held    []leased
}

// definition is what may change of a queue. 0 is no limit.
type definition struct {
	concurrency, perKey int
	strict              bool
}

func (d definition) body() string {
	var parts []string
	if d.concurrency > 0 {
		parts = append(parts, fmt.Sprintf(`"concurrency":%d`, d.concurrency))
	}
	if d.perKey > 0 {
		parts = append(parts, fmt.Sprintf(`"per_key":%d`, d.perKey))
	}
	return `{` + strings.Join(append(parts, fmt.Sprintf(`"strict_order":%t`, d.strict)), ",") + `}`
}

// jobs reads all jobs, the oldest first.
func (x *rules) jobs() (list []*scheduler.Job) {
	x.b.t.Helper()
	var p struct{ Items []*scheduler.Job }
	x.b.do("GET", "/v1/jobs?queue=q&limit=1000", "").want(200).into(&p)
	for _, j := range p.Items {
		list = append([]*scheduler.Job{j}, list...)
	}
	return list
}

// mayRun reports whether the definition lets a job run beside the others.
func (x *rules) mayRun(j *scheduler.Job, all []*scheduler.Job) bool {
	running, ofKey, blocked := 0, 0, false
	for _, o := range all {
		if o.State == "running" {
			if running++; o.Key == j.Key {
				ofKey++
			}
		}
		waits := o.State == "scheduled" || o.State == "retrying"
		blocked = blocked || o.Key == j.Key && waits && x.started[o.ID.String()]
	}
	switch {
	case j.State != "ready" || x.paused || x.def.concurrency > 0 && running >= x.def.concurrency:
		return false
	case j.Key == "":
		return true
	case x.def.strict && (ofKey > 0 || blocked):
		return false
	}
	return x.def.perKey == 0 || ofKey < x.def.perKey
}

// before reports whether of two ready jobs of one key the first must be leased
// first, as far as priority and strict order say.
func (x *rules) before(j, o *scheduler.Job) bool {
	strict := x.def.strict && j.Key != ""
	if s, t := x.started[j.ID.String()], x.started[o.ID.String()]; strict && s != t {
		return s
	}
	if j.Priority != o.Priority {
		return j.Priority > o.Priority
	}
	return strict && j.ID.String() < o.ID.String()
}

func (x *rules) lease(t *rapid.T) {
	limit := rapid.IntRange(1, 5).Draw(t, "limit")
	all := x.jobs()
	got := x.b.lease("q", fmt.Sprintf(`{"limit":%d,"lease":"10s"}`, limit))
	for _, l := range got {
		var own *scheduler.Job
		for _, j := range all {
			if j.ID.String() == l.ID {
				own = j
			}
		}
		if own == nil || !x.mayRun(own, all) {
			t.Fatalf("leased %+v, which may not run with %+v", own, x.def)
		}
		for _, o := range all {
			if o != own && o.State == "ready" && o.Key == own.Key && x.before(o, own) {
				t.Fatalf("leased %s of key %q before %s", l.ID, own.Key, o.ID)
			}
			if o.Priority > own.Priority && x.mayRun(o, all) && x.first(o, all) {
				t.Fatalf("leased %s of priority %d before %s of priority %d", l.ID, own.Priority, o.ID, o.Priority)
			}
		}
		own.State = "running"
		x.started[l.ID] = true
	}
	for _, j := range all {
		if len(got) < limit && x.mayRun(j, all) {
			t.Fatalf("job %s of key %q may run with %+v, and was not leased", j.ID, j.Key, x.def)
		}
	}
	x.held = append(x.held, got...)
}

// first reports whether no other ready job of its key comes before j.
func (x *rules) first(j *scheduler.Job, all []*scheduler.Job) bool {
	for _, o := range all {
		if o != j && o.State == "ready" && o.Key == j.Key && x.before(o, j) {
			return false
		}
	}
	return true
}

func (x *rules) enqueue(t *rapid.T) {
	x.b.enqueue("q", fmt.Sprintf(`{"key":"%s","priority":%d,"delay":"%ds","max_attempts":2,"backoff":["%ds"]}`,
		rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "key"), rapid.IntRange(4, 5).Draw(t, "priority"),
		rapid.SampledFrom([]int{0, 0, 3}).Draw(t, "delay"), rapid.SampledFrom([]int{0, 4}).Draw(t, "backoff")))
}

func (x *rules) settle(t *rapid.T) {
	if len(x.held) == 0 {
		t.Skip("nothing is held")
	}
	i := rapid.IntRange(0, len(x.held)-1).Draw(t, "which")
	call := rapid.SampledFrom([]string{"complete", "fail", "snooze"}).Draw(t, "call")
	r := x.b.call(x.held[i], call, map[string]string{"snooze": `,"delay":"3s"`}[call])
	if r.status != 409 && r.status != 404 { // else it has expired, and may have been removed
		r.want(200)
	}
	x.held = append(x.held[:i], x.held[i+1:]...)
}

// operate does something to any job.
func (x *rules) operate(t *rapid.T) {
	all := x.jobs()
	if len(all) == 0 {
		t.Skip("there is none")
	}
	id := all[rapid.IntRange(0, len(all)-1).Draw(t, "which")].ID.String()
	switch call := rapid.SampledFrom([]string{"cancel", "retry", "patch", "delay", "delete"}).Draw(t, "call"); call {
	case "patch":
		x.b.do("PATCH", "/v1/jobs/"+id, fmt.Sprintf(`{"priority":%d}`, rapid.IntRange(3, 6).Draw(t, "priority")))
	case "delay":
		x.b.do("PATCH", "/v1/jobs/"+id, fmt.Sprintf(`{"delay":"%ds"}`, rapid.IntRange(0, 3).Draw(t, "delay")))
	case "delete":
		x.b.do("DELETE", "/v1/jobs/"+id, "")
	default:
		x.b.do("POST", "/v1/jobs/"+id+"/"+call, ``)
	}
}

func (x *rules) define(t *rapid.T) {
	x.def = definition{rapid.IntRange(0, 3).Draw(t, "concurrency"), rapid.IntRange(0, 2).Draw(t, "per key"), rapid.Bool().Draw(t, "strict")}
	if x.def.strict {
		x.def.perKey = min(x.def.perKey, 1)
	}
	if r := x.b.do("PUT", "/v1/queues/q", x.def.body(), "If-Match", "*"); r.status != 200 {
		x.b.do("PUT", "/v1/queues/q", x.def.body()).want(201)
	}
}

func (x *rules) pause(t *rapid.T) {
	x.paused = rapid.Bool().Draw(t, "paused")
	x.b.do("POST", "/v1/queues/q/"+map[bool]string{true: "pause", false: "resume"}[x.paused], ``).want(200)
}

func (x *rules) gone(*rapid.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	x.b.doContext(ctx, "POST", "/v1/queues/q/lease", `{"limit":3}`)
}

func (x *rules) compare(*rapid.T) {
	synctest.Wait()
	for _, j := range x.jobs() {
		if id := j.ID.String(); j.FinishedAt != nil {
			delete(x.started, id) // should it run again, it begins anew
		}
	}
	x.b.check()
}

// TestLimitsModel lets rapid choose what happens to a queue with keys while its
// definition changes, through restarts.
func TestLimitsModel(t *testing.T) {
	virtual(t, func(t *testing.T) {
		rapid.Check(noDeadline{t}, func(rt *rapid.T) {
			b := newBed(t, scheduler.Options{})
			defer b.close()
			x := &rules{b: b, started: map[string]bool{}}
			x.define(rt)
			rt.Repeat(map[string]func(*rapid.T){
				"enqueue": x.enqueue, "enqueue more": x.enqueue, "lease": x.lease, "lease more": x.lease, "settle": x.settle, "settle more": x.settle,
				"operate": x.operate, "define": x.define, "pause": x.pause, "gone": x.gone,
				"pass":   func(t *rapid.T) { pass(time.Duration(rapid.SampledFrom([]int{1, 3, 11}).Draw(t, "s")) * time.Second) },
				"reopen": func(*rapid.T) { b.reopen(); pass(0) }, "": x.compare,
			})
		})
	})
}

// noDeadline hides what must not be asked within a bubble.
type noDeadline struct{ testing.TB }
