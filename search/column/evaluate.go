package column

import (
	"quintet/engine/filter"
	"quintet/search/bitset"
)

// Evaluate returns which of so many rows pass a filter, out of those that pass
// each of its tests; all of them pass the empty filter. It may change the sets
// that test returns.
func Evaluate(e filter.Expression, rows int, test func(*filter.Test) bitset.Set) bitset.Set {
	switch e := e.(type) {
	case nil:
		return bitset.Full(rows)
	case filter.And:
		passing := Evaluate(e[0], rows, test)
		for _, part := range e[1:] {
			if passing.Empty() {
				break
			}
			passing.And(Evaluate(part, rows, test))
		}
		return passing
	case filter.Or:
		passing := Evaluate(e[0], rows, test)
		for _, part := range e[1:] {
			passing.Or(Evaluate(part, rows, test))
		}
		return passing
	case filter.Not:
		passing := bitset.Full(rows)
		passing.AndNot(Evaluate(e.Inner, rows, test))
		return passing
	default:
		t := e.(filter.Test)
		return test(&t)
	}
}
