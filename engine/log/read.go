package log

import (
	"context"
	"fmt"
	"io"

	"quintet/engine/disk"
)

// span is the part of a segment that a reader has before it.
type span struct {
	segment *segment
	start   mark  // where it begins; the zero mark: with its snapshot
	end     int64 // durable when the read began
	indexed int64 // position of the last mark of the segment, 0: none
}

// cursor is what a reader expects of the next group.
type cursor struct {
	known bool // what follows is known; not so before a segment without marks
	first uint64
	chain uint32
}

// Read calls fn for each batch from the sequence from on, 0 meaning the
// oldest, up to what is durable when Read begins. It returns the sequence to
// continue from: that of the batch that fn or the disk failed at.
//
// Data is valid only during fn. An error of fn ends the read and is returned
// as it is. Damage gives a *CorruptError; a sequence below First or above End
// gives ErrOutOfRange. Appends go on meanwhile; Trim spares what is being read.
func (l *Log) Read(ctx context.Context, from uint64, fn func(Record) error) (next uint64, err error) {
	spans, from, end, err := l.pin(from)
	if err != nil {
		return from, err
	}
	defer l.unpin(spans)
	next = from
	var at cursor
	for i := range spans {
		err := l.readSpan(ctx, &spans[i], &at, func(r Record) error {
			if r.Sequence < from {
				return nil
			}
			next = r.Sequence
			if err := fn(r); err != nil {
				return err
			}
			next++
			return nil
		})
		if err != nil {
			return next, err
		}
	}
	return end, nil
}

// pin returns the spans that hold the sequences from on, and end.
func (l *Log) pin(from uint64) (spans []span, begin, end uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	first, end := l.segments[0].first, l.durable.next
	if from == 0 {
		from = first
	}
	if from < first || from > end {
		return nil, from, end, fmt.Errorf("%w: %d is not between %d and %d", ErrOutOfRange, from, first, end)
	}
	if from == end {
		return nil, from, end, nil
	}
	for i, s := range l.segments {
		if s.until <= from && i < len(l.segments)-1 {
			continue
		}
		v := s.pin()
		for _, m := range s.index {
			if len(spans) == 0 && m.first <= from && m.position > segmentHeaderSize {
				v.start = m
			}
		}
		spans = append(spans, v)
	}
	return spans, from, end, nil
}

// pin keeps a segment from being trimmed. Its caller holds Log.mu.
func (s *segment) pin() span {
	s.readers++
	v := span{segment: s, end: s.end}
	if n := len(s.index); n > 0 {
		v.indexed = s.index[n-1].position
	}
	return v
}

func (l *Log) unpin(spans []span) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, v := range spans {
		v.segment.readers--
	}
}

func (l *Log) readSpan(ctx context.Context, v *span, at *cursor, fn func(Record) error) error {
	s := v.segment
	return l.withSegment(s, func(f disk.File) error {
		sc := scanner{file: f, id: s.id, at: segmentHeaderSize, limit: v.end}
		if v.start.position > 0 {
			sc.at = v.start.position
			*at = cursor{known: true, first: v.start.first, chain: v.start.previous}
		}
		for {
			if err := ctx.Err(); err != nil {
				return err
			}
			position := sc.at
			g, wrong, err := sc.next()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if wrong == "" {
				wrong = at.follow(&g)
			}
			if wrong != "" {
				return l.corrupt(s.name(), position, "%s", wrong)
			}
			if g.kind == kindBatches {
				if wrong, err = g.records(fn); err != nil {
					return err
				}
				if wrong != "" {
					return l.corrupt(s.name(), position, "%s", wrong)
				}
			}
			l.index(v, &g)
		}
	})
}

// follow checks that g is the group that the cursor expects, and moves it.
func (c *cursor) follow(g *group) (wrong string) {
	if g.kind == kindSnapshot && len(g.body) < snapshotFixedSize {
		return "the snapshot has the wrong length"
	}
	if c.known {
		if g.kind == kindSnapshot {
			c.first += parseSnapshotFixed(g.body).raise
		}
		if g.previous != c.chain || g.first != c.first {
			return "the group does not continue the one before it"
		}
	}
	*c = cursor{known: true, first: g.first, chain: g.crc}
	if g.kind == kindBatches {
		c.first += uint64(g.count)
	}
	return ""
}

// index has a reader mark the segments that Open did not read.
func (l *Log) index(v *span, g *group) {
	if v.indexed > 0 && g.position-v.indexed < indexEvery {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	v.segment.note(g)
	v.indexed = max(g.position, v.indexed)
}
