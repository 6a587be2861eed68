package client_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"quintet/client"
)

// TestTroubleWithOutcomes makes trouble when a worker tells how jobs ended.
func TestTroubleWithOutcomes(t *testing.T) {
	f := func(name, call string, h client.Handler, state string, list ...trouble) {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(b *bed) {
				b.enqueue("mail", 1)
				b.on(call, list...)
				r := b.run(client.Worker{Handler: h})
				pass(20 * time.Second)
				b.wantState(1, state)
				if n := len(b.calls(call)); n != len(list)+1 {
					t.Errorf("%d calls", n)
				}
				r.end()
			})
		})
	}
	busy := trouble{status: 503, code: "store_busy", retryAfter: "1"}
	done, failed := returns("x", nil), returns(nil, errors.New("no luck"))
	f("OK complete, busy", complete, done, "done", busy, busy)
	f("OK complete, answer lost after the effect", complete, done, "done", trouble{cut: true})
	f("OK fail, busy", fail, failed, "retrying", busy)
	f("OK fail, answer lost after the effect", fail, failed, "retrying", trouble{cut: true})
	f("OK snooze, busy", "POST /v1/jobs/*/snooze", returns(nil, client.Snooze(time.Minute)), "scheduled", busy)

	t.Run("OK an older server", func(t *testing.T) {
		virtual(t, func(b *bed) {
			b.enqueue("mail", 1)
			b.on(complete, trouble{status: 404, code: "not_found"})
			r := b.run(client.Worker{Handler: done})
			b.wantState(1, "done")
			r.end()
		})
	})
	t.Run("OK runs again when it could not be told", func(t *testing.T) {
		virtual(t, func(b *bed) {
			b.enqueue("mail", 1)
			b.makeTrouble(func(q request) trouble {
				if q.call == complete && q.nth < 2 {
					return trouble{status: 500, code: "internal"}
				}
				return trouble{}
			})
			r := b.run(client.Worker{Handler: done})
			pass(time.Minute)
			if j := b.wantState(1, "done"); j.Attempt != 2 {
				t.Errorf("%+v", j)
			}
			r.end()
			if !strings.Contains(r.log.String(), "could not be told") {
				t.Errorf("log:\n%s", r.log.String())
			}
		})
	})
}

// TestTroubleWithPolls makes trouble when a worker asks for jobs.
func TestTroubleWithPolls(t *testing.T) {
	t.Run("OK a server that is away for long", func(t *testing.T) {
		virtual(t, func(b *bed) {
			r := b.run(client.Worker{Handler: returns(nil, nil)})
			away := func(down bool) {
				b.s.mu.Lock()
				defer b.s.mu.Unlock()
				b.s.down = down
				b.s.trouble = nil
				if down {
					b.s.trouble = func(request) trouble { return trouble{cut: true} }
				}
			}
			before := len(b.calls(poll))
			away(true)
			pass(10 * time.Minute)
			away(false)
			if tries := len(b.calls(poll)) - before; tries > 2 {
				t.Errorf("%d polls of a server that is away", tries)
			}
			b.enqueue("mail", 1)
			pass(15 * time.Second)
			b.wantState(1, "done")
			r.end()
		})
	})
	t.Run("OK busy", func(t *testing.T) {
		virtual(t, func(b *bed) {
			b.enqueue("mail", 1)
			b.on(poll, trouble{status: 429, code: "rate_limited", retryAfter: "40"}, trouble{status: 500, code: "internal"})
			r := b.run(client.Worker{Handler: returns(nil, nil)})
			pass(39 * time.Second)
			b.wantState(1, "ready")
			pass(5 * time.Second)
			b.wantState(1, "done")
			r.end()
		})
	})
	t.Run("OK a server that stops answers empty at once", func(t *testing.T) {
		virtual(t, func(b *bed) {
			w := client.Worker{Client: client.New("http://quintet.test", "k", client.Options{HTTP: &http.Client{Transport: empty{}}}), Handler: returns(nil, nil)}
			r := b.run(w)
			began := polls.Load()
			pass(time.Minute)
			if n := polls.Load() - began; n > 60 {
				t.Errorf("%d polls in a minute", n)
			}
			r.end()
		})
	})
	for _, status := range []int{401, 403, 404, 422} {
		t.Run(fmt.Sprint("Err", status), func(t *testing.T) {
			virtual(t, func(b *bed) {
				b.on(poll, trouble{status: status, code: "no"})
				r := b.run(client.Worker{Handler: returns(nil, nil)})
				e, ok := errors.AsType[*client.Error](<-r.done)
				if !ok || e.Status != status {
					t.Errorf("%v", e)
				}
			})
		})
	}
}

// empty answers each poll at once with nothing.
type empty struct{}

var polls atomic.Int32

func (empty) RoundTrip(r *http.Request) (*http.Response, error) {
	polls.Add(1)
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"jobs":[]}`)), Request: r}, nil
}
