package engine

import (
	"bytes"
	"context"
	"iter"
	"runtime/debug"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
)

// snapshot is a bbolt read transaction that the engine may take away.
//
// bbolt forbids using a transaction from two goroutines, and after a rollback
// its pages are reused under the reader. So each access holds the lock, looks
// whether the snapshot still lives, and copies what it found before letting
// go; expire takes the same lock.
type snapshot struct {
	mu      sync.Mutex
	btx     *bolt.Tx
	buckets map[Bucket]*bolt.Bucket
	first   Bucket // that was read, for logs
	err     error  // why it ended; nil while it lives
}

func newSnapshot(btx *bolt.Tx) *snapshot {
	return &snapshot{btx: btx, buckets: map[Bucket]*bolt.Bucket{}}
}

// bucket returns nil where nothing was ever written. Call it under the lock.
func (s *snapshot) bucket(b Bucket) *bolt.Bucket {
	if bb, ok := s.buckets[b]; ok {
		return bb
	}
	bb := s.btx.Bucket([]byte(b))
	if s.first == "" {
		s.first = b
	}
	s.buckets[b] = bb
	return bb
}

// get returns a copy of the sealed value, nil if there is none.
func (s *snapshot) get(b Bucket, key []byte) (sealed []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer guard(b, &err)
	if s.err != nil {
		return nil, s.err
	}
	bb := s.bucket(b)
	if bb == nil {
		return nil, nil
	}
	return bytes.Clone(bb.Get(key)), nil
}

// end rolls back, once. Later accesses give why.
func (s *snapshot) end(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = why
		_ = s.btx.Rollback() // fails only when closed already
	}
}

// ended returns why the snapshot is over, nil while it lives.
func (s *snapshot) ended() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// cursor walks one bucket of a snapshot between two keys, in either direction.
type cursor struct {
	s          *snapshot
	b          Bucket
	c          *bolt.Cursor
	from, to   []byte // from ≤ key < to
	descending bool
	values     bool
}

// next returns copies of the following key and sealed value, nil at the end.
func (c *cursor) next() (key, sealed []byte, err error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	defer guard(c.b, &err)
	if c.s.err != nil {
		return nil, nil, c.s.err
	}
	k, v := c.step()
	if k == nil || bytes.Compare(k, c.from) < 0 || bytes.Compare(k, c.to) >= 0 {
		return nil, nil, nil
	}
	if c.values {
		sealed = bytes.Clone(v)
	}
	return bytes.Clone(k), sealed, nil
}

func (c *cursor) step() (k, v []byte) {
	switch {
	case c.c != nil && c.descending:
		return c.c.Prev()
	case c.c != nil:
		return c.c.Next()
	}
	bb := c.s.bucket(c.b)
	if bb == nil {
		return nil, nil
	}
	c.c = bb.Cursor()
	if !c.descending {
		return c.c.Seek(c.from)
	}
	if k, _ := c.c.Seek(c.to); k == nil {
		return c.c.Last()
	}
	return c.c.Prev()
}

// View is a consistent and durable snapshot of one tenant's data. Its
// methods are for the goroutine that runs fn. Errors are sticky: after the
// first one reads find nothing, and View returns it.
type View struct {
	store  *store
	snap   *snapshot
	tenant Tenant
	seq    uint64
	fault  *error // shared with Platform's twin
}

var _ Reader = (*View)(nil)

// Platform returns the same snapshot of global state.
func (v *View) Platform() *View {
	p := *v
	p.tenant = v.store.platform
	return &p
}

// Of returns the same snapshot of another tenant. Only a view of the platform
// may do that: it is how an observer rebuilds what it keeps of all tenants.
func (v *View) Of(t Tenant) *View {
	if err := t.check(); v.tenant != v.store.platform || err != nil {
		v.fail(ErrTenantGone)
	}
	other := *v
	other.tenant = t
	return &other
}

// Seq is the number of the newest commit that the view contains.
func (v *View) Seq() uint64 { return v.seq }

// Get returns a copy of the value, nil if there is none.
func (v *View) Get(b Bucket, key []byte) []byte {
	full := fullKey(v.tenant, key)
	sealed, err := v.snap.get(b, full)
	if err != nil {
		v.fail(err)
		return nil
	}
	if sealed == nil {
		return nil
	}
	return v.open(b, full, sealed)
}

// Scan yields copies of keys and values with from ≤ key < to, rising.
func (v *View) Scan(b Bucket, from, to []byte) iter.Seq2[[]byte, []byte] {
	return v.walk(b, from, to, false, true)
}

// Descend yields the same, falling.
func (v *View) Descend(b Bucket, from, to []byte) iter.Seq2[[]byte, []byte] {
	return v.walk(b, from, to, true, true)
}

// Keys yields copies of the keys alone and opens no value.
func (v *View) Keys(b Bucket, from, to []byte) iter.Seq[[]byte] {
	return keysOf(v.walk(b, from, to, false, false))
}

// DescendKeys yields the same, falling.
func (v *View) DescendKeys(b Bucket, from, to []byte) iter.Seq[[]byte] {
	return keysOf(v.walk(b, from, to, true, false))
}

func (v *View) walk(b Bucket, from, to []byte, descending, values bool) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		lo, hi := bounds(v.tenant, from, to)
		c := cursor{s: v.snap, b: b, from: lo, to: hi, descending: descending, values: values}
		for *v.fault == nil {
			key, sealed, err := c.next()
			if err != nil {
				v.fail(err)
			}
			if key == nil {
				return
			}
			var value []byte
			if values {
				if value = v.open(b, key, sealed); value == nil {
					return
				}
			}
			if !yield(key[len(UID{}):], value) {
				return
			}
		}
	}
}

func (v *View) open(b Bucket, full, sealed []byte) []byte {
	value, err := v.store.open(v.tenant, b, full, sealed)
	if err != nil {
		v.fail(err)
		return nil
	}
	return value
}

func (v *View) fail(err error) {
	if *v.fault == nil {
		*v.fault = err
	}
}

// View runs fn over a snapshot of everything that was committed, and is on
// disk, when it is called. See [Store] for the contract.
func (s *store) View(ctx context.Context, t Tenant, fn func(*View) error) error {
	return s.view(ctx, t, s.viewLimit, fn)
}

// exemptView is a View without a time limit: for backup, and for rebuilding
// what is kept in memory at the start.
func (s *store) exemptView(ctx context.Context, t Tenant, fn func(*View) error) error {
	return s.view(ctx, t, 0, fn)
}

func (s *store) view(ctx context.Context, t Tenant, limit time.Duration, fn func(*View) error) (err error) {
	if err := t.check(); err != nil {
		return err
	}
	snap, seq, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // see guard
	began := time.Now()
	if limit > 0 {
		timer := time.AfterFunc(limit, func() { snap.end(ErrViewExpired) })
		defer timer.Stop()
	}
	stop := context.AfterFunc(ctx, func() { snap.end(context.Cause(ctx)) })
	defer stop()
	var fault error
	v := &View{store: s, snap: snap, tenant: t, seq: seq, fault: &fault}
	defer func() { s.observeView(v, err, time.Since(began)) }()
	defer snap.end(ErrClosed)
	err = fn(v)
	if over := snap.ended(); fault == nil {
		fault = over
	}
	if fault != nil {
		return fault
	}
	return err
}

// snapshot begins a read transaction and waits until what it sees is on disk:
// bbolt shows a commit to readers before its meta page is synced.
func (s *store) snapshot(ctx context.Context) (*snapshot, uint64, error) {
	select {
	case <-s.closed:
		return nil, 0, ErrClosed
	default:
	}
	btx, err := s.db.Begin(false)
	if err != nil {
		return nil, 0, ErrClosed.With(err)
	}
	id := uint64(btx.ID())
	if err := s.awaitSync(ctx, id); err != nil {
		_ = btx.Rollback()
		return nil, 0, err
	}
	return newSnapshot(btx), s.base + id, nil
}

// awaitSync returns when the commit id is on disk.
func (s *store) awaitSync(ctx context.Context, id uint64) error {
	for s.synced.Load() < id {
		if err := s.failed(); err != nil {
			return err
		}
		running := s.queue.running()
		if running == nil {
			continue // the commit has just ended; look again
		}
		select {
		case <-running:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
