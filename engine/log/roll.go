package log

import (
	"fmt"

	"quintet/engine/disk"
)

// spare is a segment made ahead of its use, or why there is none.
type spare struct {
	segment *segment
	file    disk.File
	err     error
}

// roll begins the next segment: its first group repeats every counter, with
// raise added. If the disk is full, the log stays where it was.
func (l *Log) roll(raise uint64) error {
	w := &l.writer
	state, ok := l.durable.raised(raise)
	if !ok {
		return fmt.Errorf("%w: a counter would overflow", ErrInvalid)
	}
	if w.dirty > w.position { // a segment ends with zeros
		if err := l.write(nil); err != nil {
			return err
		}
	}
	next, err := l.takeSpare()
	if err != nil {
		return err
	}
	old := *w
	w.segment, w.file, w.position = next.segment, next.file, segmentHeaderSize
	g := l.encodeSnapshot(old.segment, &state, raise)
	if err := l.write(w.buf); err != nil {
		*w = old
		return l.discard(next, err)
	}
	if old.file != nil {
		old.file.Close() // every byte of it is synced
	}
	l.enter(&g, state)
	l.startSpare()
	return nil
}

func (l *Log) encodeSnapshot(previous *segment, state *counters, raise uint64) group {
	w := &l.writer
	s := snapshot{raise: raise, floor: state.floor, streams: state.streams}
	if previous != nil {
		s.previousFirst, s.previousEnd = previous.first, previous.end
	}
	w.buf = appendSnapshot(append(w.buf[:0], zeros[:groupHeaderSize]...), s)
	return l.seal(groupHeader{count: uint32(len(s.streams)), first: state.next, kind: kindSnapshot})
}

// enter makes a segment whose snapshot is durable the last one.
func (l *Log) enter(g *group, state counters) {
	w := &l.writer
	l.mu.Lock()
	defer l.mu.Unlock()
	state.chain = g.crc
	l.durable = state
	w.segment.first, w.segment.until, w.segment.end = g.first, g.first, w.position
	w.segment.note(g)
	l.segments = append(l.segments, w.segment)
}

// startSpare has the segment after the last one made in the background, so
// that a roll finds it ready.
func (l *Log) startSpare() {
	made := make(chan spare, 1)
	l.writer.spare = made
	s := l.nextSegment()
	go func() {
		f, err := l.makeSegment(s)
		if err != nil && !disk.IsFull(err) {
			err = l.stop(err)
		}
		made <- spare{segment: s, file: f, err: err}
	}()
}

// nextSegment plans a segment that takes the snapshot at its head besides its
// SegmentBytes. The snapshot may grow until then by 40 bytes for each stream
// that is new in the present segment; the record that makes it new takes 72
// there. So it ends before 5/9 of SegmentBytes, and the greatest group, a
// quarter, fits behind it.
func (l *Log) nextSegment() *segment {
	s := &segment{number: 1, id: l.ids[len(l.ids)-1]}
	if w := &l.writer; w.segment != nil {
		s.number = w.segment.number + 1
	}
	const page = 4096
	length := l.opts.SegmentBytes + snapshotLength(len(l.durable.streams))
	s.length = (length + page - 1) / page * page
	return s
}

// takeSpare waits for the next segment. One that could not be made, or that
// was planned under other options and does not suffice, is made now.
func (l *Log) takeSpare() (spare, error) {
	w := &l.writer
	var s spare
	if w.spare != nil {
		s = <-w.spare
		w.spare = nil
	}
	need := segmentHeaderSize + snapshotLength(len(l.durable.streams)) + l.opts.groupBytes()
	if s.file != nil && s.err == nil && s.segment.length >= need {
		return s, nil
	}
	if s.file != nil {
		s.file.Close()
	}
	if err := l.poisoned(); err != nil {
		return spare{}, err
	}
	s.segment = l.nextSegment()
	s.file, s.err = l.makeSegment(s.segment)
	if s.err != nil {
		return spare{}, l.fail(s.err)
	}
	return s, nil
}

// discard removes a segment whose snapshot could not be written, because err.
func (l *Log) discard(s spare, err error) error {
	s.file.Close()
	if poison := l.poisoned(); poison != nil {
		return poison
	}
	if failure := l.removeSegment(s.segment); failure != nil {
		return l.stop(failure)
	}
	return err
}

func (l *Log) removeSegment(s *segment) error {
	if err := l.fs.Remove(l.path(s.name())); err != nil {
		return err
	}
	return l.fs.SyncDir(l.dir)
}

// keepSpare has an existing, empty segment ready for the next roll.
func (l *Log) keepSpare(s *segment, f disk.File) {
	l.writer.spare = make(chan spare, 1)
	l.writer.spare <- spare{segment: s, file: f}
}

// dropSpare waits for the segment being made and closes it; its file stays.
func (l *Log) dropSpare() {
	if l.writer.spare == nil {
		return
	}
	if s := <-l.writer.spare; s.file != nil {
		s.file.Close()
	}
	l.writer.spare = nil
}
