package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

// attempt is a leased job in the hands of a handler, and then until the server
// knows how it ended.
type attempt struct {
	Lease
	ctx    context.Context // of the handler
	cancel context.CancelCauseFunc
	over   *time.Timer // ends the lease by our own clock when no heartbeat gets through

	mu       sync.Mutex
	progress *int // percent; nil = nothing to tell
	message  string
}

// begin runs a leased job, or gives it back if the stop came in between.
func (r *run) begin(stopping context.Context, l Lease) {
	a := &attempt{Lease: l}
	a.ctx, a.cancel = context.WithCancelCause(context.WithValue(r.base, attemptKey{}, a))
	r.hold(a)
	r.running.Go(func() {
		o := outcome{failed: true}
		if stopping.Err() != nil {
			a.cancel(ErrStopped)
		} else {
			o = guard(a, r.Handler)
		}
		r.settle(a, o)
		r.release(a)
		a.cancel(nil)
		r.freeSlots(1)
	})
}

func (r *run) hold(a *attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held[a.ID] = a
	a.over = time.AfterFunc(r.Lease, func() { r.lose(a) })
}

// release forgets an attempt, so that no heartbeat renews it.
func (r *run) release(a *attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a.over.Stop()
	if r.held[a.ID] == a { // the job may be in our hands again, by a newer lease
		delete(r.held, a.ID)
	}
}

// lose is what happens when the lease is not ours any more.
func (r *run) lose(a *attempt) {
	r.release(a)
	a.cancel(ErrLeaseLost)
}

// outcome is how an attempt ended: failed, cancelled, snoozed or else done.
type outcome struct {
	failed, cancelled, snoozed bool
	text                       string // why it failed or was cancelled
	delay                      time.Duration
	output                     json.RawMessage
}

// guard runs a handler in a goroutine of its own: whatever it does to that, the
// worker goes on.
func guard(a *attempt, run Handler) outcome {
	o := outcome{failed: true, text: "the handler ended its goroutine and returned nothing"}
	var running sync.WaitGroup
	running.Go(func() {
		defer func() {
			if v := recover(); v != nil {
				o = outcome{failed: true, text: fmt.Sprintf("panic: %v\n%s", v, debug.Stack())}
			}
		}()
		o = outcomeOf(run(a.ctx, a.Lease))
	})
	running.Wait()
	return o
}

// outcomeOf reads what a handler returned. It calls methods of the handler's
// own types, which may panic, too.
func outcomeOf(output any, err error) outcome {
	if snoozed, ok := errors.AsType[snoozeError](err); ok {
		return outcome{snoozed: true, delay: snoozed.delay}
	}
	if err != nil {
		_, cancelled := errors.AsType[cancelError](err)
		return outcome{failed: !cancelled, cancelled: cancelled, text: err.Error()}
	}
	if output == nil {
		return outcome{}
	}
	raw, err := json.Marshal(output)
	if err != nil {
		return outcome{failed: true, text: "its output cannot be stored: " + err.Error()}
	}
	return outcome{output: raw}
}

// attemptKey finds the attempt in a handler's context.
type attemptKey struct{}

// maxMessage bounds a message of Progress in bytes.
const maxMessage = 200

// Progress tells how far a handler is, from 0 to 100 percent, and what it does,
// cut to 200 bytes. The next heartbeat takes it along; of several the newest
// counts. Ctx is the handler's; with any other nothing happens.
func Progress(ctx context.Context, percent int, message string) {
	a, ok := ctx.Value(attemptKey{}).(*attempt)
	if !ok {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.progress, a.message = new(min(max(percent, 0), 100)), cut(message, maxMessage)
}

// cut keeps the beginning of a text, in whole characters.
func cut(text string, most int) string {
	return strings.ToValidUTF8(text[:min(len(text), most)], "")
}
