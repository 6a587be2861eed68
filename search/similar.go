package search

import (
	"cmp"
	"context"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// SimilarQuery asks for the documents that are nearest to one.
type SimilarQuery struct {
	ID     string  `json:"id" doc:"Of the document, which is not among the hits." example:"d1"`
	Limit  Count   `json:"limit,omitempty" default:"10" minimum:"1" maximum:"1000"`
	Cursor *string `json:"cursor,omitempty" doc:"The next of the page before, of the same query; a document that was written again begins anew."`
	Filter string  `json:"filter,omitempty" doc:"As in a search." example:"year >= 2020"`
	Exact  bool    `json:"exact,omitempty" doc:"As in a search."`

	Facets     []string `json:"facets,omitempty" nullable:"false" doc:"As in a search." example:"[\"tags\"]"`
	FacetLimit Count    `json:"facet_limit,omitempty" default:"10" minimum:"1" maximum:"1000"`
	Explain    bool     `json:"explain,omitempty"`
}

// Similar searches by the vectors that a document has. Of several, the best
// score that one of them gives a hit counts. They are read from the snapshot
// that is searched, and no model is needed. Errors: document_not_found,
// not_embedded.
func (s *Service) Similar(ctx context.Context, t engine.Tenant, name string, q SimilarQuery) (a *Answer, err error) {
	began := time.Now()
	if err := api.CheckID("document", q.ID); err != nil {
		return nil, err
	}
	err = s.reading(ctx, t, name, func(c *collection) error {
		err := s.steadily(ctx, c, func(v *engine.View, looked func()) error {
			p, err := s.planSimilar(ctx, v, c, c.throughAlias(name), &q)
			if err == nil {
				a, err = s.look(ctx, v, t, p, looked)
			}
			return err
		})
		if err == nil {
			s.answered(c, modeSimilar, &Query{Filter: q.Filter, Limit: q.Limit}, a, time.Since(began))
		}
		return err
	})
	return a, err
}

// modeSimilar is how the metrics name such a search.
const modeSimilar = "similar"

func (s *Service) planSimilar(ctx context.Context, v *engine.View, c *collection, alias string, q *SimilarQuery) (*plan, error) {
	sc := c.schema.Load()
	if !sc.hasVectors() {
		return nil, errNoVectors
	}
	d, ver, err := loadDocument(sc.space, v, c.id, pointerKey(c.tenant, c.id, q.ID))
	if err == errDocumentNotFound {
		return nil, cmp.Or(leads(v, alias, c), err) // it may be where the alias leads now
	}
	if err != nil {
		return nil, err
	}
	bound, err := sc.filterOf("", "", callerOf(ctx).Binding)
	if err != nil {
		return nil, err
	}
	if shown, err := sc.shows(bound, d.json); err != nil || !shown {
		return nil, cmp.Or(err, error(errDocumentNotFound))
	}
	numbers, err := d.numbers(sc.space, v.Get(bucketPassages, documentKey(c.id, ver)))
	if err != nil {
		return nil, err
	}
	if len(numbers) == 0 {
		return nil, errNoVector
	}
	all := make([]float32, len(numbers)/sc.space.bytes()*sc.space.dimensions)
	sc.space.floats(all, numbers)
	p, err := (&Query{
		Mode: modeSemantic, Vector: all, Limit: q.Limit, Cursor: q.Cursor, Filter: q.Filter, Exact: q.Exact,
		Facets: q.Facets, FacetLimit: q.FacetLimit, Explain: q.Explain,
	}).check(sc, callerOf(ctx))
	if err != nil {
		return nil, err
	}
	for ; len(all) > 0; all = all[sc.space.dimensions:] {
		p.probes = append(p.probes, newProbe(sc.space, all[:sc.space.dimensions]))
	}
	p.except = ver
	return p, nil
}
