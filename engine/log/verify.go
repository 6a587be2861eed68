package log

import (
	"io"

	"quintet/engine/disk"
)

// ending is what Open found out about the groups.
type ending struct {
	used  []*segment // hold groups; rising
	state counters   // after the last group

	lastGroup int64 // where the last group starts, in the last used segment
	end       int64 // where it ends
	torn      int64 // behind which that segment is all zeros; above end if it has a torn group

	unused     *segment // was made ahead of its use; may be nil
	unusedTorn int64    // behind which it is all zeros
}

// verify reads what the last stop may have left unfinished, the last two
// segments, in full, and of the others how they follow each other. It changes
// nothing.
func (l *Log) verify(found survey) (ending, error) {
	e := ending{used: found.segments, state: newCounters()}
	if err := l.setUnusedAside(&e); err != nil {
		return e, err
	}
	if err := l.linkSegments(e.used); err != nil {
		return e, err
	}
	if n := len(e.used); n > 1 {
		s := e.used[n-2]
		if err := l.verifyGroups(s, s.end, &e.state, true, nil); err != nil {
			return e, err
		}
		if err := l.verifyTail(s); err != nil {
			return e, err
		}
	}
	if len(e.used) > 0 {
		if err := l.verifyLast(&e); err != nil {
			return e, err
		}
	}
	return e, l.checkMarker(found.marker, &e)
}

// setUnusedAside finds out whether the last segment was ever written to.
func (l *Log) setUnusedAside(e *ending) error {
	n := len(e.used)
	s := e.used[n-1]
	holds, err := l.holdsGroups(s)
	if err != nil || holds {
		return err
	}
	if n == 1 && s.number != 1 {
		return l.corrupt(s.name(), segmentHeaderSize, "its first group is damaged and the segment before it is missing")
	}
	e.unused, e.used = s, e.used[:n-1]
	return l.withSegment(s, func(f disk.File) (err error) {
		e.unusedTorn, err = lastNonzero(f, segmentHeaderSize, s.length)
		return err
	})
}

// holdsGroups reports whether a segment holds a whole group.
func (l *Log) holdsGroups(s *segment) (holds bool, err error) {
	err = l.withSegment(s, func(f disk.File) error {
		sc := scanner{file: f, id: s.id, at: segmentHeaderSize, limit: s.length}
		holds, err = sc.find()
		return err
	})
	return holds, err
}

func (l *Log) withSegment(s *segment, fn func(disk.File) error) error {
	f, err := l.fs.Open(l.path(s.name()), 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return fn(f)
}

// linkSegments checks that each segment begins where the one before it ended,
// as the snapshots at their heads say, and fills in what those say. Only those
// of the last two are read whole: a log may have many segments, and a snapshot
// many streams.
func (l *Log) linkSegments(segments []*segment) error {
	for i, s := range segments {
		g, head, err := l.readHead(s, i >= len(segments)-2)
		if err != nil {
			return err
		}
		s.first, s.until, s.end = g.first, g.first, s.length
		if i == 0 {
			continue
		}
		previous := segments[i-1]
		previous.until, previous.end = g.first-head.raise, head.previousEnd
		if head.previousFirst != previous.first || previous.until < previous.first ||
			previous.end < segmentHeaderSize+groupHeaderSize || previous.end > previous.length {
			if _, _, err := l.readHead(previous, true); err != nil {
				return err
			}
			return l.corrupt(s.name(), segmentHeaderSize, "the segment does not continue %s", previous.name())
		}
	}
	return nil
}

// readHead reads what stands before the streams in the snapshot of a segment,
// and, if whole, verifies all of the snapshot.
func (l *Log) readHead(s *segment, whole bool) (g groupHeader, head snapshot, err error) {
	const fixed = groupHeaderSize + snapshotFixedSize
	limit := s.length
	if !whole {
		limit = segmentHeaderSize + fixed // and no byte is read beyond
	}
	err = l.withSegment(s, func(f disk.File) error {
		sc := scanner{file: f, id: s.id, at: segmentHeaderSize, limit: limit}
		b, err := sc.view(fixed)
		if err != nil {
			return err
		}
		head = parseSnapshotFixed(b[groupHeaderSize:])
		var wrong string
		g, wrong = parseGroupHeader(b)
		if wrong == "" && whole {
			_, wrong, err = sc.next()
		}
		if wrong == "" && (g.kind != kindSnapshot || g.id != s.id || g.position != segmentHeaderSize) {
			wrong = "the segment does not begin with a snapshot"
		}
		if err == nil && wrong != "" {
			err = l.corrupt(s.name(), segmentHeaderSize, "%s", wrong)
		}
		return err
	})
	return g, head, err
}

// verifyGroups reads every group of a segment up to end. state is what the
// segments before add up to; with fresh it is taken from the snapshot.
func (l *Log) verifyGroups(s *segment, end int64, state *counters, fresh bool, each func(*group) error) error {
	return l.withSegment(s, func(f disk.File) error {
		sc := scanner{file: f, id: s.id, at: segmentHeaderSize, limit: end}
		at, wrong, err := walk(&sc, state, fresh, each)
		if err == nil && wrong != "" {
			err = l.corrupt(s.name(), at, "%s", wrong)
		}
		return err
	})
}

// verifyTail checks the zeros behind the last group of a segment that another
// follows.
func (l *Log) verifyTail(s *segment) error {
	return l.withSegment(s, func(f disk.File) error {
		torn, err := lastNonzero(f, s.end, s.length)
		if err == nil && torn > s.end {
			err = l.corrupt(s.name(), torn-1, "there are bytes behind the last group")
		}
		return err
	})
}

// walk follows the groups of sc until the limit, or until something is wrong at
// the position that it returns. each, if not nil, is told of each good group.
func walk(sc *scanner, state *counters, fresh bool, each func(*group) error) (int64, string, error) {
	for {
		at := sc.at
		g, wrong, err := sc.next()
		if err == io.EOF {
			return at, "", nil
		}
		if err != nil || wrong != "" {
			return at, wrong, err
		}
		switch {
		case at == segmentHeaderSize && fresh:
			wrong = state.start(&g)
		case (at == segmentHeaderSize) != (g.kind == kindSnapshot):
			wrong = "a snapshot stands at the head of a segment, and nowhere else"
		default:
			wrong = state.follow(&g)
		}
		if wrong != "" {
			return at, wrong, nil
		}
		if each != nil {
			if err := each(&g); err != nil {
				return at, "", err
			}
		}
	}
}

// verifyLast reads the segment that was written to last. Behind its last good
// group there may be a torn one, as long as no whole group follows: the next
// is written only after a group is synced.
func (l *Log) verifyLast(e *ending) error {
	s := e.used[len(e.used)-1]
	return l.withSegment(s, func(f disk.File) error {
		sc := scanner{file: f, id: s.id, at: segmentHeaderSize, limit: s.length}
		end, wrong, err := walk(&sc, &e.state, len(e.used) == 1, func(g *group) error {
			e.lastGroup = g.position
			s.note(g)
			return nil
		})
		if err != nil {
			return err
		}
		e.end, s.end, s.until = end, end, e.state.next
		if e.torn, err = lastNonzero(f, end, s.length); err != nil {
			return err
		}
		if e.torn == end {
			return nil
		}
		sc = scanner{file: f, id: s.id, at: end, limit: s.length}
		switch follows, err := sc.find(); {
		case err != nil:
			return err
		case follows && sc.at == end:
			return l.corrupt(s.name(), end, "%s", wrong)
		case follows:
			return l.corrupt(s.name(), end, "%s, and a whole group follows at byte %d: restore a backup", wrong, sc.at)
		}
		return nil
	})
}

// checkMarker holds the log against what a clean stop said of it: then nothing
// may be missing, and nothing may be left.
func (l *Log) checkMarker(m *marker, e *ending) error {
	if m == nil {
		return nil
	}
	const explain = "the log was closed cleanly and is not as it was then: restore a backup, or remove the file %s to cut what is damaged"
	if len(e.used) == 0 {
		return l.corrupt(e.unused.name(), segmentHeaderSize, explain, l.path(markerName))
	}
	s := e.used[len(e.used)-1]
	if s.number != m.segment || e.end != m.end || e.state.next != m.next || e.state.chain != m.chain || e.torn > e.end {
		return l.corrupt(s.name(), e.end, explain, l.path(markerName))
	}
	if e.unused != nil && e.unusedTorn > segmentHeaderSize {
		return l.corrupt(e.unused.name(), e.unusedTorn-1, explain, l.path(markerName))
	}
	return nil
}
