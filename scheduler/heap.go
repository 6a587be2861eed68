package scheduler

// heap is a binary heap whose elements know where they stand, so that any of
// them can be taken out. The order and the places come from outside: many
// heaps share one of each.
type heap[E any] struct {
	list []E
	by   *order[E]
}

// order is what heaps of one kind have in common.
type order[E any] struct {
	less func(a, b E) bool
	slot func(e E) *int32 // where e keeps its position, -1 while in no heap
}

// maxIdle is for how many elements an empty heap keeps room.
const maxIdle = 1_000

func (h *heap[E]) len() int { return len(h.list) }

// top returns the least element of a heap that is not empty.
func (h *heap[E]) top() E { return h.list[0] }

func (h *heap[E]) push(e E) {
	h.list = append(h.list, e)
	*h.by.slot(e) = int32(len(h.list) - 1)
	h.up(len(h.list) - 1)
}

func (h *heap[E]) pop() E {
	e := h.top()
	h.remove(e)
	return e
}

// remove takes e out, wherever it stands.
func (h *heap[E]) remove(e E) {
	i, last := int(*h.by.slot(e)), len(h.list)-1
	*h.by.slot(e) = -1
	moved := h.list[last]
	var none E
	h.list[last] = none
	h.list = h.list[:last]
	if last == 0 && cap(h.list) > maxIdle {
		h.list = nil // a herd has passed
	}
	if i == last {
		return
	}
	h.list[i] = moved
	*h.by.slot(moved) = int32(i)
	h.up(i)
	h.down(int(*h.by.slot(moved)))
}

// reorder puts all in order after the order itself has changed.
func (h *heap[E]) reorder() {
	for i := len(h.list)/2 - 1; i >= 0; i-- {
		h.down(i)
	}
}

func (h *heap[E]) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !h.by.less(h.list[i], h.list[parent]) {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

func (h *heap[E]) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(h.list) {
			return
		}
		if other := child + 1; other < len(h.list) && h.by.less(h.list[other], h.list[child]) {
			child = other
		}
		if !h.by.less(h.list[child], h.list[i]) {
			return
		}
		h.swap(i, child)
		i = child
	}
}

func (h *heap[E]) swap(i, j int) {
	h.list[i], h.list[j] = h.list[j], h.list[i]
	*h.by.slot(h.list[i]), *h.by.slot(h.list[j]) = int32(i), int32(j)
}
