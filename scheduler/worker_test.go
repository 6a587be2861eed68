package scheduler_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"quintet/engine"
	"quintet/scheduler"
)

// TestHandle lets handlers of this process end their jobs in every way.
func TestHandle(t *testing.T) {
	scenario := func(name string, run scheduler.Handler, job string, f func(b *bed, id string)) {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				b := newBed(t, scheduler.Options{})
				b.s.Handle(b.acme, "q", run)
				id := b.enqueue("q", job)
				synctest.Wait()
				f(b, id)
				b.check()
			})
		})
	}
	scenario("OK output", func(_ context.Context, l scheduler.Lease) (any, error) {
		return map[string]any{"got": string(l.Payload), "attempt": l.Attempt}, nil
	}, `{"payload":7}`, func(b *bed, id string) {
		if j := b.wantState(id, "done"); string(j.Output) != `{"attempt":1,"got":"7"}` || j.Timeline[1].Note != "in process" {
			b.t.Errorf("output %s", j.Output)
		}
	})
	scenario("OK nothing", func(context.Context, scheduler.Lease) (any, error) { return nil, nil }, `{}`, func(b *bed, id string) {
		b.wantState(id, "done")
	})
	scenario("ErrFailed", func(context.Context, scheduler.Lease) (any, error) { return nil, errors.New("no luck") }, `{"max_attempts":2,"backoff":["1s"]}`, func(b *bed, id string) {
		b.wantState(id, "retrying")
		pass(time.Second)
		if j := b.wantState(id, "dead"); j.Errors[1].Error != "no luck" {
			b.t.Errorf("errors %+v", j.Errors)
		}
	})
	scenario("ErrPanic", func(context.Context, scheduler.Lease) (any, error) { panic("oh no") }, `{"max_attempts":1}`, func(b *bed, id string) {
		if j := b.wantState(id, "dead"); !strings.HasPrefix(j.Errors[0].Error, "panic: oh no\n") {
			b.t.Errorf("errors %+v", j.Errors)
		}
	})
	scenario("ErrOutput", func(context.Context, scheduler.Lease) (any, error) { return func() {}, nil }, `{"max_attempts":1}`, func(b *bed, id string) {
		if j := b.wantState(id, "dead"); !strings.Contains(j.Errors[0].Error, "cannot be stored") {
			b.t.Errorf("errors %+v", j.Errors)
		}
	})
	scenario("ErrOutput that panics", func(context.Context, scheduler.Lease) (any, error) { return explosive{}, nil }, `{"max_attempts":1}`, func(b *bed, id string) {
		if j := b.wantState(id, "dead"); !strings.HasPrefix(j.Errors[0].Error, "panic: boom\n") {
			b.t.Errorf("errors %+v", j.Errors)
		}
	})
	scenario("ErrNoReturn", func(context.Context, scheduler.Lease) (any, error) { runtime.Goexit(); return nil, nil }, `{"max_attempts":1}`, func(b *bed, id string) {
		if j := b.wantState(id, "dead"); !strings.Contains(j.Errors[0].Error, "ended its goroutine") {
			b.t.Errorf("errors %+v", j.Errors)
		}
	})
	scenario("OK cancelled by its handler", func(context.Context, scheduler.Lease) (any, error) {
		return nil, scheduler.Cancel(errors.New("address unknown"))
	}, `{}`, func(b *bed, id string) {
		if j := b.wantState(id, "cancelled"); j.Errors[0].Error != "address unknown" {
			b.t.Errorf("errors %+v", j.Errors)
		}
	})
	scenario("OK snoozed", func() scheduler.Handler {
		first := true
		return func(context.Context, scheduler.Lease) (any, error) {
			if first {
				first = false
				return nil, scheduler.Snooze(time.Minute)
			}
			return nil, nil
		}
	}(), `{"max_attempts":1}`, func(b *bed, id string) {
		b.wantState(id, "scheduled")
		pass(time.Minute)
		b.wantState(id, "done", "enqueued", "leased", "snoozed", "due", "leased", "completed")
	})
	scenario("OK longer than a lease", func(context.Context, scheduler.Lease) (any, error) {
		time.Sleep(10 * time.Minute)
		return nil, nil
	}, `{}`, func(b *bed, id string) {
		pass(9 * time.Minute)
		b.wantState(id, "running", "enqueued", "leased")
		pass(2 * time.Minute)
		b.wantState(id, "done", "enqueued", "leased", "completed")
	})
	var ran time.Duration
	scenario("OK told of its timeout", func(ctx context.Context, _ scheduler.Lease) (any, error) {
		began := time.Now()
		<-ctx.Done()
		ran = time.Since(began)
		return nil, ctx.Err()
	}, `{"timeout":"5s","max_attempts":1}`, func(b *bed, id string) {
		pass(11 * time.Second)
		b.wantState(id, "dead") // expired or failed, whichever came first
		if ran != 5*time.Second {
			b.t.Errorf("told after %v", ran)
		}
	})
	scenario("OK told of a cancel", func(ctx context.Context, _ scheduler.Lease) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}, `{}`, func(b *bed, id string) {
		b.do("POST", "/v1/jobs/"+id+"/cancel", "").want(200)
		pass(11 * time.Second)
		b.wantState(id, "cancelled")
	})
}

// explosive is an output whose own code panics.
type explosive struct{}

func (explosive) MarshalJSON() ([]byte, error) { panic("boom") }

// TestHandleTyped reads payloads into a type. One that does not fit fails its
// attempt, and the worker goes on with the next job.
func TestHandleTyped(t *testing.T) {
	type mail struct {
		To    string `json:"to"`
		Pages int    `json:"pages"`
	}
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		scheduler.Handle(b.s, b.acme, "q", func(_ context.Context, job scheduler.Leased[mail]) (any, error) {
			return map[string]any{"to": job.Payload.To, "pages": job.Payload.Pages, "raw": string(job.Lease.Payload), "id": job.ID}, nil
		}, scheduler.Concurrency(1))
		f := func(payload, state, want string) {
			t.Helper()
			id := b.enqueue("q", `{"payload":`+payload+`,"max_attempts":1}`)
			synctest.Wait()
			j := b.wantState(id, state)
			got := string(j.Output)
			if state == "dead" {
				got = j.Errors[0].Error
			} else if !strings.Contains(got, `"id":"`+id+`"`) {
				t.Errorf("%s: output %s", payload, got)
			}
			if !strings.Contains(got, want) {
				t.Errorf("%s: %s; expected was %s in it", payload, got, want)
			}
		}
		f(`{"to":"ann","pages":2}`, "done", `"pages":2,"raw":"{\"to\":\"ann\",\"pages\":2}","to":"ann"`)
		f(`{"to":"ann","pages":"two"}`, "dead", "the payload cannot be read as scheduler_test.mail: json: cannot unmarshal string into Go struct field mail.pages of type int")
		f(`["ann"]`, "dead", "cannot be read as scheduler_test.mail")
		f(`{"to":"bob","colour":"red"}`, "done", `"to":"bob"`)
		f(`null`, "done", `"to":""`)
		b.check()
	})
}

// TestHandleConcurrency counts how many jobs of a queue run at once.
func TestHandleConcurrency(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		hold := func(context.Context, scheduler.Lease) (any, error) { time.Sleep(time.Minute); return nil, nil }
		b.s.Handle(b.acme, "one", hold, scheduler.Concurrency(1))
		b.s.Handle(b.acme, "four", hold)
		b.s.Handle(b.acme, "seven", hold, scheduler.Concurrency(7))
		b.s.Handle(b.acme, "least", hold, scheduler.Concurrency(-1))
		for queue, want := range map[string]int{"one": 1, "four": 4, "seven": 7, "least": 1} {
			for range 10 {
				b.enqueue(queue, `{}`)
			}
			synctest.Wait()
			var page struct{ Items []struct{ ID string } }
			b.do("GET", "/v1/jobs?state=running&queue="+queue, "").want(200).into(&page)
			if len(page.Items) != want {
				t.Errorf("queue %s: %d jobs run, expected were %d", queue, len(page.Items), want)
			}
		}
		pass(10 * time.Minute)
		b.check()
	})
}

// TestHandleOutlived lets a lease end under a handler that does not notice: its
// outcome is refused, nothing complains, and the worker goes on.
func TestHandleOutlived(t *testing.T) {
	virtual(t, func(t *testing.T) {
		var log bytes.Buffer
		b := newBed(t, scheduler.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		b.s.Handle(b.acme, "q", func(context.Context, scheduler.Lease) (any, error) { time.Sleep(time.Minute); return "late", nil }, scheduler.Concurrency(1))
		id := b.enqueue("q", `{"timeout":"5s","max_attempts":1}`)
		pass(2 * time.Minute)
		if j := b.wantState(id, "dead", "enqueued", "leased", "expired"); j.Output != nil {
			t.Errorf("output %s", j.Output)
		}
		next := b.enqueue("q", `{}`)
		pass(2 * time.Minute)
		b.wantState(next, "done")
		b.close()
		if got := log.String(); strings.Contains(got, "level=ERROR") || !strings.Contains(got, "a handler ended after its lease did") || !strings.Contains(got, id) {
			t.Errorf("log:\n%s", got)
		}
	})
}

// TestHandleInsists ends a handler while the store takes no more updates of its
// tenant: the outcome is told when it does again.
func TestHandleInsists(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		end, stand := make(chan bool), make(chan bool)
		goOn := sync.OnceFunc(func() { close(stand) })
		defer goOn()
		b.s.Handle(b.acme, "q", func(context.Context, scheduler.Lease) (any, error) { <-end; return "x", nil })
		id := b.enqueue("q", `{}`)
		synctest.Wait()
		var updates sync.WaitGroup
		update := func(fn func(*engine.Tx) error, o ...engine.UpdateOption) {
			updates.Go(func() {
				if err := b.e.Store.Update(context.Background(), b.acme, fn, o...); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		// The committer stands still, and the tenant has all that it may in the queue.
		update(func(*engine.Tx) error { <-stand; return nil }, engine.Weight(16<<20-512))
		update(nothing, engine.Weight(16<<20))
		b.do("POST", "/v1/queues/q/jobs", `{}`).want(503, "store_busy")
		close(end)
		pass(3 * time.Second)
		b.wantState(id, "running")
		goOn()
		updates.Wait()
		pass(2 * time.Second)
		b.wantState(id, "done", "enqueued", "leased", "completed")
	})
}

// TestStop holds what Stop promises of the handlers, and that it is idempotent.
func TestStop(t *testing.T) {
	wait := func(d time.Duration) scheduler.Handler {
		return func(ctx context.Context, _ scheduler.Lease) (any, error) {
			select {
			case <-time.After(d):
				return "done", nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	}
	stop := func(b *bed, within time.Duration) error {
		ctx, cancel := context.WithTimeout(context.Background(), within)
		defer cancel()
		return b.s.Stop(ctx)
	}
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		must(t, b.s.Start(context.Background())) // a second time
		b.s.Handle(b.acme, "short", wait(5*time.Second))
		b.s.Handle(b.acme, "long", wait(time.Hour))
		short, long := b.enqueue("short", `{}`), b.enqueue("long", `{}`)
		synctest.Wait()
		began := time.Now()
		if err := stop(b, 20*time.Second); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("stop: %v", err)
		}
		if took := time.Since(began); took != 20*time.Second {
			t.Errorf("stop took %v", took)
		}
		must(t, stop(b, time.Second))
		b.wantState(short, "done")
		if j := b.wantState(long, "ready", "enqueued", "leased", "released"); j.Attempt != 0 {
			t.Errorf("attempt %d after it was given back", j.Attempt)
		}
		b.s.Handle(b.acme, "late", wait(0)) // too late: it never runs
		b.reopen()
		if l := b.leaseOne("long"); l.Attempt != 1 {
			t.Errorf("leased %+v", l)
		}
	})
	t.Run("OK a verdict counts", func(t *testing.T) {
		virtual(t, func(t *testing.T) {
			b := newBed(t, scheduler.Options{})
			until := func(err error) scheduler.Handler {
				return func(ctx context.Context, _ scheduler.Lease) (any, error) { <-ctx.Done(); return nil, err }
			}
			b.s.Handle(b.acme, "cancel", until(fmt.Errorf("sending: %w", scheduler.Cancel(errors.New("no such address")))))
			b.s.Handle(b.acme, "snooze", until(scheduler.Snooze(time.Hour)))
			b.s.Handle(b.acme, "panic", func(ctx context.Context, _ scheduler.Lease) (any, error) { <-ctx.Done(); panic("interrupted") })
			cancel, snooze, panicked := b.enqueue("cancel", `{}`), b.enqueue("snooze", `{}`), b.enqueue("panic", `{}`)
			synctest.Wait()
			if err := stop(b, time.Second); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("stop: %v", err)
			}
			if j := b.wantState(cancel, "cancelled"); j.Errors[0].Error != "sending: no such address" {
				t.Errorf("errors %+v", j.Errors)
			}
			b.wantState(snooze, "scheduled", "enqueued", "leased", "snoozed")
			b.wantState(panicked, "ready", "enqueued", "leased", "released")
		})
	})
	t.Run("OK before a start", func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		s := scheduler.New(b.e, scheduler.Options{Registerer: newRegistry()})
		must(t, s.Stop(context.Background()))
		must(t, s.Stop(context.Background()))
		must(t, s.Start(context.Background()))
	})
}

// TestTenantDeleted shreds a tenant under a handler and a schedule.
func TestTenantDeleted(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		other, err := b.e.Tenants.Create(context.Background(), "other", nothing)
		must(t, err)
		b.s.Handle(other, "q", func(context.Context, scheduler.Lease) (any, error) { return nil, nil })
		b.do("PUT", "/v1/schedules/s", `{"cron":"* * * * *","queue":"q"}`, "Test-Tenant", "other").want(201)
		b.do("POST", "/v1/queues/later/jobs", `{"delay":"30s"}`, "Test-Tenant", "other").want(201)
		b.do("POST", "/v1/queues/held/jobs", `{}`, "Test-Tenant", "other").want(201)
		b.do("POST", "/v1/queues/held/lease", `{}`, "Test-Tenant", "other").want(200)
		own := b.enqueue("q", `{"delay":"2m"}`)
		must(t, b.e.Tenants.Delete(context.Background(), other, nothing))
		pass(3 * time.Minute)
		b.wantState(own, "ready")
		b.check()
		again, err := b.e.Tenants.Create(context.Background(), "other", nothing)
		must(t, err)
		if again == other {
			t.Error("a tenant came back")
		}
		b.do("GET", "/v1/jobs", "", "Test-Tenant", "other").want(200, `"items":[]`)
		b.do("GET", "/v1/queues", "", "Test-Tenant", "other").want(200, `"items":[]`)
		b.do("GET", "/v1/schedules", "", "Test-Tenant", "other").want(200, `"items":[]`)
	})
}

// TestBusOfCancel hears of a cancelled job once, when it has ended.
func TestBusOfCancel(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	waits, runs := b.enqueue("q", `{"delay":"1h"}`), b.enqueue("q", `{}`)
	l := b.leaseOne("q")
	events := b.e.Bus.Subscribe(ctx, b.acme, 100)
	for _, id := range []string{waits, waits, runs, runs} {
		b.do("POST", "/v1/jobs/"+id+"/cancel", ``).want(200)
	}
	if n := len(events); n != 1 {
		t.Errorf("%d events while one of two runs", n)
	}
	b.call(l, "fail", ``).want(200, `"state":"cancelled"`)
	if n := len(events); n != 2 {
		t.Errorf("%d events of two cancelled jobs", n)
	}
	for len(events) > 0 {
		if e := <-events; e.Type != "job.cancelled" || e.Count != 1 {
			t.Errorf("event %+v", e)
		}
	}
}

// TestBus hears what is told, counted per call.
func TestBus(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		events := b.e.Bus.Subscribe(ctx, b.acme, 100)
		b.do("POST", "/v1/queues/q/jobs", lines(450, func(int) string { return `{"max_attempts":1}` }), "Content-Type", "application/x-ndjson").want(200)
		jobs := b.lease("q", `{"limit":3}`)
		b.call(jobs[0], "complete", ``).want(200)
		b.call(jobs[1], "fail", ``).want(200)
		b.call(jobs[2], "fail", ``).want(200)
		b.bulk("redrive", `{"queue":"q"}`, `"changed":2`)
		synctest.Wait()
		var got []string
		enqueued := 0
		for len(events) > 0 {
			e := <-events
			if e.Capability != "scheduler" || e.Subject != "q" || e.Time.IsZero() {
				t.Errorf("event %+v", e)
			}
			if e.Type == "job.enqueued" {
				enqueued += e.Count
				continue
			}
			got = append(got, e.Type)
			if e.Type == "job.redriven" && e.Count != 2 {
				t.Errorf("event %+v", e)
			}
		}
		if enqueued != 450 || strings.Join(got, " ") != "job.done job.dead job.dead job.redriven" {
			t.Errorf("%d enqueued, then %v", enqueued, got)
		}
	})
}

var _ engine.Service = (*scheduler.Scheduler)(nil)
