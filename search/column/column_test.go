package column_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"quintet/engine/filter"
	"quintet/search/bitset"
	"quintet/search/column"
)

// zipfModel has thousands of words, some in half of the rows and most in one,
// and rows with up to five, some twice.
func zipfModel(rows, distinct int) model {
	rng := rand.New(rand.NewPCG(1, 1))
	zipf := rand.NewZipf(rng, 1.2, 2, uint64(distinct-1))
	m := model{kind: column.Words, rows: make([]column.Value, rows)}
	for i := range m.rows {
		if rng.IntN(20) == 0 {
			continue
		}
		m.rows[i].Set = true
		for range 1 + rng.IntN(5) {
			m.rows[i].Words = append(m.rows[i].Words, fmt.Sprintf("w%d", zipf.Uint64()))
		}
	}
	return m
}

// TestManyWords holds the forms that the rows of a word have, and unions of
// them, against the model.
func TestManyWords(t *testing.T) {
	m := zipfModel(70_000, 20_000) // more rows than a container of roaring has
	b := m.build()
	sealed := reopen(t, &b.Column)
	word := func(names ...string) (values []filter.Value) {
		for _, name := range names {
			values = append(values, filter.Value{Text: name})
		}
		return values
	}
	f := func(name string, op filter.Op, values []filter.Value) {
		t.Run(name, func(t *testing.T) {
			test := &filter.Test{Kind: filter.Text, Op: op, Values: values}
			want := bitset.New(len(m.rows))
			for row := range m.rows {
				if m.passes(test, row) {
					want.Add(uint32(row))
				}
			}
			if got := sealed.Test(test); !slices.Equal(got, want) {
				t.Errorf("sealed: %d rows pass, expected were %d", got.Count(), want.Count())
			}
			if got := b.Test(test); !slices.Equal(got, want) {
				t.Errorf("in memory: %d rows pass, expected were %d", got.Count(), want.Count())
			}
		})
	}
	f("Frequent", filter.Equal, word("w0"))
	f("FrequentBoth", filter.Equal, word("w0", "w1"))
	f("Rare", filter.Equal, word("w19998", "w17003"))
	f("Mixed", filter.Equal, word("w15000", "w3", "w0", "w9999", "nothing", "w3"))
	f("Less", filter.Less, word("w2"))
	f("AtMost", filter.AtMost, word("w100", "w0"))
	f("Greater", filter.Greater, word("w99"))
	f("AtLeast", filter.AtLeast, word("w"))
	f("Exists", filter.Exists, nil)

	matching := bitset.New(len(m.rows))
	for row := 0; row < len(m.rows); row += 3 {
		matching.Add(uint32(row))
	}
	want := m.facets(matching)
	for _, c := range []*column.Column{&b.Column, sealed} {
		got := map[string]int{}
		c.Facets(matching, func(word string, n int) { got[word] = n })
		if !maps.Equal(got, want) {
			t.Errorf("%d facets, expected were %d", len(got), len(want))
		}
	}
}

// TestKeysAcross sorts rows of two columns together.
func TestKeysAcross(t *testing.T) {
	f := func(name string, descending bool, want string, left, right model) {
		t.Run(name, func(t *testing.T) {
			a, b := left.build(), right.build()
			var keys []column.Key
			for _, c := range []*column.Column{&a.Column, reopen(t, &b.Column)} {
				for row := range c.Rows() {
					keys = append(keys, c.Key(uint32(row), descending))
				}
			}
			order := make([]int, len(keys))
			for i := range order {
				order[i] = i
			}
			slices.SortStableFunc(order, func(i, j int) int { return keys[i].Compare(keys[j], descending) })
			if got := fmt.Sprint(order); got != want {
				t.Errorf("sorted as %s, expected was %s", got, want)
			}
		})
	}
	ints := func(values ...int64) model {
		m := model{kind: column.Int, rows: []column.Value{{}}}
		for _, v := range values {
			m.rows = append(m.rows, column.Value{Set: true, Int: v})
		}
		return m
	}
	words := func(rows ...[]string) model {
		m := model{kind: column.Words}
		for _, v := range rows {
			m.rows = append(m.rows, column.Value{Set: true, Words: v})
		}
		return m
	}
	f("IntsRising", false, "[5 1 2 4 0 3]", ints(-1, 7), ints(7, -9))
	f("IntsFalling", true, "[2 4 1 5 0 3]", ints(-1, 7), ints(7, -9))
	left, right := words([]string{"m", "b", "x"}, nil), words([]string{"c"}, []string{""})
	f("WordsRising", false, "[3 0 2 1]", left, right)
	f("WordsFalling", true, "[0 2 3 1]", left, right)
}

// drawExpression draws filters over the fields "a" of Words and "b" of Int.
func drawExpression(t *rapid.T, depth int) filter.Expression {
	shape := rapid.IntRange(0, 4).Draw(t, "shape")
	if depth == 0 {
		shape = 0
	}
	part := func() filter.Expression { return drawExpression(t, depth-1) }
	switch shape {
	case 1:
		return filter.And{part(), part(), part()}
	case 2:
		return filter.Or{part(), part(), part()}
	case 3:
		return filter.Not{Inner: part()}
	}
	if rapid.Bool().Draw(t, "field") {
		return drawTest(t, "a", filter.Text)
	}
	return drawTest(t, "b", filter.Number)
}

// TestEvaluate holds the evaluation of sets against that of single rows.
func TestEvaluate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		models := map[string]model{"a": {kind: column.Words}, "b": {kind: column.Int}}
		rows := rapid.IntRange(0, 130).Draw(t, "rows")
		columns := map[string]*column.Column{}
		for name, m := range models {
			for range rows {
				m.rows = append(m.rows, drawValue(t, m.kind))
			}
			models[name], columns[name] = m, reopen(t, &m.build().Column)
		}
		e := drawExpression(t, 3)
		got := column.Evaluate(e, rows, func(test *filter.Test) bitset.Set { return columns[test.Field].Test(test) })
		passes := filter.Compile(e, func(test *filter.Test) func(int) bool {
			return func(row int) bool { return models[test.Field].passes(test, row) }
		})
		for row := range rows {
			if got.Has(uint32(row)) != passes(row) {
				t.Fatalf("row %d passes %+v: %v", row, e, got.Has(uint32(row)))
			}
		}
		if n := got.Count(); n > rows {
			t.Fatalf("%d of %d rows pass", n, rows)
		}
	})
	if got := column.Evaluate(nil, 70, nil); got.Count() != 70 {
		t.Errorf("%d of 70 rows pass the empty filter", got.Count())
	}
}

// TestMemory holds the estimate to what FORMAT.md's parts take at least.
func TestMemory(t *testing.T) {
	m := zipfModel(2_000, 500)
	b := m.build()
	sealed := reopen(t, &b.Column)
	if least := int64(len(b.Append(nil))); b.Memory() < least/2 || sealed.Memory() < least {
		t.Errorf("%d bytes in memory, %d sealed; encoded there are %d", b.Memory(), sealed.Memory(), least)
	}
}
