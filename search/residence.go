package search

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"quintet/engine"
)

// A collection is cold until it is used: only then is its index loaded, from
// its segments and its documents. Where the indexes take more memory than they
// may, those that were not used for the longest time are cold again. Nothing is
// lost by that, as everything in an index is derived from what is stored.

// residence says whether the index of a collection is in memory.
type residence struct {
	mu      sync.Mutex // guards what follows; taken before the locks of the index
	index   *index     // nil while the collection is cold
	loading *loading   // nil while nobody loads it
	coming  int64      // bytes for which there is room while it is loaded
	failed  error      // why it could not be loaded
	retry   time.Time  // and when that is tried again
	users   int        // who keep it from becoming cold
	used    time.Time  // when one of them came last
	stored  int        // documents in the store
}

// loading is an index that is being loaded.
type loading struct {
	missed []change // by the index, in the order of their commits
	done   chan struct{}
	err    error // when it is done
}

const (
	loadsOfTenant = 2 // at a time: whoever uses many cold collections leaves the processors to others

	maxLoading = 30 * time.Second // that a caller waits for an index
	retryLoad  = 10 * time.Second // after it failed
)

// follow hands a change to the index, if there is one. An index that cannot take
// it up is given up, and made anew when the collection is used again.
func (c *collection) follow(change change, log *slog.Logger) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stored += len(change.puts) - len(change.drops)
	switch {
	case c.index != nil:
		c.index.follow(change, c.giveUp(c.index, log))
	case c.loading != nil:
		c.loading.missed = append(c.loading.missed, change)
	}
}

// giveUp returns what makes the collection cold when an index of it fails.
func (c *collection) giveUp(x *index, log *slog.Logger) func(error) {
	return func(why error) {
		log.Error("an index failed; it is made anew of what is stored", "collection", c.name, "tenant", c.tenant, "error", why)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.index == x {
			c.index = nil
		}
	}
}

// begin tells that the collection had documents before it was known.
func (r *residence) begin(documents int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stored += documents
}

// loaded returns the index and what ends its use, nil while the collection is
// cold. To look in like this is not what keeps an index in memory.
func (r *residence) loaded() (x *index, release func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.index == nil {
		return nil, func() {}
	}
	r.users++
	return r.index, r.release
}

func (r *residence) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.users--
}

// cold reports whether there is no index, and nobody loads one.
func (r *residence) cold() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.index == nil && r.loading == nil
}

// documents counts those of the collection.
func (r *residence) documents() int {
	x, release := r.loaded()
	defer release()
	if x != nil {
		return x.documents()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stored
}

// memory is about what the index takes, or will when it is loaded, in bytes.
func (r *residence) memory() int64 {
	r.mu.Lock()
	x, coming := r.index, r.coming
	r.mu.Unlock()
	if x == nil {
		return coming
	}
	return x.memory()
}

// expect notes for how many bytes there is room.
func (r *residence) expect(bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.coming = bytes
}

// stat is what the collection tells of its index. Of one that is cold it is the
// number of documents alone.
func (r *residence) stat() stat {
	x, release := r.loaded()
	defer release()
	if x != nil {
		return x.stat()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return stat{documents: r.stored}
}

// use returns the index of a collection, which stays in memory until release
// is called. A cold collection is loaded first. Errors: errLoading,
// index_memory_full, index_unavailable, the cause of ctx.
func (s *Service) use(ctx context.Context, c *collection) (x *index, release func(), err error) {
	if x, release = c.enter(); x != nil {
		return x, release, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, maxLoading, errLoading)
	defer cancel()
	for {
		if err := s.await(ctx, c); err != nil {
			return nil, nil, err
		}
		if x, release = c.enter(); x != nil {
			return x, release, nil
		}
	}
}

// enter is loaded for who uses the collection.
func (r *residence) enter() (x *index, release func()) {
	x, release = r.loaded()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used = time.Now()
	return x, release
}

// await has a cold collection loaded, and returns when it is.
func (s *Service) await(ctx context.Context, c *collection) error {
	l, err := s.begun(c)
	if l == nil {
		return err
	}
	select {
	case <-l.done:
		return l.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// begun returns how a cold collection is being loaded, nil where it is loaded,
// or where that failed just now.
func (s *Service) begun(c *collection) (*loading, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.index != nil:
		return nil, nil
	case c.failed != nil && time.Now().Before(c.retry):
		return nil, c.failed
	case c.loading == nil:
		l := &loading{done: make(chan struct{})}
		c.loading, c.failed = l, nil
		s.chores.Go(func() { s.load(c, l) })
	}
	return c.loading, nil
}

// admitPuts refuses documents that there is no memory to index, and has the
// index of their collection loaded, so that it can follow them.
func (s *Service) admitPuts(ctx context.Context, c *collection) error {
	if err := s.mayGrow(c.tenant); err != nil {
		return err
	}
	_, release, err := s.use(ctx, c)
	if err == nil {
		release()
	}
	return err
}

// load loads the index of a collection.
func (s *Service) load(c *collection, l *loading) {
	began := time.Now()
	s.warm.add(c)
	var x *index
	err := safely("loading an index", func() (err error) {
		leave, err := s.loads.Take(s.life, c.tenant.UID())
		if err != nil {
			return err
		}
		defer leave()
		x, err = s.build(s.life, c)
		return err
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loading, c.coming = nil, 0
	if err != nil {
		if _, told := errors.AsType[*engine.Error](err); !told {
			if s.life.Err() == nil {
				s.log.Error("the index of a collection could not be loaded", "collection", c.name, "tenant", c.tenant, "error", err)
			}
			err = errUnloadable.With(err)
		}
		l.err, c.failed, c.retry = err, err, time.Now().Add(retryLoad)
		close(l.done)
		return
	}
	for _, missed := range l.missed {
		if missed.seq > x.applied {
			x.follow(missed, c.giveUp(x, s.log))
		}
	}
	c.index, c.used = x, time.Now()
	close(l.done)
	s.metrics.loaded(time.Since(began))
	s.log.Debug("the index of a collection was loaded", "collection", c.name, "tenant", c.tenant, "seconds", time.Since(began).Seconds())
}

// evict makes a collection cold, and reports whether it did: not where it is
// used, or has documents that no segment has.
func (c *collection) evict() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.index == nil || c.users > 0 || !c.index.atRest() {
		return false
	}
	c.index = nil
	return true
}
