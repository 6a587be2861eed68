package search

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"quintet/engine"
)

// defaultMemory is room for about three million documents of the model's vectors.
const defaultMemory = 4 << 30

// Options of New. Embedder is required; the zero value of each other is its
// default.
type Options struct {
	Embedder    Embedder
	Log         *slog.Logger          // nil = the engine's
	Registerer  prometheus.Registerer // nil = the engine's
	Collections int                   // a tenant may have; 0 = 1,000
	Documents   int                   // a collection may have; 0 = 1,000,000
	SlowSearch  time.Duration         // a search that takes longer is noted; 0 = 500 ms
	FlushRows   int                   // documents that are indexed in memory before they become a segment; 0 = 5,000
	FlushAfter  time.Duration         // and how long they are at most; 0 = 30 s
	Memory      int64                 // bytes that the indexes may take; 0 = 4 GiB
}

func (o Options) withDefaults(e *engine.Engine) Options {
	if o.Log == nil {
		o.Log = e.Log
	}
	if o.Registerer == nil {
		o.Registerer = e.Metrics
	}
	if o.Collections == 0 {
		o.Collections = 1_000
	}
	if o.Documents == 0 {
		o.Documents = 1_000_000
	}
	if o.SlowSearch == 0 {
		o.SlowSearch = defaultSlow
	}
	if o.FlushRows == 0 {
		o.FlushRows = defaultFlushRows
	}
	if o.Memory == 0 {
		o.Memory = defaultMemory
	}
	if o.FlushAfter == 0 {
		o.FlushAfter = defaultFlushAfter
	}
	return o
}

// Service is the capability: all collections of all tenants. Its methods are
// safe for concurrent use once Start has returned.
type Service struct {
	e          *engine.Engine
	options    Options
	log        *slog.Logger
	metrics    *metrics
	registry   *registry
	warm       warm
	loads      engine.Turns[engine.UID] // of indexes that are loaded, by tenant
	gate       *gate
	ahead      ahead
	seen       progress     // the newest commit that the indexes were told of
	slowLogged atomic.Int64 // when, in Unix nanoseconds
	scratch    sync.Pool    // of *scratch
	unfinished unfinished

	room    sync.Mutex                          // held by who makes room for an index
	crowded atomic.Pointer[map[engine.UID]bool] // tenants that may not store documents, as there is no memory to index them

	defining engine.Turns[engine.UID] // one change of a tenant's definitions, aliases and re-indexes at a time
	dropped  chan struct{}            // a collection was deleted: there is something to sweep
	samples  chan sample              // searches that are to be made again
	frozen   chan struct{}            // a part is full: there is something to seal

	graphExports sync.Map // tenants in which one runs, by their UID

	life   context.Context // of what runs in the background, loads among it
	end    context.CancelFunc
	chores sync.WaitGroup

	toReindex chan struct{} // there is something to re-index
	turns     turns

	mu       sync.Mutex // guards what follows; held for the whole of Start
	observed bool
	started  bool
}

var _ engine.Service = (*Service)(nil)

// New returns the search of an engine, which serves nothing before Start. It
// registers its metrics and its part of the engine's check.
func New(e *engine.Engine, o Options) *Service {
	o = o.withDefaults(e)
	s := &Service{e: e, options: o, log: o.Log, registry: newRegistry(), ahead: ahead{readings: map[version]*reading{}}, gate: newGate(runtime.GOMAXPROCS(0)), dropped: make(chan struct{}, 1), frozen: make(chan struct{}, 1), samples: make(chan sample, 1), toReindex: make(chan struct{}, 1)}
	s.life, s.end = context.WithCancel(context.Background())
	s.loads.Most = loadsOfTenant
	s.scratch.New = func() any { return newScratch() }
	s.metrics = newMetrics(o.Registerer, s)
	e.AddCheck(engine.Checker{Name: s.Name(), Check: s.check})
	return s
}

// Name implements engine.Service.
func (s *Service) Name() string { return "search" }

// Start finds the collections that are stored, which are loaded when they are
// used, and finishes what a delete of one had begun.
func (s *Service) Start(ctx context.Context) error {
	if err := s.observeStore(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started {
		return nil
	}
	s.started = true
	s.chores.Go(func() { s.sweepAlways(s.life) })
	s.chores.Go(func() { s.maintainAlways(s.life) })
	s.chores.Go(func() { s.sampleAlways(s.life) })
	s.chores.Go(func() { s.trimAlways(s.life) })
	for range reindexWorkers {
		s.chores.Go(func() { s.reindexAlways(s.life) })
	}
	return nil
}

// observeStore finds the collections and makes them follow the store.
func (s *Service) observeStore(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.observed {
		return nil
	}
	err := s.e.Store.Observe(ctx, s.observer())
	s.observed = err == nil
	return err
}

// Stop ends what Start began. Requests must have ended. It is idempotent.
func (s *Service) Stop(context.Context) error {
	s.end()
	s.chores.Wait()
	return nil
}

// maxBehind is how long a caller waits for the indexes to follow its write.
const maxBehind = 30 * time.Second

// settle returns once the index of a collection has followed a commit.
func (s *Service) settle(ctx context.Context, t engine.Tenant, id engine.ID, seq uint64) error {
	ctx, cancel := context.WithTimeoutCause(ctx, maxBehind, errBehind)
	defer cancel()
	if err := s.seen.wait(ctx, seq); err != nil {
		return err
	}
	c := s.registry.find(t, id)
	if c == nil || c.cold() {
		return nil // it was deleted meanwhile, or finds the commit when it is loaded
	}
	if err := s.await(ctx, c); err != nil {
		return err
	}
	x, release := c.loaded()
	defer release()
	if x == nil {
		return nil // it is cold again
	}
	err := x.wait(ctx, seq)
	if err == errBroken {
		err = s.await(ctx, c) // it is made anew, of this commit too
	}
	return err
}

// publish tells the bus what happened to count documents of a collection.
func (s *Service) publish(t engine.Tenant, what, collection string, count int) {
	if count > 0 {
		s.e.Bus.Publish(engine.Event{Tenant: t, Time: s.e.Clock.Now(), Capability: s.Name(), Type: what, Subject: collection, Count: count})
	}
}
