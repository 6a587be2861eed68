package stream

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"

	"quintet/engine"
)

// bulkKeys is how many keys one update of the store changes here: those of
// producers are random, and a random key is dear.
const bulkKeys = 250

// put is one key to write.
type put struct {
	bucket     engine.Bucket
	key, value []byte
}

// flush writes the span that is open, first what each tenant has in it and the
// mark last. Interrupted anywhere it is repeated in full, by this process or,
// from the log, by the next.
func (s *Streams) flush(ctx context.Context) error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	sp := s.index.close()
	if sp == nil {
		return nil
	}
	for t, puts := range s.putsOf(sp) {
		// What a deleted tenant has is gone, and its marks are not missed.
		if err := s.putAll(ctx, t, puts); err != nil && !errors.Is(err, engine.ErrTenantGone) {
			return err
		}
	}
	mark := put{bucketMarks, binary.BigEndian.AppendUint64(nil, sp.to), binary.BigEndian.AppendUint64(nil, uint64(sp.received))}
	if err := s.putAll(ctx, s.engine.Tenants.Platform(), []put{mark}); err != nil {
		return err
	}
	s.index.written()
	return nil
}

// putsOf lists what a span writes for each tenant. Streams that were deleted
// meanwhile have nothing: their delete has swept the buckets.
func (s *Streams) putsOf(sp *span) map[engine.Tenant][]put {
	puts := map[engine.Tenant][]put{}
	for st, p := range sp.parts {
		if !s.registry.current(st) {
			continue
		}
		whole := *p // readers copy p meanwhile
		whole.from, whole.to = sp.from, sp.to
		puts[st.tenant] = append(puts[st.tenant], put{bucketSpans, p.key(st.id), whole.encode()})
		for id := range sp.producers[st] {
			puts[st.tenant] = append(puts[st.tenant], put{bucketProducers, producerKey(st.id, id), st.producers.encoded(id)})
		}
	}
	return puts
}

func (s *Streams) putAll(ctx context.Context, t engine.Tenant, puts []put) error {
	for some := range slices.Chunk(puts, bulkKeys) {
		err := s.engine.Store.Update(ctx, t, func(tx *engine.Tx) error {
			for _, p := range some {
				tx.Put(p.bucket, p.key, p.value)
			}
			return nil
		}, engine.Bulk)
		if err != nil {
			return err
		}
	}
	return nil
}
