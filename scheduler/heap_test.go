package scheduler

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

type heapItem struct {
	key int
	pos int32
}

// TestHeap compares with a sorted list: elements come and go anywhere, and
// each knows where it stands.
func TestHeap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := heap[*heapItem]{by: &order[*heapItem]{less: func(a, b *heapItem) bool { return a.key < b.key }, slot: func(i *heapItem) *int32 { return &i.pos }}}
		var in []*heapItem
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				i := &heapItem{key: rapid.IntRange(0, 50).Draw(t, "key"), pos: -1}
				h.push(i)
				in = append(in, i)
			},
			"pop": func(t *rapid.T) {
				if h.len() == 0 {
					t.Skip("empty")
				}
				least := slices.MinFunc(in, func(a, b *heapItem) int { return a.key - b.key })
				got := h.pop()
				if got.key != least.key || got.pos != -1 {
					t.Fatalf("popped %+v, the least is %d", got, least.key)
				}
				in = slices.DeleteFunc(in, func(i *heapItem) bool { return i == got })
			},
			"remove": func(t *rapid.T) {
				if len(in) == 0 {
					t.Skip("empty")
				}
				i := rapid.IntRange(0, len(in)-1).Draw(t, "which")
				h.remove(in[i])
				in = slices.Delete(in, i, i+1)
			},
			"": func(t *rapid.T) {
				if h.len() != len(in) {
					t.Fatalf("%d elements, expected were %d", h.len(), len(in))
				}
				for i, e := range h.list {
					if int(e.pos) != i || i > 0 && e.key < h.list[(i-1)/2].key {
						t.Fatalf("element %d is %+v", i, e)
					}
				}
			},
		})
	})
}
