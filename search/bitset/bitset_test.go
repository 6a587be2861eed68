package bitset_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"quintet/search/bitset"
)

// TestSets holds every method against a map of rows.
func TestSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOf(rapid.Uint32Range(0, 300))
		make := func(list []uint32) (s bitset.Set, m map[uint32]bool) {
			m = map[uint32]bool{}
			for _, row := range list {
				s.Add(row)
				m[row] = true
			}
			return s, m
		}
		s, ms := make(rows.Draw(t, "s"))
		other, mo := make(rows.Draw(t, "other"))
		want := func(what string, got bitset.Set, has func(row uint32) bool) {
			var rows []uint32
			for row := range uint32(320) {
				if has(row) != got.Has(row) {
					t.Fatalf("%s: row %d", what, row)
				}
				if has(row) {
					rows = append(rows, row)
				}
			}
			if all := slices.Collect(got.All()); !slices.Equal(all, rows) || got.Count() != len(rows) || got.Empty() != (len(rows) == 0) {
				t.Fatalf("%s: %v, counted %d, expected were %v", what, all, got.Count(), rows)
			}
		}
		want("as made", s, func(row uint32) bool { return ms[row] })
		both := s.Clone()
		both.And(other)
		want("and", both, func(row uint32) bool { return ms[row] && mo[row] })
		if s.CountBoth(other) != both.Count() {
			t.Fatal("CountBoth")
		}
		without := s.Clone()
		without.AndNot(other)
		want("and not", without, func(row uint32) bool { return ms[row] && !mo[row] })
		either := s.Clone()
		either.Or(other)
		want("or", either, func(row uint32) bool { return ms[row] || mo[row] })
		for row := range maps.Keys(mo) {
			s.Remove(row)
		}
		want("removed", s, func(row uint32) bool { return ms[row] && !mo[row] })
		n := rapid.IntRange(0, 300).Draw(t, "n")
		want("full", bitset.Full(n), func(row uint32) bool { return int(row) < n })
		want("new", bitset.New(n), func(uint32) bool { return false })
	})
}

func ExampleSet_All() {
	var s bitset.Set
	s.Add(70)
	s.Add(3)
	fmt.Println(slices.Collect(s.All()))
	// Output: [3 70]
}
