package stream

import (
	"context"
	"strconv"

	"quintet/engine"
)

// Limits of reading events back.
const (
	defaultReplay = 1000
	maxReplay     = 10_000
	replayChunk   = 256 << 10 // bytes that are read before they are written
)

// Replay reads stored events as NDJSON, each with its offset as the first
// member, and calls write with some at a time. From is the offset of the first,
// "" for the oldest that is kept, or a time as in a query: then the events of
// that time or later come, in the order of their arrival.
func (s *Streams) Replay(ctx context.Context, t engine.Tenant, name, from string, limit int, write func(lines []byte) error) error {
	st, err := s.registry.get(t, name)
	if err != nil {
		return err
	}
	switch {
	case limit == 0:
		limit = defaultReplay
	case limit < 0 || limit > maxReplay:
		return invalid("query.limit", "is from 1 to 10000")
	}
	r, err := s.startReplay(ctx, st, from)
	if err != nil {
		return err
	}
	for r.left = limit; ; {
		done, err := r.chunk(ctx)
		if err != nil {
			return err
		}
		if err := write(r.lines); err != nil || done {
			return err
		}
	}
}

// replay is the reading of events from somewhere on.
type replay struct {
	*cursor
	shape *shape
	since int64 // Unix nanoseconds; events before it are passed over
	left  int
	lines []byte
}

func (s *Streams) startReplay(ctx context.Context, st *stream, from string) (*replay, error) {
	r := &replay{shape: st.current()}
	if offset, err := strconv.ParseUint(from, 10, 64); err == nil || from == "" {
		r.cursor, err = s.at(ctx, st, offset)
		return r, err
	}
	when, err := parseTime(from, s.engine.Clock.Now())
	if err != nil {
		return nil, invalid("query.from", "is neither an offset nor a time: "+err.Error())
	}
	if r.cursor, err = s.at(ctx, st, 0); err != nil {
		return nil, err
	}
	// No event of that time came earlier than maxAhead before it.
	before, err := s.markBefore(ctx, when.Add(-maxAhead).UnixMilli()-1)
	r.since, r.position = when.UnixNano(), max(r.position, before)
	return r, err
}

// chunk fills lines with the next events, and reports whether they are the last.
func (r *replay) chunk(ctx context.Context) (done bool, err error) {
	r.lines = r.lines[:0]
	before := r.offset
	err = r.batches(ctx, func(rec engine.EventRecord, lines []byte) error {
		err := r.shape.recount(lines, rec.Offset, func(offset uint64, e *event, line []byte) error {
			if offset < r.offset {
				return nil
			}
			if r.left == 0 || len(r.lines) >= replayChunk {
				return errEnough
			}
			r.offset = offset + 1
			if e.at >= r.since {
				r.left--
				r.lines = appendWithOffset(r.lines, offset, line)
			}
			return nil
		})
		if err != nil && err != errEnough {
			return damagedBatch(rec, err)
		}
		return err
	})
	return r.left == 0 || r.offset == before || len(r.lines) < replayChunk, err
}

// appendWithOffset writes a stored event with its offset as the first member.
// It has another member at least, its time.
func appendWithOffset(dst []byte, offset uint64, line []byte) []byte {
	dst = append(dst, `{"`+offsetMember+`":`...)
	dst = strconv.AppendUint(dst, offset, 10)
	dst = append(dst, ',')
	dst = append(dst, line[1:]...)
	return append(dst, '\n')
}
