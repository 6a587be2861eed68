package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"quintet/engine"
)

// Streams is the capability: all streams of all tenants. Its methods are safe
// for concurrent use once Start has returned.
type Streams struct {
	engine   *engine.Engine
	config   Config
	metrics  *metrics
	registry *registry
	order    sequencer
	index    index
	flow     *flow
	live     hub
	memory   atomic.Int64  // bytes of all windows
	late     atomic.Uint64 // events since the start that came before a horizon
	scans    chan struct{} // a place for each query that reads the log

	defining sync.Mutex // one change of definitions at a time
	flushing sync.Mutex // one writer of spans at a time

	running sync.Mutex // guards what follows
	cancel  context.CancelFunc
	stopped chan struct{} // closed when the housekeeper has ended
	full    chan struct{} // asks the housekeeper to write the open span
	manual  bool          // tests keep house themselves
}

var _ engine.Service = (*Streams)(nil)

// maxScans is how many queries read the log at once; others wait.
const maxScans = 4

// New returns the streams of an engine, which serve nothing before Start. It
// registers their metrics and their part of the engine's check.
func New(e *engine.Engine, c Config) *Streams {
	s := &Streams{
		engine: e, config: c.withDefaults(), registry: newRegistry(),
		scans: make(chan struct{}, maxScans), full: make(chan struct{}, 1),
	}
	s.flow = newFlow(int64(s.config.InFlight), int64(s.config.InFlightTenant))
	s.live.init(s.config)
	s.order.apply = s.apply
	s.metrics = newMetrics(e.Metrics, s)
	e.AddCheck(engine.Checker{Name: "stream", Check: s.check})
	return s
}

// Name names the capability in the log of starts and stops.
func (s *Streams) Name() string { return "stream" }

// Start recovers the streams and begins to keep house.
func (s *Streams) Start(ctx context.Context) error {
	s.running.Lock()
	defer s.running.Unlock()
	if s.stopped != nil {
		return errors.New("the streams were started before")
	}
	began := time.Now()
	if err := s.recover(ctx); err != nil {
		return fmt.Errorf("recover the streams: %w", err)
	}
	s.metrics.recovery.Set(time.Since(began).Seconds())
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.cancel, s.stopped = cancel, make(chan struct{})
	go s.keepHouse(life, s.stopped)
	return nil
}

// Stop says goodbye to subscribers and writes what shortens the next start.
// Requests must have ended. It is idempotent.
func (s *Streams) Stop(ctx context.Context) error {
	s.running.Lock()
	defer s.running.Unlock()
	if s.cancel == nil {
		return nil
	}
	s.Goodbye()
	s.cancel()
	<-s.stopped
	s.cancel = nil
	return s.flush(ctx)
}

// Goodbye ends all live connections, and refuses new ones. It is what a server
// calls before it waits for its requests to end.
func (s *Streams) Goodbye() {
	s.live.close()
	for _, st := range s.registry.all() {
		st.mu.Lock()
		st.endFeeds(goodbyeStopping)
		st.mu.Unlock()
	}
}

func (s *Streams) windowSeconds() int64 { return int64(s.config.Window / time.Second) }

// horizon is the Unix second from which on windows are kept.
func (s *Streams) horizon() int64 {
	return max(0, s.index.now()/1000-s.windowSeconds())
}

func second(at int64) int64 { return at / int64(time.Second) }

// apply counts a batch in everything that is derived from the log. The
// sequencer calls it, in the order of the log.
func (s *Streams) apply(d *delivery) {
	// Before it is in the span: a span that is written takes the receipts of
	// its producers along, and a start looks for no others.
	d.stream.producers.record(d)
	if s.index.note(d) {
		select {
		case s.full <- struct{}{}:
		default: // asked already
		}
	}
	grown, late, err := d.stream.apply(d, s.horizon())
	s.late.Add(late)
	if err != nil {
		s.engine.Log.Error("a stored batch cannot be counted; see quintet check", "stream", d.stream.name, "position", d.position, "error", err)
	}
	if s.memory.Add(grown) > int64(s.config.Memory) {
		s.shrink()
	}
}

// shrink moves the horizon of the largest stream on until nine tenths of the
// memory are enough. Queries read what is let go from the log.
func (s *Streams) shrink() {
	for s.memory.Load() > int64(s.config.Memory)/10*9 {
		var largest *stream
		var most int64
		for _, st := range s.registry.all() {
			st.mu.RLock()
			size := st.ring.bytes
			st.mu.RUnlock()
			if size > most {
				largest, most = st, size
			}
		}
		if largest == nil {
			return // only empty rings are left
		}
		s.memory.Add(largest.shrink())
	}
}

// shrink lets go of the older quarter of the windows, at least of one second.
func (st *stream) shrink() (grown int64) {
	st.mu.Lock()
	defer st.mu.Unlock()
	before := st.ring.size()
	st.ring.advance(st.ring.horizon + max(1, (st.ring.newest-st.ring.horizon)/4))
	return st.ring.size() - before
}
