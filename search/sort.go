package search

import (
	"container/heap"
	"slices"
	"strings"

	"quintet/search/column"
)

// sortKey is one member of a search's sort.
type sortKey struct {
	field      int // of the schema
	descending bool
}

// maxSorts is how many fields a search may be sorted by.
const maxSorts = 4

// parseSort reads a list like ["-year","name"].
func parseSort(list []string, sc *schema) (keys []sortKey, err error) {
	if len(list) > maxSorts {
		return nil, invalid("body.sort", "has %d fields and may have %d", len(list), maxSorts)
	}
	for i, name := range list {
		name, descending := strings.CutPrefix(name, "-")
		at, ok := sc.index[name]
		switch {
		case !ok:
			return nil, invalid(item("body.sort", i), "%.70q is no field of the collection", name)
		case sc.fields[at].Type.isVector():
			return nil, invalid(item("body.sort", i), "%s is a vector, which has no order", name)
		case slices.ContainsFunc(keys, func(k sortKey) bool { return k.field == at }):
			return nil, invalid(item("body.sort", i), "names %s a second time", name)
		}
		keys = append(keys, sortKey{at, descending})
	}
	return keys, nil
}

// sortedRow is a document and what it is sorted by.
type sortedRow struct {
	ranked
	keys []column.Key
}

// compareSorted orders by the keys, then the newest first.
func compareSorted(sort []sortKey, a, b []column.Key, av, bv version) int {
	for i, k := range sort {
		if c := a[i].Compare(b[i], k.descending); c != 0 {
			return c
		}
	}
	return compareVersions(bv, av)
}

// sortHeap keeps the first of what is pushed, the last of them on top.
type sortHeap struct {
	sort []sortKey
	rows []sortedRow
}

func (h *sortHeap) Len() int      { return len(h.rows) }
func (h *sortHeap) Swap(i, j int) { h.rows[i], h.rows[j] = h.rows[j], h.rows[i] }
func (h *sortHeap) Push(x any)    { h.rows = append(h.rows, x.(sortedRow)) }
func (h *sortHeap) Less(i, j int) bool {
	a, b := &h.rows[i], &h.rows[j]
	return compareSorted(h.sort, a.keys, b.keys, a.version, b.version) > 0
}

func (h *sortHeap) Pop() any {
	last := h.rows[len(h.rows)-1]
	h.rows = h.rows[:len(h.rows)-1]
	return last
}

// sorted ranks the matching documents by the fields that were asked for, and
// those without a value last.
func (f *finder) sorted() []ranked {
	h := &sortHeap{sort: f.sort}
	keys := make([]column.Key, len(f.sort))
	for i, g := range f.parts {
		for row := range f.matching[i].All() {
			g.sortKeys(f.sort, row, keys)
			v := g.versions[row]
			if c := f.cursor; c != nil && compareSorted(f.sort, keys, c.keys, v, c.version) <= 0 {
				continue
			}
			full := len(h.rows) > f.limit
			if full && compareSorted(f.sort, keys, h.rows[0].keys, v, h.rows[0].version) >= 0 {
				continue
			}
			if full {
				heap.Pop(h)
			}
			heap.Push(h, sortedRow{ranked{place{i, row}, 0, v}, slices.Clone(keys)})
		}
	}
	list := make([]ranked, len(h.rows))
	f.keys = make([][]column.Key, len(h.rows))
	for i := len(list) - 1; i >= 0; i-- {
		last := heap.Pop(h).(sortedRow)
		list[i], f.keys[i] = last.ranked, last.keys
	}
	return list
}

// sortKeys fills in what a row is sorted by.
func (g *part) sortKeys(sort []sortKey, row uint32, keys []column.Key) {
	for i, k := range sort {
		keys[i] = column.Key{}
		if k.field < len(g.columns) {
			keys[i] = g.columns[k.field].Key(row, k.descending)
		}
	}
}

// item names an element of a list, as in body.sort[2].
func item(list string, i int) string { return strings.TrimSuffix(location(list, i, ""), ".") }
