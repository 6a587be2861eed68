package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"
)

// Handler does the work of one job. Its output, if any, becomes the job's as
// JSON. An error fails the attempt, and so does a panic; Cancel and Snooze are
// errors that do not. Ctx ends when the lease is lost, when somebody cancels
// the job, and when a stop has waited long enough; context.Cause tells which.
type Handler func(ctx context.Context, l Lease) (output any, err error)

// Worker works on the jobs of some queues. The zero value of each field but
// the first three is its default.
type Worker struct {
	Client  *Client
	Queues  []string // the first is preferred
	Handler Handler  // is called concurrently

	Concurrency int           // jobs at once, up to 1,000; 0 = 10
	Lease       time.Duration // renewed each third of it; 0 = 30 s
	StopTimeout time.Duration // how long Run lets handlers finish; 0 = 20 s
	Name        string        // in the jobs' timelines; "" = the host's
	Log         *slog.Logger  // nil = nothing is logged
}

// Run leases and runs jobs until ctx ends, and then stops softly: it takes no
// more, lets the handlers finish for StopTimeout, ends the contexts of the
// others, and gives back what those have not done. It returns when the last
// handler has: nil, or the answer that no waiting heals, as a key that is no
// longer valid. What passes is waited out.
func (w *Worker) Run(ctx context.Context) error {
	filled, err := w.withDefaults()
	if err != nil {
		return err
	}
	r := newRun(ctx, filled)
	var helpers sync.WaitGroup
	helpers.Go(r.renew)
	helpers.Go(r.complete)
	err = r.poll(ctx)
	r.drain()
	helpers.Wait()
	return err
}

// Limits of the server on one poll and one heartbeat.
const (
	maxConcurrency = 1_000
	minLease       = time.Second
)

func (w Worker) withDefaults() (Worker, error) {
	if w.Client == nil || len(w.Queues) == 0 || w.Handler == nil {
		return w, errors.New("client: a worker needs a Client, Queues and a Handler")
	}
	if w.Concurrency == 0 {
		w.Concurrency = 10
	}
	if w.Lease == 0 {
		w.Lease = 30 * time.Second
	}
	if w.StopTimeout == 0 {
		w.StopTimeout = 20 * time.Second
	}
	if w.Log == nil {
		w.Log = slog.New(slog.DiscardHandler)
	}
	if w.Name == "" {
		w.Name, _ = os.Hostname() // without one the timeline shows none
	}
	if w.Concurrency < 1 || w.Concurrency > maxConcurrency || w.Lease < minLease {
		return w, fmt.Errorf("client: a worker's Concurrency is from 1 to %d, its Lease at least %v", maxConcurrency, minLease)
	}
	return w, nil
}

// run is one Run of a worker. Its goroutines: poll leases, each attempt has one
// of its own, renew sends the heartbeats of all of them, complete the
// completions that are ready together.
type run struct {
	Worker
	base     context.Context // of handlers, until the soft stop gives up
	cancel   context.CancelCauseFunc
	slots    chan struct{} // one token for each job in hand
	ready    chan completion
	running  sync.WaitGroup // attempts
	finished chan struct{}  // closed when no attempt is left

	mu   sync.Mutex
	held map[string]*attempt // by job; what heartbeats renew
}

func newRun(ctx context.Context, w Worker) *run {
	r := &run{
		Worker: w, slots: make(chan struct{}, w.Concurrency), ready: make(chan completion),
		finished: make(chan struct{}), held: map[string]*attempt{},
	}
	r.base, r.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	return r
}

// pollWait is how long the server holds a poll that finds no job.
const pollWait = 20 * time.Second

// poll leases up to the free slots, again and again. It returns an error that
// is there to stay.
func (r *run) poll(ctx context.Context) error {
	for failures := 0; ; {
		free := r.takeSlots(ctx)
		if free == 0 {
			return nil
		}
		began := time.Now()
		leases, err := r.Client.lease(ctx, r.Queues, free, pollWait, r.Lease, r.Name)
		leases = leases[:min(len(leases), free)]
		r.freeSlots(free - len(leases))
		for _, l := range leases {
			r.begin(ctx, l)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case permanent(err):
			r.Log.Error("the worker stops: the server will not give it jobs", "queues", r.Queues, "error", err)
			return err
		case err != nil:
			r.Log.Warn("no jobs could be leased; the worker tries again", "queues", r.Queues, "error", err)
		case len(leases) > 0 || time.Since(began) > pollWait/2:
			failures = 0
			continue
		} // a server that stops answers empty at once
		_ = pause(ctx, failures, err)
		failures++
	}
}

// permanent reports whether an answer means that polling on is pointless.
func permanent(err error) bool {
	answer, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	switch answer.Status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return answer.Status >= 400 && answer.Status < 500
}

// takeSlots waits for a free slot and takes all there are. It returns 0 when
// ctx has ended.
func (r *run) takeSlots(ctx context.Context) (n int) {
	select {
	case <-ctx.Done():
		return 0
	case r.slots <- struct{}{}:
	}
	for n = 1; n < r.Concurrency; n++ {
		select {
		case r.slots <- struct{}{}:
		default:
			return n
		}
	}
	return n
}

func (r *run) freeSlots(n int) {
	for range n {
		<-r.slots
	}
}

// drain waits for the handlers, ends their contexts when they have had their
// time, and waits again.
func (r *run) drain() {
	go func() { r.running.Wait(); close(r.finished) }()
	timer := time.NewTimer(r.StopTimeout)
	defer timer.Stop()
	select {
	case <-r.finished:
	case <-timer.C:
		r.cancel(ErrStopped)
		<-r.finished
	}
	r.cancel(ErrStopped) // it frees what the context holds
}
