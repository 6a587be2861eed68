package column_test

import (
	"cmp"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quintet/engine/filter"
	"quintet/search/bitset"
	"quintet/search/column"
)

// model is a column as a list of values, of which each is looked at.
type model struct {
	kind column.Kind
	rows []column.Value
}

var compared = map[column.Kind]filter.Kind{column.Words: filter.Text, column.Int: filter.Number, column.Float: filter.Number, column.Bool: filter.Bool}

func (m model) passes(t *filter.Test, row int) bool {
	v := m.rows[row]
	switch {
	case !v.Set || t.Kind != compared[m.kind]:
		return false
	case t.Op == filter.Exists:
		return true
	case m.kind == column.Words:
		return slices.ContainsFunc(v.Words, func(word string) bool {
			return t.Holds(func(f *filter.Value) int { return strings.Compare(word, f.Text) })
		})
	}
	return t.Holds(func(f *filter.Value) int { return m.compare(v, f) })
}

// compare knows numbers of any size, where the column has to be clever.
func (m model) compare(v column.Value, f *filter.Value) int {
	switch {
	case m.kind == column.Bool:
		return cmp.Compare(number(v.Bool), int(f.Whole))
	case m.kind == column.Float:
		return cmp.Compare(v.Float, f.Float)
	case f.IsWhole:
		return cmp.Compare(v.Int, f.Whole)
	case math.IsInf(f.Float, 0):
		return cmp.Compare(0, f.Float)
	}
	return new(big.Float).SetInt64(v.Int).Cmp(big.NewFloat(f.Float))
}

func number(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// texts are what a row counts for in facets.
func (m model) texts(row int) []string {
	v := m.rows[row]
	switch {
	case !v.Set:
		return nil
	case m.kind == column.Words:
		return slices.Compact(slices.Sorted(slices.Values(v.Words)))
	case m.kind == column.Int:
		return []string{strconv.FormatInt(v.Int, 10)}
	case m.kind == column.Bool:
		return []string{strconv.FormatBool(v.Bool)}
	}
	return []string{strconv.FormatFloat(v.Float+0, 'g', -1, 64)}
}

func (m model) facets(matching bitset.Set) map[string]int {
	counts := map[string]int{}
	for row := range m.rows {
		for _, text := range m.texts(row) {
			if matching.Has(uint32(row)) {
				counts[text]++
			}
		}
	}
	return counts
}

// before reports whether a row is sorted before another; neither has more than
// one word.
func (m model) order(a, b int, descending bool) int {
	v, w := m.rows[a], m.rows[b]
	v.Set = v.Set && (m.kind != column.Words || len(v.Words) > 0)
	w.Set = w.Set && (m.kind != column.Words || len(w.Words) > 0)
	if !v.Set || !w.Set {
		return number(w.Set) - number(v.Set)
	}
	order := cmp.Or(cmp.Compare(v.Int, w.Int), cmp.Compare(v.Float, w.Float), number(v.Bool)-number(w.Bool), strings.Compare(edge(v.Words, descending), edge(w.Words, descending)))
	if descending {
		return -order
	}
	return order
}

func edge(words []string, highest bool) string {
	switch {
	case len(words) == 0:
		return ""
	case highest:
		return slices.Max(words)
	}
	return slices.Min(words)
}

func (m model) build() *column.Builder {
	b := column.NewBuilder(m.kind)
	for _, v := range m.rows {
		b.Add(v)
	}
	return b
}

// Values that lie where a comparison could go wrong.
var (
	edgeInts   = []int64{math.MinInt64, math.MinInt64 + 1, -1 << 53, -1<<53 - 1, -2, -1, 0, 1, 2, 1 << 53, 1<<53 + 1, math.MaxInt64 - 1024, math.MaxInt64 - 1, math.MaxInt64}
	edgeFloats = []float64{math.Inf(-1), -math.MaxFloat64, -0x1p63, -0x1p53, -1.5, -1, -5e-324, math.Copysign(0, -1), 0, 5e-324, .5, 1, 1.5, 0x1p53, 0x1p63 - 1024, 0x1p63, 0x1p64, 1e21, math.MaxFloat64, math.Inf(1)}
	edgeWords  = []string{"", "\x00", "a", "a\x00", "aa", "b", "é", "z", "\xff", "\xff\xff"}
)

func drawWord(t *rapid.T) string {
	return rapid.OneOf(rapid.SampledFrom(edgeWords), rapid.StringN(0, 3, -1)).Draw(t, "word")
}

func drawInt(t *rapid.T) int64 {
	return rapid.OneOf(rapid.SampledFrom(edgeInts), rapid.Int64(), rapid.Int64Range(-5, 5)).Draw(t, "int")
}

func drawFloat(t *rapid.T) float64 {
	return rapid.OneOf(rapid.SampledFrom(edgeFloats), rapid.Float64(), rapid.Float64Range(-3, 3)).Draw(t, "float")
}

// drawValue draws values, of which a fifth is not set, whatever else it says.
func drawValue(t *rapid.T, k column.Kind) (v column.Value) {
	v.Set = rapid.IntRange(0, 4).Draw(t, "missing") > 0
	switch k {
	case column.Words:
		for range rapid.IntRange(0, 4).Draw(t, "words") {
			v.Words = append(v.Words, drawWord(t))
		}
	case column.Int:
		v.Int = drawInt(t)
	case column.Float:
		if v.Float = drawFloat(t); rapid.IntRange(0, 9).Draw(t, "nan") == 0 {
			v.Float = math.NaN()
		}
	case column.Bool:
		v.Bool = rapid.Bool().Draw(t, "bool")
	}
	return v
}

func drawModel(t *rapid.T) model {
	m := model{kind: rapid.SampledFrom(slices.Sorted(maps.Keys(compared))).Draw(t, "kind")}
	for range rapid.IntRange(0, 150).Draw(t, "rows") {
		m.rows = append(m.rows, drawValue(t, m.kind))
	}
	return m
}

// drawTest asks what the parser can ask, and orders of booleans too.
func drawTest(t *rapid.T, field string, k filter.Kind) filter.Test {
	test := filter.Test{Field: field, Kind: k, Op: filter.Op(rapid.IntRange(0, int(filter.AtLeast)).Draw(t, "op"))}
	for range rapid.IntRange(1, 4).Draw(t, "values") {
		var v filter.Value
		switch {
		case k == filter.Text:
			v.Text = drawWord(t)
		case k == filter.Bool:
			v = filter.Value{Whole: int64(number(rapid.Bool().Draw(t, "truth"))), IsWhole: true}
			v.Float = float64(v.Whole)
		case rapid.Bool().Draw(t, "whole"):
			v = filter.Value{Whole: drawInt(t), IsWhole: true}
			v.Float = float64(v.Whole)
		default:
			v.Float = drawFloat(t)
		}
		test.Values = append(test.Values, v)
	}
	return test
}

func drawSet(t *rapid.T, rows int) (s bitset.Set) {
	for _, row := range rapid.SliceOf(rapid.IntRange(0, rows+70)).Draw(t, "matching") {
		s.Add(uint32(row))
	}
	if rapid.Bool().Draw(t, "most") {
		most := bitset.Full(rows)
		most.AndNot(s)
		return most
	}
	return s
}

// TestColumn holds a builder, and the sealed column, against the model.
func TestColumn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		b := m.build()
		for name, c := range map[string]*column.Column{"in memory": &b.Column, "sealed": reopen(t, &b.Column)} {
			checkRows(t, name, m, c)
			for range 4 {
				checkTest(t, name, m, c)
			}
			checkFacets(t, name, m, c)
			checkKeys(t, name, m, c)
		}
	})
}

func reopen(t rapid.TB, c *column.Column) *column.Column {
	t.Helper()
	opened, err := column.Open(c.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

func checkRows(t *rapid.T, name string, m model, c *column.Column) {
	if c.Rows() != len(m.rows) {
		t.Fatalf("%s: %d rows, expected were %d", name, c.Rows(), len(m.rows))
	}
	for row, want := range m.rows {
		got := c.Value(uint32(row))
		slices.Sort(got.Words)
		if !want.Set {
			want = column.Value{}
		}
		want.Words = m.texts(row)
		if m.kind != column.Words {
			want.Words = nil
		}
		same := got.Set == want.Set && got.Int == want.Int && cmp.Compare(got.Float, want.Float) == 0 && got.Bool == want.Bool && slices.Equal(got.Words, want.Words)
		if !same {
			t.Fatalf("%s: row %d is %+v, expected was %+v", name, row, got, want)
		}
	}
}

func checkTest(t *rapid.T, name string, m model, c *column.Column) {
	kind := compared[m.kind]
	if rapid.IntRange(0, 9).Draw(t, "other") == 0 {
		kind = rapid.SampledFrom([]filter.Kind{filter.Text, filter.Number, filter.Bool}).Draw(t, "kind")
	}
	test := drawTest(t, "f", kind)
	got := c.Test(&test)
	for row := range uint32(len(m.rows) + 70) {
		want := int(row) < len(m.rows) && m.passes(&test, int(row))
		if got.Has(row) != want {
			t.Fatalf("%s: row %d passes %+v: %v", name, row, test, got.Has(row))
		}
	}
}

func checkFacets(t *rapid.T, name string, m model, c *column.Column) {
	matching := drawSet(t, len(m.rows))
	before := matching.Clone()
	got := map[string]int{}
	c.Facets(matching, func(value string, n int) {
		if m.kind == column.Float { // the model writes them in another way
			f, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			value = strconv.FormatFloat(f, 'g', -1, 64)
		}
		if got[value] > 0 {
			t.Fatalf("%s: facet %q twice", name, value)
		}
		got[value] = n
	})
	if want := m.facets(matching); !maps.Equal(got, want) || !slices.Equal(matching, before) {
		t.Fatalf("%s: facets of %v are %v, expected were %v", name, before, got, want)
	}

	var wantLow, wantHigh *column.Value
	for row, v := range m.rows {
		if !v.Set || !matching.Has(uint32(row)) || m.kind == column.Words || m.kind == column.Bool {
			continue
		}
		if wantLow == nil || cmp.Or(cmp.Compare(v.Int, wantLow.Int), cmp.Compare(v.Float, wantLow.Float)) < 0 {
			wantLow = &v
		}
		if wantHigh == nil || cmp.Or(cmp.Compare(v.Int, wantHigh.Int), cmp.Compare(v.Float, wantHigh.Float)) > 0 {
			wantHigh = &v
		}
	}
	low, high, ok := c.Range(matching)
	if ok != (wantLow != nil) {
		t.Fatalf("%s: range is known: %v", name, ok)
	}
	if ok && (low.Int != wantLow.Int || high.Int != wantHigh.Int || cmp.Compare(low.Float, wantLow.Float) != 0 || cmp.Compare(high.Float, wantHigh.Float) != 0) {
		t.Fatalf("%s: range is %v to %v, expected was %v to %v", name, low, high, *wantLow, *wantHigh)
	}
}

func checkKeys(t *rapid.T, name string, m model, c *column.Column) {
	if len(m.rows) == 0 {
		return
	}
	row := rapid.IntRange(0, len(m.rows)-1)
	for range 10 {
		a, b, descending := row.Draw(t, "a"), row.Draw(t, "b"), rapid.Bool().Draw(t, "descending")
		got := c.Key(uint32(a), descending).Compare(c.Key(uint32(b), descending), descending)
		if cmp.Compare(got, 0) != cmp.Compare(m.order(a, b, descending), 0) {
			t.Fatalf("%s: %+v before %+v, descending %v: %d", name, m.rows[a], m.rows[b], descending, got)
		}
	}
}
