package stream

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"unicode/utf8"

	"quintet/engine"
)

// Manual makes a test keep house: nothing happens by the clock.
func (s *Streams) Manual() *Streams {
	s.manual = true
	return s
}

// What the housekeeper does.
func (s *Streams) Tick()                                     { s.tick() }
func (s *Streams) Age()                                      { s.age() }
func (s *Streams) Flush(ctx context.Context) error           { return s.flush(ctx) }
func (s *Streams) Trim(ctx context.Context) error            { return s.trim(ctx) }
func (s *Streams) ExpireProducers(ctx context.Context) error { return s.expireProducers(ctx) }

// What is in use.
func (s *Streams) InFlight() int64    { return s.flow.bytes() }
func (s *Streams) WindowBytes() int64 { return s.memory.Load() }
func (s *Streams) Late() uint64       { return s.late.Load() }
func (s *Streams) Subscribers() int   { return s.live.size() }

// Horizon returns the Unix second where a stream's windows begin.
func (s *Streams) Horizon(t engine.Tenant, name string) int64 {
	st, err := s.registry.get(t, name)
	if err != nil {
		panic(err)
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	return st.ring.horizon
}

// RingBytes adds up what the windows of all streams say of themselves.
func (s *Streams) RingBytes() (total int64) {
	for _, st := range s.registry.all() {
		st.mu.RLock()
		total += st.ring.size()
		st.mu.RUnlock()
	}
	return total
}

// KnownProducers counts the producers in memory.
func (s *Streams) KnownProducers() (n int) {
	for _, st := range s.registry.all() {
		st.producers.mu.Lock()
		n += len(st.producers.known)
		st.producers.mu.Unlock()
	}
	return n
}

// Scanned is an event as the scanner sees it.
type Scanned struct {
	At     int64
	Dims   []string // nil = missing
	Has    []bool
	Values []float64 // NaN-free; valid where present
	Known  []bool
}

// Scan reads a line by a definition; quick tells whether the quick path took it.
func Scan(d Definition, line []byte) (got Scanned, quick bool, err error) {
	sh := compile(d, 1)
	sc := scanner{shape: sh, strict: true, valid: utf8.Valid(line)}
	var e event
	e.reset(sh)
	quick = sc.valid && sc.quick(line, &e)
	if !quick {
		e.reset(sh)
		err = sc.decode(line, &e)
	}
	got.At = e.at
	for i := range d.Dimensions {
		got.Dims = append(got.Dims, string(e.dims[i]))
		got.Has = append(got.Has, e.dims[i] != nil)
	}
	for i := range d.Measures {
		got.Values = append(got.Values, e.values[i])
		got.Known = append(got.Known, e.present&(1<<i) != 0)
	}
	return got, quick, err
}

// Texts cuts a body as a request's would be.
func Texts(body []byte, oneValue bool) (texts []string, err error) {
	s := newSplitter(body, oneValue)
	for {
		from, to, err := s.next()
		if err != nil {
			return texts, err
		}
		if from == to {
			return texts, nil
		}
		texts = append(texts, string(body[from:to]))
	}
}

// Infer derives a definition from a body.
func Infer(body []byte) (Definition, error) { return infer(body, false) }

// Joined counts the subscribers of all feeds.
func (s *Streams) Joined() (n int) {
	for _, st := range s.registry.all() {
		st.mu.RLock()
		for _, f := range st.feeds {
			for sub := range f.subscribers {
				select {
				case <-sub.ended:
				default:
					n++
				}
			}
		}
		st.mu.RUnlock()
	}
	return n
}

// Tag is what the ids of a stream's live frames end in.
func (s *Streams) Tag(t engine.Tenant, name string) string {
	st, err := s.registry.get(t, name)
	if err != nil {
		panic(err)
	}
	return s.tag(st)
}

// Follow serves a live connection without HTTP.
func (s *Streams) Follow(ctx context.Context, t engine.Tenant, name string, q LiveQuery, out interface{ Write([]byte) (int, error) }) error {
	sub, err := s.subscribe(t, name, q)
	if err != nil {
		return err
	}
	sub.serve(ctx, out)
	return nil
}

// Reader scans lines one after the other, as a request does.
func Reader(d Definition) func(line []byte) error {
	sc := scanner{shape: compile(d, 1), strict: true, valid: true}
	var e event
	return func(line []byte) error { return sc.scan(line, &e) }
}

// Counter scans lines and counts them into a tally, as a request does.
func Counter(d Definition) (count func(line []byte) error, reset func(), entries func() int) {
	sh := compile(d, 1)
	sc := scanner{shape: sh, strict: true, valid: true}
	t := newTally(len(d.Measures))
	var e event
	var key []byte
	count = func(line []byte) error {
		if err := sc.scan(line, &e); err != nil {
			return err
		}
		key = appendKey(key[:0], e.dims[:len(d.Dimensions)])
		t.add(second(e.at), key, &e)
		return nil
	}
	return count, func() { t.reset(len(d.Measures)) }, func() int { return len(t.entries) }
}

// Sequence delivers batches in the order of positions, each from a goroutine
// of its own once the one before it was applied or waits, and returns the
// order in which they were applied.
func Sequence(positions []uint64) (applied []uint64) {
	q := sequencer{next: 1, parked: map[uint64]*delivery{}}
	q.apply = func(d *delivery) { applied = append(applied, d.position) }
	var wg sync.WaitGroup
	for i, p := range positions {
		wg.Go(func() { q.deliver(&delivery{position: p}) })
		for arrived := 0; arrived <= i; runtime.Gosched() {
			q.mu.Lock()
			arrived = len(applied) + len(q.parked)
			q.mu.Unlock()
		}
	}
	wg.Wait()
	return applied
}

// Collide counts two keys under one hash, and returns how many entries they made.
func Collide(a, b string) int {
	t := newTally(0)
	t.at(1, []byte(a), 7)
	t.at(1, []byte(b), 7)
	return len(t.entries)
}

// FlushHalf writes the open span as flush does, and stops before it is noted.
func (s *Streams) FlushHalf(ctx context.Context) error {
	for t, puts := range s.putsOf(s.index.close()) {
		if err := s.putAll(ctx, t, puts); err != nil {
			return err
		}
	}
	return nil
}

// ParseNumber reads a number at the front of text.
func ParseNumber(text string) (f float64, digits uint64, end int, ok bool) {
	var n number
	if text == "" || text[0] != '-' && text[0]-'0' > 9 {
		return 0, 0, -1, false
	}
	if end = scanNumber([]byte(text), 0, &n); end < 0 {
		return 0, 0, end, false
	}
	f, ok = n.float()
	return f, n.digits, end, ok
}

// RoundTrip makes a key of values, nil ones missing, and reads it again.
func RoundTrip(values [][]byte) (key []byte, again [][]byte) {
	key = appendKey(nil, values)
	again = make([][]byte, len(values))
	splitKey(key, again)
	return key, again
}

// PlainEnd is where the text that begins at b[i] ends, -1 if it is not plain.
func PlainEnd(b []byte, i int) int { return plainEnd(b, i) }

// Ring is the windows of one stream with one measure.
type Ring struct {
	ring  *ring
	quota *quota
}

// NewRing keeps the last seconds before a horizon that is to be moved.
func NewRing(seconds, horizon int64, series, tenantSeries int) *Ring {
	q := &quota{limit: int64(tenantSeries)}
	return &Ring{newRing(seconds, horizon, 1, newDictionary(series, q)), q}
}

// Apply counts one event, and reports whether it was late.
func (r *Ring) Apply(second int64, key string, value float64) (late bool) {
	t := newTally(1)
	e := event{present: 1}
	e.values[0] = value
	t.add(second, []byte(key), &e)
	return r.ring.apply(t) > 0
}

// Advance moves the horizon.
func (r *Ring) Advance(horizon int64) { r.ring.advance(horizon) }

// Dump lists count, sum, min and max by second and key.
func (r *Ring) Dump() map[string][4]float64 {
	all := map[string][4]float64{}
	for _, w := range r.ring.slots {
		if w == nil {
			continue
		}
		for i, id := range w.series {
			m := w.cells[i]
			all[fmt.Sprint(w.start, " ", r.ring.series.key(id))] = [4]float64{float64(w.counts[i]), m.sum, m.min, m.max}
		}
	}
	return all
}

// Account returns the bytes that the ring says it has beside its slots, how
// many series it knows, and how many its tenant is charged for.
func (r *Ring) Account() (bytes int64, series int, charged int64) {
	return r.ring.bytes + r.ring.series.bytes, r.ring.series.size(), r.quota.used.Load()
}
