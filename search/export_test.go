package search

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"quintet/engine"
	"quintet/search/analysis"
	"quintet/search/binary16"
	"quintet/search/column"
	"quintet/search/embed"
	"quintet/search/inverted"
)

// IndexDiff builds the indexes from the documents alone and tells where the
// running ones differ, "" if nowhere.
func (s *Service) IndexDiff(ctx context.Context) (diff string) {
	for _, own := range s.registry.all() {
		x, release, err := s.use(ctx, own)
		if err != nil {
			return err.Error()
		}
		defer release()
		if err := x.wait(ctx, ^uint64(0)); err != nil {
			return err.Error()
		}
		var puts []put
		err = s.e.Store.View(ctx, own.tenant, func(v *engine.View) error {
			puts = nil
			for key := range v.Keys(bucketDocuments, own.id[:], after(own.id)) {
				p, _ := readPut(v, own.id, version(key[16:]))
				puts = append(puts, p)
			}
			return nil
		})
		if err != nil {
			return err.Error()
		}
		rows, err := makeRows(own.schema.Load(), puts, 0)
		if err != nil {
			return err.Error()
		}
		want := newIndex(own.schema.Load(), 0, 1<<30, make(chan struct{}, 1))
		want.show(change{schema: own.schema.Load()}, rows)
		terms := map[string]bool{}
		for _, r := range rows {
			for _, token := range r.tokens {
				terms[token.Term] = true
			}
		}
		diff = x.diff(want, slices.Sorted(maps.Keys(terms)))
		if diff != "" {
			return "collection " + own.name + ": " + diff
		}
	}
	return ""
}

func (x *index) diff(want *index, terms []string) string {
	x.segment.RLock()
	defer x.segment.RUnlock()
	a, b := x.content(terms), want.content(terms)
	if len(a) != len(b) {
		return fmt.Sprintf("%d documents, in the store %d", len(a), len(b))
	}
	for v, text := range b {
		if a[v] != text {
			return fmt.Sprintf("document %s is %.500q, in the store %.500q", v, a[v], text)
		}
	}
	return ""
}

// content is everything of the live rows, by version; of their words these.
func (x *index) content(terms []string) map[version]string {
	all := map[version]string{}
	for _, g := range x.all() {
		texts := map[uint32]string{}
		for at := range g.live.All() {
			text := fmt.Sprint(g.sizes[at])
			for i := range x.current.schema.fields {
				value := column.Value{}
				if i < len(g.columns) {
					value = g.columns[i].Value(at)
				}
				slices.Sort(value.Words)
				text += fmt.Sprint(" ", value)
			}
			if g.hasVector(at) {
				from, to := g.vectors.of(at)
				for n := from; n < to; n++ {
					text += fmt.Sprint(" ", g.vectors.vector(n))
				}
			}
			texts[at] = text
		}
		if len(texts) != g.count {
			panic(fmt.Sprintf("%d rows are live, counted %d", len(texts), g.count))
		}
		for slice := range slices.Chunk(terms, inverted.MaxClauses) {
			var clauses []inverted.Clause
			for _, term := range slice {
				clauses = append(clauses, inverted.Clause{Terms: []string{term}, Weight: 1})
			}
			if g.text == nil {
				continue
			}
			m := inverted.NewPlan(clauses, g.text).In(g.text)
			for at := range texts {
				for _, p := range m.Explain(at) {
					texts[at] += fmt.Sprint(" ", slice[p.Clause], p.Frequency, p.Length)
				}
			}
		}
		for at, text := range texts {
			if v := g.versions[at]; all[v] != "" {
				all[v] = "is live twice"
			} else {
				all[v] = text
			}
		}
	}
	return all
}

// Maintain makes every rewrite that is due, as if the time had come for those
// that wait, and returns how many there were.
func (s *Service) Maintain(ctx context.Context, later time.Duration) (rewrites int, err error) {
	for {
		any := false
		for _, c := range s.registry.all() {
			x, release, err := s.use(ctx, c)
			if err != nil {
				return rewrites, err
			}
			defer release()
			inputs := x.due(time.Now().Add(max(later, sealWait)), s.options)
			if len(inputs) == 0 {
				continue
			}
			if err := s.rewrite(ctx, c, x, inputs); err != nil {
				return rewrites, err
			}
			any = true
			rewrites++
		}
		if !any {
			return rewrites, nil
		}
	}
}

// due is what is to be sealed, or else to be merged.
func (x *index) due(now time.Time, o Options) []*part {
	if inputs := x.toSeal(now, o); len(inputs) > 0 {
		return inputs
	}
	if inputs := x.toMergeLittle(now, o); len(inputs) > 0 {
		return inputs
	}
	return x.toMergeMuch(now, o)
}

// Merge makes all parts of a collection one, without dead rows.
func (s *Service) Merge(ctx context.Context, t engine.Tenant, name string) error {
	c, err := s.registry.get(t, name)
	if err != nil {
		return err
	}
	x, release, err := s.use(ctx, c)
	if err != nil {
		return err
	}
	defer release()
	x.segment.Lock()
	x.freeze()
	inputs := slices.Clone(x.parts)
	x.segment.Unlock()
	return s.rewrite(ctx, c, x, inputs)
}

// Segments counts the parts of a collection that have a file.
func (s *Service) Segments(t engine.Tenant, name string) (n int) {
	s.lookInto(t, name, func(x *index) {
		for _, g := range x.parts {
			if g.record != nil && g.rows() > 0 {
				n++
			}
		}
	})
	return n
}

// Evict puts the index of a collection away, also where it is used or not sealed,
// and reports whether there was one.
func (s *Service) Evict(t engine.Tenant, name string) bool {
	c, err := s.registry.get(t, name)
	if err != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.index
	c.index = nil
	return was != nil
}

// Trim puts indexes away until they take no more than they may.
func (s *Service) Trim() { s.trim() }

// Sweep removes what deleted collections left.
func (s *Service) Sweep(ctx context.Context) error { return s.sweep(ctx) }

// StartIdle starts without the sweeper.
func (s *Service) StartIdle(ctx context.Context) error { return s.observeStore(ctx) }

// Rows counts the rows of a collection's index, dead ones too.
func (s *Service) Rows(t engine.Tenant, name string) (n int) {
	s.lookInto(t, name, func(x *index) {
		for _, g := range x.all() {
			n += g.rows()
		}
	})
	return n
}

// Terms are those of an English text.
func Terms(text string) (terms []string) {
	a, _ := analysis.For(english)
	a.Tokens(text, func(t analysis.Token) bool { terms = append(terms, t.Term); return true })
	return terms
}

// DemoTexts are what the demo's documents embed, in their order.
func DemoTexts() (texts []string) {
	d := demoDefinition()
	sc := newSchema(&record{Declared: d.Fields, Embed: d.Embed})
	for _, line := range demoLines() {
		m, err := parseDocument(line)
		if err != nil {
			panic(err)
		}
		values, err := sc.values(m)
		if err != nil {
			panic(err)
		}
		texts = append(texts, sc.embedText(values))
	}
	return texts
}

// DemoModel names the model that made the demo's vectors.
func DemoModel() string { return strings.TrimSpace(demoModel) }

// DemoVectors are the demo's vectors.
func DemoVectors() (vectors [][]float32) {
	for at := 0; at < len(demoVectors); at += 2 * Dimensions {
		v := make([]float32, Dimensions)
		binary16.Floats(v, demoVectors[at:at+2*Dimensions])
		vectors = append(vectors, v)
	}
	return vectors
}

// Halves encodes vectors as they are stored.
func Halves(vectors [][]float32) (b []byte) {
	for _, v := range vectors {
		b = binary16.Append(b, v)
	}
	return b
}

// FailNextIndexing breaks the index of a collection for whatever it is fed next.
func (s *Service) FailNextIndexing(name string) {
	for _, c := range s.registry.all() {
		if c.name == name {
			s.lookInto(c.tenant, name, func(x *index) { x.current.rowOf = nil }) // a write to it panics
		}
	}
}

// FailNextRewrite breaks what a collection has that is not sealed.
func (s *Service) FailNextRewrite(t engine.Tenant, name string) {
	s.lookInto(t, name, func(x *index) {
		x.freeze()
		x.parts[len(x.parts)-1].text = nil // to read it panics
	})
}

// HoldDefinitions lets changes of a tenant's definitions wait, until release is
// called.
func (s *Service) HoldDefinitions(t engine.Tenant) (release func()) {
	release, err := s.defining.Take(context.Background(), t.UID())
	if err != nil {
		panic(err)
	}
	return release
}

// ReindexTurns takes turns for as many re-indexes as there are tenants, each its
// own or one of several of the same, and returns how many each tenant had.
func ReindexTurns(tenants []engine.Tenant, turnsTaken int) map[engine.Tenant]int {
	ts, taken := turns{}, map[engine.Tenant]int{}
	var running []*reindexing
	for i, t := range tenants {
		running = append(running, &reindexing{t, "", &reindexRecord{TargetID: engine.ID{byte(i + 1)}}})
	}
	for range turnsTaken {
		w := ts.take(running, time.Time{})
		taken[w.tenant]++
		ts.giveBack(w.TargetID, time.Time{})
	}
	return taken
}

// SealOnce takes one round of sealing, as if the time had come.
func (s *Service) SealOnce(ctx context.Context) (done bool, err error) {
	return s.maintain(ctx, func(x *index, _ time.Time, o Options) []*part { return x.toSeal(time.Now().Add(time.Hour), o) })
}

// lookInto runs f over the index of a collection, which nobody else reads or
// writes meanwhile. It runs nothing where there is none.
func (s *Service) lookInto(t engine.Tenant, name string, f func(*index)) {
	c, err := s.registry.get(t, name)
	if err != nil {
		return
	}
	x, release, err := s.use(context.Background(), c)
	if err != nil {
		panic(err)
	}
	defer release()
	x.segment.Lock()
	defer x.segment.Unlock()
	f(x)
}

// Places is how many embeddings run at once.
func (s *Service) Places() int { return s.gate.places }

// OccupyModel takes every place of the model, until leave is called.
func (s *Service) OccupyModel() (leave func()) {
	var all []func()
	for range s.gate.places {
		one, err := s.gate.enter(context.Background(), engine.Tenant{}, false)
		if err != nil {
			panic(err)
		}
		all = append(all, one)
	}
	return func() {
		for _, one := range all {
			one()
		}
	}
}

// MeasureSample makes the search again that was handed over for that, and
// reports whether there was one.
func (s *Service) MeasureSample() bool {
	select {
	case one := <-s.samples:
		one.measure(newScratch())
		return true
	default:
		return false
	}
}

// SnapshotFileOf writes a snapshot file: a head, and documents as they are
// stored with their passages.
func SnapshotFileOf(head string, documents ...[2][]byte) string {
	var puts []put
	for _, d := range documents {
		puts = append(puts, put{value: d[0], passages: d[1]})
	}
	return snapshotFileOf(head, puts...)
}

// StoredDocument is a document as it is stored.
func StoredDocument(id, text string, hash byte, more bool, vector ...float32) []byte {
	return stored{id: id, hash: [16]byte{hash}, vector: binary16.Append(nil, vector), more: more, json: []byte(text)}.encode()
}

// StoredPassages are passages as they are stored, all with one vector.
func StoredPassages(vector []float32, places ...int) []byte {
	var passages []embed.Passage
	var vectors [][]float32
	for i := 0; i < len(places); i += 2 {
		passages, vectors = append(passages, embed.Passage{Start: places[i], End: places[i+1]}), append(vectors, vector)
	}
	return encodePassages(space{dimensions: Dimensions}, passages, vectors)
}

// StepReindex takes one re-index a step further, and reports whether there was one.
func (s *Service) StepReindex(ctx context.Context) bool {
	w := s.turns.take(s.registry.running(), time.Now())
	if w == nil {
		return false
	}
	s.stepOnce(ctx, w)
	s.turns.giveBack(w.TargetID, time.Time{})
	return true
}

// AddCold makes so many collections known, which have nothing and are not stored.
func (s *Service) AddCold(t engine.Tenant, n int) {
	for i := range n {
		s.register(s.registry, t, fmt.Sprint("cold-", i), newRecord(s.e.IDs.New(), Definition{}, "", time.Time{}))
	}
}

// BeginLoad does what begins to load an index of so many bytes, and no more.
func (s *Service) BeginLoad(t engine.Tenant, name string, bytes int64) error {
	c, err := s.registry.get(t, name)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.loading = &loading{done: make(chan struct{})}
	c.mu.Unlock()
	s.warm.add(c)
	return s.admitIndex(c, bytes)
}

// OccupyIndex looks into the index of a collection, as a search does, and lets a
// change wait for that, until release is called.
func (s *Service) OccupyIndex(t engine.Tenant, name string) (release func()) {
	c, err := s.registry.get(t, name)
	if err != nil {
		panic(err)
	}
	x, leave, err := s.use(context.Background(), c)
	if err != nil {
		panic(err)
	}
	x.segment.RLock()
	changed := make(chan struct{})
	go func() {
		x.segment.Lock()
		defer x.segment.Unlock()
		close(changed)
	}()
	for x.segment.TryRLock() { // until the change waits
		x.segment.RUnlock()
		time.Sleep(time.Millisecond)
	}
	return func() {
		x.segment.RUnlock()
		<-changed
		leave()
	}
}

// Warm names the collections whose index is in memory.
func (s *Service) Warm() (names []string) {
	for _, c := range s.warmed() {
		names = append(names, c.name)
	}
	slices.Sort(names)
	return names
}

// LookAround does once what is done each second.
func (s *Service) LookAround(ctx context.Context) {
	_, _ = s.maintain(ctx, (*index).toSeal)
	_, _ = s.maintain(ctx, (*index).toMergeLittle)
	_, _ = s.maintain(ctx, (*index).toMergeMuch)
	s.trim()
}

// OccupyLoads takes all the turns at loading indexes that a tenant has.
func (s *Service) OccupyLoads(t engine.Tenant) (release func()) {
	var all []func()
	for range loadsOfTenant {
		leave, err := s.loads.Take(context.Background(), t.UID())
		if err != nil {
			panic(err)
		}
		all = append(all, leave)
	}
	return func() {
		for _, leave := range all {
			leave()
		}
	}
}

// OccupyMerge takes all the sealed parts of a collection, as a merge of much does,
// until release is called.
func (s *Service) OccupyMerge(t engine.Tenant, name string) (release func()) {
	var taken []*part
	s.lookInto(t, name, func(x *index) {
		_, taken = x.frozenParts(time.Now())
		take(taken)
	})
	return func() { giveBack(taken) }
}
