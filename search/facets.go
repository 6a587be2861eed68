package search

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"quintet/search/column"
)

// FacetCount is a value and how many of the matching documents have it.
type FacetCount struct {
	Value any `json:"value" doc:"A string, number or boolean, as the field has; a date as RFC 3339 writes it in UTC."`
	Count int `json:"count"`
}

// Facet is the values of one field among the matching documents.
type Facet []FacetCount

// Limits of facets.
const (
	maxFacets         = 16
	defaultFacetLimit = 10
	maxFacetLimit     = 1_000
)

// parseFacets reads the names of fields.
func parseFacets(list []string, sc *schema) (fields []int, err error) {
	if len(list) > maxFacets {
		return nil, invalid("body.facets", "has %d fields and may have %d", len(list), maxFacets)
	}
	for i, name := range list {
		at, ok := sc.index[name]
		switch {
		case !ok:
			return nil, invalid(item("body.facets", i), "%.70q is no field of the collection", name)
		case sc.fields[at].Type == Text || sc.fields[at].Type.isVector():
			return nil, invalid(item("body.facets", i), "%s is a %s field, whose values are not counted; a keyword is", name, sc.fields[at].Type)
		}
		fields = append(fields, at)
	}
	return fields, nil
}

// countFacets counts the values of the matching documents: all of them, not
// those of the page.
func (f *finder) countFacets() map[string]Facet {
	if len(f.facets) == 0 {
		return nil
	}
	all := make(map[string]Facet, len(f.facets))
	for _, at := range f.facets {
		field := f.schema.fields[at]
		counts := map[string]int{}
		for i, g := range f.parts {
			if at < len(g.columns) {
				g.columns[at].Facets(f.matching[i], func(value string, n int) { counts[value] += n })
			}
		}
		all[field.Name] = topFacets(counts, f.facetLimit, field.Type)
	}
	return all
}

// topFacets keeps the most frequent values; of equally frequent ones the first.
func topFacets(counts map[string]int, limit int, k Kind) Facet {
	values := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), k.compareTexts(a, b))
	})
	list := make(Facet, 0, min(limit, len(values)))
	for _, value := range values[:min(limit, len(values))] {
		list = append(list, FacetCount{k.fromText(value), counts[value]})
	}
	return list
}

// compareTexts orders two values of k as a column writes them.
func (k Kind) compareTexts(a, b string) int {
	if k.column() == column.Words {
		return strings.Compare(a, b)
	}
	x, _ := strconv.ParseFloat(a, 64)
	y, _ := strconv.ParseFloat(b, 64)
	return cmp.Or(cmp.Compare(x, y), strings.Compare(a, b))
}

// fromText is a value of k in JSON, of what a column writes.
func (k Kind) fromText(value string) any {
	if k.column() == column.Words {
		return value
	}
	if k == Date {
		n, _ := strconv.ParseInt(value, 10, 64)
		return time.UnixMilli(n).UTC().Format(time.RFC3339Nano)
	}
	return json.RawMessage(value)
}
