package column_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"quintet/engine/filter"
	"quintet/search/bitset"
	"quintet/search/column"
)

const timedRows = 100_000

// timedColumns has tags (up to four of 1,000 a row, Zipf with exponent 1.1), one
// brand of 1,000 a row, and years from 1990 to 2029.
func timedColumns(tb testing.TB) (models map[string]model, sealed map[string]*column.Column) {
	rng := rand.New(rand.NewPCG(1, 1))
	zipf := rand.NewZipf(rng, 1.1, 1, 999)
	tags, brand, year := model{kind: column.Words}, model{kind: column.Words}, model{kind: column.Int}
	for range timedRows {
		var words []string
		for range 1 + rng.IntN(4) {
			words = append(words, fmt.Sprintf("t%d", zipf.Uint64()))
		}
		tags.rows = append(tags.rows, column.Value{Set: true, Words: words})
		brand.rows = append(brand.rows, column.Value{Set: true, Words: []string{fmt.Sprintf("b%d", rng.IntN(1000))}})
		year.rows = append(year.rows, column.Value{Set: true, Int: 1990 + rng.Int64N(40)})
	}
	models = map[string]model{"tags": tags, "brand": brand, "year": year}
	sealed = map[string]*column.Column{}
	for name, m := range models {
		b := m.build()
		sealed[name] = reopen(tb, &b.Column)
	}
	return models, sealed
}

// plain is the way without sealed columns: a dictionary and ordinals for each
// row, values row by row, and a predicate that is asked for each row.
type plain struct {
	ordinalOf map[string]uint32
	words     [][]uint32
	numbers   []int64
}

func newPlain(m model) *plain {
	p := &plain{ordinalOf: map[string]uint32{}}
	for _, v := range m.rows {
		var row []uint32
		for _, word := range v.Words {
			if _, known := p.ordinalOf[word]; !known {
				p.ordinalOf[word] = uint32(len(p.ordinalOf))
			}
			row = append(row, p.ordinalOf[word])
		}
		p.words, p.numbers = append(p.words, row), append(p.numbers, v.Int)
	}
	return p
}

func (p *plain) test(t *filter.Test) func(uint32) bool {
	if t.Kind == filter.Number {
		return func(row uint32) bool {
			return t.Holds(func(v *filter.Value) int { return cmp.Compare(p.numbers[row], v.Whole) })
		}
	}
	pass := make([]bool, len(p.ordinalOf))
	for word, n := range p.ordinalOf {
		pass[n] = t.Holds(func(v *filter.Value) int { return cmp.Compare(word, v.Text) })
	}
	return func(row uint32) bool {
		return slices.ContainsFunc(p.words[row], func(n uint32) bool { return pass[n] })
	}
}

func timedFilter(tb testing.TB, text string) filter.Expression {
	e, err := filter.Parse(text, filter.Fields{Kind: func(name string) filter.Kind {
		if name == "year" {
			return filter.Number
		}
		return filter.Text
	}})
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// BenchmarkFilter makes the set of passing rows of 100,000; "x" is how many
// times as fast that is as asking a predicate row by row in the same run.
func BenchmarkFilter(b *testing.B) {
	models, columns := timedColumns(b)
	plains := map[string]*plain{}
	for name, m := range models {
		plains[name] = newPlain(m)
	}
	for name, text := range map[string]string{
		"two":      "year >= 2020 and tags in ['t1', 't2']",
		"range":    "year >= 1995 and year < 2005",
		"frequent": "tags = 't0'",
		"rare":     "brand in ['b1', 'b2', 'b3']",
		"not":      "not (tags in ['t0', 't5'] or brand < 'b5')",
	} {
		e := timedFilter(b, text)
		b.Run(name, func(b *testing.B) {
			var slow time.Duration
			var want, got bitset.Set
			for n := 0; b.Loop(); n++ {
				if n%16 == 0 { // in between, so that both feel the same neighbours
					b.StopTimer()
					began := time.Now()
					want = bitset.New(timedRows)
					match := filter.Compile(e, func(t *filter.Test) func(uint32) bool { return plains[t.Field].test(t) })
					for row := range uint32(timedRows) {
						if match(row) {
							want.Add(row)
						}
					}
					slow += time.Since(began) * 16
					b.StartTimer()
				}
				got = column.Evaluate(e, timedRows, func(t *filter.Test) bitset.Set { return columns[t.Field].Test(t) })
			}
			if !slices.Equal(got, want) {
				b.Fatalf("%d rows pass, expected were %d", got.Count(), want.Count())
			}
			b.ReportMetric(float64(slow)/float64((b.N+15)/16*16)/(float64(b.Elapsed())/float64(b.N)), "x")
		})
	}
}

// BenchmarkFacets counts the values of all of 100,000 rows, and of each
// hundredth, and half of them at random; "x" is how many times as fast that is
// as a map that counts the values of the rows.
func BenchmarkFacets(b *testing.B) {
	models, columns := timedColumns(b)
	few := bitset.New(timedRows)
	for row := uint32(0); row < timedRows; row += 100 {
		few.Add(row)
	}
	half, rng := bitset.New(timedRows), rand.New(rand.NewPCG(2, 2))
	for i := range half {
		half[i] = rng.Uint64() & bitset.Full(timedRows)[i]
	}
	for rows, matching := range map[string]bitset.Set{"all": bitset.Full(timedRows), "half": half, "hundredth": few} {
		for _, name := range []string{"tags", "brand", "year"} {
			b.Run(name+"/"+rows, func(b *testing.B) {
				began := time.Now()
				want := countPlain(models[name], matching)
				slow, got := time.Since(began), 0
				for b.Loop() {
					got = 0
					columns[name].Facets(matching, func(string, int) { got++ })
				}
				if got != want {
					b.Fatalf("%d facets, expected were %d", got, want)
				}
				b.ReportMetric(float64(slow)/(float64(b.Elapsed())/float64(b.N)), "x")
			})
		}
	}
}

func countPlain(m model, matching bitset.Set) int {
	words, numbers := map[string]int{}, map[int64]int{}
	for row := range matching.All() {
		if m.kind == column.Int {
			numbers[m.rows[row].Int]++
		}
		for _, word := range m.rows[row].Words {
			words[word]++
		}
	}
	return len(words) + len(numbers)
}

// BenchmarkSeal encodes and opens columns of 100,000 rows.
func BenchmarkSeal(b *testing.B) {
	models, _ := timedColumns(b)
	for _, name := range []string{"tags", "brand", "year"} {
		builder := models[name].build()
		encoded := builder.Append(nil)
		b.Run("append/"+name, func(b *testing.B) {
			for b.Loop() {
				encoded = builder.Append(encoded[:0])
			}
			b.ReportMetric(float64(len(encoded))/timedRows, "bytes/row")
		})
		b.Run("open/"+name, func(b *testing.B) {
			for b.Loop() {
				c, err := column.Open(encoded)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(c.Memory())/timedRows, "bytes/row")
			}
		})
	}
}
