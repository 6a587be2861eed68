package scheduler_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"quintet/engine"
	"quintet/scheduler"
)

// TestDiskFull fills the store: enqueues are refused with 507, and what frees
// the queue goes on.
func TestDiskFull(t *testing.T) {
	b := &bed{t: t, dir: filepath.Join(memory(t), "data"), maxStore: 34 << 20}
	b.open()
	t.Cleanup(b.close)
	id := b.enqueue("q", `{}`)
	big := fmt.Sprintf(`{"payload":"%040000d"}`, 0)
	full := false
	for i := 0; i < 2000 && !full; i++ {
		r := b.do("POST", "/v1/queues/big/jobs", big)
		if full = r.status == 507; !full {
			r.want(201)
		} else {
			r.want(507, "store_full")
		}
	}
	if !full {
		t.Fatal("the store did not fill")
	}
	b.do("POST", "/v1/queues/q/jobs", `{}`).want(507, "store_full")
	b.do("GET", "/v1/jobs/"+id, "").want(200)
	b.do("GET", "/v1/queues", "").want(200)
	l := b.leaseOne("q")
	b.heartbeat(l).want(200, `"extended":["`+id+`"]`)
	b.call(l, "progress", members("progress")).want(204)
	b.call(l, "complete", ``).want(200)
	b.wantState(id, "done")
	b.do("POST", "/v1/queues/q/pause", "").want(200)
	some := b.lease("big", `{"limit":4}`)
	if len(some) != 4 {
		t.Fatalf("leased %d jobs of a full store", len(some))
	}
	b.do("POST", "/v1/leases/complete", `{"jobs":[{"id":"`+some[0].ID+`","token":"`+some[0].Token+`"}]}`).want(200, `"completed":["`+some[0].ID+`"]`)
	b.call(some[1], "fail", ``).want(200, `"state":"retrying"`)
	b.call(some[2], "snooze", members("snooze")).want(200, `"state":"scheduled"`)
	b.do("POST", "/v1/jobs/"+some[2].ID+"/cancel", "").want(200)
	b.do("DELETE", "/v1/jobs/"+some[0].ID, "").want(204)
	b.do("POST", "/v1/jobs/cancel", `{"queue":"big"}`).want(202)
	for over := time.Now().Add(20 * time.Second); !strings.Contains(string(b.do("GET", "/v1/queues/big", "").body), `"ready":0`); {
		if time.Now().After(over) {
			t.Fatalf("the jobs are not cancelled: %s", b.do("GET", "/v1/queues/big", "").body)
		}
		time.Sleep(10 * time.Millisecond)
	}
	b.do("POST", "/v1/jobs/purge", `{"queue":"big"}`).want(202)
	for over := time.Now().Add(20 * time.Second); b.do("POST", "/v1/queues/q/jobs", `{}`).status != 201; {
		if time.Now().After(over) {
			t.Fatal("the store does not heal")
		}
		time.Sleep(10 * time.Millisecond)
	}
	b.check()
}

// TestRestore restores an old backup under workers that hold newer tokens:
// none of them is accepted, whatever it is for, and new ones are far above.
func TestRestore(t *testing.T) {
	second := memory(t)
	b := newBed(t, scheduler.Options{})
	id := b.enqueue("q", `{"backoff":["0s"],"max_attempts":9}`)
	waiting := b.enqueue("waiting", `{"key":"k"}`)
	b.do("PUT", "/v1/queues/waiting", `{"concurrency":1,"strict_order":true}`).want(201)
	b.do("PUT", "/v1/schedules/s", `{"cron":"0 0 * * *","queue":"q"}`).want(201)
	before := b.leaseOne("q")
	var backup bytes.Buffer
	must(t, b.e.Backup(context.Background(), &backup, func(string, int64, int64) {}))
	b.call(before, "fail", ``).want(200)
	after := b.leaseOne("q")
	first := b.leaseOne("waiting") // in the backup nobody has it
	b.enqueue("late", `{}`)
	late := b.leaseOne("late") // in the backup it is not there
	b.close()

	b.dir = filepath.Join(second, "data")
	must(t, engine.Restore(context.Background(), b.dir, &backup, func(string, int64, int64) {}))
	b.open()
	b.check()
	b.wantState(id, "running", "enqueued", "leased")
	b.wantState(waiting, "ready", "enqueued")
	refused := func() {
		t.Helper()
		for _, l := range []leased{after, first} {
			for _, call := range []string{"complete", "fail", "snooze", "progress"} {
				b.call(l, call, members(call)).want(409, "lease_lost")
			}
		}
		b.call(late, "complete", ``).want(404)
		b.call(late, "progress", members("progress")).want(404)
		list := ""
		for _, l := range []leased{after, first, late} {
			list += `,{"id":"` + l.ID + `","token":"` + l.Token + `"}`
		}
		b.do("POST", "/v1/leases/heartbeat", `{"leases":[`+list[1:]+`]}`).want(200, `"extended":[]`, after.ID, first.ID, late.ID)
		b.do("POST", "/v1/leases/complete", `{"jobs":[`+list[1:]+`]}`).want(200, `"completed":[]`, after.ID, first.ID, late.ID)
	}
	refused()
	b.call(before, "fail", ``).want(200, `"state":"ready"`) // it was given before the backup
	l, w := b.leaseOne("q"), b.leaseOne("waiting")
	for _, token := range []string{l.Token, w.Token} {
		if old, now := number(t, after.Token), number(t, token); now < old+1<<40 {
			t.Errorf("token %d after the restore, %d before", now, old)
		}
	}
	refused()
	b.wantState(id, "running", "enqueued", "leased", "failed", "leased")
	b.call(l, "complete", ``).want(200)
	b.call(w, "complete", ``).want(200)
	refused()
	b.do("GET", "/v1/schedules/s", "").want(200)
	b.check()
}

func number(t *testing.T, token string) uint64 {
	n, err := strconv.ParseUint(token, 10, 64)
	must(t, err)
	return n
}

// TestOlderTwin removes the newest job of a unique key before an older one: that
// is no fault, and the key is free.
func TestOlderTwin(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		old := b.enqueue("q", `{"unique_key":"u","max_attempts":1}`)
		b.call(b.leaseOne("q"), "fail", ``).want(200, `"state":"dead"`)
		b.enqueue("q", `{"unique_key":"u","retention":"1s"}`)
		b.call(b.leaseOne("q"), "complete", ``).want(200)
		pass(12 * time.Second)
		b.do("GET", "/v1/queues/q", "").want(200, `"dead":1`, `"done":0`)
		b.check()
		b.enqueue("q", `{"unique_key":"u","unique_states":["dead"]}`)
		b.do("POST", "/v1/jobs/"+old+"/retry", "").want(409, "job_exists")
		b.check()
	})
}

// clockJumps are what a wall clock may do under a running server.
var clockJumps = []time.Duration{time.Second, time.Hour, 365 * 24 * time.Hour, -time.Second, -time.Hour, -365 * 24 * time.Hour}

// jumping runs f for each jump, in virtual time.
func jumping(t *testing.T, name string, f func(b *bed, clock *jumpingClock, jump time.Duration)) {
	for _, jump := range clockJumps {
		t.Run(fmt.Sprint(name, " ", jump), func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				clock := &jumpingClock{}
				b := newBed(t, scheduler.Options{Clock: clock})
				f(b, clock, jump)
				b.check()
			})
		})
	}
}

// TestClockJumps sets the wall clock under running leases and waiting jobs: no
// lease is shortened, nothing runs twice.
func TestClockJumps(t *testing.T) {
	jumping(t, "OK lease", func(b *bed, clock *jumpingClock, jump time.Duration) {
		running, waiting := b.enqueue("q", `{}`), b.enqueue("q", `{"delay":"30m"}`)
		b.leaseOne("q")
		clock.jump(jump)
		pass(29 * time.Second)
		b.wantState(running, "running", "enqueued", "leased")
		if jump > 30*time.Minute {
			b.wantState(waiting, "ready") // its time has come, within a second
		} else {
			b.wantState(waiting, "scheduled")
		}
		pass(2 * time.Second)
		b.wantState(running, "ready", "enqueued", "leased", "expired")
	})
	for _, extend := range []time.Duration{12 * time.Second, 30 * time.Second, time.Minute} {
		jumping(t, fmt.Sprint("OK heartbeats of ", extend), func(b *bed, clock *jumpingClock, jump time.Duration) {
			id := b.enqueue("q", `{}`)
			l := b.leaseOne("q")
			beat := `{"leases":[{"id":"` + l.ID + `","token":"` + l.Token + `"}],"extend":"` + fmt.Sprint(int(extend.Seconds())) + `s"}`
			pass(10 * time.Second)
			clock.jump(jump)
			for range 6 {
				b.do("POST", "/v1/leases/heartbeat", beat).want(200, `"extended":["`+id+`"]`)
				pass(11 * time.Second)
			}
			b.wantState(id, "running", "enqueued", "leased")
			b.do("POST", "/v1/leases/heartbeat", beat).want(200, `"extended":["`+id+`"]`)
			pass(extend - time.Millisecond)
			b.wantState(id, "running", "enqueued", "leased")
			pass(2 * time.Millisecond)
			b.wantState(id, "ready", "enqueued", "leased", "expired")
			b.call(l, "complete", ``).want(409, "lease_lost")
		})
	}
	jumping(t, "OK a lease with a timeout", func(b *bed, clock *jumpingClock, jump time.Duration) {
		id := b.enqueue("q", `{"timeout":"2m"}`)
		l := b.leaseOne("q")
		pass(10 * time.Second)
		clock.jump(jump)
		b.heartbeat(l).want(200, `"extended":["`+id+`"]`)
		pass(20*time.Second - time.Millisecond)
		b.wantState(id, "running", "enqueued", "leased")
		b.call(l, "complete", ``).want(200)
	})
	jumping(t, "OK the clock shows the same time again", func(b *bed, clock *jumpingClock, jump time.Duration) {
		id := b.enqueue("q", `{}`)
		l := b.leaseOne("q")
		pass(10 * time.Second)
		clock.jump(-10 * time.Second)
		b.heartbeat(l).want(200, `"extended":["`+id+`"]`)
		clock.jump(jump)
		pass(30*time.Second - time.Millisecond)
		b.wantState(id, "running")
	})
	jumping(t, "OK a done job is not run again", func(b *bed, clock *jumpingClock, jump time.Duration) {
		id := b.enqueue("q", `{"retention":"8760h","backoff":["5s"]}`)
		l := b.leaseOne("q")
		clock.jump(jump)
		b.call(l, "fail", ``).want(200, `"state":"retrying"`)
		clock.jump(-jump)
		clock.jump(time.Hour) // whichever way it went, the backoff is over
		pass(time.Second)
		for jump > 0 && b.job(id).State == "retrying" {
			clock.jump(jump)
			pass(time.Second)
		}
		b.call(b.leaseOne("q"), "complete", ``).want(200)
		clock.jump(jump / 2)
		pass(2 * time.Second)
		b.wantState(id, "done", "enqueued", "leased", "failed", "due", "leased", "completed")
		if again := b.lease("q", `{"limit":10}`); len(again) != 0 {
			b.t.Errorf("leased again: %+v", again)
		}
	})
}

// TestClockBeforeRestart holds that a bulk operation finds jobs whose ids are
// greater than its own: the clock was set back, and the process that knew is gone.
func TestClockBeforeRestart(t *testing.T) {
	virtual(t, func(t *testing.T) {
		clock := &jumpingClock{}
		b := newBed(t, scheduler.Options{Clock: clock})
		id := b.enqueue("q", `{"max_attempts":1}`)
		b.call(b.leaseOne("q"), "fail", ``).want(200, `"state":"dead"`)
		b.close()
		clock.jump(-time.Hour)
		b.open()
		b.do("POST", "/v1/jobs/redrive", `{"queue":"q","dry_run":true}`).want(200, `"matched":1`)
		b.bulk("redrive", `{"queue":"q"}`, `"changed":1`)
		b.wantState(id, "ready")
		b.check()
	})
}

// jumpingClock is the bubble's clock and an offset.
type jumpingClock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *jumpingClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *jumpingClock) jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// TestExtremes holds arithmetic at the ends of time.
func TestExtremes(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		id := b.enqueue("q", `{"delay":"292y"}`)
		b.do("GET", "/v1/jobs/"+id, "").want(200, `"run_at":"2291-`)
		b.enqueue("q", `{"run_at":"9999-12-31T23:59:59Z"}`)
		b.enqueue("q", `{"run_at":"1970-01-01T00:00:00Z"}`)
		l := b.leaseOne("q")
		b.call(l, "fail", `,"retry_after":"292y"`).want(200, `"state":"retrying"`)
		pass(time.Minute)
		b.wantState(l.ID, "retrying")
		if _, err := scheduler.ParseCron("0 0 1 1 *", "UTC"); err != nil {
			t.Error(err)
		}
		if got := scheduler.Later(5, math.MaxInt64); got != math.MaxInt64 {
			t.Errorf("later is %d", got)
		}
		b.check()
	})
}

// TestPoisonedStore holds that a store that cannot be written makes no loop
// run hot, and that calls say so.
func TestPoisonedStore(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		id := b.enqueue("q", `{"delay":"2s"}`)
		must(t, b.e.Close())
		pass(time.Minute) // promotes in vain, once a second; a hot loop would never end here
		b.do("GET", "/v1/jobs/"+id, "").want(503, "stopping")
		b.do("POST", "/v1/queues/q/jobs", `{}`).want(503, "stopping")
		must(t, b.s.Stop(context.Background()))
		b.e = nil
		b.open()
		pass(time.Second)
		b.wantState(id, "ready")
	})
}

// TestStress lets everything happen at once in real time, and then counts.
func TestStress(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	const producers, per, workers = 8, 150, 8
	var all sync.WaitGroup
	for range producers {
		all.Go(func() {
			for i := range per {
				b.enqueue("q", fmt.Sprintf(`{"max_attempts":3,"backoff":["0s"],"priority":%d,"delay":"%dms"}`, i%10, i%3*5))
			}
		})
	}
	var mu sync.Mutex
	held, ended := map[string]string{}, map[string]int{}
	for range workers {
		all.Go(func() {
			for {
				mu.Lock()
				over := len(ended) == producers*per
				mu.Unlock()
				if over {
					return
				}
				for _, l := range b.lease("q", `{"limit":3,"wait":"50ms"}`) {
					mu.Lock()
					if old := held[l.ID]; old != "" && !less(old, l.Token) {
						t.Errorf("job %s: token %s after %s", l.ID, l.Token, old)
					}
					held[l.ID] = l.Token
					mu.Unlock()
					call := []string{"complete", "fail", "complete"}[(len(l.Token)+l.Attempt)%3]
					r := b.call(l, call, ``).want(200)
					if state := r.get("state"); state == "done" || state == "dead" {
						mu.Lock()
						ended[l.ID]++
						mu.Unlock()
					}
				}
			}
		})
	}
	all.Wait()
	for id, n := range ended {
		if n != 1 {
			t.Errorf("job %s ended %d times", id, n)
		}
	}
	b.check()
}

// TestBoardFollows holds the board equal to a rebuilt one while a poll waits
// through a failing observer's rebuild.
func TestBoardFollows(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		got := make(chan int, 1)
		go func() { got <- len(b.lease("q", `{"wait":"10s"}`)) }()
		synctest.Wait()
		must(t, b.s.RebuildBoard(context.Background()))
		b.enqueue("q", `{}`)
		if n := <-got; n != 1 {
			t.Errorf("the poll got %d jobs", n)
		}
		b.enqueue("q", `{}`)
		must(t, b.s.RebuildBoard(context.Background()))
		b.leaseOne("q")
		b.check()
	})
}

// TestRoutes holds every route against its operation and its scope.
func TestRoutes(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	document := b.document
	for _, r := range b.web.Routes() {
		path := strings.NewReplacer(":queue", "{queue}", ":id", "{id}").Replace(r.Path)
		item := document.Paths[path]
		if item == nil {
			if strings.HasPrefix(r.Path, "/v1/") {
				t.Errorf("%s %s is not in the document", r.Method, r.Path)
			}
			continue
		}
		op := map[string]any{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete}[r.Method]
		scope := operationScope(op)
		want := map[string]string{"GET": "read", "POST": "write", "PUT": "write", "PATCH": "write", "DELETE": "admin"}[r.Method]
		if r.Method == "DELETE" && strings.HasPrefix(r.Path, "/v1/jobs/") {
			want = "write" // a job is no definition
		}
		if path == "/v1/schedules/preview" {
			want = "read" // it stores nothing
		}
		if scope != "scheduler:"+want {
			t.Errorf("%s %s needs the scope %q", r.Method, r.Path, scope)
		}
	}
}

// TestWithoutPrincipal holds that nobody is let in whom the server forgot to
// authenticate.
func TestWithoutPrincipal(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	b.anonymous = true
	for _, call := range [][2]string{
		{"GET", "/v1/jobs"}, {"GET", "/v1/queues"}, {"GET", "/v1/schedules"}, {"POST", "/v1/queues/q/jobs"}, {"POST", "/v1/queues/q/lease"},
		{"GET", "/v1/jobs/00000000-0000-7000-8000-000000000000"}, {"DELETE", "/v1/schedules/s"}, {"GET", "/v1/schedules/s/preview"},
		{"POST", "/v1/schedules/s/run"}, {"POST", "/v1/schedules/s/pause"}, {"POST", "/v1/schedules/s/resume"},
	} {
		t.Run("Err "+call[1], func(t *testing.T) { b.do(call[0], call[1], "").want(401, "credential_missing") })
	}
}

// TestErrorsOfHandlers holds what the typed errors say and unwrap to.
func TestErrorsOfHandlers(t *testing.T) {
	cause := errors.New("why")
	if err := scheduler.Cancel(cause); !errors.Is(err, cause) || err.Error() != "why" {
		t.Errorf("%v", err)
	}
	if err := scheduler.Cancel(nil); err.Error() == "" {
		t.Errorf("%v", err)
	}
	if err := scheduler.Snooze(time.Minute); !strings.Contains(err.Error(), "1m") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat("FORMAT.md"); err != nil {
		t.Error(err)
	}
}
