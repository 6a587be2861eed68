package config

import (
	"maps"
	"slices"
	"strings"
)

// names lists the keys of a map, sorted, so that ties are broken the same way.
func names[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}

// nearest finds the known name that was most likely meant, "" if none is close:
// at most a third of its letters (rounded up) differ, or only the sections in
// front of it do. The first shared letters are beyond doubt and do not count.
func nearest(wrong string, shared int, known []string) string {
	best, least := "", (len(wrong)-shared+2)/3+1
	for _, name := range known {
		if strings.HasSuffix(name, "."+wrong) {
			return name
		}
		if d := distance(wrong, name, least); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is the number of letters to insert, remove or replace between a and
// b (Levenshtein, two rows), or limit when it is no less than that.
func distance(a, b string, limit int) int {
	if max(len(a)-len(b), len(b)-len(a)) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(row[j]+1, row[j+1]+1, diagonal+cost)
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return min(row[len(b)], limit)
}
