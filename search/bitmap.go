package search

// bitmap is a set of rows. Reading beyond its end finds nothing.
type bitmap []uint64

func (b bitmap) has(row uint32) bool {
	word := int(row / 64)
	return word < len(b) && b[word]>>(row%64)&1 != 0
}

func (b *bitmap) add(row uint32) {
	for int(row/64) >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[row/64] |= 1 << (row % 64)
}

func (b bitmap) remove(row uint32) {
	if word := int(row / 64); word < len(b) {
		b[word] &^= 1 << (row % 64)
	}
}
