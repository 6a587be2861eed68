package search

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"quintet/engine"
)

// IndexDiff builds the indexes from the store and tells where the running ones
// differ, "" if nowhere.
func (s *Service) IndexDiff(ctx context.Context) (diff string) {
	fresh := &Service{e: s.e, options: s.options, log: s.log, registry: newRegistry(), metrics: s.metrics}
	err := s.e.Store.View(ctx, s.e.Tenants.Platform(), func(v *engine.View) error { return fresh.rebuild(v) })
	if err != nil {
		return err.Error()
	}
	if own, want := len(s.registry.all()), len(fresh.registry.all()); own != want {
		return fmt.Sprintf("%d collections, in the store %d", own, want)
	}
	for _, want := range fresh.registry.all() {
		own := s.registry.find(want.tenant, want.id)
		if own == nil {
			return "collection " + want.name + " is missing"
		}
		if err := own.index.wait(ctx, ^uint64(0)); err != nil {
			return err.Error()
		}
		if !slices.Equal(own.schema.Load().fields, want.schema.Load().fields) {
			return "collection " + want.name + " has other fields"
		}
		if diff := own.index.current.diff(want.index.current); diff != "" {
			return "collection " + want.name + ": " + diff
		}
	}
	return ""
}

// content is everything of the live rows, by version.
func (g *segment) content() map[version]string {
	rows := map[version]map[string]float32{}
	for term, list := range g.terms {
		for i, at := range list.rows {
			v := g.versions[at]
			if rows[v] == nil {
				rows[v] = map[string]float32{}
			}
			rows[v][term] = list.frequencies[i]
		}
	}
	all := map[version]string{}
	for v, at := range g.rowOf {
		text := fmt.Sprint(g.lengths[at], g.sizes[at])
		for _, term := range slices.Sorted(maps.Keys(rows[v])) {
			text += fmt.Sprint(" ", term, rows[v][term])
		}
		for _, c := range g.columns {
			text += fmt.Sprint(" ", c.value(at))
		}
		if len(g.scales) > 0 {
			text += fmt.Sprint(" ", g.scales[at], g.codesOf(at))
		}
		all[v] = text
	}
	return all
}

func (g *segment) diff(want *segment) string {
	if g.count != want.count || g.vectors != want.vectors || g.bytes != want.bytes {
		return fmt.Sprintf("%d documents, %d vectors, %d bytes; in the store %d, %d, %d", g.count, g.vectors, g.bytes, want.count, want.vectors, want.bytes)
	}
	if d := g.length - want.length; d > 1e-6 || d < -1e-6 {
		return fmt.Sprintf("a length of %v, in the store %v", g.length, want.length)
	}
	own := g.content()
	for v, text := range want.content() {
		if own[v] != text {
			return fmt.Sprintf("document %s is %.300q, in the store %.300q", v, own[v], text)
		}
	}
	return ""
}

// Sweep removes what deleted collections left.
func (s *Service) Sweep(ctx context.Context) error { return s.sweep(ctx) }

// StartIdle starts without the sweeper.
func (s *Service) StartIdle(ctx context.Context) error { return s.observeStore(ctx) }

// Rows counts the rows of a collection's index, dead ones too.
func (s *Service) Rows(t engine.Tenant, name string) int {
	c, err := s.registry.get(t, name)
	if err != nil {
		return 0
	}
	c.index.segment.RLock()
	defer c.index.segment.RUnlock()
	return len(c.index.current.versions)
}

// Terms exposes analyse.
func Terms(text string) (terms []string) {
	analyse(text, func(term string) { terms = append(terms, term) })
	return terms
}

// Half and Single expose the conversions of the same names.
func Half(f float32) uint16   { return half(f) }
func Single(h uint16) float32 { return single(h) }

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
	for at := 0; at+vectorBytes <= len(demoVectors); at += vectorBytes {
		v, _ := storedVector(demoVectors[at : at+vectorBytes])
		vectors = append(vectors, v)
	}
	return vectors
}

// Halves encodes vectors as they are stored.
func Halves(vectors [][]float32) (b []byte) {
	for _, v := range vectors {
		b = appendHalves(b, v)
	}
	return b
}

// FailNextIndexing breaks the index that is fed next.
func (s *Service) FailNextIndexing() {
	for _, c := range s.registry.all() {
		c.index.segment.Lock()
		c.index.current.terms = nil // a write to it panics
		c.index.segment.Unlock()
	}
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
