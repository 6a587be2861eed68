package scheduler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"quintet/engine"
)

// Handler does the work of one job. Its output, if any, becomes the job's as
// JSON. An error fails the attempt, and so does a panic; Cancel and Snooze are
// errors that do not. Ctx ends when the lease is lost, when somebody cancels
// the job, and when a stop has waited long enough.
type Handler func(ctx context.Context, l Lease) (output any, err error)

// handlersPerQueue is how many jobs one call of Handle works on at once.
const handlersPerQueue = 4

// Handle makes this process a worker of a queue, from Start or, if that has
// been, from now on until Stop.
func (s *Scheduler) Handle(t engine.Tenant, queue string, run Handler) {
	s.workers.add(func() {
		for range handlersPerQueue {
			s.workers.running.Go(func() { s.work(t, queue, run) })
		}
	})
}

// workers are the handlers of this process.
type workers struct {
	ctx     context.Context // of the handlers
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	waiting []func() // until Start
	open    bool
	closed  bool
}

func (w *workers) init(*Scheduler) {
	w.ctx, w.cancel = context.WithCancel(context.Background())
}

func (w *workers) add(begin func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
	case w.open:
		begin()
	default:
		w.waiting = append(w.waiting, begin)
	}
}

func (w *workers) start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open = true
	for _, begin := range w.waiting {
		begin()
	}
	w.waiting = nil
}

// stop waits for the handlers, cancels them when ctx ends, and waits again:
// nothing may use the engine after it.
func (w *workers) stop(ctx context.Context) error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	ended := make(chan struct{})
	go func() { w.running.Wait(); close(ended) }()
	defer w.cancel()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	w.cancel()
	<-ended
	return context.Cause(ctx)
}

// work leases and runs one job after the other until Stop.
func (s *Scheduler) work(t engine.Tenant, queue string, run Handler) {
	for !s.ended() {
		leases, err := s.lease(s.workers.ctx, leaseRequest{tenant: t, queues: []string{queue}, limit: 1, wait: maxWait, lease: defaultLease, worker: "in process"})
		if errors.Is(err, engine.ErrTenantGone) {
			return
		}
		if err != nil {
			s.complain(s.workers.ctx, err)
			select {
			case <-time.After(maxSleep):
			case <-s.stopping:
			}
		}
		for _, l := range leases {
			if err := s.runOne(t, l, run); err != nil {
				s.complain(s.workers.ctx, err)
			}
		}
	}
}

// runOne runs one job, renewing its lease, and reports how it went.
func (s *Scheduler) runOne(t engine.Tenant, l Lease, run Handler) error {
	ctx, cancel := context.WithCancel(s.workers.ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() { s.renew(ctx, cancel, t, l) })
	output, err := guard(ctx, l, run)
	stopped := s.workers.ctx.Err() != nil
	cancel()
	renewing.Wait()
	if stopped && err != nil {
		return s.release(context.Background(), t, []Lease{l})
	}
	return s.report(t, leaseRef{l.ID, uint64(l.Token)}, output, err)
}

// guard turns a panic into an error.
func guard(ctx context.Context, l Lease, run Handler) (output any, err error) {
	defer func() {
		if v := recover(); v != nil {
			output, err = nil, fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return run(ctx, l)
}

// renew sends heartbeats until ctx ends; where one finds the lease lost or the
// job to be cancelled, it ends ctx itself.
func (s *Scheduler) renew(ctx context.Context, cancel context.CancelFunc, t engine.Tenant, l Lease) {
	every := time.NewTicker(defaultLease / 3)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		beats, err := s.heartbeat(ctx, t, []beat{{leaseRef: leaseRef{l.ID, uint64(l.Token)}}}, defaultLease)
		if err == nil && len(beats.lost)+len(beats.cancel) > 0 {
			cancel()
		}
	}
}

// report settles an attempt by what its handler returned.
func (s *Scheduler) report(t engine.Tenant, l leaseRef, output any, err error) error {
	ctx := context.Background() // the outcome counts although the worker stops
	var cancelled cancelError
	var snoozed snoozeError
	switch {
	case errors.As(err, &snoozed):
		_, err = s.snooze(ctx, t, l, snoozed.delay)
	case errors.As(err, &cancelled):
		_, err = s.fail(ctx, t, l, failure{text: cancelled.Error(), final: true})
	case err != nil:
		_, err = s.fail(ctx, t, l, failure{text: err.Error(), retryAfter: -1})
	default:
		raw, bad := outputOf(output)
		if bad != nil {
			_, err = s.fail(ctx, t, l, failure{text: "its output cannot be stored: " + bad.Error(), retryAfter: -1})
			break
		}
		_, err = s.complete(ctx, t, l, raw)
	}
	return err
}

func outputOf(output any) (json.RawMessage, error) {
	if output == nil {
		return nil, nil
	}
	raw, err := json.Marshal(output)
	if err != nil {
		return nil, err
	}
	return compact("output", raw, maxOutput)
}
