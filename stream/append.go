package stream

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// Input is one request with events.
type Input struct {
	Body     io.Reader
	Length   int64 // of Body; -1 = unknown
	OneValue bool  // Body is one JSON value: an array or one object, not lines
	Partial  bool  // keep the good events where some are bad

	// Producer and Sequence make the request repeatable, where Producer is not "".
	Producer string
	Sequence uint64
}

// Answer tells what became of the events. Offsets are 0 when there is none.
type Answer struct {
	Accepted    int             `json:"accepted"`
	Rejected    int             `json:"rejected"`
	FirstOffset uint64          `json:"first_offset"`
	LastOffset  uint64          `json:"last_offset"`
	Duplicate   bool            `json:"duplicate"`        // this is the answer of the first attempt
	Errors      []api.LineError `json:"errors,omitempty"` // the first 100 of rejected lines; not of a duplicate
}

// Append stores the events of one request, all of them or none, and counts
// them. When it returns they are on disk and every query sees them. A stream
// that is not defined is defined by them. Errors beside those of the engine
// are refusals, which leave nothing behind: of bytes in flight, of the body,
// of its events, of a producer's number.
func (s *Streams) Append(ctx context.Context, t engine.Tenant, name string, in Input) (Answer, error) {
	if err := api.CheckName("stream", name); err != nil {
		return Answer{}, err
	}
	k := s.flow.ticket(t)
	defer k.release()
	buf := takeBody()
	defer giveBody(buf)
	data, err := k.read(in.Body, in.Length, *buf)
	*buf = data
	if err != nil {
		return Answer{}, err
	}
	p := parsing{received: s.engine.Clock.Now().UnixMilli(), oneValue: in.OneValue, partial: in.Partial}
	length := int64(len(data))
	p.grow = func(bytes int) error { return k.hold(length + int64(bytes)) }
	st, err := s.registry.get(t, name)
	if errors.Is(err, errNotFound) {
		st, err = s.defineBy(ctx, t, name, data, p)
	}
	if err != nil {
		return Answer{}, err
	}
	if in.Producer == "" {
		return s.append(ctx, st, data, p, engine.ID{}, 0)
	}
	return s.appendOnce(ctx, st, data, p, in)
}

// appendOnce answers a batch that the producer sent before as it did then.
func (s *Streams) appendOnce(ctx context.Context, st *stream, data []byte, p parsing, in Input) (Answer, error) {
	if err := api.CheckID("producer", in.Producer); err != nil {
		return Answer{}, err
	}
	id := engine.ID(st.tenant.Hash("stream.producer", in.Producer))
	before, end, err := s.begin(ctx, st, id, in.Sequence)
	if err != nil {
		return Answer{}, err
	}
	defer end()
	if before != nil {
		s.metrics.duplicate.Add(float64(before.count))
		return Answer{
			Accepted: int(before.count), Rejected: int(before.rejected), Duplicate: true,
			FirstOffset: before.offset, LastOffset: before.offset + uint64(before.count) - 1,
		}, nil
	}
	return s.append(ctx, st, data, p, id, in.Sequence)
}

// append is the way of a batch: prepare, append, apply, tell.
func (s *Streams) append(ctx context.Context, st *stream, data []byte, p parsing, producer engine.ID, sequence uint64) (Answer, error) {
	p.shape = st.current()
	t := takeTally(len(p.shape.Measures))
	defer giveTally(t)
	b, report, err := p.parse(data, t)
	if report != nil {
		s.metrics.rejected.Add(float64(report.Rejected))
	}
	if err != nil {
		return Answer{}, err
	}
	if b.count == 0 {
		return Answer{Rejected: report.Rejected, Errors: report.Errors}, nil
	}
	b.producer, b.sequence = producer, sequence
	began := time.Now()
	r, err := s.engine.Events.Append(ctx, st.tenant, engine.EventBatch{
		Stream: st.id, Producer: producer, ProducerSeq: sequence, Count: b.count, Data: b.data,
	})
	if err != nil {
		return Answer{}, err
	}
	s.metrics.append.Observe(time.Since(began).Seconds())
	s.order.deliver(&delivery{batch: b, stream: st, position: r.Sequence, offset: r.Offset})
	if !s.registry.current(st) { // deleted meanwhile
		return Answer{}, errNotFound
	}
	s.metrics.accepted.Add(float64(b.count))
	s.engine.Bus.Publish(engine.Event{
		Tenant: st.tenant, Time: time.UnixMilli(b.received).UTC(), Capability: "stream",
		Type: "events.accepted", Subject: st.name, Count: int(b.count),
	})
	return Answer{
		Accepted: report.Accepted, Rejected: report.Rejected, Errors: report.Errors,
		FirstOffset: r.Offset, LastOffset: r.Offset + uint64(b.count) - 1,
	}, nil
}

// defineBy defines a stream by its first events, if they are taken under what
// they define. It works on a copy of them: parse moves lines.
func (s *Streams) defineBy(ctx context.Context, t engine.Tenant, name string, data []byte, p parsing) (*stream, error) {
	s.defining.Lock()
	defer s.defining.Unlock()
	if st, err := s.registry.get(t, name); err == nil {
		return st, nil
	}
	d, err := infer(data[batchHeader:], p.oneValue)
	if err != nil {
		return nil, err
	}
	p.shape = compile(d, 1)
	b, _, err := p.parse(slices.Clone(data), newTally(len(d.Measures)))
	if err != nil {
		return nil, err
	}
	if b.count == 0 {
		return nil, engine.Errorf(engine.Invalid, "events_rejected", "all events are refused, so they define no stream")
	}
	if _, err := s.create(ctx, t, name, d, true); err != nil {
		return nil, err
	}
	return s.registry.get(t, name)
}
