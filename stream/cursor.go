package stream

import (
	"context"
	"errors"

	"quintet/engine"
	"quintet/engine/log"
)

// cursor walks through the events of one stream in the log. It reads some at a
// time, so that a slow client never holds a part of the log.
type cursor struct {
	streams  *Streams
	stream   *stream
	offset   uint64 // of the next event
	position uint64 // in the log, where that event or an earlier one stands
	strict   bool   // the event at offset must be there
}

var errOffset = engine.Errorf(engine.Invalid, "offset_unknown", "there is no event with this offset: it was never given, is older than what is kept, or is of another log")

// at returns a cursor that stands before the event at offset, which may be the
// one that comes next. Of 0 it stands before the first event that is kept.
func (s *Streams) at(ctx context.Context, st *stream, offset uint64) (*cursor, error) {
	if offset > s.engine.Events.Next(st.tenant, st.id) {
		return nil, errOffset
	}
	position, err := s.locate(ctx, st, max(offset, 1))
	return &cursor{streams: s, stream: st, offset: max(offset, 1), position: position, strict: offset > 0}, err
}

// batches calls each with the batches that hold events from c.offset on, up to
// the end of the log. It moves the position behind each; each moves the offset,
// and may end the walk with errEnough where that is within a batch.
func (c *cursor) batches(ctx context.Context, each func(r engine.EventRecord, lines []byte) error) error {
	end := c.streams.engine.Events.Next(c.stream.tenant, c.stream.id)
	next, err := c.streams.engine.Events.Read(ctx, c.position, func(r engine.EventRecord) error {
		c.position = r.Sequence
		switch {
		case r.Stream != c.stream.id || r.Tenant.UID() != c.stream.tenant.UID():
			return nil
		case r.Offset+uint64(r.Count) <= c.offset:
			return nil
		case c.strict && r.Offset > c.offset:
			return errOffset
		}
		_, _, lines, err := decodeHeader(r.Data)
		if err != nil {
			return damagedBatch(r, err)
		}
		// Behind a restore offsets go on with a jump.
		c.strict, c.offset = false, max(c.offset, r.Offset)
		return each(r, lines)
	})
	switch {
	case errors.Is(err, errEnough):
		return nil
	case errors.Is(err, log.ErrOutOfRange), err == nil && c.strict && c.offset < end:
		return errOffset // trimmed meanwhile, or between two logs
	case err == nil:
		c.position = next
	}
	return err
}

// frame reads the events up to an offset, at most some of them, as one frame.
// It returns nil when there are none.
func (c *cursor) frame(ctx context.Context, p *plan, tag string, upTo uint64) (*frame, error) {
	r := &result{plan: p, tally: newTally(len(p.shape.Measures))}
	first, counted := c.offset, 0
	err := c.batches(ctx, func(rec engine.EventRecord, lines []byte) error {
		err := p.shape.recount(lines, rec.Offset, func(offset uint64, e *event, _ []byte) error {
			if offset < c.offset || offset > upTo {
				return nil
			}
			c.offset = offset + 1
			counted++
			var buf [256]byte
			if key, passes := p.groupOf(buf[:0], &e.dims); passes {
				r.tally.add(p.start(second(e.at)), key, e)
			}
			return nil
		})
		if err != nil {
			return damagedBatch(rec, err)
		}
		if counted >= maxEvents || c.offset > upTo {
			return errEnough
		}
		return nil
	})
	if err != nil || counted == 0 {
		return nil, err
	}
	return r.frame(tag, first, c.offset-1), nil
}
