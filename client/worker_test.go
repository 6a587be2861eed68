package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"quintet/client"
)

const (
	poll      = "POST /v1/leases"
	heartbeat = "POST /v1/leases/heartbeat"
	complete  = "POST /v1/leases/complete"
	fail      = "POST /v1/jobs/*/fail"
)

// running is a worker that runs.
type running struct {
	b    *bed
	stop context.CancelFunc
	done chan error
	over bool
	log  bytes.Buffer
}

func (b *bed) run(w client.Worker) *running {
	ctx, stop := context.WithCancel(b.Context())
	r := &running{b: b, stop: stop, done: make(chan error, 1)}
	w.Log = slog.New(slog.NewTextHandler(&r.log, nil))
	if w.Client == nil {
		w.Client = b.c
	}
	if w.Queues == nil {
		w.Queues = []string{"mail"}
	}
	go func() { r.done <- w.Run(ctx) }()
	synctest.Wait()
	return r
}

// end stops the worker, once, and returns how long that took.
func (r *running) end() time.Duration {
	r.b.Helper()
	began := time.Now()
	r.stop()
	if r.over {
		return 0
	}
	if err := <-r.done; err != nil {
		r.b.Error(err)
	}
	r.over = true
	return time.Since(began)
}

// worker runs h for one job of the queue mail, and f looks at it.
func worker(t *testing.T, name string, h client.Handler, f func(b *bed, r *running)) {
	t.Run(name, func(t *testing.T) {
		virtual(t, func(b *bed) {
			b.enqueue("mail", 1)
			r := b.run(client.Worker{Handler: h})
			f(b, r)
			r.end()
		})
	})
}

func returns(output any, err error) client.Handler {
	return func(context.Context, client.Lease) (any, error) { return output, err }
}

// explosive is an output, or an error, whose own code panics.
type explosive struct{}

func (explosive) MarshalJSON() ([]byte, error) { panic("boom") }
func (explosive) Error() string                { panic("boom") }

// TestOutcomes lets handlers end in every way.
func TestOutcomes(t *testing.T) {
	worker(t, "OK output", func(_ context.Context, l client.Lease) (any, error) {
		return fmt.Sprintf("%s %s %s %d/%d", l.ID, l.Queue, l.Payload, l.Attempt, l.MaxAttempts), nil
	}, func(b *bed, _ *running) {
		if j := b.wantState(1, "done"); string(j.Output) != `"job-001 mail 0 1/5"` {
			b.Errorf("output %s", j.Output)
		}
	})
	worker(t, "OK nothing", returns(nil, nil), func(b *bed, _ *running) {
		if j := b.wantState(1, "done"); j.Output != nil {
			b.Errorf("output %s", j.Output)
		}
	})
	fails := func(name string, h client.Handler, state, text string) {
		worker(t, name, h, func(b *bed, r *running) {
			if j := b.wantState(1, state); !strings.Contains(j.Error, text) {
				b.Errorf("error %q, expected was %s in it", j.Error, text)
			}
			r.end()
			if state == "retrying" && text != "refused" && !strings.Contains(r.log.String(), "an attempt failed") {
				b.Errorf("log:\n%s", r.log.String())
			}
		})
	}
	fails("ErrFailed", returns(nil, errors.New("no luck")), "retrying", "no luck")
	fails("ErrPanic", func(context.Context, client.Lease) (any, error) { panic("oh no") }, "retrying", "panic: oh no\n")
	fails("ErrNoReturn", func(context.Context, client.Lease) (any, error) { runtime.Goexit(); return nil, nil }, "retrying", "ended its goroutine")
	fails("ErrOutput", returns(func() {}, nil), "retrying", "cannot be stored")
	fails("ErrOutput that panics", returns(explosive{}, nil), "retrying", "panic: boom")
	fails("ErrError that panics", returns(nil, explosive{}), "retrying", "panic: boom")
	fails("ErrOutput refused", returns("unwanted", nil), "retrying", "refused")
	fails("ErrLong", returns(nil, errors.New(strings.Repeat("ä", 10_000))), "retrying", "ä")
	fails("OK cancelled by its handler", returns(nil, fmt.Errorf("sending: %w", client.Cancel(errors.New("address unknown")))), "cancelled", "sending: address unknown")
	worker(t, "OK snoozed", returns(nil, client.Snooze(90*time.Second)), func(b *bed, _ *running) {
		if j := b.wantState(1, "scheduled"); j.Delay != "90000ms" || j.Attempt != 0 {
			b.Errorf("%+v", j)
		}
	})
}

// TestManyJobs counts calls: jobs run side by side up to the limit, and one
// call completes what is ready.
func TestManyJobs(t *testing.T) {
	virtual(t, func(b *bed) {
		b.enqueue("mail", 60)
		b.enqueue("news", 3)
		var now, most atomic.Int32
		r := b.run(client.Worker{Queues: []string{"news", "mail"}, Concurrency: 20, Name: "w1", Handler: func(_ context.Context, l client.Lease) (any, error) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer now.Add(-1)
			time.Sleep(time.Second)
			return l.ID, nil
		}})
		pass(time.Minute)
		for n := 1; n <= 63; n++ {
			if j := b.wantState(n, "done"); string(j.Output) != `"`+j.ID+`"` {
				t.Errorf("output %s", j.Output)
			}
		}
		if most.Load() != 20 {
			t.Errorf("%d ran at once", most.Load())
		}
		first := b.calls(poll)[0]
		if first.body != `{"queues":["news","mail"],"limit":20,"wait":"20000ms","lease":"30000ms","worker":"w1"}` {
			t.Errorf("poll %s", first.body)
		}
		if n := len(b.calls(complete)); n > 20 {
			t.Errorf("%d calls completed 63 jobs", n)
		}
		if n := len(b.calls("POST /v1/jobs/*/complete")); n > 0 {
			t.Errorf("%d jobs were completed alone", n)
		}
		r.end()
	})
}

// TestOneBadOutput completes good jobs although one in their batch is refused.
func TestOneBadOutput(t *testing.T) {
	virtual(t, func(b *bed) {
		b.enqueue("mail", 10)
		r := b.run(client.Worker{Handler: func(_ context.Context, l client.Lease) (any, error) {
			time.Sleep(time.Second)
			if string(l.Payload) == "5" {
				return "unwanted", nil
			}
			return "good", nil
		}})
		pass(10 * time.Second)
		for n := range 10 {
			if n == 5 {
				b.wantState(n+1, "retrying")
			} else {
				b.wantState(n+1, "done")
			}
		}
		r.end()
	})
}

// TestLargeOutputs keeps a batch below what the server reads.
func TestLargeOutputs(t *testing.T) {
	virtual(t, func(b *bed) {
		b.enqueue("mail", 10)
		r := b.run(client.Worker{Handler: func(context.Context, client.Lease) (any, error) {
			time.Sleep(time.Second)
			return strings.Repeat("x", 60_000), nil
		}})
		pass(10 * time.Second)
		for n := range 10 {
			b.wantState(n+1, "done")
		}
		for _, c := range b.calls(complete) {
			if len(c.body) > 128<<10 {
				t.Errorf("a batch of %d bytes", len(c.body))
			}
		}
		r.end()
	})
}

// TestHeartbeats holds that one call renews all jobs, each third of a lease,
// and takes along what handlers tell.
func TestHeartbeats(t *testing.T) {
	virtual(t, func(b *bed) {
		b.enqueue("mail", 3)
		r := b.run(client.Worker{Lease: 30 * time.Second, Handler: func(ctx context.Context, l client.Lease) (any, error) {
			client.Progress(context.Background(), 1, "of nobody")
			if string(l.Payload) == "0" {
				client.Progress(ctx, 10, "overwritten")
				client.Progress(ctx, 20, "resizing")
				time.Sleep(15 * time.Second)
				client.Progress(ctx, 400, strings.Repeat("ä", 200))
			}
			time.Sleep(5 * time.Minute)
			return nil, ctx.Err()
		}})
		pass(4 * time.Minute)
		calls := b.calls(heartbeat)
		if len(calls) != 24 {
			t.Errorf("%d heartbeats in four minutes", len(calls))
		}
		for i, c := range calls {
			if strings.Count(c.body, `"id"`) != 3 || i > 0 && c.at.Sub(calls[i-1].at) != 10*time.Second {
				t.Errorf("heartbeat %d: %s", i, c.body)
			}
		}
		if told := b.job(1).Told; told != "20 resizing;100 "+strings.Repeat("ä", 100)+";" {
			t.Errorf("told %q", told)
		}
		pass(2 * time.Minute)
		for n := 1; n <= 3; n++ {
			if j := b.wantState(n, "done"); j.Attempt != 1 {
				t.Errorf("%+v", j)
			}
		}
		if n := len(b.calls(heartbeat)); n > 31 {
			t.Errorf("%d heartbeats; some were for nothing", n)
		}
		r.end()
	})
	t.Run("OK told again", func(t *testing.T) {
		virtual(t, func(b *bed) {
			b.enqueue("mail", 1)
			b.on(heartbeat, trouble{status: 500, code: "internal"}, trouble{status: 422, code: "validation_failed"})
			r := b.run(client.Worker{Handler: func(ctx context.Context, l client.Lease) (any, error) {
				client.Progress(ctx, 20, "resizing")
				time.Sleep(time.Minute)
				return nil, ctx.Err()
			}})
			pass(25 * time.Second)
			calls := b.calls(heartbeat) // refused, refused with progress, and taken without
			if len(calls) != 3 || !strings.Contains(calls[1].body, "resizing") || strings.Contains(calls[2].body, "resizing") {
				t.Errorf("%+v", calls)
			}
			pass(time.Minute)
			b.wantState(1, "done")
			r.end()
		})
	})
}

// TestWorkerErrors refuses workers that cannot work.
func TestWorkerErrors(t *testing.T) {
	c, h, q := client.New("http://127.0.0.1:1", "k", client.Options{}), returns(nil, nil), []string{"q"}
	for name, w := range map[string]client.Worker{
		"client": {Queues: q, Handler: h}, "queues": {Client: c, Handler: h}, "handler": {Client: c, Queues: q},
		"negative": {Client: c, Queues: q, Handler: h, Concurrency: -1}, "many": {Client: c, Queues: q, Handler: h, Concurrency: 1001},
		"short": {Client: c, Queues: q, Handler: h, Lease: time.Millisecond},
	} {
		if err := w.Run(t.Context()); err == nil {
			t.Errorf("a worker without %s ran", name)
		}
	}
}
