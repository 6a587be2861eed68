package scheduler_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"quintet/engine"
	"quintet/scheduler"
)

// leaseCall is what one caller asked about one job; expire is the scheduler's
// own doing, as the job log has it. Times are milliseconds of virtual time.
type leaseCall struct {
	kind   string // lease, heartbeat, complete, fail, expire
	id     string
	token  uint64
	at     int64 // of a call: when it was made, so the server did it then or later
	extend int64
}

type leaseAnswer struct {
	ok      bool
	state   string // after a fail
	attempt int    // of a lease
}

// leaseState is one job as the model of porcupine has it.
type leaseState struct {
	state    string
	token    uint64
	attempt  int
	deadline int64 // its lease must not end before
}

const (
	linearAttempts = 8
	linearLease    = 2000 // ms
)

// step is the whole contract of leases: one holder at a time, its token above
// all before, nobody else's call does anything, and no lease ends early.
func (s leaseState) step(in leaseCall, out leaseAnswer) (bool, leaseState) {
	holds := s.state == "running" && s.token == in.token
	next := func() string {
		if s.attempt >= linearAttempts {
			return "dead"
		}
		return "ready"
	}
	switch in.kind {
	case "lease":
		ok := s.state == "ready" && in.token > s.token && out.attempt == s.attempt+1
		return ok, leaseState{"running", in.token, out.attempt, in.at + linearLease}
	case "heartbeat":
		if holds {
			s.deadline = max(s.deadline, in.at+in.extend)
		}
		return out.ok == holds, s
	case "complete":
		if again := s.state == "done" && s.token == in.token; out.ok != (holds || again) {
			return false, s
		}
		if holds {
			s.state = "done"
		}
		return true, s
	case "fail":
		if out.ok != holds || holds && out.state != next() {
			return false, s
		}
		if holds {
			s.state = next()
		}
		return true, s
	default: // expire
		ok := holds && in.at >= s.deadline && out.state == next()
		s.state = out.state
		return ok, s
	}
}

var leaseModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) (parts [][]porcupine.Operation) {
		byJob := map[string][]porcupine.Operation{}
		for _, op := range history {
			id := op.Input.(leaseCall).id
			byJob[id] = append(byJob[id], op)
		}
		for _, part := range byJob {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return leaseState{state: "ready"} },
	Step: func(state, input, output any) (bool, any) {
		return state.(leaseState).step(input.(leaseCall), output.(leaseAnswer))
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v %+v", input, output) },
}

// historian makes calls and writes down when each began and ended, by a count
// that rises with both.
type historian struct {
	b     *bed
	count atomic.Int64

	mu    sync.Mutex
	list  []porcupine.Operation
	known []leased // leases that somebody got, the newest last
	kinds map[string]int
}

func (h *historian) note(began int64, in leaseCall, out leaseAnswer) {
	ended := h.count.Add(1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, porcupine.Operation{Input: in, Call: began, Output: out, Return: ended})
	h.kinds[fmt.Sprint(in.kind, " ", out.ok)]++
}

// any draws one of the leases that were given last.
func (h *historian) any(rng *rand.Rand) (l leased, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.known) == 0 {
		return l, false
	}
	return h.known[max(0, len(h.known)-1-rng.IntN(40))], true
}

// act makes one call.
func (h *historian) act(rng *rand.Rand) {
	n := rng.IntN(12)
	l, ok := h.any(rng)
	began, at := h.count.Add(1), time.Now().UnixMilli()
	in := leaseCall{id: l.ID, token: decimal(l.Token), at: at}
	switch {
	case n < 4:
		for _, l := range h.b.lease("q", fmt.Sprintf(`{"limit":%d,"lease":"2s"}`, 1+rng.IntN(3))) {
			h.note(began, leaseCall{kind: "lease", id: l.ID, token: decimal(l.Token), at: at}, leaseAnswer{ok: true, attempt: l.Attempt})
			h.mu.Lock()
			h.known = append(h.known, l)
			h.mu.Unlock()
		}
	case !ok || n < 6:
		time.Sleep(time.Duration(rng.IntN(2500)) * time.Millisecond)
	case n < 8:
		in.kind, in.extend = "heartbeat", int64(1000+rng.IntN(3000))
		var a struct{ Extended []string }
		h.b.do("POST", "/v1/leases/heartbeat", fmt.Sprintf(`{"leases":[{"id":"%s","token":"%s"}],"extend":"%dms"}`, l.ID, l.Token, in.extend)).into(&a)
		h.note(began, in, leaseAnswer{ok: len(a.Extended) == 1})
	case n < 9:
		in.kind = "complete"
		if rng.IntN(2) == 0 {
			h.note(began, in, leaseAnswer{ok: h.b.call(l, "complete", ``).status == 200})
			return
		}
		var a struct{ Completed []string }
		h.b.do("POST", "/v1/leases/complete", fmt.Sprintf(`{"jobs":[{"id":"%s","token":"%s"}]}`, l.ID, l.Token)).into(&a)
		h.note(began, in, leaseAnswer{ok: len(a.Completed) == 1})
	default:
		in.kind = "fail"
		r := h.b.call(l, "fail", ``)
		h.note(began, in, leaseAnswer{r.status == 200, r.get("state"), 0})
	}
}

func decimal(token string) (n uint64) {
	_, _ = fmt.Sscan(token, &n)
	return n
}

// expiries adds what the job log says about leases that ran out. When that was
// between the calls it does not say: the token does.
func (h *historian) expiries(t *testing.T, ids []string) {
	for _, id := range ids {
		own, err := engine.ParseID(id)
		must(t, err)
		log, err := h.b.s.History(context.Background(), h.b.acme, own)
		must(t, err)
		for _, m := range log {
			if m.Event == "expired" {
				h.note(0, leaseCall{kind: "expire", id: id, token: m.Token, at: m.At}, leaseAnswer{ok: true, state: m.State})
			}
		}
	}
}

// TestLeasesAreLinear lets 64 callers lease, renew, complete and fail the same
// jobs, with old and new tokens, while leases run out. Porcupine finds an order
// of the calls of each job that the contract allows, or there is none.
func TestLeasesAreLinear(t *testing.T) {
	const callers, calls, jobs = 64, 60, 60
	h := &historian{kinds: map[string]int{}}
	virtual(t, func(t *testing.T) {
		h.b = newBed(t, scheduler.Options{})
		var ids []string
		for range jobs {
			ids = append(ids, h.b.enqueue("q", fmt.Sprintf(`{"max_attempts":%d,"backoff":["0s"]}`, linearAttempts)))
		}
		var all sync.WaitGroup
		for n := range callers {
			all.Go(func() {
				for rng, i := rand.New(rand.NewPCG(uint64(n), 8)), 0; i < calls; i++ {
					h.act(rng)
				}
			})
		}
		all.Wait()
		pass(10 * time.Second)
		h.expiries(t, ids)
		h.b.check()
	})
	t.Logf("%d calls: %v", len(h.list), h.kinds)
	for _, kind := range []string{"lease true", "heartbeat true", "heartbeat false", "complete true", "complete false", "fail true", "fail false", "expire true"} {
		if h.kinds[kind] < 5 {
			t.Errorf("%s: %d times", kind, h.kinds[kind])
		}
	}
	if got := porcupine.CheckOperationsTimeout(leaseModel, h.list, 30*time.Second); got != porcupine.Ok {
		t.Errorf("the history is %v", got)
	}
}
