package scheduler_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"quintet/scheduler"
)

// machine drives a scheduler and the oracle. Every step ends at a moment of
// virtual time at which nothing is under way.
type machine struct {
	t     *rapid.T
	b     *bed
	clock *jumpingClock
	m     *oracle
	ran   map[string]int // jobs that ran after the step before, by queue and by key

	steps, cuts int
}

func (x *machine) own() int64  { return time.Now().UnixMilli() }
func (x *machine) wall() int64 { return x.clock.Now().UnixMilli() }

func one[T any](x *machine, label string, from ...T) T {
	return rapid.SampledFrom(from).Draw(x.t, label)
}

func (x *machine) anyQueue() string { return one(x, "queue", "a", "b") }

// call makes a call with a body and demands one of some statuses.
func (x *machine) call(method, path string, body map[string]any, statuses ...int) *reply {
	text, err := json.Marshal(body)
	must(x.b.t, err)
	var headers []string
	if match, ok := body["If-Match"]; ok {
		delete(body, "If-Match")
		headers = []string{"If-Match", match.(string)}
		text, _ = json.Marshal(body)
	}
	if body == nil {
		text = nil
	}
	r := x.b.do(method, path, string(text), headers...)
	if !slices.Contains(statuses, r.status) {
		x.t.Fatalf("%s %s %s: %d, expected was one of %v\n%s", method, path, text, r.status, statuses, r.cut())
	}
	return r
}

// status is 200 where something is to work, else 409.
func status(ok bool) int {
	if ok {
		return 200
	}
	return 409
}

var unfinished = []string{"scheduled", "ready", "running", "retrying"}

func (x *machine) enqueueSome() {
	for range one(x, "count", 1, 2, 4) {
		x.enqueue()
	}
}

func (x *machine) enqueue() {
	j := &oracleJob{
		queue: x.anyQueue(), key: one(x, "key", "", "x", "x", "y"), tag: one(x, "tag", "", "t"),
		priority: one(x, "priority", 4, 5, 6), attempts: one(x, "attempts", 1, 2, 3),
		backoff: one[int64](x, "backoff", 0, 1000, 7000), keep: one[int64](x, "keep", 0, 0, 5000),
	}
	delay := one[int64](x, "delay", 0, 0, 0, 1000, 5000)
	body := map[string]any{
		"priority": j.priority, "max_attempts": j.attempts, "key": j.key, "backoff": []string{fmt.Sprint(j.backoff, "ms")}, "delay": fmt.Sprint(delay, "ms"),
	}
	if j.tag != "" {
		body["tags"] = []string{j.tag}
	}
	if j.keep != 0 {
		body["retention"] = fmt.Sprint(j.keep, "ms")
	}
	states := unfinished
	if unique := one(x, "unique", "", "", "u", "v"); unique != "" {
		j.unique, body["unique_key"] = j.queue+"/"+unique, unique
		if window := one[int64](x, "window", 0, 3000, 3_600_000); window != 0 {
			j.until, body["unique_for"] = x.wall()+window, fmt.Sprint(window, "ms")
		}
		if given := one(x, "states", nil, nil, []string{"done"}, []string{"ready", "dead", "cancelled"}); given != nil {
			states, body["unique_states"] = given, given
		}
	}
	refused, sure := x.m.clash(j.unique, x.wall(), states)
	r := x.call("POST", "/v1/queues/"+j.queue+"/jobs", body, 201, 409)
	switch {
	case x.m.queue(j.queue).state == "draining":
		r.want(409, "queue_draining")
		return
	case r.status == 409:
		r.want(409, "job_exists", x.m.unique[j.unique].id)
		if !refused {
			x.t.Fatalf("the unique key %s refuses a job", j.unique)
		}
		return
	case refused && sure:
		x.t.Fatalf("the unique key %s refuses nothing", j.unique)
	}
	j.id, j.token, j.older = r.get("id"), "1", "1"
	j.wait("scheduled", x.wall(), delay)
	x.m.jobs[j.id], x.m.queue(j.queue).made = j, true
	if j.unique != "" {
		x.m.unique[j.unique] = &oracleUnique{id: j.id, until: j.until}
	}
}

func (x *machine) lease() {
	queues := one(x, "queues", []string{"a"}, []string{"b"}, []string{"a", "b"}, []string{"b", "a"})
	limit, span := one(x, "limit", 1, 2, 4, 8), one[int64](x, "span", 10_000, 4000)
	body := map[string]any{"limit": limit, "lease": fmt.Sprint(span, "ms")}
	path := "/v1/queues/" + queues[0] + "/lease"
	if len(queues) > 1 {
		path, body["queues"] = "/v1/leases", queues
	}
	var a struct{ Jobs []leased }
	x.call("POST", path, body, 200).into(&a)
	var last *oracleJob
	for _, l := range a.Jobs {
		last = x.leased(l, queues, last, span)
	}
	for _, queue := range queues {
		if left := x.m.candidates(queue); len(a.Jobs) < limit && len(left) > 0 {
			x.t.Fatalf("leased %d of %d, and job %s of %s may run", len(a.Jobs), limit, left[0].id, queue)
		}
	}
}

// leased holds one leased job against those that had to be leased next. No key
// has two turns while another one waits for its own.
func (x *machine) leased(l leased, queues []string, last *oracleJob, span int64) *oracleJob {
	var list []*oracleJob
	for _, queue := range queues {
		if list = x.m.candidates(queue); len(list) > 0 {
			break
		}
	}
	j := x.m.jobs[l.ID]
	if !slices.Contains(list, j) {
		x.t.Fatalf("leased %+v, which is %+v; expected was one of %d, such as %+v", l, j, len(list), append(list, nil)[0])
	}
	if last != nil && len(list) > 1 && last.queue == j.queue && last.key == j.key && last.priority == j.priority {
		x.t.Fatalf("key %q has two turns at once, and job %s waits", j.key, list[0].id)
	}
	if !less(j.token, l.Token) || l.Attempt != j.attempt+1 {
		x.t.Fatalf("leased %+v, which had token %s and %d attempts", l, j.token, j.attempt)
	}
	j.state, j.older, j.token, j.attempt, j.started = "running", j.token, l.Token, l.Attempt, true
	j.expires, j.span = x.own()+span, span
	return j
}

// ids lists the jobs that pass, in the order of their ids.
func (m *oracle) ids(pass func(*oracleJob) bool) (ids []string) {
	for _, id := range slices.Sorted(maps.Keys(m.jobs)) {
		if pass(m.jobs[id]) {
			ids = append(ids, id)
		}
	}
	return ids
}

// any draws a job.
func (x *machine) any() *oracleJob {
	ids := x.m.ids(func(*oracleJob) bool { return true })
	if len(ids) == 0 {
		x.t.Skip("no jobs")
	}
	return x.m.jobs[one(x, "job", ids...)]
}

// ref draws a job and its newest token, or an older one.
func (x *machine) ref() (j *oracleJob, token string, holds bool) {
	ids := x.m.ids(func(j *oracleJob) bool { return j.state == "running" })
	if j = nil; len(ids) > 0 && one(x, "runs", true, true, true, false) {
		j = x.m.jobs[one(x, "job", ids...)]
	} else {
		j = x.any()
	}
	if token = j.token; one(x, "stale", false, false, false, true) {
		token = j.older
	}
	return j, token, j.state == "running" && token == j.token
}

// settle calls complete, fail or snooze.
func (x *machine) settle() {
	j, token, holds := x.ref()
	what := one(x, "call", "complete", "fail", "snooze")
	body := map[string]any{"token": token}
	if what == "snooze" {
		body["delay"] = "3s"
	}
	again := what == "complete" && j.state == "done" && token == j.token
	x.call("POST", "/v1/jobs/"+j.id+"/"+what, body, status(holds || again))
	if wall := x.wall(); holds {
		switch what {
		case "complete":
			j.finish("done", wall)
		case "fail":
			j.fail(wall, func() { j.wait("retrying", wall, j.backoff) })
		case "snooze":
			j.attempt--
			j.fail(wall, func() { j.wait("scheduled", wall, 3000) })
		}
	}
}

// many is a list of leases for one call, each job once.
func (x *machine) many() (refs []map[string]any, jobs []*oracleJob, holds []bool) {
	for range one(x, "count", 1, 2, 5) {
		if j, token, h := x.ref(); !slices.Contains(jobs, j) {
			refs, jobs, holds = append(refs, map[string]any{"id": j.id, "token": token}), append(jobs, j), append(holds, h)
		}
	}
	return refs, jobs, holds
}

func (x *machine) completeMany() {
	refs, jobs, holds := x.many()
	done, lost := []string{}, []string{}
	for i, j := range jobs {
		switch {
		case holds[i]:
			j.finish("done", x.wall())
			done = append(done, j.id)
		case j.state == "done" && refs[i]["token"] == j.token:
			done = append(done, j.id)
		default:
			lost = append(lost, j.id)
		}
	}
	x.wantIDs(x.call("POST", "/v1/leases/complete", map[string]any{"jobs": refs}, 200), map[string][]string{"completed": done, "lost": lost})
}

func (x *machine) heartbeat() {
	refs, jobs, holds := x.many()
	extend := one[int64](x, "extend", 1000, 6000, 15_000)
	extended, lost, cancel := []string{}, []string{}, []string{}
	for i, j := range jobs {
		if !holds[i] {
			lost = append(lost, j.id)
			continue
		}
		if extended = append(extended, j.id); j.cancel {
			cancel = append(cancel, j.id)
		}
		if x.own()+extend >= j.expires { // it never shortens
			j.expires, j.span = x.own()+extend, extend
		}
	}
	r := x.call("POST", "/v1/leases/heartbeat", map[string]any{"leases": refs, "extend": fmt.Sprint(extend, "ms")}, 200)
	x.wantIDs(r, map[string][]string{"extended": extended, "lost": lost, "cancel": cancel})
}

// wantIDs demands lists of ids in any order.
func (x *machine) wantIDs(r *reply, want map[string][]string) {
	var got map[string][]string
	r.into(&got)
	for name, ids := range want {
		slices.Sort(ids)
		if slices.Sort(got[name]); !slices.Equal(ids, got[name]) {
			x.t.Fatalf("%s: %s is %v, expected was %v", r.call, name, got[name], ids)
		}
	}
}

func (x *machine) progress() {
	j, token, holds := x.ref()
	want := 204
	if !holds {
		want = 409
	}
	x.call("POST", "/v1/jobs/"+j.id+"/progress", map[string]any{"token": token, "progress": 50}, want)
}

func (x *machine) pass() {
	pass(time.Duration(one(x, "ms", 1, 500, 3000, 12_000)) * time.Millisecond)
}

// jump sets the wall clock; that is noticed within a second.
func (x *machine) jump() {
	jump := one(x, "jump", clockJumps...)
	if x.wall()+jump.Milliseconds() < time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli() {
		x.t.Skip("early enough")
	}
	x.clock.jump(jump)
	pass(time.Second)
}

// reopen closes everything and opens it again. Leases begin anew.
func (x *machine) reopen() {
	x.b.reopen()
	x.renewed()
}

func (x *machine) renewed() {
	x.m.renew(x.own())
	synctest.Wait()
	x.m.settle(x.own(), x.wall())
}

// crash cuts the power in the commit of any call. What comes back is the state
// before it or the state after it.
func (x *machine) crash() {
	calls := []func(){x.enqueue, x.lease, x.settle, x.completeMany, x.heartbeat, x.cancel, x.retry, x.patch, x.remove, x.define, x.setState}
	call := rapid.SampledFrom(calls).Draw(x.t, "during")
	before := x.m.clone()
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(x.t, "cut"), 6))
	x.cuts++
	if !x.b.powerCut(rng, x.b.open, func() { call(); synctest.Wait() }) {
		x.m = before
	}
	x.renewed()
}

// compare looks at every job, and at what the board and the indexes say.
func (x *machine) compare(*rapid.T) {
	synctest.Wait()
	x.m.settle(x.own(), x.wall())
	var p struct{ Items []*scheduler.Job }
	x.call("GET", "/v1/jobs?limit=1000", nil, 200).into(&p)
	found := map[string]*scheduler.Job{}
	for _, j := range p.Items {
		if found[j.ID.String()] = j; x.m.jobs[j.ID.String()] == nil {
			x.t.Fatalf("job %s is %s; it should not be there", j.ID, j.State)
		}
	}
	for id, want := range x.m.jobs {
		j := found[id]
		switch kept := want.finished() && want.overdue != 0; {
		case j == nil && kept:
			x.m.remove(want, x.wall())
			continue
		case j == nil:
			x.t.Fatalf("job %s is lost at %d, %d of leases; it was %+v", id, x.wall(), x.own(), want)
		case kept && x.own() > want.overdue+11_000:
			x.t.Fatalf("job %s is overdue and still there", id)
		case j.State != want.state || j.Attempt != want.attempt || j.MaxAttempts != want.attempts || j.Priority != want.priority || j.CancelRequested != want.cancel:
			x.t.Fatalf("job %s is %s, expected was %+v", id, described(j), want)
		}
		if want.byItself {
			timeline := x.b.job(id).Timeline
			want.byItself, want.ready = false, timeline[len(timeline)-1].At.UnixMilli()
		}
	}
	x.compareLimits()
	if diff := x.b.s.HeapsDiff(); diff != "" {
		x.t.Fatal(diff)
	}
	diff, err := x.b.s.UniqueDiff(context.Background(), x.b.acme)
	if must(x.b.t, err); diff != "" {
		x.t.Fatal(diff)
	}
	x.b.check()
}

func described(j *scheduler.Job) string {
	return fmt.Sprint(j.State, " of priority ", j.Priority, " after ", j.Attempt, " of ", j.MaxAttempts, ", cancel requested ", j.CancelRequested)
}

// compareLimits holds that no more jobs run than may, unless they ran before
// their limit was lowered.
func (x *machine) compareLimits() {
	ran := map[string]int{}
	for _, j := range x.m.jobs {
		if j.state != "running" {
			continue
		}
		if ran[j.queue]++; j.key != "" {
			ran[j.queue+"/"+j.key]++
		}
	}
	for name, n := range ran {
		q := x.m.queue(name[:1])
		most := q.concurrency
		if len(name) > 1 {
			if most = q.perKey; q.strict {
				most = 1
			}
		}
		if most > 0 && n > max(most, x.ran[name]) {
			x.t.Fatalf("%d jobs of %s run, and %d may", n, name, most)
		}
	}
	x.ran = ran
}

// run draws steps, and compares after each.
func (x *machine) run(rt *rapid.T) {
	actions := map[string]func(*rapid.T){"": x.compare}
	for _, a := range []struct {
		name  string
		times int
		do    func()
	}{
		{"enqueue", 4, x.enqueueSome}, {"lease", 4, x.lease}, {"settle", 3, x.settle}, {"complete many", 1, x.completeMany},
		{"heartbeat", 1, x.heartbeat}, {"progress", 1, x.progress}, {"cancel", 1, x.cancel}, {"retry", 1, x.retry},
		{"patch", 1, x.patch}, {"remove", 1, x.remove}, {"define", 2, x.define}, {"set state", 1, x.setState},
		{"operate", 1, x.operate}, {"pass", 2, x.pass}, {"jump", 1, x.jump}, {"reopen", 1, x.reopen}, {"crash", 2, x.crash},
	} {
		for i := range a.times {
			actions[fmt.Sprint(a.name, " ", i)] = func(*rapid.T) { x.steps++; a.do() }
		}
	}
	x.define()
	rt.Repeat(actions)
}

// TestModel lets rapid choose what happens and compares everything after every
// step, through jumps of the clock, restarts and power cuts.
func TestModel(t *testing.T) {
	drawMore(t, "rapid.steps", "50")
	steps, cuts := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		var failure any // of rapid's own kinds, which must not cross a bubble
		virtual(t, func(t *testing.T) {
			defer func() { failure = recover() }()
			clock := &jumpingClock{}
			b := newBed(rapidTB{t, rt}, scheduler.Options{Clock: clock})
			defer b.close()
			x := &machine{t: rt, b: b, clock: clock, m: newOracle()}
			x.run(rt)
			steps, cuts = steps+x.steps, cuts+x.cuts
		})
		if failure != nil {
			panic(failure)
		}
	})
	t.Logf("%d steps, %d power cuts", steps, cuts)
}

// drawMore sets a flag of rapid's, unless the command line does.
func drawMore(t *testing.T, name, value string) {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if before := flag.Lookup(name).Value.String(); !given {
		must(t, flag.Set(name, value))
		t.Cleanup(func() { must(t, flag.Set(name, before)) })
	}
}

// rapidTB makes what a bed finds a failure of the drawn run, so that it is
// shrunk.
type rapidTB struct {
	testing.TB
	rt *rapid.T
}

func (t rapidTB) Error(args ...any)            { t.rt.Error(args...) }
func (t rapidTB) Errorf(f string, args ...any) { t.rt.Errorf(f, args...) }
func (t rapidTB) Fatal(args ...any)            { t.rt.Fatal(args...) }
func (t rapidTB) Fatalf(f string, args ...any) { t.rt.Fatalf(f, args...) }
