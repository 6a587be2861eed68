package engine

import (
	"context"
	"encoding/binary"
	"errors"

	"quintet/engine/log"
)

// EventLog is the one log of the events of all streams. It seals what the log
// of package log carries: one seal per batch, never per event. Safe for
// concurrent use.
type EventLog struct {
	log     *log.Log
	seal    *sealer
	tenants *Tenants
}

// EventBatch is what one Append makes durable.
type EventBatch struct {
	Stream      ID
	Producer    ID     // zero = the producer does not deduplicate
	ProducerSeq uint64 // of the batch, by the producer's own count
	Count       uint32 // events in Data, at least 1
	Data        []byte // plain; at most MaxEventBatch bytes
}

// MaxEventBatch is the greatest length of EventBatch.Data: 8 MiB.
const MaxEventBatch = 8 << 20

// EventRecord is a batch as it stands in the log, with the dense offset of its
// first event in its stream, counted from 1.
type EventRecord struct {
	Sequence uint64
	Offset   uint64
	Tenant   Tenant
	EventBatch
}

// Append returns when b is on disk. Errors: ErrFull, ErrPoisoned, ErrBusy,
// ErrTenantGone.
func (l *EventLog) Append(ctx context.Context, t Tenant, b EventBatch) (log.Receipt, error) {
	if err := t.check(); err != nil {
		return log.Receipt{}, err
	}
	sealed := make([]byte, 0, len(b.Data)+sealOverhead)
	sealed = l.seal.seal(sealed, t.t.keys, b.Data, eventAAD(t.UID(), b))
	receipt, err := l.log.Append(ctx, log.Batch{
		Stream:   log.Stream{Tenant: t.UID(), ID: b.Stream},
		Producer: b.Producer, ProducerSeq: b.ProducerSeq, Count: b.Count, Data: sealed,
	})
	return receipt, logError(err)
}

// Read calls fn for each batch from the sequence number from on, up to the
// end of what is on disk, and returns the number to go on from. It passes
// over what belonged to deleted tenants. Data is valid during fn only.
func (l *EventLog) Read(ctx context.Context, from uint64, fn func(EventRecord) error) (next uint64, err error) {
	var plain []byte
	next, err = l.log.Read(ctx, from, func(r log.Record) error {
		t, ok := l.tenants.byUID(r.Stream.Tenant)
		if !ok {
			return nil
		}
		b := EventBatch{Stream: r.Stream.ID, Producer: r.Producer, ProducerSeq: r.ProducerSeq, Count: r.Count}
		var err error
		if plain, err = l.seal.open(plain[:0], t.t.keys, r.Data, eventAAD(t.UID(), b)); err != nil {
			return &CorruptError{File: logFolder, Offset: int64(r.Sequence), Reason: "the batch of this sequence number: " + err.Error()}
		}
		b.Data = plain
		return fn(EventRecord{Sequence: r.Sequence, Offset: r.Offset, Tenant: t, EventBatch: b})
	})
	return next, logError(err)
}

// Next returns the offset that the next event of a stream will get.
func (l *EventLog) Next(t Tenant, stream ID) uint64 {
	return l.log.Next(log.Stream{Tenant: t.UID(), ID: stream})
}

// ID names the log. It changes when a backup is restored: positions that were
// handed out before mean nothing any more.
func (l *EventLog) ID() log.ID { return l.log.ID() }

// First and End bound the sequence numbers that Read can find.
func (l *EventLog) First() uint64 { return l.log.First() }

// End returns the number behind the newest batch on disk.
func (l *EventLog) End() uint64 { return l.log.End() }

// Trim lets go of the oldest batches below a sequence number, in whole segments.
func (l *EventLog) Trim(before uint64) error { return logError(l.log.Trim(before)) }

func eventAAD(uid UID, b EventBatch) []byte {
	key := make([]byte, 0, 44)
	key = append(key, b.Stream[:]...)
	key = append(key, b.Producer[:]...)
	key = binary.BigEndian.AppendUint64(key, b.ProducerSeq)
	key = binary.BigEndian.AppendUint32(key, b.Count)
	return appendAAD(make([]byte, 0, 80), uid, "engine.log", key)
}

// logError turns the log's errors into the engine's.
func logError(err error) error {
	var corrupt *log.CorruptError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, log.ErrFull):
		return ErrFull.With(err)
	case errors.Is(err, log.ErrPoisoned):
		return ErrPoisoned.With(err)
	case errors.Is(err, log.ErrBusy):
		return ErrBusy.With(err)
	case errors.Is(err, log.ErrClosed):
		return ErrClosed.With(err)
	case errors.Is(err, log.ErrTooLarge):
		return &Error{Kind: TooLarge, Code: "batch_too_large", Detail: "the batch has more bytes than the log takes at once; send it in parts", Cause: err}
	case errors.Is(err, log.ErrInvalid):
		return &Error{Kind: Invalid, Code: "batch_invalid", Detail: "the batch holds no events", Cause: err}
	case errors.As(err, &corrupt):
		return &CorruptError{File: corrupt.File, Offset: corrupt.Offset, Reason: corrupt.Reason}
	}
	return err
}
