package stream

import (
	"context"
	"encoding/binary"
	"time"

	"quintet/engine"
)

// How often the housekeeper does what.
const (
	tickEvery  = time.Second // live frames
	flushEvery = time.Minute
	trimEvery  = 10 * time.Minute
)

// keepHouse is the one goroutine of the streams. It ends with ctx.
func (s *Streams) keepHouse(ctx context.Context, stopped chan struct{}) {
	defer close(stopped)
	if s.manual {
		<-ctx.Done()
		return
	}
	tick, flush, trim := time.NewTicker(tickEvery), time.NewTicker(flushEvery), time.NewTicker(trimEvery)
	defer tick.Stop()
	defer flush.Stop()
	defer trim.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.tick()
		case <-s.full:
			s.try(ctx, "write the index of the log", s.flush)
		case <-flush.C:
			s.try(ctx, "write the index of the log", s.flush)
			s.age()
		case <-trim.C:
			s.try(ctx, "trim the log", s.trim)
			s.try(ctx, "forget producers", s.expireProducers)
		}
	}
}

// try runs what the next turn repeats when it fails.
func (s *Streams) try(ctx context.Context, what string, do func(context.Context) error) {
	if err := do(ctx); err != nil && ctx.Err() == nil {
		s.engine.Log.Warn("could not "+what+"; it is tried again", "error", err)
	}
}

// age lets go of the windows that the clock has passed, and of what is known
// of producers beside the store.
func (s *Streams) age() {
	s.index.mu.Lock()
	s.index.received = max(s.index.received, s.engine.Clock.Now().UnixMilli())
	s.index.mu.Unlock()
	horizon := s.horizon()
	for _, st := range s.registry.all() {
		st.mu.Lock()
		before := st.ring.size()
		st.ring.advance(horizon)
		grown := st.ring.size() - before
		st.mu.Unlock()
		s.memory.Add(grown)
		st.producers.evict(func(id engine.ID) bool { return s.index.unwritten(st, id) })
	}
}

// trim removes what no stream has to keep from the log, in whole segments,
// and then what leads there.
func (s *Streams) trim(ctx context.Context) error {
	longest := time.Duration(0)
	for _, st := range s.registry.all() {
		longest = max(longest, time.Duration(st.current().Retention.Raw))
	}
	if longest == 0 {
		longest = defaultRaw
	}
	position, err := s.markBefore(ctx, s.engine.Clock.Now().Add(-longest).UnixMilli())
	if err != nil || position == 0 {
		return err
	}
	if err := s.engine.Events.Trim(position); err != nil {
		return err
	}
	first := s.engine.Events.First()
	for _, st := range s.registry.all() {
		if err := s.dropSpans(ctx, st, first); err != nil {
			return err
		}
	}
	return s.deleteWhere(ctx, s.engine.Tenants.Platform(), bucketMarks, []byte{0}, binary.BigEndian.AppendUint64(nil, first), nil)
}

// dropSpans deletes the spans that lead only to what was trimmed.
func (s *Streams) dropSpans(ctx context.Context, st *stream, first uint64) error {
	return s.deleteWhere(ctx, st.tenant, bucketSpans, st.id[:], after(st.id), func(key, value []byte) bool {
		p, err := decodePart(key, value)
		return err == nil && p.to <= first
	})
}

// expireProducers forgets the producers that sent nothing for a day.
func (s *Streams) expireProducers(ctx context.Context) error {
	oldest := s.engine.Clock.Now().Add(-producerLife).UnixMilli()
	for _, st := range s.registry.all() {
		err := s.deleteWhere(ctx, st.tenant, bucketProducers, st.id[:], after(st.id), func(_, value []byte) bool {
			p, err := decodeProducer(value)
			return err == nil && p.last < oldest
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// deleteWhere deletes the keys from ≤ key < to whose value matches, all of
// them without a match, some in one update.
func (s *Streams) deleteWhere(ctx context.Context, t engine.Tenant, b engine.Bucket, from, to []byte, match func(key, value []byte) bool) error {
	for from != nil {
		err := s.engine.Store.Update(ctx, t, func(tx *engine.Tx) error {
			n, next := 0, []byte(nil)
			for key, value := range tx.Scan(b, from, to) {
				if n++; n > bulkKeys {
					next = key
					break
				}
				if match == nil || match(key, value) {
					tx.Delete(b, key)
				}
			}
			from = next
			return nil
		}, engine.Bulk, engine.Reclaim)
		if err != nil {
			return err
		}
	}
	return nil
}
