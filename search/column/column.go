package column

import (
	"quintet/engine/filter"
	"quintet/search/bitset"
)

// Kind is what the values of a column are.
type Kind uint8

// The kinds, as they are stored.
const (
	Words Kind = 1 + iota
	Int
	Float
	Bool
)

// compared is what a filter compares values of k with.
func (k Kind) compared() filter.Kind {
	switch k {
	case Words:
		return filter.Text
	case Bool:
		return filter.Bool
	}
	return filter.Number
}

// Value is the value of one row. Of the members beside Set the one that the
// kind of the column names counts. A value may be set and have no words: it
// exists, and is equal to nothing.
type Value struct {
	Set   bool
	Words []string
	Int   int64
	Float float64
	Bool  bool
}

// Column is the values of one field. All its methods are safe for concurrent
// use, for a Builder's while nothing is added.
type Column struct {
	kind    Kind
	rows    int
	present bitset.Set // rows that have a value
	values  values
}

// values are those of one kind. A row without a value has one here, too, which
// Column leaves out.
type values interface {
	value(row uint32) Value
	// test returns the rows that pass; those without a value may be among them.
	test(t *filter.Test) bitset.Set
	// facets counts the values of rows that have one; the set has room for all
	// such rows.
	facets(matching bitset.Set, counts func(value string, n int))
	append(b []byte, present bitset.Set) []byte
	memory() int
}

var _, _, _ values = (*words)(nil), (*numbers)(nil), (*booleans)(nil)

// Rows is how many rows there are, those without a value among them.
func (c *Column) Rows() int { return c.rows }

// Value returns the value of a row, each of its words once.
func (c *Column) Value(row uint32) Value {
	if !c.present.Has(row) {
		return Value{}
	}
	return c.values.value(row)
}

// Test returns the rows that pass a test that filter.Parse made. The set is the
// caller's. A test for values of another kind is passed by none.
func (c *Column) Test(t *filter.Test) bitset.Set {
	switch {
	case t.Kind != c.kind.compared():
		return bitset.New(c.rows)
	case t.Op == filter.Exists:
		return c.present.Clone()
	}
	passing := c.values.test(t)
	passing.And(c.present)
	return passing
}

// Facets calls counts for each value that rows of the set have, in no
// particular order, with the number of those rows. A row counts once for each
// of its words. Numbers are written in decimal, below 1e-6 and from
// 1e21 with an exponent; booleans as true and false.
func (c *Column) Facets(matching bitset.Set, counts func(value string, n int)) {
	c.values.facets(c.within(matching), counts)
}

// Range returns the lowest and the highest of the numbers that rows of the set
// have; ok is false where there are none, and for words and booleans.
func (c *Column) Range(matching bitset.Set) (lowest, highest Value, ok bool) {
	n, ok := c.values.(*numbers)
	if !ok {
		return lowest, highest, false
	}
	return n.extremes(c.within(matching))
}

// within returns the rows of a set that have a value, as a set that has room
// for all of these.
func (c *Column) within(matching bitset.Set) bitset.Set {
	rows := c.present.Clone()
	rows.And(matching)
	return rows
}

// Memory is about how many bytes the column takes.
func (c *Column) Memory() int64 { return int64(8*cap(c.present) + c.values.memory()) }
