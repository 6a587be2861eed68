// Package bitset keeps sets of rows of a segment, one bit each.
//
// A Set is a plain slice: reading beyond its end finds nothing, two sets need
// not have one length, and all methods that only read are safe for concurrent
// use. 100,000 rows take 12.5 KB, so a set is made for each search.
package bitset

import (
	"iter"
	"math/bits"
)

// Set is a set of rows: row r is bit r%64 of word r/64.
type Set []uint64

// New returns an empty set with room for the rows below n.
func New(n int) Set { return make(Set, (n+63)/64) }

// Full returns the set of all rows below n.
func Full(n int) Set {
	s := New(n)
	for i := range s {
		s[i] = ^uint64(0)
	}
	if tail := n % 64; tail > 0 {
		s[len(s)-1] = 1<<tail - 1
	}
	return s
}

// Has reports whether a row is in the set.
func (s Set) Has(row uint32) bool {
	word := int(row / 64)
	return word < len(s) && s[word]>>(row%64)&1 != 0
}

// Add adds a row, and makes room for it.
func (s *Set) Add(row uint32) {
	for int(row/64) >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[row/64] |= 1 << (row % 64)
}

// Remove removes a row. One that is not there changes nothing.
func (s Set) Remove(row uint32) {
	if word := int(row / 64); word < len(s) {
		s[word] &^= 1 << (row % 64)
	}
}

// Count is how many rows there are.
func (s Set) Count() (n int) {
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// CountBoth is how many rows s and other have in common.
func (s Set) CountBoth(other Set) (n int) {
	for i := range min(len(s), len(other)) {
		n += bits.OnesCount64(s[i] & other[i])
	}
	return n
}

// Empty reports whether there is no row.
func (s Set) Empty() bool {
	for _, word := range s {
		if word != 0 {
			return false
		}
	}
	return true
}

// Clone returns a copy.
func (s Set) Clone() Set { return append(Set(nil), s...) }

// And keeps the rows that are in other, too.
func (s Set) And(other Set) {
	n := min(len(s), len(other))
	for i := range n {
		s[i] &= other[i]
	}
	clear(s[n:])
}

// AndNot removes the rows of other.
func (s Set) AndNot(other Set) {
	for i := range min(len(s), len(other)) {
		s[i] &^= other[i]
	}
}

// Or adds the rows of other.
func (s *Set) Or(other Set) {
	for len(*s) < len(other) {
		*s = append(*s, 0)
	}
	for i, word := range other {
		(*s)[i] |= word
	}
}

// All yields the rows, rising.
func (s Set) All() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for i, word := range s {
			for ; word != 0; word &= word - 1 {
				if !yield(uint32(i*64 + bits.TrailingZeros64(word))) {
					return
				}
			}
		}
	}
}
