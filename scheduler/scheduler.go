package scheduler

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"quintet/engine"
)

// Options of New. The zero value of each is its default.
type Options struct {
	Log        *slog.Logger          // nil = the engine's
	Registerer prometheus.Registerer // nil = the engine's
	Clock      engine.Clock          // nil = the engine's
	Random     func() uint64         // of backoff's jitter; nil = math/rand/v2
	Keep       time.Duration         // how long done and cancelled jobs are kept; 0 = 24 h
	KeepDead   time.Duration         // how long dead letters are kept; 0 = 14 days

	// MaxFinished is how many jobs that have ended are kept in a queue, the
	// dead letters among them last; 0 = 100,000.
	MaxFinished int
}

func (o Options) withDefaults(e *engine.Engine) Options {
	if o.Log == nil {
		o.Log = e.Log
	}
	if o.Registerer == nil {
		o.Registerer = e.Metrics
	}
	if o.Clock == nil {
		o.Clock = e.Clock
	}
	if o.Random == nil {
		o.Random = rand.Uint64
	}
	if o.Keep == 0 {
		o.Keep = 24 * time.Hour
	}
	if o.KeepDead == 0 {
		o.KeepDead = 14 * 24 * time.Hour
	}
	if o.MaxFinished == 0 {
		o.MaxFinished = 100_000
	}
	return o
}

// Scheduler is the capability. It is safe for concurrent use. Before Start it
// takes jobs and hands out none.
type Scheduler struct {
	e       *engine.Engine
	options Options
	board   *board
	metrics *metrics
	zones   zones // that schedules name

	leaving    chan struct{} // closed by Goodbye: polls and live connections end
	goodbye    sync.Once
	stopping   chan struct{}  // closed by Stop: loops end
	loops      sync.WaitGroup // what Start began
	workers    workers
	operations operations

	mu      sync.Mutex // guards what follows; held for the whole of Start
	started bool
	stopped bool
	cancel  context.CancelFunc // of the loops' updates
}

var _ engine.Service = (*Scheduler)(nil)

// New returns a scheduler on e that is not started, and adds its check to e's.
func New(e *engine.Engine, o Options) *Scheduler {
	s := &Scheduler{e: e, options: o.withDefaults(e), leaving: make(chan struct{}), stopping: make(chan struct{})}
	s.board = newBoard(s.options.MaxFinished)
	s.metrics = newMetrics(s.options.Registerer, s.board, s.options.Clock)
	s.workers.init(s)
	s.operations.soon, s.operations.starting = make(chan struct{}, 1), map[engine.Tenant]int{}
	e.AddCheck(engine.Checker{Name: s.Name(), Check: s.check})
	return s
}

// Name implements engine.Service.
func (s *Scheduler) Name() string { return "scheduler" }

// Start builds the board and begins to promote, expire, tick and purge.
// Leases of the process before are renewed for their whole length: nobody
// could have sent a heartbeat meanwhile.
func (s *Scheduler) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started || s.stopped {
		return nil
	}
	if err := s.observe(ctx); err != nil {
		return err
	}
	if err := s.resumeOperations(ctx); err != nil {
		return err
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.cancel = cancel
	s.loop(run, s.board.dueSoon, s.promote)
	s.loop(run, s.board.leaseSoon, s.expire)
	s.loop(run, s.board.tickSoon, s.tick)
	s.loop(run, s.board.purgeSoon, s.purge)
	s.loop(run, s.operations.soon, s.operate)
	s.loops.Go(func() { s.sweepAlways(run) })
	s.workers.start()
	return nil
}

// observe builds the board and makes it follow the store.
func (s *Scheduler) observe(ctx context.Context) error {
	err := s.e.Store.Observe(ctx, &engine.Observer{
		Name:    s.Name(),
		Rebuild: s.rebuild,
		Apply:   s.board.apply,
	})
	s.started = err == nil
	return err
}

// rebuild derives the board. Jobs that are enqueued from now on stand behind
// those that wait, also where the clock was set back while nobody served.
func (s *Scheduler) rebuild(v *engine.View) error {
	s.e.IDs.After(s.board.rebuild(v, s.e.Tenants.List()))
	return nil
}

// Goodbye hands out no more leases, and ends polls and live connections: what
// a server that stops wants before it waits for its requests.
func (s *Scheduler) Goodbye() { s.goodbye.Do(func() { close(s.leaving) }) }

// Stop hands out no more leases, lets the handlers of this process finish
// until ctx ends, and then gives back what they hold. Workers elsewhere may
// still complete.
func (s *Scheduler) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil
	}
	s.stopped = true
	s.Goodbye()
	close(s.stopping)
	err := s.workers.stop(ctx)
	if s.cancel != nil {
		s.cancel()
		s.loops.Wait()
	}
	return err
}

// maxSleep bounds every wait for a time of day: a clock that is set, or a
// machine that slept, is noticed within it. It is also how long a lost signal
// can go unnoticed.
const maxSleep = time.Second

// loop runs pass until Stop: again after the wait that it returns, or when
// soon is signalled.
func (s *Scheduler) loop(ctx context.Context, soon <-chan struct{}, pass func(context.Context) (time.Duration, error)) {
	s.loops.Go(func() {
		for {
			wait, err := pass(ctx)
			if err != nil && ctx.Err() == nil {
				wait = maxSleep
				s.complain(ctx, err)
			}
			timer := time.NewTimer(wait)
			select {
			case <-timer.C:
			case <-soon:
			case <-s.stopping:
				timer.Stop()
				return
			}
			timer.Stop()
		}
	})
}

// complain logs what a loop could not do. It is tried again.
func (s *Scheduler) complain(ctx context.Context, err error) {
	if errors.Is(err, engine.ErrTenantGone) || errors.Is(err, engine.ErrClosed) {
		return
	}
	s.options.Log.ErrorContext(ctx, "the scheduler could not go on and tries again", "error", err)
}

// now is the wall clock in milliseconds, which is what everything stored has.
func (s *Scheduler) now() int64 { return s.options.Clock.Now().UnixMilli() }

// publish tells the bus what happened to count jobs of a queue.
func (s *Scheduler) publish(t engine.Tenant, what, queue string, count int) {
	if count > 0 {
		s.e.Bus.Publish(engine.Event{
			Tenant: t, Time: s.options.Clock.Now(), Capability: s.Name(), Type: what, Subject: queue, Count: count,
		})
	}
}

// update is an Update of count jobs of at most keys keys each.
func (s *Scheduler) update(ctx context.Context, t engine.Tenant, count, keys int, fn func(*engine.Tx) error, options ...engine.UpdateOption) error {
	if count*keys > smallUpdate {
		options = append(options, engine.Bulk)
	}
	return s.e.Store.Update(ctx, t, fn, options...)
}

// Sizes of an update: how many keys may go without engine.Bulk, how many jobs
// and bytes of payload one of ours takes at most.
const (
	smallUpdate = 60
	sliceJobs   = 200
	sliceBytes  = 1 << 20
)
