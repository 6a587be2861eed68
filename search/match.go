package search

import (
	"cmp"
	"slices"
	"strings"
)

// match reports whether a row passes a filter. A field without a value passes
// no test but "not": so != is true of it.
type match func(row uint32) bool

// compile makes a parsed filter a function over the rows of g. A field that g
// does not have yet has no values.
func (g *segment) compile(e *expression) match {
	switch e.op {
	case "and":
		left, right := g.compile(e.left), g.compile(e.right)
		return func(row uint32) bool { return left(row) && right(row) }
	case "or":
		left, right := g.compile(e.left), g.compile(e.right)
		return func(row uint32) bool { return left(row) || right(row) }
	case "not":
		inner := g.compile(e.left)
		return func(row uint32) bool { return !inner(row) }
	}
	i, ok := g.schema.index[e.field]
	if !ok || i >= len(g.columns) || g.columns[i].kind != e.kind {
		return func(uint32) bool { return false }
	}
	c := g.columns[i]
	switch {
	case e.op == "exists":
		return c.set.has
	case c.words != nil:
		return c.words.test(e)
	case c.kind == Float:
		return func(row uint32) bool {
			return c.set.has(row) && e.any(func(n literal) int { return cmp.Compare(c.floats[row], n.float) })
		}
	}
	return func(row uint32) bool {
		return c.set.has(row) && e.any(func(n literal) int {
			if n.isWhole {
				return cmp.Compare(c.numbers[row], n.whole)
			}
			return compareInt(c.numbers[row], n.float)
		})
	}
}

// any reports whether the test holds for one of its numbers; compare orders
// the row's value and a number.
func (e *expression) any(compare func(literal) int) bool {
	for _, n := range e.number {
		if e.holds(compare(n)) {
			return true
		}
	}
	return false
}

// holds reports whether the test holds for values of this order.
func (e *expression) holds(order int) bool {
	switch e.op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	}
	return order == 0 // = and in
}

// test looks each word of the dictionary up once, and then only numbers. A row
// passes with any of its words. Words are ordered by their bytes.
func (w *wordColumn) test(e *expression) match {
	pass := make([]bool, len(w.list))
	if e.op == "=" || e.op == "in" {
		for _, word := range e.words {
			if n, ok := w.dictionary[word]; ok {
				pass[n] = true
			}
		}
	} else {
		for n, word := range w.list {
			pass[n] = slices.ContainsFunc(e.words, func(other string) bool { return e.holds(strings.Compare(word, other)) })
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
