package search

import (
	"cmp"
	"strings"

	"quintet/engine/filter"
)

// parseFilter reads a filter over the fields of sc.
func parseFilter(text string, sc *schema) (filter.Expression, error) {
	return filter.Parse(text, filter.Fields{
		Location: "body.filter", Noun: "a field of the collection",
		Kind: func(name string) filter.Kind {
			if f, ok := sc.field(name); ok {
				return f.Type.compared()
			}
			return filter.None
		},
	})
}

// compared returns what a filter compares values of k with.
func (k Kind) compared() filter.Kind {
	switch k {
	case Int, Float:
		return filter.Number
	case Bool:
		return filter.Bool
	}
	return filter.Text
}

// match reports whether a row passes a filter. A field without a value passes
// no test but "not": so != is true of it.
type match = func(row uint32) bool

// compile makes a filter a function over the rows of g.
func (g *segment) compile(e filter.Expression) match { return filter.Compile(e, g.test) }

// test takes a field that g does not have yet, or has with other values, for
// one without values.
func (g *segment) test(t *filter.Test) match {
	i, ok := g.schema.index[t.Field]
	if !ok || i >= len(g.columns) || g.columns[i].kind.compared() != t.Kind {
		return func(uint32) bool { return false }
	}
	return g.columns[i].test(t)
}

func (c *column) test(t *filter.Test) match {
	switch {
	case t.Op == filter.Exists:
		return c.set.has
	case c.words != nil:
		return c.words.test(t)
	case c.kind == Float:
		return func(row uint32) bool {
			return c.set.has(row) && t.Holds(func(v *filter.Value) int { return cmp.Compare(c.floats[row], v.Float) })
		}
	}
	return func(row uint32) bool {
		return c.set.has(row) && t.Holds(func(v *filter.Value) int {
			if v.IsWhole {
				return cmp.Compare(c.numbers[row], v.Whole)
			}
			return compareInt(c.numbers[row], v.Float)
		})
	}
}

// test looks each word of the dictionary up once, and then only numbers. A row
// passes with any of its words. Words are ordered by their bytes.
func (w *wordColumn) test(t *filter.Test) match {
	pass := make([]bool, len(w.list))
	if t.Op == filter.Equal {
		for _, v := range t.Values {
			if n, ok := w.dictionary[v.Text]; ok {
				pass[n] = true
			}
		}
	} else {
		for n, word := range w.list {
			pass[n] = t.Holds(func(v *filter.Value) int { return strings.Compare(word, v.Text) })
		}
	}
	return func(row uint32) bool {
		for _, n := range w.of(row) {
			if pass[n] {
				return true
			}
		}
		return false
	}
}
