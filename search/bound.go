package search

import (
	"context"
	"errors"
	"math"

	"quintet/engine"
	"quintet/engine/filter"
)

// An API key may be bound: to collections, beside which there are none for it,
// and by filters, which hold of every document that there is for it. Who asks
// stands in the context; without a principal, which is within the process, all
// is there. Every method that takes a collection by its name opens it here.
//
// What a filter hides still counts in the statistics of words, by which hits are
// ranked and words taken for typos: a score tells how frequent a word is in the
// whole collection.

// What the holder of a bound key may be told.
var (
	errBoundWrite   = &engine.Error{Kind: engine.Forbidden, Code: "key_reads_only", Detail: "a key with a filter reads only; use another one"}
	errBoundExplain = &engine.Error{Kind: engine.Forbidden, Code: "key_explains_nothing", Detail: "body.explain: it tells of all documents of the collection, and your key has a filter; leave it out"}
	errBoundSlow    = &engine.Error{Kind: engine.Forbidden, Code: "key_reads_documents", Detail: "the list of slow searches tells what others have asked, and your key has a filter; use another one"}
	errDropScope    = &engine.Error{Kind: engine.Forbidden, Code: "scope_missing", Detail: "body.drop deletes a collection, which needs the scope search:admin; use a credential that has it, or leave it out"}
	errBoundAlias   = &engine.Error{Kind: engine.Forbidden, Code: "key_bound", Detail: "changing an alias needs a key that is bound to the alias as well as to every collection that it leads to, before and after; use another one"}
	errBoundMisfit  = &engine.Error{Kind: engine.Conflict, Code: "key_filter_misfit", Detail: "the filter of your key does not fit this collection, so that you find nothing in it"}
)

func callerOf(ctx context.Context) engine.Principal {
	p, _ := engine.PrincipalFrom(ctx)
	return p
}

// open returns a collection that is to be read, by its name or an alias. Who is
// bound to either of the two names is admitted.
func (s *Service) open(ctx context.Context, t engine.Tenant, name string) (*collection, error) {
	caller := callerOf(ctx)
	c, err := s.registry.resolve(t, name)
	if !caller.Admits(name) && (err != nil || !caller.Admits(c.name)) {
		return nil, errCollectionNotFound
	}
	return c, err
}

// openToWrite returns a collection that is to be changed.
func (s *Service) openToWrite(ctx context.Context, t engine.Tenant, name string) (*collection, error) {
	c, err := s.open(ctx, t, name)
	if caller := callerOf(ctx); len(caller.Filters) > 0 && (err == nil || caller.Admits(name)) {
		return nil, errBoundWrite
	}
	return c, err
}

// filterOf reads what a caller asks for, and what binds the caller. Errors:
// invalid_filter, key_filter_misfit.
func (s *schema) filterOf(location, text string, by engine.Binding) (filter.Expression, error) {
	e, err := parseFilter(location, text, s)
	if err != nil {
		return nil, err
	}
	var all filter.And
	for _, f := range by.Filters {
		bound, err := parseFilter("", f, s)
		if err != nil || bound == nil {
			return nil, misfit(err)
		}
		all = append(all, bound)
	}
	switch {
	case len(all) == 0:
		return e, nil
	case e != nil:
		all = append(all, e)
	case len(all) == 1:
		return all[0], nil
	}
	return all, nil
}

// misfit says why a filter of a key does not fit. It is not in the request, so
// the answer names no place there.
func misfit(why error) error {
	told := *errBoundMisfit
	if own, ok := errors.AsType[*engine.Error](why); ok && len(own.Fields) > 0 {
		told.Detail += ": " + own.Fields[0].Message
	}
	return &told
}

// infoFor is what a collection tells who is bound. Behind a filter it is of
// those documents that pass: nothing of the index, which is of all.
func (c *collection) infoFor(by engine.Binding) CollectionInfo {
	i := c.info()
	if len(by.Filters) == 0 {
		return i
	}
	i.Documents, i.Vectors, i.Bytes, i.Memory, i.Segments, i.Recall = 0, 0, 0, 0, 0, nil
	e, err := c.schema.Load().filterOf("", "", by)
	if err != nil {
		return i // nothing is found in it
	}
	x, release := c.loaded()
	defer release()
	if x == nil {
		return i
	}
	x.read(math.MaxUint64, func(parts []*part) {
		for _, g := range parts {
			if g.rows() == 0 {
				continue
			}
			for row := range g.admit(e).All() {
				i.Documents++
				i.Bytes += int64(g.sizes[row])
				if g.hasVector(row) {
					i.Vectors++
				}
			}
		}
	})
	return i
}
