package client_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"quintet/client"
)

// waits returns why the context of a handler ended, and when.
func waits(cause *error, after *time.Duration) client.Handler {
	return func(ctx context.Context, l client.Lease) (any, error) {
		if l.Attempt > 1 {
			return "again", nil
		}
		began := time.Now()
		<-ctx.Done()
		*cause, *after = context.Cause(ctx), time.Since(began)
		return nil, ctx.Err()
	}
}

// TestContextEnds holds when and why a handler is told to give up.
func TestContextEnds(t *testing.T) {
	var cause error
	var after time.Duration
	want := func(b *bed, c error, d time.Duration) {
		b.Helper()
		if cause != c || after != d {
			b.Errorf("%v after %v; expected was %v after %v", cause, after, c, d)
		}
	}
	worker(t, "OK lost", waits(&cause, &after), func(b *bed, r *running) {
		b.change(1, func(j *job) { j.stolen = true })
		pass(11 * time.Second)
		want(b, client.ErrLeaseLost, 10*time.Second)
		if n := len(b.calls(fail)); n != 0 {
			b.Errorf("%d failures of a lost job were told", n)
		}
		pass(30 * time.Second) // the lease is over, and the job in our hands again
		if j := b.wantState(1, "done"); j.Attempt != 2 {
			b.Errorf("%+v", j)
		}
	})
	worker(t, "OK cancel requested", waits(&cause, &after), func(b *bed, r *running) {
		if _, err := b.c.Cancel(b.Context(), "job-001"); err != nil {
			b.Fatal(err)
		}
		pass(11 * time.Second)
		want(b, client.ErrCancelRequested, 10*time.Second)
		b.wantState(1, "cancelled")
	})
	worker(t, "OK no heartbeat gets through", waits(&cause, &after), func(b *bed, r *running) {
		b.makeTrouble(func(q request) trouble {
			if q.call == heartbeat {
				return trouble{status: 503, code: "store_busy"}
			}
			return trouble{}
		})
		pass(31 * time.Second)
		want(b, client.ErrLeaseLost, 30*time.Second)
	})
	worker(t, "OK some heartbeats get through", waits(&cause, &after), func(b *bed, r *running) {
		cause = nil
		b.makeTrouble(func(q request) trouble {
			if q.call == heartbeat && q.at.Second()%20 < 10 {
				return trouble{status: 500, code: "internal"}
			}
			return trouble{}
		})
		pass(10 * time.Minute)
		want(b, nil, after)
		b.wantState(1, "running")
	})
}

// TestOutlived lets a handler end after its lease did: its outcome is refused
// and somebody else's is not touched.
func TestOutlived(t *testing.T) {
	worker(t, "OK", func(_ context.Context, l client.Lease) (any, error) {
		if l.Attempt == 1 {
			time.Sleep(2 * time.Minute)
		}
		return l.Attempt, nil
	}, func(b *bed, r *running) {
		b.change(1, func(j *job) { j.stolen = true })
		pass(3 * time.Minute)
		if j := b.wantState(1, "done"); string(j.Output) != "2" {
			b.Errorf("output %s", j.Output)
		}
		r.end()
		if !strings.Contains(r.log.String(), "ended after its lease did") {
			b.Errorf("log:\n%s", r.log.String())
		}
	})
}

// TestCancelOutlived has a handler cancel a job that is somebody else's by now:
// that one must not notice.
func TestCancelOutlived(t *testing.T) {
	for name, late := range map[string]time.Duration{"OK unnoticed": 5 * time.Second, "OK told": 15 * time.Second} {
		worker(t, name, func(_ context.Context, l client.Lease) (any, error) {
			time.Sleep(late)
			return nil, client.Cancel(nil)
		}, func(b *bed, r *running) {
			b.change(1, func(j *job) { j.stolen = true })
			pass(late + time.Second)
			if j := b.wantState(1, "running"); j.cancel || j.Error != "" {
				b.Errorf("%+v", j)
			}
			r.end()
			if !strings.Contains(r.log.String(), "ended after its lease did") {
				b.Errorf("log:\n%s", r.log.String())
			}
		})
	}
}
