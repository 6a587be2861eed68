package stream

import (
	"context"
	"encoding/binary"
	"slices"
	"sync"
	"time"

	"quintet/engine"
)

// What is remembered of a producer: its last batches, for a day after the
// newest. An older number is refused, because nobody can know any more whether
// it was taken.
const (
	remembered   = 64
	producerLife = 24 * time.Hour
)

var errSequenceOld = engine.Errorf(engine.Conflict, "producer_seq_too_old", "a producer's last %d batches are remembered, and this number is before them; number batches upwards", remembered)

// receipt is what one batch of a producer was answered.
type receipt struct {
	sequence uint64 // by the producer's count
	offset   uint64 // of its first event
	count    uint32
	rejected uint32
}

// producer is what is known of one producer of one stream.
type producer struct {
	last     int64  // when its newest batch was received, Unix milliseconds
	floor    uint64 // every number up to here is forgotten
	receipts []receipt
	flight   map[uint64]chan struct{} // numbers whose batch is on its way
}

func (p *producer) find(sequence uint64) (receipt, bool) {
	i, ok := slices.BinarySearchFunc(p.receipts, sequence, compareReceipt)
	if !ok {
		return receipt{}, false
	}
	return p.receipts[i], true
}

func compareReceipt(r receipt, sequence uint64) int {
	switch {
	case r.sequence < sequence:
		return -1
	case r.sequence > sequence:
		return 1
	}
	return 0
}

// record remembers a batch that is durable.
func (p *producer) record(r receipt, received int64) {
	p.last = max(p.last, received)
	if i, known := slices.BinarySearchFunc(p.receipts, r.sequence, compareReceipt); !known {
		p.receipts = slices.Insert(p.receipts, i, r)
	}
	if n := len(p.receipts) - remembered; n > 0 {
		p.floor = max(p.floor, p.receipts[n-1].sequence)
		p.receipts = slices.Delete(p.receipts, 0, n)
	}
}

func (p *producer) encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(p.last))
	b = binary.BigEndian.AppendUint64(b, p.floor)
	for _, r := range p.receipts {
		b = binary.BigEndian.AppendUint64(b, r.sequence)
		b = binary.BigEndian.AppendUint64(b, r.offset)
		b = binary.BigEndian.AppendUint32(b, r.count)
		b = binary.BigEndian.AppendUint32(b, r.rejected)
	}
	return b
}

// decodeProducer reads what encode wrote; of nil, a producer without batches.
func decodeProducer(b []byte) (*producer, error) {
	p := &producer{flight: map[uint64]chan struct{}{}}
	if b == nil {
		return p, nil
	}
	if len(b) < 16 || (len(b)-16)%24 != 0 {
		return nil, damaged(bucketProducers)
	}
	p.last, p.floor = int64(binary.BigEndian.Uint64(b)), binary.BigEndian.Uint64(b[8:])
	for b = b[16:]; len(b) > 0; b = b[24:] {
		p.receipts = append(p.receipts, receipt{
			sequence: binary.BigEndian.Uint64(b), offset: binary.BigEndian.Uint64(b[8:]),
			count: binary.BigEndian.Uint32(b[16:]), rejected: binary.BigEndian.Uint32(b[20:]),
		})
	}
	return p, nil
}

// producers are those of one stream that matter now: a batch is on its way, or
// is not in the store yet. The store knows the rest.
type producers struct {
	mu      sync.Mutex
	known   map[engine.ID]*producer
	evicted uint64 // counts evictions
}

func producerKey(stream, producer engine.ID) []byte {
	return append(stream[:], producer[:]...)
}

// load makes a producer known and returns with the lock held.
func (s *Streams) load(ctx context.Context, st *stream, id engine.ID) (*producer, error) {
	ps := &st.producers
	for {
		ps.mu.Lock()
		if p := ps.known[id]; p != nil {
			return p, nil
		}
		evicted := ps.evicted
		ps.mu.Unlock()
		var p *producer
		err := s.engine.Store.View(ctx, st.tenant, func(v *engine.View) (err error) {
			p, err = decodeProducer(v.Get(bucketProducers, producerKey(st.id, id)))
			return err
		})
		if err != nil {
			return nil, err
		}
		ps.mu.Lock()
		// What was read may be older than what was known and evicted meanwhile.
		if ps.known[id] == nil && ps.evicted == evicted {
			ps.known[id] = p
			return p, nil
		}
		ps.mu.Unlock()
	}
}

// begin claims a producer's number for one batch: end must be called after its
// outcome. If the batch was taken before, its receipt comes instead. A twin on
// its way is waited for.
func (s *Streams) begin(ctx context.Context, st *stream, id engine.ID, sequence uint64) (before *receipt, end func(), err error) {
	for {
		p, err := s.load(ctx, st, id)
		if err != nil {
			return nil, nil, err
		}
		r, known := p.find(sequence)
		twin := p.flight[sequence]
		if !known && sequence > p.floor && twin == nil {
			done := make(chan struct{})
			p.flight[sequence] = done
			st.producers.mu.Unlock()
			return nil, func() { st.producers.end(p, sequence, done) }, nil
		}
		old := sequence <= p.floor
		st.producers.mu.Unlock()
		switch {
		case known:
			return &r, func() {}, nil
		case twin == nil && old:
			return nil, nil, errSequenceOld
		}
		select {
		case <-twin:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

func (ps *producers) end(p *producer, sequence uint64, done chan struct{}) {
	ps.mu.Lock()
	delete(p.flight, sequence)
	ps.mu.Unlock()
	close(done)
}

// record remembers an applied batch. Its producer is known: begin made it so,
// or recovery did.
func (ps *producers) record(d *delivery) {
	if d.producer == (engine.ID{}) {
		return
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.known[d.producer].record(receipt{d.sequence, d.offset, d.count, d.rejected}, d.received)
}

// evict forgets the producers that the store knows and that nothing is on its
// way of.
func (ps *producers) evict(unwritten func(engine.ID) bool) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for id, p := range ps.known {
		if len(p.flight) == 0 && !unwritten(id) {
			delete(ps.known, id)
			ps.evicted++
		}
	}
}

// encoded returns the value of a producer to be stored.
func (ps *producers) encoded(id engine.ID) []byte {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return ps.known[id].encode()
}
