package stream

import "unsafe"

// window is one second of event time: a row for each series that has events
// in it. Rows are in the order of their first event.
type window struct {
	start  int64 // Unix second
	rows   map[uint32]int32
	series []uint32
	counts []uint64
	cells  []measure // as many as the stream has measures, for each row
}

// rowBytes is about what a row costs beside its measures.
const (
	windowBytes = int64(unsafe.Sizeof(window{})) + 48
	rowBytes    = 4 + 8 + 24
	cellBytes   = int64(unsafe.Sizeof(measure{}))
)

// row returns the place of a series, made when missing.
func (w *window) row(id uint32, width int) (row int, isNew bool) {
	if row, ok := w.rows[id]; ok {
		return int(row), false
	}
	row = len(w.series)
	w.rows[id] = int32(row)
	w.series = append(w.series, id)
	w.counts = append(w.counts, 0)
	for range width {
		w.cells = append(w.cells, measure{})
	}
	return row, true
}

// ring holds the windows of one stream from its horizon on. A window has the
// slot of its second modulo the length; the ring is so long that all seconds
// that an event may have between the horizon and ten minutes ahead have slots
// of their own. Its stream's lock guards it.
type ring struct {
	slots   []*window // nil = no event
	width   int       // measures
	horizon int64     // Unix second: every event at or behind it is counted here
	newest  int64     // Unix second of the latest event that was seen
	series  *dictionary
	bytes   int64
}

// newRing returns a ring that keeps the last seconds and reaches maxAhead
// beyond now.
func newRing(seconds, horizon int64, width int, series *dictionary) *ring {
	return &ring{
		slots: make([]*window, seconds+int64(maxAhead.Seconds())+2),
		width: width, horizon: horizon, series: series,
	}
}

// slot returns where the window of a second stands.
func (r *ring) slot(second int64) **window { return &r.slots[second%int64(len(r.slots))] }

// apply counts a batch, and returns how many of its events lie before the
// horizon: only the log has them.
func (r *ring) apply(t *tally) (late uint64) {
	for i := range t.entries {
		e := &t.entries[i]
		r.newest = max(r.newest, e.window)
		if e.window < r.horizon {
			late += e.count
			continue
		}
		r.count(e.window, r.series.id(t.key(e)), e.count, t.row(i))
	}
	return late
}

func (r *ring) count(second int64, id uint32, count uint64, cells []measure) {
	// An event beyond the reach would share a slot with the oldest window; no
	// batch that was let in has one.
	if reach := second - int64(len(r.slots)) + 1; reach > r.horizon {
		r.advance(reach)
	}
	at := r.slot(second)
	if *at == nil {
		*at = &window{start: second, rows: map[uint32]int32{}}
		r.bytes += windowBytes
	}
	w := *at
	row, isNew := w.row(id, r.width)
	if isNew {
		r.series.use(id)
		r.bytes += rowBytes + int64(r.width)*cellBytes
	}
	w.counts[row] += count
	for m, own := 0, w.cells[row*r.width:(row+1)*r.width]; m < len(own); m++ {
		own[m].merge(cells[m])
	}
}

// advance moves the horizon on, never back, and lets go of the windows before.
func (r *ring) advance(horizon int64) {
	for second := r.horizon; second < min(horizon, r.horizon+int64(len(r.slots))); second++ {
		at := r.slot(second)
		if w := *at; w != nil && w.start < horizon {
			*at = nil
			for _, id := range w.series {
				r.series.drop(id)
			}
			r.bytes -= windowBytes + int64(len(w.series))*(rowBytes+int64(r.width)*cellBytes)
		}
	}
	r.horizon = max(r.horizon, horizon)
}

// size is about what the ring holds in memory.
func (r *ring) size() int64 { return r.bytes + r.series.bytes + 8*int64(len(r.slots)) }
