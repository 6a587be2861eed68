package search

import (
	"quintet/engine/filter"
	"quintet/search/bitset"
	"quintet/search/column"
)

// parseFilter reads a filter over the fields of sc, from a place in a request.
func parseFilter(location, text string, sc *schema) (filter.Expression, error) {
	return filter.Parse(text, filter.Fields{
		Location: location, Noun: "a field of the collection",
		Kind: func(name string) filter.Kind {
			if f, ok := sc.field(name); ok {
				return f.Type.compared()
			}
			return filter.None
		},
	})
}

// shows reports whether a document passes a filter, nil for every one.
func (s *schema) shows(e filter.Expression, document []byte) (bool, error) {
	if e == nil {
		return true, nil
	}
	m, err := parseDocument(document)
	if err != nil {
		return false, corrupt(bucketDocuments, "a document cannot be read: %v", err)
	}
	g := &part{} // of this one row
	g.grow(s)
	values, _ := s.values(m) // it was checked before it was stored
	addValues(g.fields, values)
	g.versions, g.live, g.count = make([]version, 1), bitset.Full(1), 1
	return g.admit(e).Has(0), nil
}

// compared returns what a filter compares values of k with.
func (k Kind) compared() filter.Kind {
	switch k {
	case Int, Float:
		return filter.Number
	case Bool:
		return filter.Bool
	case Date:
		return filter.Time
	}
	return filter.Text
}

// column returns how values of k are kept.
func (k Kind) column() column.Kind {
	switch k {
	case Int, Date:
		return column.Int
	case Float:
		return column.Float
	case Bool:
		return column.Bool
	}
	return column.Words
}

// admit returns the rows of a part that a plan may find, as part.admit does.
func (p *plan) admit(g *part) bitset.Set {
	set := g.admit(p.filter)
	at, ok := g.find(p.except)
	if !ok || set != nil && !set.Has(at) {
		return set
	}
	if set == nil {
		set = bitset.Full(g.rows())
	} else {
		set = set.Clone()
	}
	set.Remove(at)
	return set
}

// admit returns the rows that a search may find: live ones that pass the
// filter. Nil are all rows. The set is not the caller's to change.
//
// A field without a value passes no test but "not": so != is true of it. So it
// is with a field that the part does not have.
func (g *part) admit(e filter.Expression) bitset.Set {
	if e == nil {
		if g.dead() == 0 {
			return nil
		}
		return g.live
	}
	set := column.Evaluate(e, g.rows(), func(t *filter.Test) bitset.Set {
		i, ok := g.schema.index[t.Field]
		if !ok || i >= len(g.columns) {
			return bitset.New(g.rows())
		}
		return g.columns[i].Test(t)
	})
	set.And(g.live)
	if set == nil { // empty, which nil does not mean here
		set = bitset.Set{}
	}
	return set
}
