package column

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"strconv"

	"quintet/engine/filter"
	"quintet/search/bitset"
)

// numbers keep the values of a column of Int or Float as keys: numbers of 64
// bits that are ordered as the values are.
type numbers struct {
	kind  Kind
	keys  []uint64 // by row; anything for a row without a value
	order []uint32 // sealed only: the rows that have a value, by key and row
}

const signBit = 1 << 63

// key is the key of a value. Of a float that is its bits, the sign bit flipped
// at and above 0 and all of them below.
func (n *numbers) key(v Value) uint64 {
	if n.kind == Int {
		return uint64(v.Int) ^ signBit
	}
	switch bits := math.Float64bits(v.Float); {
	case v.Float != v.Float:
		return 0
	case v.Float == 0:
		return signBit
	case bits&signBit != 0:
		return ^bits
	default:
		return bits ^ signBit
	}
}

func (n *numbers) float(key uint64) float64 {
	switch {
	case key == 0:
		return math.NaN()
	case key&signBit != 0:
		return math.Float64frombits(key ^ signBit)
	}
	return math.Float64frombits(^key)
}

func (n *numbers) whole(key uint64) int64 { return int64(key ^ signBit) }

func (n *numbers) decoded(key uint64) Value {
	if n.kind == Int {
		return Value{Set: true, Int: n.whole(key)}
	}
	return Value{Set: true, Float: n.float(key)}
}

func (n *numbers) value(row uint32) Value { return n.decoded(n.keys[row]) }

// compare orders the value of a key and one of a filter.
func (n *numbers) compare(key uint64, v *filter.Value) int {
	switch {
	case n.kind == Float:
		return cmp.Compare(n.float(key), v.Float)
	case v.IsWhole:
		return cmp.Compare(n.whole(key), v.Whole)
	}
	return compareInt(n.whole(key), v.Float)
}

// compareInt orders a whole number and one that may have a fraction.
func compareInt(a int64, b float64) int {
	switch f := float64(a); {
	case f < b:
		return -1
	case f > b:
		return 1
	case b >= math.MaxInt64: // float64(a) was rounded up to it
		return -1
	}
	return cmp.Compare(a, int64(b))
}

func (n *numbers) test(t *filter.Test) bitset.Set {
	passing := bitset.New(len(n.keys))
	if n.order == nil {
		for row, key := range n.keys {
			if t.Holds(func(v *filter.Value) int { return n.compare(key, v) }) {
				passing.Add(uint32(row))
			}
		}
		return passing
	}
	for i := range t.Values {
		from, to := between(t.Op, len(n.order), func(at int) int { return n.compare(n.keys[n.order[at]], &t.Values[i]) })
		n.mark(&passing, from, to)
	}
	return passing
}

// mark adds the rows at the places from … to of the order. Where those are
// most, it is quicker to take away the others.
func (n *numbers) mark(passing *bitset.Set, from, to int) {
	if 2*(to-from) <= len(n.order) {
		for _, row := range n.order[from:to] {
			passing.Add(row)
		}
		return
	}
	inside := bitset.Full(len(n.keys))
	for _, outside := range [][]uint32{n.order[:from], n.order[to:]} {
		for _, row := range outside {
			inside.Remove(row)
		}
	}
	passing.Or(inside)
}

// between returns the places from … to, of n in rising order, at which op
// holds; compare orders what stands at a place and the value of the test.
func between(op filter.Op, n int, compare func(at int) int) (from, to int) {
	below := func() int { return sort.Search(n, func(at int) bool { return compare(at) >= 0 }) }
	atMost := func() int { return sort.Search(n, func(at int) bool { return compare(at) > 0 }) }
	switch op {
	case filter.Less:
		return 0, below()
	case filter.AtMost:
		return 0, atMost()
	case filter.Greater:
		return atMost(), n
	case filter.AtLeast:
		return below(), n
	}
	return below(), atMost()
}

// sorted returns the rows of a set by key and row.
func (n *numbers) sorted(rows bitset.Set) []uint32 {
	order := make([]uint32, 0, rows.Count())
	order = slices.AppendSeq(order, rows.All())
	slices.SortFunc(order, n.compareRows)
	return order
}

func (n *numbers) compareRows(a, b uint32) int {
	return cmp.Or(cmp.Compare(n.keys[a], n.keys[b]), cmp.Compare(a, b))
}

// facets counts equal neighbours in the order; of few rows, and without an
// order, it is quicker to look at each.
func (n *numbers) facets(matching bitset.Set, counts func(value string, n int)) {
	if n.order == nil || matching.Count() < len(n.order)/16 {
		found := map[uint64]int{}
		for row := range matching.All() {
			found[n.keys[row]]++
		}
		for key, count := range found {
			counts(n.text(key), count)
		}
		return
	}
	last, count := uint64(0), 0
	flush := func() {
		if count > 0 {
			counts(n.text(last), count)
		}
	}
	for _, row := range n.order {
		if key := n.keys[row]; key != last {
			flush()
			last, count = key, 0
		}
		count += int(matching[row/64] >> (row % 64) & 1) // a branch would be guessed wrong half of the time
	}
	flush()
}

func (n *numbers) text(key uint64) string {
	if n.kind == Int {
		return strconv.FormatInt(n.whole(key), 10)
	}
	f, format := n.float(key), byte('f')
	if size := math.Abs(f); size != 0 && size < 1e-6 || size >= 1e21 {
		format = 'e'
	}
	return strconv.FormatFloat(f, format, -1, 64)
}

// extremes returns the lowest and the highest value of rows that have one.
func (n *numbers) extremes(matching bitset.Set) (lowest, highest Value, ok bool) {
	low, high := uint64(math.MaxUint64), uint64(0)
	for row := range matching.All() {
		low, high, ok = min(low, n.keys[row]), max(high, n.keys[row]), true
	}
	if !ok {
		return lowest, highest, false
	}
	return n.decoded(low), n.decoded(high), true
}

func (n *numbers) append(b []byte, present bitset.Set) []byte {
	order := n.order
	if order == nil {
		order = n.sorted(present)
	}
	return appendUint32s(appendUint64s(b, n.keys), order)
}

func openNumbers(d *decoder, k Kind, rows int, present bitset.Set) *numbers {
	n := &numbers{kind: k, keys: d.uint64s(rows)}
	for _, key := range n.keys {
		if n.key(n.decoded(key)) != key {
			d.refuse("a key is of no number")
			return n
		}
	}
	n.order = d.uint32s(present.Count())
	for i, row := range n.order {
		if !present.Has(row) || i > 0 && n.compareRows(n.order[i-1], row) >= 0 {
			d.refuse("the order of rows does not rise")
			return n
		}
	}
	return n
}

func (n *numbers) memory() int { return 8*cap(n.keys) + 4*cap(n.order) }
