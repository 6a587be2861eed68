package client_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"quintet/client"
)

// TestStop holds what the end of Run's context means.
func TestStop(t *testing.T) {
	for10s := func(context.Context, client.Lease) (any, error) { time.Sleep(10 * time.Second); return "done", nil }
	t.Run("OK during a long poll", func(t *testing.T) {
		virtual(t, func(b *bed) {
			r := b.run(client.Worker{Handler: for10s})
			pass(5 * time.Second)
			if took := r.end(); took != 0 {
				t.Errorf("stop took %v", took)
			}
			b.enqueue("mail", 1)
			pass(time.Minute)
			b.wantState(1, "ready")
		})
	})
	worker(t, "OK handlers finish", for10s, func(b *bed, r *running) {
		r.stop()
		synctest.Wait()
		b.enqueue("mail", 1)
		if took := r.end(); took != 10*time.Second {
			b.Errorf("stop took %v", took)
		}
		b.wantState(1, "done")
		b.wantState(2, "ready")
	})
	var cause error
	var after time.Duration
	worker(t, "OK given back after the timeout", waits(&cause, &after), func(b *bed, r *running) {
		if took := r.end(); took != 20*time.Second || cause != client.ErrStopped {
			b.Errorf("stop took %v, %v", took, cause)
		}
		if j := b.wantState(1, "scheduled"); j.Delay != "0ms" || j.Attempt != 0 {
			b.Errorf("%+v", j)
		}
	})
	until := func(output any, err error) client.Handler {
		return func(ctx context.Context, _ client.Lease) (any, error) { <-ctx.Done(); return output, err }
	}
	worker(t, "OK done at the last moment", until("x", nil), func(b *bed, r *running) { r.end(); b.wantState(1, "done") })
	worker(t, "OK a verdict counts", until(nil, client.Cancel(nil)), func(b *bed, r *running) {
		r.end()
		if j := b.wantState(1, "cancelled"); j.Error != "cancelled by its handler" {
			b.Errorf("%+v", j)
		}
	})
	t.Run("OK jobs that arrive with the stop", func(t *testing.T) {
		virtual(t, func(b *bed) {
			b.enqueue("mail", 3)
			late := &lateStop{b.transport, nil}
			ctx, stop := context.WithCancel(b.Context())
			late.stop = stop
			w := client.Worker{Client: client.New("http://quintet.test", "k", client.Options{HTTP: &http.Client{Transport: late}}), Queues: []string{"mail"}, Handler: func(context.Context, client.Lease) (any, error) {
				t.Error("a job began after the stop")
				return nil, nil
			}}
			if err := w.Run(ctx); err != nil {
				t.Error(err)
			}
			for n := 1; n <= 3; n++ {
				if j := b.wantState(n, "scheduled"); j.Attempt != 0 {
					t.Errorf("%+v", j)
				}
			}
		})
	})
}

// lateStop stops a worker when the answer to its poll is there.
type lateStop struct {
	next http.RoundTripper
	stop func()
}

func (l *lateStop) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := l.next.RoundTrip(r)
	if err == nil && r.URL.Path == "/v1/leases" {
		var body []byte
		body, err = io.ReadAll(answer.Body)
		answer.Body.Close()
		answer.Body = io.NopCloser(bytes.NewReader(body))
		l.stop()
	}
	return answer, err
}
