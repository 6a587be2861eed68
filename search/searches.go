package search

import (
	"context"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// NamedQuery is a search of one of several collections.
type NamedQuery struct {
	Collection string `json:"collection" example:"products"`
	Query
}

// Result is what became of one of several searches: an answer or an error.
type Result struct {
	Answer *Answer
	Err    error
}

// maxSearches is how many searches one request may have.
const maxSearches = 32

// checkSearches bounds what one request asks for. A limit that cannot be is the
// fault of its search alone.
func checkSearches(list []NamedQuery) error {
	if len(list) == 0 || len(list) > maxSearches {
		return invalid("body.searches", "has %d searches and may have 1 to %d", len(list), maxSearches)
	}
	hits := 0
	for _, q := range list {
		switch {
		case q.Limit == 0:
			hits += defaultLimit
		case q.Limit > 0 && q.Limit <= api.MaxLimit:
			hits += int(q.Limit)
		}
	}
	if hits > api.MaxLimit {
		return invalid("body.searches", "ask for %d hits by their limits, and all together may ask for %d", hits, api.MaxLimit)
	}
	return nil
}

// searching is one search under way.
type searching struct {
	*NamedQuery
	collection *collection
	plan       *plan
	took       time.Duration
	Result
}

// timed runs f on behalf of a search that has not failed.
func (r *searching) timed(f func() error) {
	if r.Err != nil {
		return
	}
	began := time.Now()
	r.Err = f()
	r.took += time.Since(began)
}

// SearchAll makes several searches and returns their results in order. Texts
// that are to be embedded are embedded together. Each search has a snapshot of
// its own, and none fails for another; their documents together fill one answer.
func (s *Service) SearchAll(ctx context.Context, t engine.Tenant, list []NamedQuery) []Result {
	all := make([]*searching, len(list))
	for i := range list {
		all[i] = s.begin(ctx, t, &list[i])
	}
	s.aim(ctx, t, all)
	results, room := make([]Result, len(all)), maxAnswer
	for i, r := range all {
		s.answerIn(ctx, t, r, room)
		if gone(r.Err) && r.collection != nil && r.collection.throughAlias(r.Collection) != "" { // the alias leads elsewhere
			r = s.begin(ctx, t, r.NamedQuery)
			s.aim(ctx, t, []*searching{r})
			s.answerIn(ctx, t, r, room)
		}
		if r.Err == nil {
			s.answered(r.collection, r.plan.asked, &r.Query, r.Answer, r.took)
			for _, h := range r.Answer.Hits {
				room -= len(h.Document)
			}
		}
		results[i] = r.Result
	}
	return results
}

// begin opens the collection of a search and plans it.
func (s *Service) begin(ctx context.Context, t engine.Tenant, q *NamedQuery) *searching {
	r := &searching{NamedQuery: q}
	r.timed(func() error {
		c, err := s.open(ctx, t, r.Collection)
		if err == nil {
			r.collection = c
			r.plan, err = r.check(c.schema.Load(), callerOf(ctx))
		}
		return err
	})
	return r
}

// answerIn answers a search with documents of at most so many bytes.
func (s *Service) answerIn(ctx context.Context, t engine.Tenant, r *searching, room int) {
	r.timed(func() (err error) {
		r.plan.room = room
		r.Answer, err = s.answer(ctx, t, r.plan)
		return err
	})
}

// aim gives the plans their vectors. Where that is not possible, hybrid search
// goes on with keywords alone and says so.
func (s *Service) aim(ctx context.Context, t engine.Tenant, all []*searching) {
	var texts []string
	waiting := map[string][]*searching{} // by their text
	for _, r := range all {
		r.timed(func() error {
			p := r.plan
			if p.all || p.mode == modeKeyword {
				return nil
			}
			given := r.Vector
			if given != nil {
				var err error
				if given, err = p.schema.space.check("body.vector", given); err != nil {
					return err
				}
			}
			if err := s.checkModel(p.schema); err != nil {
				return s.degrade(ctx, p, err)
			}
			if given != nil {
				p.probes = []*probe{newProbe(p.schema.space, given)}
				return nil
			}
			if waiting[r.Q] == nil {
				texts = append(texts, r.Q)
			}
			waiting[r.Q] = append(waiting[r.Q], r)
			return nil
		})
	}
	if len(texts) == 0 {
		return
	}
	began := time.Now()
	vectors, _, err := s.embed(ctx, t, texts, false)
	took := time.Since(began)
	for i, text := range texts {
		for _, r := range waiting[text] {
			r.took += took
			switch {
			case err != nil:
				r.Err = s.degrade(ctx, r.plan, err)
			case len(vectors[i]) != Dimensions:
				r.Err = s.degrade(ctx, r.plan, errEmbedder)
			default:
				r.plan.probes = []*probe{newProbe(r.plan.schema.space, vectors[i])}
			}
		}
	}
}

// degrade makes a hybrid search one by keywords where err, which keeps it from
// its vector, lets it.
func (s *Service) degrade(ctx context.Context, p *plan, err error) error {
	if kind := engine.KindOf(err); kind == engine.Invalid || kind == engine.Busy || p.mode == modeSemantic || ctx.Err() != nil {
		return err
	}
	s.log.Warn("a hybrid search is answered by keywords alone", "error", err)
	s.metrics.degraded.Inc()
	p.mode, p.degraded = modeKeyword, true
	return nil
}
