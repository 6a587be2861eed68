package search

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"quintet/engine"
)

// Re-indexes are taken further by a few goroutines, one step at a time, for tenants
// in turn.
const (
	reindexWorkers = 2
	reindexEvery   = time.Second
	reindexPause   = 10 * time.Second // after a step that failed
)

// reindexAlways takes re-indexes further until ctx ends.
func (s *Service) reindexAlways(ctx context.Context) {
	tick := time.NewTicker(reindexEvery)
	defer tick.Stop()
	for {
		if w := s.turns.take(s.registry.running(), time.Now()); w != nil {
			pause := s.stepOnce(ctx, w)
			s.turns.giveBack(w.TargetID, time.Now().Add(pause))
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-s.toReindex:
		case <-tick.C:
		}
	}
}

// stepOnce takes a re-index one step further, and returns how long it rests.
func (s *Service) stepOnce(ctx context.Context, w *reindexing) (pause time.Duration) {
	err := safely("a re-index", func() error { return s.step(ctx, w) })
	if why, ok := errors.AsType[*unfit](err); ok {
		err = s.failReindex(ctx, w, why)
	}
	switch {
	case err == nil || err == errLeft || err == errReindexOver:
		return 0
	case ctx.Err() == nil && !errors.Is(err, engine.ErrTenantGone):
		s.log.Warn("a re-index does not get on; it is tried again, and nothing is lost", "alias", w.alias, "to", w.Target, "tenant", w.tenant, "error", err)
	}
	return reindexPause
}

// reindexSoon tells that there is something to re-index.
func (s *Service) reindexSoon() {
	select {
	case s.toReindex <- struct{}{}:
	default: // it is told already
	}
}

// turns says which re-index is taken further next. Safe for concurrent use.
type turns struct {
	mu   sync.Mutex
	at   map[engine.ID]*turn // by the collection that is made
	last uint64
}

type turn struct {
	busy bool
	near bool      // little was left to follow at the last look
	next time.Time // not before
	last uint64    // the number of its last turn
}

// take returns a re-index of the tenant whose last turn was the longest ago, and
// of its own likewise; nil where none may be taken further now. It is the
// caller's until giveBack.
func (ts *turns) take(running []*reindexing, now time.Time) (taken *reindexing) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	last := ts.keep(running)
	for _, w := range running {
		if t := ts.at[w.TargetID]; t.busy || t.next.After(now) {
			continue
		}
		if taken == nil || cmp.Or(cmp.Compare(last[w.tenant.UID()], last[taken.tenant.UID()]), cmp.Compare(ts.at[w.TargetID].last, ts.at[taken.TargetID].last)) < 0 {
			taken = w
		}
	}
	if taken != nil {
		ts.last++
		t := ts.at[taken.TargetID]
		t.busy, t.last = true, ts.last
	}
	return taken
}

// keep forgets the turns of re-indexes that do not run any more, and returns the
// last turn of each tenant.
func (ts *turns) keep(running []*reindexing) (last map[engine.UID]uint64) {
	before := ts.at
	ts.at, last = map[engine.ID]*turn{}, map[engine.UID]uint64{}
	for _, w := range running {
		t := before[w.TargetID]
		if t == nil {
			t = &turn{}
		}
		ts.at[w.TargetID] = t
		last[w.tenant.UID()] = max(last[w.tenant.UID()], t.last)
	}
	return last
}

func (ts *turns) giveBack(target engine.ID, next time.Time) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t := ts.at[target]; t != nil {
		t.busy, t.next = false, next
	}
}

// near reports whether little was left to follow at the last look.
func (ts *turns) near(target engine.ID) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := ts.at[target]
	return t != nil && t.near
}

func (ts *turns) setNear(target engine.ID, near bool) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t := ts.at[target]; t != nil {
		t.near = near
	}
}

// hold keeps the writers of a collection waiting while it is closed. It is open
// at first. One goroutine at a time closes it.
type hold struct{ closed atomic.Pointer[chan struct{}] }

// maxHold is how long a writer waits at most.
const maxHold = 5 * time.Second

// close closes it, and returns what opens it again.
func (h *hold) close() (open func()) {
	closed := make(chan struct{})
	h.closed.Store(&closed)
	return func() {
		h.closed.Store(nil)
		close(closed)
	}
}

// pass returns when it is open.
func (h *hold) pass(ctx context.Context) error {
	closed := h.closed.Load()
	if closed == nil {
		return nil
	}
	patience := time.NewTimer(maxHold)
	defer patience.Stop()
	select {
	case <-*closed:
	case <-patience.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// reindex returns the re-index behind an alias, nil where there is none.
func (r *registry) reindex(t engine.Tenant, alias string) *reindexRecord {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.reindexes.get(t, alias)
}

// running lists the re-indexes that have not failed, of all tenants.
func (r *registry) running() (list []*reindexing) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for tenant, own := range r.reindexes {
		for alias, one := range own {
			if c := r.byID[idKey{tenant, one.TargetID}]; c != nil && !one.failed() {
				list = append(list, &reindexing{c.tenant, alias, one})
			}
		}
	}
	return list
}

// observeReindex follows what a commit does to a re-index.
func (r *registry) observeReindex(w engine.Write) {
	if w.Deleted {
		r.setReindex(w.Tenant, string(w.Key()), nil)
		return
	}
	one, err := decodeReindex(w.Value)
	if err != nil {
		panic(err) // the engine rebuilds, and reports it
	}
	r.setReindex(w.Tenant, string(w.Key()), one)
}

// setReindex makes a re-index known, or with nil forgotten.
func (r *registry) setReindex(t engine.Tenant, alias string, one *reindexRecord) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if one == nil {
		r.reindexes.remove(t, alias)
	} else {
		r.reindexes.set(t, alias, one)
	}
}

// reindexRuns reports whether a re-index runs behind an alias.
func (s *Service) reindexRuns(t engine.Tenant, alias string) bool {
	r := s.registry.reindex(t, alias)
	return r != nil && !r.failed()
}
