package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Limits of one group and of one update. They bound what one caller adds to
// everybody's latency: a random key costs about 11 µs, a rising one 1.1 µs.
const (
	groupKeys  = 2_000
	groupTime  = 5 * time.Millisecond // of closures
	smallKeys  = 64
	bulkKeys   = 1_000
	pageFill   = 0.75          // of a split page; at bbolt's 0.5 rising keys write 1.4 times the pages, random ones gain nothing
	bulkMargin = groupKeys / 2 // keys already in a group that takes no further bulk update
)

// group is one round of the committer: the updates that were queued while the
// previous group was being synced, run one after the other over a snapshot
// and their common overlay, then applied in one bbolt transaction.
type group struct {
	seq     uint64 // the number that its commit will have
	snap    *snapshot
	changes overlay
	keys    int
	began   time.Time
}

// Update runs fn in the order of all updates and returns when what it wrote is
// on disk. See [Store] for the contract.
func (s *store) Update(ctx context.Context, t Tenant, fn func(*Tx) error, options ...UpdateOption) error {
	if err := t.check(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	r := &request{tenant: t, fn: fn, weight: updateBytes}
	for _, o := range options {
		o(r)
	}
	if s.full.Load() && !r.reclaim {
		return ErrFull
	}
	if err := s.failed(); err != nil {
		return err
	}
	began := time.Now()
	if err := s.queue.join(r); err != nil {
		return err
	}
	err := s.queue.await(ctx, r)
	s.observeUpdate(err, time.Since(began))
	return err
}

// committer is the one goroutine that writes.
func (s *store) committer() {
	defer close(s.ended)
	debug.SetPanicOnFault(true) // see guard; apply has a recover of its own
	var spare []*request
	for {
		taken := s.queue.take(spare)
		if taken == nil {
			return
		}
		ran := s.runGroup(taken)
		s.queue.finish(ran)
		clear(taken)
		spare = taken
	}
}

// runGroup runs and commits what fits into one group and puts the rest back.
// It returns the requests whose outcome stands.
func (s *store) runGroup(taken []*request) []*request {
	g, err := s.beginGroup()
	if err != nil {
		return refuse(taken, err)
	}
	ran := s.runAll(g, taken)
	g.snap.end(ErrClosed)
	if err = s.commit(g); errors.Is(err, ErrFull) {
		err = s.commitReclaim(ran)
	}
	if err != nil {
		refuse(ran, err)
	}
	return ran
}

func (s *store) beginGroup() (*group, error) {
	if err := s.failed(); err != nil {
		return nil, err
	}
	btx, err := s.db.Begin(false)
	if err != nil {
		return nil, err
	}
	return &group{seq: s.base + s.synced.Load() + 1, snap: newSnapshot(btx), changes: overlay{}, began: time.Now()}, nil
}

// runAll runs requests until the group is full; a bulk one more while there
// is room and nobody else waits.
func (s *store) runAll(g *group, taken []*request) []*request {
	ran := taken
	for i, r := range taken {
		if g.keys >= groupKeys || time.Since(g.began) > groupTime {
			s.queue.putBack(taken[i:])
			return taken[:i]
		}
		s.run(g, r)
	}
	for g.keys < bulkMargin && time.Since(g.began) < groupTime/2 {
		r := s.queue.moreBulk()
		if r == nil {
			break
		}
		s.run(g, r)
		ran = append(ran, r)
	}
	return ran
}

// run gives one update its turn.
func (s *store) run(g *group, r *request) {
	if !r.state.CompareAndSwap(requestQueued, requestTaken) {
		return // cancelled
	}
	if r.err = r.tenant.check(); r.err != nil {
		return
	}
	if s.full.Load() && !r.reclaim {
		r.err = ErrFull
		return
	}
	limit := smallKeys
	if r.bulk {
		limit = bulkKeys
	}
	tx := &Tx{&txState{store: s, group: g, limit: limit}, r.tenant}
	began := time.Now()
	r.err = call(r.fn, tx)
	tx.done = true
	if tx.fault != nil {
		r.err = tx.fault
	}
	if r.err != nil {
		tx.rollback()
	}
	g.keys += len(tx.journal)
	s.observeClosure(tx, time.Since(began))
}

// call runs fn and turns a panic into an error.
func call(fn func(*Tx) error, tx *Tx) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return fn(tx)
}

// refuse gives err to the requests that have no error of their own: also those
// that only read may have seen writes of the group that failed.
func refuse(requests []*request, err error) []*request {
	for _, r := range requests {
		r.state.CompareAndSwap(requestQueued, requestTaken)
		if r.err == nil {
			r.err = err
		}
	}
	return requests
}

// commit applies the group's changes in one bbolt transaction, which is on
// disk when it returns, and shows them to the observers.
func (s *store) commit(g *group) error {
	writes := g.changes.writes()
	if len(writes) == 0 {
		return nil
	}
	began := time.Now()
	id, err := s.apply(writes)
	if err != nil {
		return s.commitFailed(id, err)
	}
	s.synced.Store(id)
	s.observeCommit(len(writes), time.Since(began))
	s.observers.tell(Commit{Seq: g.seq, Writes: writes})
	return nil
}

// writes lists the changes by bucket and key.
func (o overlay) writes() []Write {
	n := 0
	names := make([]Bucket, 0, len(o))
	for name, m := range o {
		names = append(names, name)
		n += m.Len()
	}
	slices.Sort(names)
	writes := make([]Write, 0, n)
	for _, name := range names {
		o[name].Scan(func(full string, c change) bool {
			writes = append(writes, Write{Tenant: c.tenant, Bucket: name, full: []byte(full), Value: c.value, Deleted: c.deleted})
			return true
		})
	}
	return writes
}

// apply seals and writes. A panic inside bbolt means a damaged page: it
// becomes an error, which poisons the store.
func (s *store) apply(writes []Write) (id uint64, err error) {
	btx, err := s.db.Begin(true)
	if err != nil {
		return 0, err
	}
	id = uint64(btx.ID())
	defer func() {
		if v := recover(); v != nil {
			_ = btx.Rollback()
			err = fmt.Errorf("bbolt: %v", v)
		}
	}()
	if err := s.put(btx, writes); err != nil {
		_ = btx.Rollback()
		return id, err
	}
	return id, btx.Commit()
}

func (s *store) put(btx *bolt.Tx, writes []Write) (err error) {
	s.sealed = s.sealed[:0] // bbolt copies values into pages before Commit returns
	var bb *bolt.Bucket
	var name Bucket
	for _, w := range writes {
		if bb == nil || w.Bucket != name {
			name = w.Bucket
			if bb, err = btx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
			bb.FillPercent = pageFill
		}
		if w.Deleted {
			err = bb.Delete(w.full)
		} else {
			s.aad = appendAAD(s.aad[:0], w.Tenant.t.uid, name, w.full[len(UID{}):])
			at := len(s.sealed)
			s.sealed = s.seal.seal(s.sealed, w.Tenant.t.keys, w.Value, s.aad)
			err = bb.Put(w.full, s.sealed[at:len(s.sealed):len(s.sealed)])
		}
		if err != nil {
			return err
		}
	}
	return nil
}
