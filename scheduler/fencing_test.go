package scheduler_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"quintet/scheduler"
)

// TestFencing holds that a lost lease is refused everywhere and changes nothing.
func TestFencing(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		id := b.enqueue("mail", `{}`)
		old := b.leaseOne("mail")
		pass(31 * time.Second)
		b.wantState(id, "ready", "enqueued", "leased", "expired")
		now := b.leaseOne("mail")
		if now.ID != id || now.Attempt != 2 {
			t.Fatalf("leased %+v", now)
		}
		if less(now.Token, old.Token) || now.Token == old.Token {
			t.Fatalf("token %s after %s", now.Token, old.Token)
		}
		for _, call := range [][2]string{{"complete", ``}, {"complete", `,"output":1`}, {"fail", `,"error":"x"`}, {"snooze", `,"delay":"1s"`}, {"progress", `,"progress":9`}} {
			b.call(old, call[0], call[1]).want(409, `"code":"lease_lost"`)
		}
		b.heartbeat(old).want(200, `"lost":["`+id+`"]`, `"extended":[]`)
		b.do("POST", "/v1/leases/complete", `{"jobs":[{"id":"`+id+`","token":"`+old.Token+`"}]}`).want(200, `"lost":["`+id+`"]`, `"completed":[]`)
		b.wantState(id, "running", "enqueued", "leased", "expired", "leased")
		b.call(now, "complete", ``).want(200)
		for _, call := range []string{"complete", "fail", "snooze", "progress"} {
			b.call(old, call, members(call)).want(409, `"code":"lease_lost"`)
		}
		b.check()
	})
}

func members(call string) string {
	switch call {
	case "snooze":
		return `,"delay":"1s"`
	case "progress":
		return `,"progress":50`
	}
	return ""
}

// less compares decimal numbers without leading zeros.
func less(a, b string) bool { return len(a) < len(b) || len(a) == len(b) && a < b }

// TestRacingCompletions lets two holders of different tokens race, with one job
// or many in a call: of 1,000 calls only those of the newest lease win, and they
// all hear the same result.
func TestRacingCompletions(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	b.enqueue("mail", `{"backoff":["0s"]}`)
	old := b.leaseOne("mail")
	b.call(old, "fail", ``).want(200, `"state":"ready"`)
	now := b.leaseOne("mail")
	var won, lost atomic.Int32
	outputs := sync.Map{}
	var calls sync.WaitGroup
	for i := range 1000 {
		calls.Go(func() {
			l := []leased{old, now}[i%2]
			many := i%4 > 1
			path, body := "/v1/jobs/"+l.ID+"/complete", fmt.Sprintf(`{"token":"%s","output":%d}`, l.Token, i)
			if many {
				path, body = "/v1/leases/complete", fmt.Sprintf(`{"jobs":[{"id":"%s","token":"%s","output":%d}]}`, l.ID, l.Token, i)
			}
			r := b.do("POST", path, body)
			switch {
			case i%2 == 1 && many && r.get("completed") == "["+now.ID+"]", i%2 == 1 && !many && r.status == 200:
				won.Add(1)
				if !many {
					outputs.Store(r.get("output"), true)
				}
			case i%2 == 0 && many && r.get("lost") == "["+now.ID+"]", i%2 == 0 && !many && r.status == 409:
				lost.Add(1)
			default:
				t.Errorf("call %d: %d %s", i, r.status, r.body)
			}
		})
	}
	calls.Wait()
	distinct := 0
	outputs.Range(func(any, any) bool { distinct++; return true })
	if won.Load() != 500 || lost.Load() != 500 || distinct != 1 {
		t.Errorf("%d won, %d lost, %d different outputs", won.Load(), lost.Load(), distinct)
	}
	j := b.wantState(now.ID, "done", "enqueued", "leased", "failed", "leased", "completed")
	if !outputsHas(&outputs, string(j.Output)) {
		t.Errorf("stored is %s, which nobody was told", j.Output)
	}
	b.check()
}

func outputsHas(m *sync.Map, output string) bool {
	_, ok := m.Load(output)
	return ok
}

// TestRacingOutcomes lets one holder send different outcomes at once: exactly
// one of them counts.
func TestRacingOutcomes(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	for range 20 {
		id := b.enqueue("mail", `{"max_attempts":1}`)
		l := b.leaseOne("mail")
		var won atomic.Int32
		var calls sync.WaitGroup
		for i := range 30 {
			calls.Go(func() {
				what := []string{"fail", "snooze", "complete"}[i%3]
				if r := b.call(l, what, members2(what, i)); r.status == 200 {
					if what != "complete" || r.get("output") == fmt.Sprint(i) {
						won.Add(1)
					}
				} else if r.status != 409 {
					t.Errorf("%s: %d %s", what, r.status, r.body)
				}
			})
		}
		calls.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d outcomes of one lease were accepted", won.Load())
		}
		b.do("POST", "/v1/jobs/"+id+"/cancel", "")
	}
	b.check()
}

func members2(call string, i int) string {
	switch call {
	case "snooze":
		return `,"delay":"1h"`
	case "complete":
		return fmt.Sprintf(`,"output":%d`, i)
	}
	return ""
}

// TestLeaseExpiry follows leases through time and restarts.
func TestLeaseExpiry(t *testing.T) {
	scenario := func(name string, f func(b *bed)) {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				b := newBed(t, scheduler.Options{})
				f(b)
				b.check()
			})
		})
	}
	scenario("OK not a moment early", func(b *bed) {
		id := b.enqueue("mail", `{}`)
		l := b.lease("mail", `{"lease":"10s"}`)[0]
		pass(10*time.Second - time.Millisecond)
		b.wantState(id, "running")
		pass(2 * time.Millisecond)
		b.wantState(id, "ready")
		b.call(l, "complete", ``).want(409)
	})
	scenario("OK heartbeats keep it", func(b *bed) {
		id := b.enqueue("mail", `{}`)
		l := b.lease("mail", `{"lease":"10s"}`)[0]
		for range 10 {
			pass(9 * time.Second)
			b.do("POST", "/v1/leases/heartbeat", `{"leases":[{"id":"`+l.ID+`","token":"`+l.Token+`"}],"extend":"10s"}`).want(200, `"extended":["`+id+`"]`)
		}
		b.wantState(id, "running", "enqueued", "leased")
		b.call(l, "complete", ``).want(200)
	})
	scenario("OK a shorter heartbeat does not shorten", func(b *bed) {
		id := b.enqueue("mail", `{}`)
		l := b.lease("mail", `{"lease":"1m"}`)[0]
		b.do("POST", "/v1/leases/heartbeat", `{"leases":[{"id":"`+l.ID+`","token":"`+l.Token+`"}],"extend":"1s"}`).want(200)
		pass(59 * time.Second)
		b.wantState(id, "running")
		pass(2 * time.Second)
		b.wantState(id, "ready")
	})
	scenario("OK renewed in full by a restart", func(b *bed) {
		id := b.enqueue("mail", `{}`)
		l := b.lease("mail", `{"lease":"20s"}`)[0]
		pass(15 * time.Second)
		b.close()
		pass(time.Hour)
		b.open()
		pass(19 * time.Second)
		b.wantState(id, "running")
		b.call(l, "complete", ``).want(200)
	})
	scenario("OK poison pill", func(b *bed) {
		id := b.enqueue("mail", `{"max_attempts":3}`)
		other := b.enqueue("mail", `{}`)
		for attempt := 1; attempt <= 3; attempt++ {
			l := b.lease("mail", `{"lease":"5s"}`)[0]
			if attempt > 1 && l.ID == other { // it went to the back of the line
				b.call(l, "complete", ``).want(200)
				l = b.lease("mail", `{"lease":"5s"}`)[0]
			}
			if l.ID != id || l.Attempt != attempt {
				b.t.Fatalf("leased %+v", l)
			}
			b.close() // the worker takes the whole process with it
			b.open()
			pass(6 * time.Second)
		}
		j := b.wantState(id, "dead", "enqueued", "leased", "expired", "leased", "expired", "leased", "expired")
		if len(j.Errors) != 3 || j.Errors[2].Error != "lease_expired" {
			b.t.Errorf("errors %+v", j.Errors)
		}
	})
	scenario("OK cancelled while its worker is gone", func(b *bed) {
		id := b.enqueue("mail", `{}`)
		b.leaseOne("mail")
		b.do("POST", "/v1/jobs/"+id+"/cancel", "").want(200)
		pass(31 * time.Second)
		b.wantState(id, "cancelled", "enqueued", "leased", "cancel_requested", "expired")
	})
}
