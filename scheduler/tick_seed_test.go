package scheduler_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"quintet/scheduler"
)

// TestOneJobPerTickSeeds does what it likes to a schedule in the second of its
// tick: it edits it, deletes it and makes it again, pauses and resumes it, sets
// the clock by a second or an hour in both directions, and stops the process.
// The tick has exactly one job in the end. A seed replays.
func TestOneJobPerTickSeeds(t *testing.T) {
	seeds := uint64(60)
	if os.Getenv("QUINTET_LONG") == "1" {
		seeds = 5_000
	}
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			x := &tumult{rng: rand.New(rand.NewPCG(seed, 5)), clock: &jumpingClock{}}
			x.bed = &bed{t: t, clock: x.clock, dir: memory(t) + "/data"}
			defer x.close()
			x.run()
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// tumult is one seed. The tick is at 01:00, an hour after the beginning.
type tumult struct {
	*bed
	rng   *rand.Rand
	clock *jumpingClock
	idle  bool // nothing ticks by itself
	kind  string
	edits int
	log   []string
}

// kinds of schedule that tick at 01:00. Only one of a cron or an at may be made
// again: an every counts from its creation.
var tumultKinds = []string{`"cron":"0 1 * * *"`, `"at":"2000-01-01T01:00:00Z"`, `"every":"1h","missed":"all"`, `"cron":"0 1 * * *","jitter":"1h"`}

func (x *tumult) run() {
	x.kind, x.idle = tumultKinds[x.rng.IntN(len(tumultKinds))], x.rng.IntN(2) == 0
	x.again()
	x.put().want(201)
	tick := time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC)
	pass(time.Until(tick) + time.Duration(x.rng.IntN(1500)-500)*time.Millisecond)
	for range 2 + x.rng.IntN(6) {
		x.act()
		pass(time.Duration(x.rng.IntN(300)) * time.Millisecond)
	}
	x.note("wait until 03:00")
	pass(max(0, tick.Add(2*time.Hour).Sub(x.clock.Now())) + 2*time.Second)
	x.tick()
	jobs := map[time.Time]int{}
	var p struct{ Items []scheduler.Job }
	x.do("GET", "/v1/jobs?limit=1000&queue=q", "").want(200).into(&p)
	for _, j := range p.Items {
		if jobs[j.ID.Time().UTC()]++; jobs[j.ID.Time().UTC()] > 1 {
			x.t.Errorf("the tick of %v has more than one job", j.ID.Time().UTC())
		}
	}
	if jobs[tick] != 1 {
		x.t.Errorf("the tick has %d jobs", jobs[tick])
	}
	x.bed.check()
	if x.t.Failed() {
		x.t.Logf("%s, idle %v: %v", x.kind, x.idle, x.log)
	}
}

func (x *tumult) note(format string, args ...any) {
	x.log = append(x.log, x.clock.Now().UTC().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// act does one thing. What takes two calls happens in one instant: who deletes
// a schedule before its tick and makes it after that wants none.
func (x *tumult) act() {
	switch x.rng.IntN(9) {
	case 0:
		x.edits++
		x.note("edit %d", x.put("If-Match", "*").status)
	case 1, 2, 3:
		if x.kind != tumultKinds[2] {
			x.do("DELETE", "/v1/schedules/s", "")
			x.note("delete and make again: %d", x.put().status)
		}
	case 4:
		x.do("POST", "/v1/schedules/s/pause", "")
		x.note("pause and resume %d", x.do("POST", "/v1/schedules/s/resume", "").status)
	case 5, 6:
		jumps := []time.Duration{time.Second, time.Hour, -time.Second, -time.Hour, -time.Second, -time.Hour} // back is the harder one
		jump := jumps[x.rng.IntN(len(jumps))]
		x.note("set the clock by %v", jump)
		x.clock.jump(jump)
	case 7:
		x.note("stop and start")
		x.again()
	case 8:
		x.note("tick")
		x.tick()
	}
}

func (x *tumult) put(headers ...string) *reply {
	return x.do("PUT", "/v1/schedules/s", fmt.Sprintf(`{%s,"queue":"q","overlap":"allow","job":{"payload":%d}}`, x.kind, x.edits), headers...)
}

func (x *tumult) again() {
	x.close()
	if x.idle {
		x.openIdle()
	} else {
		x.open()
	}
}

func (x *tumult) tick() {
	if x.idle {
		must(x.t, x.s.Tick(context.Background()))
	}
}
