package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"quintet/client"
)

const enqueue = "POST /v1/queues/mail/jobs"

// TestEnqueue holds what is sent.
func TestEnqueue(t *testing.T) {
	f := func(name string, payload any, o *client.JobOptions, want string) {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(b *bed) {
				job, err := b.c.Enqueue(b.Context(), "mail", payload, o)
				if err != nil {
					t.Fatal(err)
				}
				if got := b.job(1); got.Spec != want || job.ID != got.ID || job.State != "ready" {
					t.Errorf("sent %s\nexpected %s\nanswer %+v", got.Spec, want, job)
				}
				if h := b.calls(enqueue)[0].header; h.Get("Authorization") != "Bearer qk_secret" || h.Get("Content-Type") != "application/json" {
					t.Errorf("header %v", h)
				}
			})
		})
	}
	f("OK nothing", nil, nil, `{"payload":null}`)
	f("OK payload", map[string]string{"to": "ann"}, nil, `{"payload":{"to":"ann"}}`)
	f("OK everything", 7, &client.JobOptions{
		Delay: 90 * time.Second, Priority: new(0), Key: "customer-7", UniqueKey: "u", UniqueFor: time.Hour, MaxAttempts: 3,
		Timeout: 1500 * time.Microsecond, Backoff: []time.Duration{0, time.Second}, Tags: []string{"a"}, Headers: map[string]string{"trace": "1"},
	}, `{"payload":7,"delay":"90000ms","priority":0,"key":"customer-7","unique_key":"u","unique_for":"3600000ms","max_attempts":3,"timeout":"2ms","backoff":["0ms","1000ms"],"tags":["a"],"headers":{"trace":"1"}}`)
	f("OK at a time", 7, &client.JobOptions{RunAt: time.Date(2026, 3, 29, 2, 30, 0, 5e6, time.UTC)}, `{"payload":7,"run_at":"2026-03-29T02:30:00.005Z"}`)
	t.Run("ErrPayload", func(t *testing.T) {
		virtual(t, func(b *bed) {
			if _, err := b.c.Enqueue(b.Context(), "mail", func() {}, nil); err == nil || len(b.calls(enqueue)) != 0 {
				t.Errorf("%v", err)
			}
		})
	})
}

// TestRepeated makes trouble with calls that may be repeated: in the end they
// have had their effect once.
func TestRepeated(t *testing.T) {
	f := func(name string, list ...trouble) {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(b *bed) {
				b.on(enqueue, list...)
				if _, err := b.c.Enqueue(b.Context(), "mail", 1, nil); err != nil {
					t.Fatal(err)
				}
				calls := b.calls(enqueue)
				if len(calls) != len(list)+1 || len(b.s.jobs) != 1 {
					t.Errorf("%d calls made %d jobs", len(calls), len(b.s.jobs))
				}
				key := calls[0].header.Get("Idempotency-Key")
				for _, c := range calls {
					if got := c.header.Get("Idempotency-Key"); got != key || len(key) < 20 {
						t.Errorf("keys %q and %q", key, got)
					}
				}
			})
		})
	}
	f("OK busy", trouble{status: 503, code: "store_busy"}, trouble{status: 503, code: "store_busy"})
	f("OK too many", trouble{status: 429, code: "rate_limited", retryAfter: "2"})
	f("OK proxy", trouble{status: 502}, trouble{status: 504}, trouble{status: 503})
	f("OK answer lost after the effect", trouble{cut: true}, trouble{cut: true})
	f("OK first try under way", trouble{cut: true}, trouble{status: 409, code: "idempotency_in_flight"})
	f("OK no answer at all", trouble{hang: time.Minute})

	t.Run("OK a key of the caller's", func(t *testing.T) {
		virtual(t, func(b *bed) {
			for range 2 {
				if _, err := b.c.Enqueue(b.Context(), "mail", 1, &client.JobOptions{IdempotencyKey: "order-7"}); err != nil {
					t.Fatal(err)
				}
			}
			b.enqueue("mail", 2)
			if len(b.s.jobs) != 3 || b.calls(enqueue)[0].header.Get("Idempotency-Key") != "order-7" {
				t.Errorf("%d jobs", len(b.s.jobs))
			}
		})
	})
	t.Run("OK reading and cancelling", func(t *testing.T) {
		virtual(t, func(b *bed) {
			b.enqueue("mail", 1)
			b.on("GET /v1/jobs/*", trouble{status: 503}, trouble{cut: true})
			if job, err := b.c.Job(b.Context(), "job-001"); err != nil || job.State != "ready" {
				t.Errorf("%+v, %v", job, err)
			}
			b.on("POST /v1/jobs/*/cancel", trouble{cut: true}, trouble{status: 429})
			if _, err := b.c.Cancel(b.Context(), "job-001"); err != nil || !b.job(1).cancel {
				t.Error(err)
			}
		})
	})
	t.Run("OK a server that starts", func(t *testing.T) {
		virtual(t, func(b *bed) {
			b.s.down = true
			time.AfterFunc(3*time.Second, func() {
				b.s.mu.Lock()
				defer b.s.mu.Unlock()
				b.s.down = false
			})
			b.enqueue("mail", 1)
			if len(b.s.jobs) != 1 {
				t.Errorf("%d jobs", len(b.s.jobs))
			}
		})
	})
}

// TestPauses holds how long is waited between tries.
func TestPauses(t *testing.T) {
	virtual(t, func(b *bed) {
		busy := trouble{status: 503, code: "store_busy"}
		asked := trouble{status: 503, code: "store_busy", retryAfter: "7"}
		dated := trouble{status: 503, code: "store_busy", retryAfter: time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}
		b.on(enqueue, busy, busy, busy, busy, asked)
		b.enqueue("mail", 1)
		calls := b.calls(enqueue)
		for i, most := range []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second} {
			if waited := calls[i+1].at.Sub(calls[i].at); waited > most {
				t.Errorf("try %d came after %v, expected was at most %v", i+2, waited, most)
			}
		}
		if waited := calls[5].at.Sub(calls[4].at); waited < 7*time.Second || waited > 11*time.Second {
			t.Errorf("%v after Retry-After: 7", waited)
		}
		b.on(enqueue, dated)
		began := time.Now()
		_, err := b.c.Enqueue(b.Context(), "mail", 1, nil)
		answer, ok := errors.AsType[*client.Error](err)
		if !ok || answer.RetryAfter < 59*time.Minute || answer.RetryAfter > time.Hour || time.Since(began) != 0 {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
	t.Run("OK jitter is spread", func(t *testing.T) {
		virtual(t, func(b *bed) {
			var below, above int
			for range 40 {
				b.on("GET /v1/jobs/x", trouble{status: 503}, trouble{status: 503}, trouble{status: 503})
				began := time.Now()
				_, _ = b.c.Job(b.Context(), "x")
				if time.Since(began) < 875*time.Millisecond { // half of 0.25 + 0.5 + 1
					below++
				} else {
					above++
				}
			}
			if below == 0 || above == 0 {
				t.Errorf("%d of 40 waited less than half of the most", below)
			}
		})
	})
}

// TestErrors holds what a caller is told, and what is not repeated.
func TestErrors(t *testing.T) {
	f := func(name, call string, list []trouble, calls int, do func(b *bed) error, want string) {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(b *bed) {
				b.on(call, list...)
				err := do(b)
				if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(fmt.Sprintf("%+v", err), "qk_secret") {
					t.Errorf("%v; expected was %s in it", err, want)
				}
				if got := len(b.calls(call)); got != calls {
					t.Errorf("%d calls, expected were %d", got, calls)
				}
			})
		})
	}
	put := func(b *bed) error { _, err := b.c.Enqueue(b.Context(), "mail", 1, nil); return err }
	get := func(b *bed) error { _, err := b.c.Job(b.Context(), "a/b"); return err }
	again := func(b *bed) error { _, err := b.c.Retry(b.Context(), "x"); return err }
	many := make([]trouble, 20)
	for i := range many {
		many[i] = trouble{status: 429, code: "rate_limited"}
	}
	f("ErrInvalid", enqueue, []trouble{{status: 422, code: "validation_failed"}}, 1, put, "client: the server answered 422 validation_failed: what was wrong (request r1)")
	f("ErrInternal", enqueue, []trouble{{status: 500, code: "internal"}}, 1, put, "500 internal")
	f("ErrFull", enqueue, []trouble{{status: 507, code: "store_full"}}, 1, put, "507 store_full")
	f("ErrProxy", enqueue, []trouble{{status: 403}}, 1, put, "answered 403: Forbidden")
	f("ErrTooMany", enqueue, many, 9, put, "429 rate_limited")
	f("ErrNotFound and the path is escaped", "GET /v1/jobs/a/b", nil, 1, get, "404 job_not_found")
	f("ErrRetry is not repeated", "POST /v1/jobs/x/retry", []trouble{{cut: true}}, 1, again, "POST /v1/jobs/x/retry got no answer")
	f("ErrRetry is not repeated when busy", "POST /v1/jobs/x/retry", []trouble{{status: 503, code: "store_busy"}}, 1, again, "503 store_busy")

	t.Run("ErrFaults", func(t *testing.T) {
		virtual(t, func(b *bed) {
			b.on(enqueue, trouble{status: 422, code: "validation_failed"})
			e, ok := errors.AsType[*client.Error](put(b))
			if !ok || e.Status != 422 || e.Code != "validation_failed" || e.RequestID != "r1" || e.Detail == "" || len(e.Faults) != 1 || e.Faults[0].Location != "body.x" {
				t.Errorf("%+v", e)
			}
		})
	})
	t.Run("ErrContext", func(t *testing.T) {
		virtual(t, func(b *bed) {
			b.on(enqueue, trouble{status: 503, code: "store_busy", retryAfter: "30"})
			ctx, cancel := context.WithTimeout(b.Context(), 5*time.Second)
			defer cancel()
			began := time.Now()
			_, err := b.c.Enqueue(ctx, "mail", 1, nil)
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "store_busy") || time.Since(began) != 5*time.Second {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		})
	})
	t.Run("ErrNever repeated", func(t *testing.T) {
		virtual(t, func(b *bed) {
			c := client.New("http://quintet.test", "k", client.Options{HTTP: &http.Client{Transport: b.transport}, Retries: -1})
			b.on("GET /v1/jobs/x", trouble{status: 503})
			if _, err := c.Job(b.Context(), "x"); err == nil || len(b.calls("GET /v1/jobs/x")) != 1 {
				t.Errorf("%v", err)
			}
		})
	})
	t.Run("ErrAddress", func(t *testing.T) {
		if _, err := client.New("127.0.0.1:8080", "k", client.Options{}).Job(t.Context(), "x"); err == nil {
			t.Error("an address without a scheme was taken")
		}
	})
}

// The key must not come out of a struct that is printed.
func TestKeyIsNotPrinted(t *testing.T) {
	c := client.New("http://127.0.0.1:1", "qk_secret", client.Options{})
	if text := fmt.Sprintf("%v %+v %#v", c, c, client.Worker{Client: c}); strings.Contains(text, "secret") {
		t.Error(text)
	}
}
