package log

import (
	"errors"
	"fmt"
	"time"

	"quintet/engine/disk"
)

// writer is what only the writer goroutine touches (Open before it starts it,
// and Close after it has ended).
type writer struct {
	segment  *segment // the last one
	file     disk.File
	position int64 // where its next group goes
	dirty    int64 // bytes from position to here may be left of a write that found the disk full
	buf      []byte
	offsets  map[Stream]uint64 // next offsets of the streams in the group being made
	spare    chan spare        // holds or will hold the next segment; nil if none is being made
}

// run writes one commit after the other until Close.
func (l *Log) run() {
	defer close(l.stopped)
	for {
		c := l.take()
		if c == nil {
			return
		}
		c.err = l.commit(c)
		l.mu.Lock()
		l.release(len(c.requests), c.bytes)
		l.mu.Unlock()
		close(c.done)
	}
}

func (l *Log) commit(c *commit) error {
	if err := l.poisoned(); err != nil {
		return err
	}
	if c.raise > 0 {
		return l.roll(c.raise)
	}
	if len(c.requests) == 0 { // all were withdrawn
		return nil
	}
	if groupLength(c.bytes) > l.writer.segment.length-l.writer.position {
		if err := l.roll(0); err != nil {
			return err
		}
	}
	g, events, err := l.encode(c)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := l.write(l.writer.buf); err != nil {
		return err
	}
	l.publish(&g)
	if l.opts.OnGroup != nil {
		l.opts.OnGroup(GroupInfo{
			Batches: len(c.requests), Events: events, Bytes: int(g.length), Took: time.Since(began),
		})
	}
	return nil
}

// encode lays the group out in the writer's buffer and fills in the receipts.
// Counters change only in publish, so that a group that found the disk full
// leaves no trace.
func (l *Log) encode(c *commit) (g group, events uint64, err error) {
	w := &l.writer
	clear(w.offsets)
	w.buf = append(w.buf[:0], zeros[:groupHeaderSize]...)
	first := l.durable.next
	for i, r := range c.requests {
		offset, seen := w.offsets[r.batch.Stream]
		if !seen {
			offset = l.durable.offset(r.batch.Stream)
		}
		after := offset + uint64(r.batch.Count)
		if after < offset || first+uint64(i) < first {
			return g, 0, fmt.Errorf("%w: a counter would overflow", ErrInvalid)
		}
		w.offsets[r.batch.Stream] = after
		r.receipt = Receipt{Sequence: first + uint64(i), Offset: offset}
		w.buf = appendRecord(w.buf, offset, &r.batch)
		events += uint64(r.batch.Count)
	}
	return l.seal(groupHeader{count: uint32(len(c.requests)), first: first, kind: kindBatches}), events, nil
}

// seal completes the group in the writer's buffer for the writer's position.
func (l *Log) seal(h groupHeader) group {
	w := &l.writer
	h.position, h.id, h.previous = w.position, w.segment.id, l.durable.chain
	w.buf, h.crc = sealGroup(w.buf, h)
	h.length = uint32(len(w.buf))
	return group{groupHeader: h}
}

// write makes b durable at the writer's position.
//
// A full disk is no reason to stop: nothing before the position was touched,
// nobody was told of b, and the next group is written over the same place.
// What a partial write left behind that group must not stay, because a clean
// stop vouches for zeros up to the end of the segment; so the next write is
// padded with zeros up to there. Before that, a power cut leaves a torn or
// even a whole group that was never acknowledged: both are lawful.
func (l *Log) write(b []byte) error {
	w := &l.writer
	length := int64(len(b))
	for end := w.position + int64(len(b)); end < w.dirty; end = w.position + int64(len(b)) {
		b = append(b, zeros[:min(w.dirty-end, int64(len(zeros)))]...)
	}
	if _, err := w.file.WriteAt(b, w.position); err != nil {
		if disk.IsFull(err) {
			w.dirty = max(w.dirty, w.position+int64(len(b)))
		}
		return l.fail(err)
	}
	if err := w.file.Sync(); err != nil {
		return l.stop(err)
	}
	w.position += length
	w.dirty = 0
	return nil
}

// publish makes a durable group of batches visible.
func (l *Log) publish(g *group) {
	w := &l.writer
	l.mu.Lock()
	defer l.mu.Unlock()
	for s, next := range w.offsets {
		l.durable.streams[s] = next
	}
	l.durable.next += uint64(g.count)
	l.durable.chain = g.crc
	w.segment.note(g)
	w.segment.until = l.durable.next
	w.segment.end = w.position
}

// fail says what a failed write means: a full disk may be tried again later,
// all else is the end.
func (l *Log) fail(err error) error {
	if disk.IsFull(err) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return l.stop(err)
}

// stop poisons the log: after a failed write or sync nobody knows what is on
// disk, and a second sync may succeed and lie.
func (l *Log) stop(cause error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.poison == nil {
		l.poison = fmt.Errorf("%w: %w", ErrPoisoned, cause)
	}
	return l.poison
}

func (l *Log) poisoned() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.poison
}

// finish ends a log whose writer has ended: it completes the file and marks
// the stop as clean. Where a full disk lets it do neither, no mark stands, as
// Open removed the last one, and everything acknowledged is on disk already.
func (l *Log) finish() error {
	l.trimming.Lock()
	defer l.trimming.Unlock()
	w := &l.writer
	l.dropSpare()
	defer w.file.Close()
	if err := l.poisoned(); err != nil {
		return err
	}
	err := l.mark()
	if !errors.Is(err, ErrFull) {
		return err
	}
	if l.opts.OnUnmarked != nil {
		l.opts.OnUnmarked(err)
	}
	return nil
}

// mark vouches for zeros behind the last group and for the end of the log.
func (l *Log) mark() error {
	w := &l.writer
	if w.dirty > w.position {
		if err := l.write(nil); err != nil {
			return err
		}
	}
	m := marker{next: l.durable.next, segment: w.segment.number, end: w.position, chain: l.durable.chain}
	if err := l.writeMarker(m); err != nil {
		return l.fail(err)
	}
	return nil
}
