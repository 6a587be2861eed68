package log

import "context"

// Check reads the whole log, up to what is durable when it begins, and
// verifies every group, every counter and every zero. progress, if not nil, is
// told of the bytes done and of all there are. Damage gives a *CorruptError.
func (l *Log) Check(ctx context.Context, progress func(done, total int64)) error {
	spans := l.pinAll()
	defer l.unpin(spans)
	var done, total int64
	for _, v := range spans {
		total += v.end - segmentHeaderSize
	}
	ids, err := l.readIDs()
	if err != nil {
		return err
	}
	if ids == nil {
		return l.corrupt(idsName, 0, idsMissing)
	}
	if err := l.checkIDs(&survey{ids: ids, segments: segmentsOf(spans)}); err != nil {
		return err
	}
	state := newCounters()
	for i, v := range spans {
		err := l.checkSpan(spans[:i+1], &state, func(g *group) error {
			if done += int64(g.length); progress != nil {
				progress(done, total)
			}
			return ctx.Err()
		})
		if err != nil {
			return err
		}
		if i == len(spans)-1 { // the writer is at work behind its end
			break
		}
		if err := l.verifyTail(v.segment); err != nil {
			return err
		}
	}
	return nil
}

// checkSpan verifies the last of spans, which follows the one before it.
func (l *Log) checkSpan(spans []span, state *counters, each func(*group) error) error {
	n := len(spans)
	s := spans[n-1].segment
	if _, err := l.readSegment(s.name()); err != nil {
		return err
	}
	_, head, err := l.readHead(s, true)
	if err != nil {
		return err
	}
	if n > 1 {
		if p := spans[n-2]; head.previousFirst != p.segment.first || head.previousEnd != p.end {
			return l.corrupt(s.name(), segmentHeaderSize, "the segment does not continue %s", p.segment.name())
		}
	}
	return l.verifyGroups(s, spans[n-1].end, state, n == 1, each)
}

func (l *Log) pinAll() (spans []span) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.segments {
		spans = append(spans, s.pin())
	}
	return spans
}

func segmentsOf(spans []span) (segments []*segment) {
	for _, v := range spans {
		segments = append(segments, v.segment)
	}
	return segments
}
