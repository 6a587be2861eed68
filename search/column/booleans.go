package column

import (
	"cmp"

	"quintet/engine/filter"
	"quintet/search/bitset"
)

// booleans keep the rows that are true.
type booleans struct {
	rows int
	yes  bitset.Set
}

func (t *booleans) add(row uint32, yes bool) {
	t.rows++
	if yes {
		t.yes.Add(row)
	}
}

func (t *booleans) value(row uint32) Value { return Value{Set: true, Bool: t.yes.Has(row)} }

func (t *booleans) test(test *filter.Test) bitset.Set {
	passing := bitset.New(t.rows)
	for _, yes := range []bool{false, true} {
		if test.Holds(func(v *filter.Value) int { return cmp.Compare(truth(yes), v.Whole) }) {
			passing.Or(t.of(yes))
		}
	}
	return passing
}

// of returns the rows that are true, or those that are not.
func (t *booleans) of(yes bool) bitset.Set {
	if yes {
		return t.yes
	}
	no := bitset.Full(t.rows)
	no.AndNot(t.yes)
	return no
}

// truth is a boolean as a filter has it.
func truth(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

func (t *booleans) facets(matching bitset.Set, counts func(value string, n int)) {
	yes := matching.CountBoth(t.yes)
	if no := matching.Count() - yes; no > 0 {
		counts("false", no)
	}
	if yes > 0 {
		counts("true", yes)
	}
}

func (t *booleans) append(b []byte, _ bitset.Set) []byte { return appendSet(b, t.yes, t.rows) }

func openBooleans(d *decoder, rows int) *booleans {
	return &booleans{rows: rows, yes: d.set(rows)}
}

func (t *booleans) memory() int { return 8 * cap(t.yes) }
