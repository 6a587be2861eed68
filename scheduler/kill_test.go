package scheduler_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"quintet/engine"
	"quintet/engine/enginetest"
	"quintet/scheduler"
)

// fastClock runs 10,000 times as fast as time does: a minute of it passes in six
// milliseconds, so that a child that lives for a moment sees many ticks.
type fastClock struct{}

var fastZero = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (fastClock) Now() time.Time {
	return fastZero.Add(10_000 * (time.Since(fastZero) % (24 * time.Hour)))
}

// killLimits are the queues of the test: one without limits whose workers are
// bad, and two with workers that do as they should.
var killLimits = map[string]limit{"q": {}, "limited": {queue: 4, key: 2}, "strict": {queue: 5, key: 1, strict: true}}

const killKeys = 4

// TestKill kills a process that enqueues, leases, completes, fails and ticks,
// and holds what it leaves against the ledgers of what was answered and of what
// its jobs did. QUINTET_LONG=1 kills 1,000 times.
func TestKill(t *testing.T) {
	if os.Getenv("QUINTET_LONG") == "1" && os.Getenv("QUINTET_KILLS") == "" {
		t.Setenv("QUINTET_KILLS", "1000")
	}
	ended := map[string]map[engine.ID]scheduler.Dumped{} // by folder
	enginetest.Kill(t,
		func(dir string, ack enginetest.Ack) { (&killed{b: openKilled(t, dir), ack: ack}).run() },
		func(dir string, acked []string) {
			if ended[dir] == nil {
				ended[dir] = map[engine.ID]scheduler.Dumped{}
			}
			killVerify(t, dir, acked, ended[dir])
		})
}

func openKilled(t *testing.T, dir string) *bed {
	const century = 100 * 365 * 24 * time.Hour
	b := &bed{t: t, dir: dir, options: scheduler.Options{Clock: fastClock{}, Keep: century, KeepDead: century, MaxFinished: 10_000_000}}
	b.openEngine()
	return b
}

func ledgerOf(dir string) string { return filepath.Join(filepath.Dir(dir), "ledger") }

// killed is the child. Whatever it finds wrong is a panic, which its parent
// reports.
type killed struct {
	b      *bed
	ack    enginetest.Ack
	ledger *ledger
}

// run never returns: the parent kills it.
func (k *killed) run() {
	var err error
	if k.ledger, err = openLedger(ledgerOf(k.b.dir)); err == nil {
		err = k.b.s.Start(context.Background())
	}
	if err != nil {
		panic(err)
	}
	k.ledger.say("life")
	k.b.do("PUT", "/v1/schedules/minute", `{"cron":"* * * * *","queue":"ticks","overlap":"allow"}`)
	k.b.do("PUT", "/v1/queues/limited", `{"concurrency":4,"per_key":2}`)
	k.b.do("PUT", "/v1/queues/strict", `{"concurrency":5,"strict_order":true}`)
	k.bury("limited")
	k.bury("strict")
	var all sync.WaitGroup
	for p := range 4 {
		all.Go(func() { k.produce(p) })
	}
	for key := range killKeys {
		all.Go(func() { k.produceOrdered("strict", fmt.Sprint("k", key)) })
		all.Go(func() { k.produceOrdered("limited", fmt.Sprint("k", key)) })
	}
	all.Go(k.repeat)
	for w := range 6 {
		all.Go(func() { k.workBadly(uint64(w)) })
		all.Go(func() { k.workWell([]string{"strict", "limited"}[w%2], uint64(w)) })
	}
	all.Wait()
}

// bury ends the leases of workers that died with the process before: their
// tokens are good still, and nobody else has them.
func (k *killed) bury(queue string) {
	jobs, err := k.b.s.Dump(context.Background(), k.b.acme)
	if err != nil {
		panic(err)
	}
	for _, j := range k.list(queue, "running") {
		l := leased{ID: j.ID.String(), Token: fmt.Sprint(jobs[j.ID].Token)}
		k.demand(200, k.b.call(l, "fail", `,"error":"its worker was killed"`))
	}
}

func (k *killed) list(queue, state string) []scheduler.Job {
	var p struct{ Items []scheduler.Job }
	if r := k.b.do("GET", "/v1/jobs?limit=1000&queue="+queue+"&state="+state, ""); json.Unmarshal(r.body, &p) != nil {
		panic(string(r.cut()))
	}
	return p.Items
}

func (k *killed) demand(status int, r *reply) *reply {
	if r.status != status {
		panic(fmt.Sprintf("%s: %d %s", r.call, r.status, r.cut()))
	}
	return r
}

func random(n uint64) *rand.Rand {
	return rand.New(rand.NewPCG(n, uint64(time.Now().UnixNano())))
}

// job writes down that a job is about to be made, and describes it.
func (k *killed) job(rng *rand.Rand, more string) string {
	ref := fmt.Sprintf("%016x", rng.Uint64())
	k.ledger.say("intent %s", ref)
	return `{"payload":"` + ref + `","backoff":["0s"]` + more + `}`
}

func (k *killed) produce(p int) {
	for rng := random(uint64(p)); ; {
		if p == 0 {
			n := 1 + rng.IntN(60)
			var a struct{ IDs []string }
			body := lines(n, func(int) string { return k.job(rng, "") })
			k.demand(200, k.b.do("POST", "/v1/queues/q/jobs", body, "Content-Type", "application/x-ndjson")).into(&a)
			for _, id := range a.IDs {
				k.ack("enq %s", id)
			}
			time.Sleep(50 * time.Millisecond)
			continue
		}
		time.Sleep(3 * time.Millisecond)
		delay := []string{"0s", "0s", "1m", "10m"}[rng.IntN(4)]
		body := k.job(rng, `,"max_attempts":3,"delay":"`+delay+`"`)
		k.ack("enq %s", k.demand(201, k.b.do("POST", "/v1/queues/q/jobs", body)).get("id"))
	}
}

// produceOrdered makes the jobs of one key, one after the other.
func (k *killed) produceOrdered(queue, key string) {
	for rng := random(uint64(len(queue))); ; {
		body := k.job(rng, `,"max_attempts":1000,"key":"`+key+`"`)
		k.ack("enq %s", k.demand(201, k.b.do("POST", "/v1/queues/"+queue+"/jobs", body)).get("id"))
		time.Sleep(5 * time.Millisecond)
	}
}

// repeat sends each request twice under one Idempotency-Key, and at its start
// once more what the process before it may have been killed over.
func (k *killed) repeat() {
	var q struct{ Jobs map[string]int }
	if r := k.b.do("GET", "/v1/queues/once", ""); r.status == 200 {
		r.into(&q)
	}
	for n := max(0, q.Jobs["ready"]-1); ; n++ { // one job per number so far
		for range 2 {
			r := k.demand(201, k.b.do("POST", "/v1/queues/once/jobs", fmt.Sprintf(`{"payload":%d}`, n), "Idempotency-Key", fmt.Sprint("key", n)))
			k.ack("once %s %d", r.get("id"), n)
		}
		time.Sleep(3 * time.Millisecond)
	}
}

// run is one job in the hands of a worker.
type killedRun struct {
	leased
	token uint64
	ref   string
	group string
}

func (k *killed) lease(queue, body string) (runs []killedRun) {
	var a struct{ Jobs []scheduler.Lease }
	k.demand(200, k.b.do("POST", "/v1/queues/"+queue+"/lease", body)).into(&a)
	for _, l := range a.Jobs {
		r := killedRun{leased: leased{ID: l.ID.String(), Token: fmt.Sprint(uint64(l.Token))}, token: uint64(l.Token), group: queue + "/" + l.Key}
		if json.Unmarshal(l.Payload, &r.ref) != nil {
			panic("the payload is " + string(l.Payload))
		}
		k.ledger.begin(r.ID, r.token, r.group)
		runs = append(runs, r)
	}
	return runs
}

// workBadly plays a worker of which some attempts fail, some die, and some come
// back with the token of an attempt that is over.
func (k *killed) workBadly(w uint64) {
	for rng := random(w); ; {
		for _, r := range k.lease("q", `{"limit":5,"wait":"1s","lease":"1s"}`) {
			switch rng.IntN(8) {
			case 0:
				k.b.call(r.leased, "fail", `,"error":"x"`)
				k.demand(409, k.b.call(r.leased, "complete", ``))
			case 1: // it is never heard of again
			case 2: // it comes back when its lease is over
				time.AfterFunc(1200*time.Millisecond, func() {
					if !k.ledger.effect(r.ID, r.token, r.ref) {
						k.demand(409, k.b.call(r.leased, "complete", ``))
					}
				})
			default:
				k.finish(r)
			}
		}
	}
}

// finish lets a job have its effect and completes it. What the ledger refuses
// the scheduler must refuse.
func (k *killed) finish(r killedRun) {
	good := k.ledger.effect(r.ID, r.token, r.ref)
	k.ledger.say("stop %s %d %s", r.ID, r.token, r.group)
	switch answer := k.b.call(r.leased, "complete", `,"output":1`); {
	case answer.status == 200 && good:
		k.ack("done %s %s", r.ID, r.Token)
	case answer.status != 409:
		panic(fmt.Sprintf("complete, of which the ledger thinks %v: %s", good, answer.cut()))
	}
}

// workWell plays a worker that is in time and tells how it went.
func (k *killed) workWell(queue string, w uint64) {
	for rng := random(w); ; {
		for _, r := range k.lease(queue, `{"limit":2,"wait":"1s"}`) {
			if rng.IntN(4) > 0 {
				k.finish(r)
				continue
			}
			k.ledger.say("stop %s %d %s", r.ID, r.token, r.group)
			call, more := "fail", ``
			if rng.IntN(2) == 0 {
				call, more = "snooze", `,"delay":"0s"`
			}
			k.demand(200, k.b.call(r.leased, call, more))
		}
	}
}

// killVerify demands every acknowledged job, every completion, tokens that only
// rise, one job per tick, no job back from its end, and a sound store.
func killVerify(t *testing.T, dir string, acked []string, ended map[engine.ID]scheduler.Dumped) {
	b := openKilled(t, dir)
	defer b.close()
	must(t, b.s.StartIdle(context.Background()))
	b.check()
	jobs, err := b.s.Dump(context.Background(), b.acme)
	must(t, err)
	once := map[uint64]engine.ID{}
	for _, line := range acked {
		var what, text string
		var token uint64
		fmt.Sscan(line, &what, &text, &token)
		id, err := engine.ParseID(text)
		must(t, err)
		j, ok := jobs[id]
		switch {
		case !ok:
			t.Errorf("%s: the job is lost", line)
		case what == "once":
			if old, twice := once[token]; twice && old != id {
				t.Errorf("%s: the same request made job %s before", line, old)
			}
			once[token] = id
			continue
		case what == "done" && (j.State != "done" || j.Token != token):
			t.Errorf("%s: the job is %s by token %d", line, j.State, j.Token)
		}
	}
	for id, before := range ended {
		if now := jobs[id]; now != before {
			t.Errorf("job %s had ended as %+v and is %+v", id, before, now)
		}
	}
	for id, j := range jobs {
		if j.State == "done" || j.State == "dead" {
			ended[id] = j
		}
	}
	killVerifyTicks(t, b, jobs)
	killVerifyEffects(t, b, jobs)
}

// killVerifyEffects holds the jobs against what they did.
func killVerifyEffects(t *testing.T, b *bed, jobs map[engine.ID]scheduler.Dumped) {
	if _, err := os.Stat(ledgerOf(b.dir)); err != nil {
		return // killed before it began
	}
	a := audit(t, ledgerOf(b.dir), killLimits)
	for id, j := range jobs {
		if j.Token < a.highest[id.String()] {
			t.Errorf("job %s has token %d, and its worker got %d", id, j.Token, a.highest[id.String()])
		}
		if j.State == "done" && !a.effects[id.String()] {
			t.Errorf("job %s is done and had no effect", id)
		}
		delete(a.highest, id.String())
	}
	for id := range a.highest {
		t.Errorf("job %s ran and is lost", id)
	}
	k := killed{b: b}
	for _, j := range k.list("strict", "ready") {
		if last := a.begun["strict/"+j.Key]; j.ID.String() < last {
			t.Errorf("job %s of key %s has been passed over by %s", j.ID, j.Key, last)
		}
	}
	t.Logf("%d lives, %d jobs, %d attempts, %d effects", a.lives, len(jobs), a.begins, len(a.effects))
}

func killVerifyTicks(t *testing.T, b *bed, jobs map[engine.ID]scheduler.Dumped) {
	creation, err := b.s.Creation(context.Background(), b.acme, "minute")
	if err != nil {
		return // killed before it was made
	}
	seen, ticks := map[int64]bool{}, 0
	for id, j := range jobs {
		if j.Schedule == "" {
			continue
		}
		tick := id.Time().UnixMilli() // due changes with every retry
		if ticks++; seen[tick] || id != scheduler.TickID(creation, tick) || tick%60_000 != 0 {
			t.Errorf("the tick of %v has job %s, and perhaps another", id.Time().UTC(), id)
		}
		seen[tick] = true
	}
	t.Logf("%d ticks", ticks)
}
