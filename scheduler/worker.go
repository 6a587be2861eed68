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

// Leased is a leased job with its payload read as a T. The payload as it was
// sent is Lease.Payload.
type Leased[T any] struct {
	Lease
	Payload T
}

// Handle makes this process a worker of a queue whose payloads are T, as
// Scheduler.Handle does. Members of a payload that T does not have are passed
// over, so that a newer enqueuer does no harm; a payload that is no T fails the
// attempt.
func Handle[T any](s *Scheduler, t engine.Tenant, queue string, run func(ctx context.Context, job Leased[T]) (output any, err error), options ...HandleOption) {
	s.Handle(t, queue, func(ctx context.Context, l Lease) (any, error) {
		job := Leased[T]{Lease: l}
		if err := json.Unmarshal(l.Payload, &job.Payload); err != nil {
			return nil, fmt.Errorf("the payload cannot be read as %T: %w", job.Payload, err)
		}
		return run(ctx, job)
	}, options...)
}

// HandleOption changes how a queue is handled.
type HandleOption func(*handling)

// Concurrency is how many jobs of the queue run at once, from 1; without it
// four.
func Concurrency(jobs int) HandleOption { return func(h *handling) { h.concurrency = max(1, jobs) } }

// handling is one call of Handle.
type handling struct {
	tenant      engine.Tenant
	queue       string
	run         Handler
	concurrency int
}

// Handle makes this process a worker of a queue, from Start or, if that has
// been, from now on until Stop. The queue may have several.
func (s *Scheduler) Handle(t engine.Tenant, queue string, run Handler, options ...HandleOption) {
	h := handling{tenant: t, queue: queue, run: run, concurrency: 4}
	for _, option := range options {
		option(&h)
	}
	s.workers.add(func() {
		for range h.concurrency {
			s.workers.running.Go(func() { s.work(h) })
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
func (s *Scheduler) work(h handling) {
	for !s.ended() {
		leases, err := s.lease(s.workers.ctx, leaseRequest{tenant: h.tenant, queues: []string{h.queue}, limit: 1, wait: maxWait, lease: defaultLease, worker: "in process"})
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
			if err := s.runOne(h, l); err != nil {
				s.unreported(l, err)
			}
		}
	}
}

// unreported logs that an attempt ended and its job does not know. The job
// runs again when its lease is over, or does so already.
func (s *Scheduler) unreported(l Lease, err error) {
	if errors.Is(err, errLeaseLost) || errors.Is(err, errJobNotFound) {
		s.options.Log.InfoContext(s.workers.ctx, "a handler ended after its lease did", "job", l.ID, "queue", l.Queue, "attempt", l.Attempt)
		return
	}
	s.complain(s.workers.ctx, fmt.Errorf("the end of job %s, attempt %d: %w", l.ID, l.Attempt, err))
}

// runOne runs one job, renewing its lease, and reports how it went. What a
// stop has interrupted is given back.
func (s *Scheduler) runOne(h handling, l Lease) error {
	ctx, cancel := context.WithCancel(s.workers.ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() { s.renew(ctx, cancel, h.tenant, l) })
	o := guard(ctx, l, h.run)
	interrupted := s.workers.ctx.Err() != nil && o.failure != nil && !o.failure.final
	cancel()
	renewing.Wait()
	if interrupted {
		return s.release(context.Background(), h.tenant, []Lease{l})
	}
	return s.insist(func() error { return s.report(h.tenant, leaseRef{l.ID, uint64(l.Token)}, o) })
}

// outcome is how an attempt ended: failed, snoozed or else done.
type outcome struct {
	failure *failure
	snooze  *time.Duration
	output  json.RawMessage
}

func failed(format string, args ...any) outcome {
	return outcome{failure: &failure{text: fmt.Sprintf(format, args...), retryAfter: -1}}
}

// guard runs a handler in a goroutine of its own: whatever it does to that, the
// worker goes on.
func guard(ctx context.Context, l Lease, run Handler) outcome {
	o := failed("the handler ended its goroutine and returned nothing")
	var running sync.WaitGroup
	running.Go(func() {
		defer func() {
			if v := recover(); v != nil {
				o = failed("panic: %v\n%s", v, debug.Stack())
			}
		}()
		o = outcomeOf(run(ctx, l))
	})
	running.Wait()
	return o
}

// outcomeOf reads what a handler returned. It calls methods of the handler's
// own types, which may panic, too.
func outcomeOf(output any, err error) outcome {
	if snoozed, ok := errors.AsType[snoozeError](err); ok {
		return outcome{snooze: new(max(0, snoozed.delay))}
	}
	if err != nil {
		_, final := errors.AsType[cancelError](err)
		return outcome{failure: &failure{text: err.Error(), retryAfter: -1, final: final}}
	}
	raw, err := outputOf(output)
	if err != nil {
		return failed("its output cannot be stored: %v", err)
	}
	return outcome{output: raw}
}

// renew sends heartbeats until ctx ends. It ends ctx itself when one finds the
// lease lost or the job to be cancelled, or when none got through for so long
// that the lease is over.
func (s *Scheduler) renew(ctx context.Context, cancel context.CancelFunc, t engine.Tenant, l Lease) {
	timeLeft := l.ExpiresAt.Sub(s.options.Clock.Now()) // shorter where the job's timeout is
	next := time.NewTimer(min(defaultLease/3, timeLeft))
	defer next.Stop()
	for renewed := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		sent := time.Now()
		beats, err := s.heartbeat(ctx, t, []beat{{leaseRef: leaseRef{l.ID, uint64(l.Token)}}}, defaultLease)
		switch {
		case err == nil && len(beats.lost)+len(beats.cancel) > 0, err != nil && time.Since(renewed) >= defaultLease:
			cancel()
		case err == nil:
			renewed = sent
		}
		next.Reset(defaultLease / 3)
	}
}

// report settles an attempt. The outcome counts although the worker stops.
func (s *Scheduler) report(t engine.Tenant, l leaseRef, o outcome) (err error) {
	switch ctx := context.Background(); {
	case o.snooze != nil:
		_, err = s.snooze(ctx, t, l, *o.snooze)
	case o.failure != nil:
		_, err = s.fail(ctx, t, l, *o.failure)
	default:
		_, err = s.complete(ctx, t, l, o.output)
	}
	return err
}

// insist repeats what found the store busy or full, as long as a lease surely
// lives that was renewed a third of its length ago.
func (s *Scheduler) insist(report func() error) error {
	for began := time.Now(); ; {
		err := report()
		if !errors.Is(err, engine.ErrBusy) && !errors.Is(err, engine.ErrFull) || time.Since(began) > defaultLease/2 {
			return err
		}
		select {
		case <-time.After(maxSleep):
		case <-s.workers.ctx.Done():
			return err
		}
	}
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
