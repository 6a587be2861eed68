package scheduler_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"quintet/scheduler"
)

// model is what the scheduler must do, on one map. Times are milliseconds of
// the bubble's clock.
type model struct {
	jobs map[string]*modelJob
}

type modelJob struct {
	queue, state, token string
	priority, attempt   int
	attempts            int
	ready, due, expires int64
	backoff             int64
	cancel              bool
}

// settle moves what is due or has expired by now.
func (m *model) settle(now int64) {
	for _, id := range slices.Sorted(maps.Keys(m.jobs)) {
		j := m.jobs[id]
		switch {
		case (j.state == "scheduled" || j.state == "retrying") && j.due <= now:
			j.state, j.ready = "ready", j.due
		case j.state == "running" && j.expires <= now:
			j.end(j.expires, func() { j.state, j.ready = "ready", j.expires })
		}
	}
}

// end decides what follows an attempt that did not succeed.
func (j *modelJob) end(now int64, again func()) {
	switch {
	case j.cancel:
		j.state = "cancelled"
	case j.attempt >= j.attempts:
		j.state = "dead"
	default:
		again()
	}
}

func (j *modelJob) wait(state string, now, delay int64) {
	j.state, j.due = state, now+delay
	if delay == 0 {
		j.state, j.ready = "ready", now
	}
}

// first lists up to limit ready jobs of a queue in the order of their lease.
func (m *model) first(queue string, limit int) []string {
	var ids []string
	for id, j := range m.jobs {
		if j.queue == queue && j.state == "ready" {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		x, y := m.jobs[a], m.jobs[b]
		return cmp.Or(cmp.Compare(y.priority, x.priority), cmp.Compare(x.ready, y.ready), cmp.Compare(a, b))
	})
	return ids[:min(limit, len(ids))]
}

// machine drives both. Every step ends in virtual time at which nothing is
// under way.
type machine struct {
	t *rapid.T
	b *bed
	m model
	n int
}

func (x *machine) now() int64 { return time.Now().UnixMilli() }

func (x *machine) enqueue(t *rapid.T) {
	j := &modelJob{
		queue:    rapid.SampledFrom([]string{"a", "b"}).Draw(t, "queue"),
		priority: rapid.IntRange(4, 6).Draw(t, "priority"), attempts: rapid.IntRange(1, 3).Draw(t, "attempts"),
		backoff: rapid.SampledFrom([]int64{0, 1000, 7000}).Draw(t, "backoff"),
	}
	delay := rapid.SampledFrom([]int64{0, 0, 1000, 5000}).Draw(t, "delay")
	id := x.b.enqueue(j.queue, fmt.Sprintf(`{"payload":%d,"priority":%d,"max_attempts":%d,"backoff":["%dms"],"delay":"%dms"}`, x.n, j.priority, j.attempts, j.backoff, delay))
	j.wait("scheduled", x.now(), delay)
	x.m.jobs[id] = j
	x.n++
}

func (x *machine) lease(t *rapid.T) {
	queue, limit := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "queue"), rapid.IntRange(1, 4).Draw(t, "limit")
	want := x.m.first(queue, limit)
	var got []string
	for _, l := range x.b.lease(queue, fmt.Sprintf(`{"limit":%d,"lease":"10s"}`, limit)) {
		got = append(got, l.ID)
		j := x.m.jobs[l.ID]
		if j == nil || j.token != "" && !less(j.token, l.Token) || l.Attempt != j.attempt+1 {
			t.Fatalf("leased %+v, the model has %+v", l, j)
		}
		j.state, j.token, j.attempt, j.expires = "running", l.Token, l.Attempt, x.now()+10_000
	}
	if !slices.Equal(got, want) {
		t.Fatalf("leased %v, expected were %v", got, want)
	}
}

// any draws a job, preferring none in particular.
func (x *machine) any(t *rapid.T) (string, *modelJob) {
	if len(x.m.jobs) == 0 {
		t.Skip("no jobs")
	}
	id := rapid.SampledFrom(slices.Sorted(maps.Keys(x.m.jobs))).Draw(t, "job")
	return id, x.m.jobs[id]
}

// settleBy calls complete, fail or snooze, with the token of the newest lease
// or an older one.
func (x *machine) settleBy(t *rapid.T) {
	id, j := x.any(t)
	stale := rapid.IntRange(0, 3).Draw(t, "stale") == 0
	token := cmp.Or(j.token, "1")
	if stale {
		token = "1"
	}
	what := rapid.SampledFrom([]string{"complete", "fail", "snooze"}).Draw(t, "call")
	r := x.b.call(leased{ID: id, Token: token}, what, map[string]string{"snooze": `,"delay":"3s"`}[what])
	now := x.now()
	switch {
	case stale || j.state != "running":
		if again := !stale && what == "complete" && j.state == "done"; r.status != 409 && !(again && r.status == 200) {
			t.Fatalf("%s of a %s job: %d %s", what, j.state, r.status, r.cut())
		}
		return
	case r.status != 200:
		t.Fatalf("%s: %d %s", what, r.status, r.cut())
	}
	switch what {
	case "complete":
		j.state = "done"
	case "fail":
		j.end(now, func() { j.wait("retrying", now, j.backoff) })
	case "snooze":
		j.attempt--
		j.end(now, func() { j.wait("scheduled", now, 3000) })
	}
}

func (x *machine) heartbeat(t *rapid.T) {
	id, j := x.any(t)
	r := x.b.do("POST", "/v1/leases/heartbeat", `{"leases":[{"id":"`+id+`","token":"`+cmp.Or(j.token, "1")+`"}],"extend":"15s"}`)
	if j.state == "running" {
		r.want(200, `"extended":["`+id+`"]`, fmt.Sprintf(`"cancel":[%s]`, map[bool]string{true: `"` + id + `"`}[j.cancel]))
		j.expires = max(j.expires, x.now()+15_000) // it never shortens
	} else {
		r.want(200, `"lost":["`+id+`"]`)
	}
}

func (x *machine) cancel(t *rapid.T) {
	id, j := x.any(t)
	r := x.b.do("POST", "/v1/jobs/"+id+"/cancel", "")
	switch j.state {
	case "done", "dead":
		r.want(409)
	case "running":
		r.want(200)
		j.cancel = true
	default:
		r.want(200)
		j.state = "cancelled"
	}
}

func (x *machine) retry(t *rapid.T) {
	id, j := x.any(t)
	r := x.b.do("POST", "/v1/jobs/"+id+"/retry", "")
	switch j.state {
	case "dead", "cancelled":
		j.attempt, j.cancel = 0, false
	case "retrying":
	default:
		r.want(409)
		return
	}
	r.want(200)
	j.wait("retrying", x.now(), 0)
}

func (x *machine) pass(t *rapid.T) {
	pass(time.Duration(rapid.SampledFrom([]int{1, 500, 3000, 12_000}).Draw(t, "ms")) * time.Millisecond)
	x.m.settle(x.now())
}

// reopen closes everything and opens it again. Leases begin anew.
func (x *machine) reopen(*rapid.T) {
	x.b.reopen()
	for _, j := range x.m.jobs {
		if j.state == "running" {
			j.expires = math.MaxInt64 // until it is read below
		}
	}
	pass(0)
	for id, j := range x.m.jobs {
		if j.state == "running" { // at least what was promised is left; end the uncertainty
			x.b.do("POST", "/v1/leases/heartbeat", `{"leases":[{"id":"`+id+`","token":"`+j.token+`"}],"extend":"20s"}`).want(200, `"extended":["`+id+`"]`)
			j.expires = x.now() + 20_000
		}
	}
}

// compare looks at every job.
func (x *machine) compare(t *rapid.T) {
	synctest.Wait()
	x.m.settle(x.now())
	var p struct{ Items []scheduler.Job }
	r := x.b.do("GET", "/v1/jobs?limit=1000", "").want(200)
	if err := json.Unmarshal(r.body, &p); err != nil {
		t.Fatal(err)
	}
	if len(p.Items) != len(x.m.jobs) {
		t.Fatalf("%d jobs, expected were %d", len(p.Items), len(x.m.jobs))
	}
	for _, j := range p.Items {
		want := x.m.jobs[j.ID.String()]
		if j.State != want.state || j.Attempt != want.attempt || j.CancelRequested != (want.cancel && want.state == "running") && want.state == "running" {
			t.Fatalf("job %s is %s after %d attempts, expected was %s after %d", j.ID, j.State, j.Attempt, want.state, want.attempt)
		}
	}
	x.b.check()
}

// TestModel lets rapid choose what happens and compares the whole state after
// every step, through restarts, with the board equal to a rebuilt one.
func TestModel(t *testing.T) {
	virtual(t, func(t *testing.T) {
		rapid.Check(noDeadline{t}, func(rt *rapid.T) {
			b := newBed(t, scheduler.Options{})
			defer b.close()
			x := &machine{t: rt, b: b, m: model{jobs: map[string]*modelJob{}}}
			rt.Repeat(map[string]func(*rapid.T){
				"enqueue": x.enqueue, "enqueue more": x.enqueue, "lease": x.lease, "lease more": x.lease, "settle": x.settleBy, "settle more": x.settleBy,
				"heartbeat": x.heartbeat, "cancel": x.cancel, "retry": x.retry, "pass": x.pass, "reopen": x.reopen, "": x.compare,
			})
		})
	})
}

// noDeadline hides what must not be asked within a bubble.
type noDeadline struct{ testing.TB }
