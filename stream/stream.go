package stream

import (
	"sync"

	"quintet/engine"
)

// stream is one stream in memory: its definition, its windows, its live
// queries and its producers.
type stream struct {
	tenant    engine.Tenant
	name      string
	id        engine.ID
	producers producers

	mu     sync.RWMutex // guards what follows; after the sequencer's
	record *record
	shape  *shape // of record
	ring   *ring
	next   uint64 // offset of the next event to be applied
	feeds  map[string]*feed
	gone   bool // deleted
}

func newStream(t engine.Tenant, name string, r *record, next uint64, ring *ring) *stream {
	return &stream{
		tenant: t, name: name, id: r.ID, record: r, shape: compile(r.Definition, r.Version),
		ring: ring, next: next, feeds: map[string]*feed{},
		producers: producers{known: map[engine.ID]*producer{}},
	}
}

// current returns the compiled definition.
func (st *stream) current() *shape {
	st.mu.RLock()
	defer st.mu.RUnlock()
	return st.shape
}

// applied returns the offset of the next event to be counted.
func (st *stream) applied() uint64 {
	st.mu.RLock()
	defer st.mu.RUnlock()
	return st.next
}

// redefine puts another definition in the place of the one so far. Where that
// changes what is counted, the windows begin anew behind every event that was
// seen, and live queries end: what they ask may no longer exist.
func (st *stream) redefine(r *record) (grown int64) {
	st.mu.Lock()
	defer st.mu.Unlock()
	before := st.ring.size()
	counts := r.Definition.counts(st.record.Definition)
	st.record, st.shape = r, compile(r.Definition, r.Version)
	if counts {
		return 0
	}
	st.ring.advance(st.ring.newest + 1)
	st.ring.width = len(r.Measures)
	st.endFeeds(goodbyeRedefined)
	return st.ring.size() - before
}

// end lets go of a deleted stream's windows and live queries.
func (st *stream) end() (freed int64) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.gone = true
	freed = st.ring.size()
	st.ring.advance(st.ring.horizon + int64(len(st.ring.slots)))
	st.endFeeds(goodbyeDeleted)
	return freed
}

// endFeeds ends every live query. The caller holds mu.
func (st *stream) endFeeds(why goodbye) {
	for key, f := range st.feeds {
		f.end(why)
		delete(st.feeds, key)
	}
}

// apply counts a batch whose turn it is. It returns by how much the windows
// grew, and how many events came before the horizon.
func (st *stream) apply(d *delivery, horizon int64) (grown int64, late uint64, err error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.gone {
		return 0, 0, nil
	}
	before := st.ring.size()
	t := d.tally
	if d.shape != st.shape && !d.shape.counts(st.shape.Definition) {
		// Parsed just before the definition was changed.
		if t, err = st.shape.tally(d.data[batchHeader:]); err != nil {
			return 0, 0, err
		}
	}
	st.ring.advance(horizon)
	late = st.ring.apply(t)
	for _, f := range st.feeds {
		f.add(t)
	}
	st.next = d.offset + uint64(d.count)
	return st.ring.size() - before, late, nil
}

// tally counts stored lines by second and all dimensions.
func (s *shape) tally(lines []byte) (*tally, error) {
	t := newTally(len(s.Measures))
	var key []byte
	err := s.recount(lines, 0, func(_ uint64, e *event, _ []byte) error {
		key = appendKey(key[:0], e.dims[:len(s.Dimensions)])
		t.add(second(e.at), key, e)
		return nil
	})
	return t, err
}

// info tells about the stream.
func (st *stream) info() Info {
	st.mu.RLock()
	defer st.mu.RUnlock()
	r := st.record
	return Info{
		Name: st.name, Time: r.Time, Dimensions: r.Dimensions, Measures: r.Measures, Retention: r.Retention,
		Inferred: r.Inferred, Series: st.ring.series.size(), NextOffset: st.next,
		CreatedAt: r.Created, UpdatedAt: r.Updated, ETag: r.etag(),
	}
}
