package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"quintet/engine"
)

// Answer is what a search found.
type Answer struct {
	Hits     []Hit            `json:"hits" nullable:"false" doc:"The best first; of equal ones the newest."`
	Found    int              `json:"found" doc:"Documents that match: keyword = with a word of q, semantic = with a vector, hybrid = with a word of q, or among the nearest that are blended; each within the filter."`
	Facets   map[string]Facet `json:"facets,omitempty" doc:"Of each field that was asked for the most frequent values among all documents that match."`
	Mode     string           `json:"mode"`
	Degraded bool             `json:"degraded" doc:"Hybrid was asked for, and the vectors could not be used: the hits are those of keyword search."`
	TookMS   float64          `json:"took_ms"`
	Next     *string          `json:"next" doc:"The cursor of the next page, null at the end. Hybrid search ends with the best 200 of each kind, or as fusion says."`
	Explain  *Explanation     `json:"explain,omitempty"`
}

// Hit is one document that was found.
type Hit struct {
	ID       string          `json:"id"`
	Score    float64         `json:"score" doc:"What hits are ranked by: BM25, the metric of the vectors, or for hybrid what fusion makes of both. 0 where they are sorted."`
	Document json.RawMessage `json:"document" doc:"Without the vector that it brought."`
	Scores   Scores          `json:"scores"`

	Highlights map[string]string `json:"highlights,omitempty" doc:"Of each text field in which a word of q stands, the best part as HTML."`
	Explain    *HitExplanation   `json:"explain,omitempty"`
}

// Scores are what a hit owes its place to.
type Scores struct {
	Keyword  *float64 `json:"keyword,omitempty" doc:"BM25."`
	Semantic *float64 `json:"semantic,omitempty" doc:"By the collection's metric: cosine, dot product, or minus the distance. Of several passages the nearest counts."`
}

// errMoved means that a collection changed between the snapshot of the store
// and the look into its index: both are taken anew.
var errMoved = errors.New("search: the collection has changed")

// maxRetries is how often both are taken. Once is enough, unless all indexes
// were rebuilt meanwhile.
const maxRetries = 20

// Search searches one collection.
func (s *Service) Search(ctx context.Context, t engine.Tenant, collection string, q Query) (*Answer, error) {
	r := s.SearchAll(ctx, t, []NamedQuery{{collection, q}})[0]
	return r.Answer, r.Err
}

// answered says how long a search took.
func (s *Service) answered(c *collection, mode string, q *Query, a *Answer, took time.Duration) {
	a.TookMS = float64(took.Microseconds()) / 1000
	s.metrics.search.WithLabelValues(mode).Observe(took.Seconds())
	s.publish(c.tenant, "search.answered", c.name, 1)
	s.noteSlow(c, q, a, took)
}

// answer takes a snapshot of the store, waits until the index has followed it,
// looks into the index before that moves on, and reads the hits from the
// snapshot. So a document is seen before a change or after it, never both or
// neither.
func (s *Service) answer(ctx context.Context, t engine.Tenant, p *plan) (a *Answer, err error) {
	c := s.registry.find(t, p.schema.ID)
	if c == nil {
		return nil, errCollectionMoved
	}
	err = s.steadily(ctx, c, func(v *engine.View, looked func()) error {
		a, err = s.look(ctx, v, t, p, looked)
		return err
	})
	return a, err
}

// steadily runs f over a snapshot of the store, and over another one where the
// indexes were rebuilt meanwhile. The index of the collection stays as the
// snapshot has it until f has looked and lets it go.
func (s *Service) steadily(ctx context.Context, c *collection, f func(v *engine.View, looked func()) error) (err error) {
	for range maxRetries {
		if err = s.pinned(ctx, c, f); err != errMoved {
			return err
		}
		s.metrics.retried.Inc()
	}
	return errBehind
}

func (s *Service) pinned(ctx context.Context, c *collection, f func(v *engine.View, looked func()) error) error {
	x, release, err := s.use(ctx, c)
	if err != nil {
		return err
	}
	defer release()
	p := x.pin(s.seen.now())
	looked := func() { x.unpin(p) }
	defer looked()
	return s.e.Store.View(ctx, c.tenant, func(v *engine.View) error {
		x.raise(p, v.Seq())
		return f(v, looked)
	})
}

// maxLook is how long a snapshot is held for an index that has not followed
// it, less than the engine lets a snapshot live.
const maxLook = 4 * time.Second

func (s *Service) look(ctx context.Context, v *engine.View, t engine.Tenant, p *plan, looked func()) (*Answer, error) {
	memory := s.scratch.Get().(*scratch)
	defer s.scratch.Put(memory)
	var found *finding
	c, err := s.readParts(ctx, v, t, p.schema.ID, func(parts []*part) { found = find(ctx, parts, p, memory) })
	looked()
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	s.offerSample(c, found, p)
	return found.answer(v, p.schema.ID, p)
}

// readParts runs f over the parts of a collection as a snapshot has it, while
// nothing changes them. Errors: errMoved, errCollectionMoved where the
// collection is gone.
func (s *Service) readParts(ctx context.Context, v *engine.View, t engine.Tenant, id engine.ID, f func([]*part)) (*collection, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, maxLook, errBehind)
	defer cancel()
	if err := s.seen.wait(ctx, v.Seq()); err != nil {
		return nil, err
	}
	c := s.registry.find(t, id)
	if c == nil {
		return nil, errCollectionMoved // a plan does not fit another one of its name
	}
	x, release := c.loaded()
	defer release()
	if x == nil {
		return nil, errMoved
	}
	switch err := x.wait(ctx, v.Seq()); {
	case err == errBroken || err == nil && !x.read(v.Seq(), f):
		return nil, errMoved
	case err != nil:
		return nil, err
	}
	return c, nil
}

// maxAnswer is where the page of a request ends early, in bytes of documents.
const maxAnswer = 8 << 20

// answer reads the hits of a page.
func (f *finding) answer(v *engine.View, collection engine.ID, p *plan) (*Answer, error) {
	a := &Answer{Hits: []Hit{}, Found: f.found, Facets: f.facets, Mode: p.asked, Degraded: p.degraded, Explain: f.explain}
	size := 0 // of the documents, in bytes
	for i, r := range f.page {
		encoded := v.Get(bucketDocuments, documentKey(collection, r.version))
		if encoded == nil {
			return nil, fmt.Errorf("document %s is in the index and not in the store", r.version)
		}
		d, err := decodeDocument(p.schema.space, encoded)
		if err != nil {
			return nil, err
		}
		hit := Hit{ID: d.id, Score: r.score, Document: d.json, Scores: f.scores[i]}
		if p.highlight {
			hit.Highlights = f.words.highlights(p.schema, d.json)
		}
		if f.why != nil {
			hit.Explain = f.why[i]
		}
		a.Hits = append(a.Hits, hit)
		last := i == len(f.page)-1
		if size += len(d.json); size > p.room && !last || last && f.more {
			next := cursor{score: r.score, version: r.version}
			if f.keys != nil {
				next.keys = f.keys[i]
			}
			text := next.encode(p.print)
			a.Next = &text
			break
		}
	}
	return a, nil
}
