package stream

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"
)

// result is what a query or a live frame has counted, by start of the point
// and group.
type result struct {
	plan  *plan
	tally *tally
	late  uint64 // events that came more than a window's life after their time
	other uint64 // events that a filter could not judge: their series is "other"
}

// group is one series of an answer.
type group struct {
	key    []byte
	events uint64
	points []int // entries of the tally, by time
}

// groups returns up to limit series, those with the most events first, and how
// many were left out. Without group_by there is always one.
func (r *result) groups(limit int) (groups []*group, omitted int) {
	byKey := map[string]*group{}
	for i := range r.tally.entries {
		e := &r.tally.entries[i]
		key := r.tally.key(e)
		g := byKey[string(key)]
		if g == nil {
			g = &group{key: key}
			byKey[string(key)] = g
			groups = append(groups, g)
		}
		g.events += e.count
		g.points = append(g.points, i)
	}
	if len(groups) == 0 && len(r.plan.groupBy) == 0 {
		groups = append(groups, &group{})
	}
	slices.SortFunc(groups, func(a, b *group) int {
		return cmp.Or(cmp.Compare(b.events, a.events), bytes.Compare(a.key, b.key))
	})
	if omitted = max(0, len(groups)-limit); omitted > 0 {
		groups = groups[:limit]
	}
	for _, g := range groups {
		slices.SortFunc(g.points, func(a, b int) int {
			return cmp.Compare(r.tally.entries[a].window, r.tally.entries[b].window)
		})
	}
	return groups, omitted
}

// json is the answer to a query.
func (r *result) json(limit int) []byte {
	groups, omitted := r.groups(limit)
	b := make([]byte, 0, 256+64*len(r.tally.entries))
	b = append(b, `{"step":"`...)
	b = append(b, r.plan.stepText()...)
	b = append(b, `","series":`...)
	b = r.appendSeries(b, groups)
	b = append(b, `,"omitted":`...)
	b = strconv.AppendInt(b, int64(omitted), 10)
	b = append(b, `,"late":`...)
	b = strconv.AppendUint(b, r.late, 10)
	b = append(b, `,"other":`...)
	b = strconv.AppendUint(b, r.other, 10)
	return append(b, `,"approximate":[]}`...)
}

func (r *result) appendSeries(b []byte, groups []*group) []byte {
	b = append(b, '[')
	for i, g := range groups {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"group":`...)
		b = r.appendGroup(b, g.key)
		b = append(b, `,"points":[`...)
		for n, at := range g.points {
			if n > 0 {
				b = append(b, ',')
			}
			b = r.appendPoint(b, at)
		}
		b = append(b, `]}`...)
	}
	return append(b, ']')
}

// appendGroup writes the values of a group, null where one is missing. The
// other series has none, and says so.
func (r *result) appendGroup(b, key []byte) []byte {
	if string(key) == otherKey {
		return append(b, `{},"other":true`...)
	}
	var dims [maxDimensions][]byte
	splitKey(key, dims[:len(r.plan.groupBy)])
	b = append(b, '{')
	for i, d := range r.plan.groupBy {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, r.plan.shape.Dimensions[d]...) // needs no escapes: see memberName
		b = append(b, `":`...)
		if dims[i] == nil {
			b = append(b, `null`...)
			continue
		}
		text, _ := json.Marshal(string(dims[i])) // texts marshal
		b = append(b, text...)
	}
	return append(b, '}')
}

func (r *result) appendPoint(b []byte, at int) []byte {
	e := &r.tally.entries[at]
	b = append(b, `{"time":"`...)
	b = time.Unix(e.window, 0).UTC().AppendFormat(b, time.RFC3339)
	b = append(b, '"')
	for _, c := range r.plan.columns {
		b = append(b, `,"`...)
		b = append(b, c.name...)
		b = append(b, `":`...)
		if c.what == aggregateCount {
			b = strconv.AppendUint(b, e.count, 10)
			continue
		}
		b = appendFloat(b, c.of(r.tally.row(at)[c.measure]))
	}
	return append(b, '}')
}

// of returns the value of a column, NaN where no event has the measure.
func (c column) of(m measure) float64 {
	switch {
	case m.n == 0 && c.what != aggregateSum:
		return math.NaN()
	case c.what == aggregateSum:
		return m.sum
	case c.what == aggregateMin:
		return m.min
	case c.what == aggregateMax:
		return m.max
	}
	return m.sum / float64(m.n)
}

// appendFloat writes a number as encoding/json does, and null for what JSON
// has no number for: no value, or a sum beyond the range of a float64.
func appendFloat(b []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(b, `null`...)
	}
	text, _ := json.Marshal(f) // finite numbers marshal
	return append(b, text...)
}
