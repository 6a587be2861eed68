package inverted

// posting is about what a memory takes for a term beside its postings:
// an entry of the map, the struct, and the names.
const posting = 200

// Size estimates the bytes that the segment takes in memory.
func (m *Memory) Size() int64 {
	return int64(cap(m.lengths) + posting*len(m.terms) + m.packed)
}

// Size is how many bytes the segment has, which is about what it takes in
// memory.
func (x *Index) Size() int64 { return int64(x.size) }
