package stream

import (
	"context"

	"quintet/engine"
)

// recover derives everything in memory from store and log. It reads the log
// from where the windows in memory begin, or where the spans in the store
// end, whichever is earlier.
func (s *Streams) recover(ctx context.Context) error {
	mark, received, err := s.lastMark(ctx)
	if err != nil {
		return err
	}
	log := s.engine.Events
	if mark > log.End() {
		return &engine.CorruptError{File: "log", Offset: int64(mark), Reason: "the log ends before the index of the streams: put back the log that belongs to this store"}
	}
	s.index.open, s.index.received = newSpan(max(mark, log.First())), received
	if err := s.engine.Store.Observe(ctx, s.observer()); err != nil {
		return err
	}
	if err := s.removeOrphans(ctx); err != nil {
		return err
	}
	// An event is at most maxAhead behind its reception, so whatever was
	// received before this has no window that is kept.
	before := (s.horizon()-1)*1000 - maxAhead.Milliseconds()
	from, err := s.markBefore(ctx, before)
	if err != nil {
		return err
	}
	next, err := log.Read(ctx, max(from, log.First()), func(r engine.EventRecord) error { return s.replay(ctx, r, mark) })
	if err != nil {
		return err
	}
	s.order.next, s.order.parked = next, map[uint64]*delivery{}
	s.index.reach(next)
	for _, st := range s.registry.all() {
		st.next = log.Next(st.tenant, st.id)
	}
	s.late.Store(0)
	s.age()
	return nil
}

// replay applies a batch of the log. What was before the mark is in the
// store's spans already, and only its windows are missing.
func (s *Streams) replay(ctx context.Context, r engine.EventRecord, mark uint64) error {
	st := s.registry.find(r.Tenant, r.Stream)
	if st == nil {
		return nil // deleted
	}
	b, err := st.current().stored(r)
	if err != nil {
		return damagedBatch(r, err)
	}
	d := &delivery{batch: b, stream: st, position: r.Sequence, offset: r.Offset}
	if r.Sequence >= mark {
		if r.Producer != (engine.ID{}) {
			if _, err := s.load(ctx, st, r.Producer); err != nil {
				return err
			}
			st.producers.mu.Unlock()
		}
		s.apply(d)
		return nil
	}
	grown, _, err := st.apply(d, s.horizon())
	s.memory.Add(grown)
	return err
}

// stored reads a batch of the log.
func (s *shape) stored(r engine.EventRecord) (*batch, error) {
	received, rejected, lines, err := decodeHeader(r.Data)
	if err != nil {
		return nil, err
	}
	t, err := s.tally(lines)
	if err != nil {
		return nil, err
	}
	b := &batch{
		shape: s, received: received, data: r.Data, count: r.Count, rejected: rejected,
		tally: t, producer: r.Producer, sequence: r.ProducerSeq,
	}
	b.first, b.last = t.reach()
	return b, nil
}

func damagedBatch(r engine.EventRecord, err error) error {
	return &engine.CorruptError{File: "log", Offset: int64(r.Sequence), Reason: "the batch of this sequence number: " + err.Error()}
}

// removeOrphans finishes the deletes that a crash interrupted: it removes what
// belongs to no stream.
func (s *Streams) removeOrphans(ctx context.Context) error {
	for _, t := range s.engine.Tenants.List() {
		for _, b := range []engine.Bucket{bucketSpans, bucketProducers} {
			ids, err := s.idsIn(ctx, t, b)
			if err != nil {
				return err
			}
			for _, id := range ids {
				if s.registry.find(t, id) != nil {
					continue
				}
				if err := s.deleteWhere(ctx, t, b, id[:], after(id), nil); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// idsIn lists the streams that have keys in a bucket.
func (s *Streams) idsIn(ctx context.Context, t engine.Tenant, b engine.Bucket) (ids []engine.ID, err error) {
	err = s.engine.Store.View(ctx, t, func(v *engine.View) error {
		ids = nil
		for from := []byte{0}; from != nil; {
			seek := from
			from = nil
			for key := range v.Keys(b, seek, nil) {
				if len(key) < len(engine.ID{}) {
					return damaged(b)
				}
				id := engine.ID(key[:16])
				ids = append(ids, id)
				from = after(id)
				break
			}
		}
		return nil
	})
	return ids, err
}
