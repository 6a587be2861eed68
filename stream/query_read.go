package stream

import (
	"context"
	"errors"

	"quintet/engine"
)

// cellsPerLock is how many rows of windows a query reads before it lets
// batches be applied again.
const cellsPerLock = 20_000

var errCells = engine.Errorf(engine.Invalid, "too_many_points", "the answer would have more than %d points; take a longer step, fewer groups or a shorter range", maxCells)

// readWindows adds what the windows in memory hold, from the newest back to
// the horizon, and returns where the log has to go on. Going back, it notices
// when the horizon moves under it. Each window is read whole; those of one
// answer may be some batches apart.
func (s *Streams) readWindows(ctx context.Context, st *stream, r *result, in interval) (until int64, err error) {
	w := windowReader{stream: st, result: r}
	second := in.to - 1
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if second, more, err = w.some(second, in.from); err != nil {
			return 0, err
		}
	}
	return min(second+1, in.to), nil
}

// windowReader remembers to which group a series belongs.
type windowReader struct {
	stream  *stream
	result  *result
	version uint64 // of the dictionary that groups is for
	groups  []groupRef
}

// groupRef is a series' group. Its key stands in memory of its own.
type groupRef struct {
	known, passes bool
	key           []byte
	hash          uint64
}

// some reads windows under the stream's lock, from second downwards, and
// returns the second to go on with. There is no more at the horizon, or when
// the definition has changed: then the log holds everything.
func (w *windowReader) some(second, from int64) (next int64, more bool, err error) {
	st, r := w.stream, w.result
	st.mu.RLock()
	defer st.mu.RUnlock()
	if !st.shape.counts(r.plan.shape.Definition) {
		return second, false, nil
	}
	if d := st.ring.series; w.version != d.version {
		w.version, w.groups = d.version, nil
	}
	// Beyond the newest event there is nothing to read.
	second = max(min(second, st.ring.newest), from-1, st.ring.horizon-1)
	for cells := 0; cells < cellsPerLock; second-- {
		if second < from || second < st.ring.horizon {
			return second, false, nil
		}
		cells += 1 + w.window(*st.ring.slot(second), second)
		if len(r.tally.entries) > maxCells {
			return second, false, errCells
		}
	}
	return second, true, nil
}

// window adds one window and returns how many rows it has.
func (w *windowReader) window(win *window, second int64) int {
	if win == nil || win.start != second {
		return 0
	}
	r, width := w.result, w.stream.ring.width
	start := r.plan.start(second)
	for i, id := range win.series {
		g := w.group(id)
		switch {
		case g.passes:
			r.tally.merge(start, g.key, g.hash, win.counts[i], win.cells[i*width:(i+1)*width])
		case id == otherSeries:
			r.other += win.counts[i]
		}
	}
	return len(win.series)
}

func (w *windowReader) group(id uint32) *groupRef {
	for int(id) >= len(w.groups) {
		w.groups = append(w.groups, groupRef{})
	}
	g := &w.groups[id]
	if !g.known {
		g.known = true
		g.key, g.passes = w.result.plan.group(nil, []byte(w.stream.ring.series.key(id)))
		g.hash = hashKey(g.key)
	}
	return g
}

// errEnough ends a reading of the log; nobody sees it.
var errEnough = errors.New("enough")

// readLog counts the events of an interval from the log. Few queries at a time
// do so; the others wait.
func (s *Streams) readLog(ctx context.Context, st *stream, r *result, in interval) error {
	stretches, events, err := s.overlaps(ctx, st, in.from, in.to)
	if err != nil {
		return err
	}
	if events > maxScanned {
		return engine.Errorf(engine.Invalid, "too_much_to_read", "this range is older than the windows in memory, and its %d events would have to be read from the log, which may be %d; take a shorter one", events, maxScanned)
	}
	select {
	case s.scans <- struct{}{}:
		defer func() { <-s.scans }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, part := range stretches {
		_, err := s.engine.Events.Read(ctx, part.from, func(rec engine.EventRecord) error {
			switch {
			case rec.Sequence >= part.to:
				return errEnough
			case rec.Stream != st.id || rec.Tenant.UID() != st.tenant.UID():
				return nil
			}
			return s.readBatch(rec, r, in)
		})
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
	}
	return nil
}

// readBatch counts the events of one batch that lie in the interval. Those
// that came more than a window's life after their time are counted as late.
func (s *Streams) readBatch(rec engine.EventRecord, r *result, in interval) error {
	received, _, lines, err := decodeHeader(rec.Data)
	if err != nil {
		return damagedBatch(rec, err)
	}
	punctual := received/1000 - s.windowSeconds()
	var key []byte
	err = r.plan.shape.recount(lines, rec.Offset, func(_ uint64, e *event, _ []byte) error {
		at := second(e.at)
		if at < in.from || at >= in.to {
			return nil
		}
		var passes bool
		if key, passes = r.plan.groupOf(key[:0], &e.dims); !passes {
			return nil
		}
		r.tally.add(r.plan.start(at), key, e)
		if at < punctual {
			r.late++
		}
		if len(r.tally.entries) > maxCells {
			return errCells
		}
		return nil
	})
	if err != nil && !errors.Is(err, errCells) {
		return damagedBatch(rec, err)
	}
	return err
}
