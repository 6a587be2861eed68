package inverted

import (
	"cmp"
	"slices"
)

// numbering gives numbers to the few distinct values that frequencies and
// weights have, in the order in which they come.
type numbering struct {
	values []float32
	counts []int
	number map[float32]uint32
	recent uint32 // mostly the next one, too
}

func (n *numbering) of(v float32) uint32 {
	if len(n.values) > 0 && n.values[n.recent] == v {
		n.counts[n.recent]++
		return n.recent
	}
	at, ok := n.number[v]
	if !ok {
		if n.number == nil {
			n.number = map[float32]uint32{}
		}
		at = uint32(len(n.values))
		n.number[v] = at
		n.values = append(n.values, v)
		n.counts = append(n.counts, 0)
	}
	n.counts[at]++
	n.recent = at
	return at
}

// ranked returns the values by falling frequency, so that most numbers are
// small, and each value's new number by its old one.
func (n *numbering) ranked() (values []float32, renumber []uint32) {
	order := make([]uint32, len(n.values))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(x, y uint32) int {
		return cmp.Or(n.counts[y]-n.counts[x], int(x)-int(y))
	})
	renumber = make([]uint32, len(order))
	for rank, at := range order {
		values = append(values, n.values[at])
		renumber[at] = uint32(rank)
	}
	return values, renumber
}
