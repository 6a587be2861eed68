package inverted_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"quintet/search/inverted"
)

// The text of the benchmarks: 100,000 rows of 60 words, Zipf 1.07 over 50,000
// words.
const (
	timedRows   = 100_000
	timedLength = 60
	timedWords  = 50_000
)

var timedText = sync.OnceValue(func() [][]inverted.Token {
	return zipfian(42, timedRows, timedLength, timedWords)
})

var timedIndex = sync.OnceValue(func() []byte {
	m := inverted.NewMemory()
	for _, tokens := range timedText() {
		m.Add(tokens)
	}
	return m.Encode()
})

// timedQueries have 2 to 4 terms of the ranks 20 to 5,000.
func timedQueries(n int) (all [][]inverted.Clause) {
	rng := rand.New(rand.NewPCG(43, 1))
	for range n {
		var ranks []int
		for range 2 + rng.IntN(3) {
			ranks = append(ranks, 19+rng.IntN(4_981))
		}
		all = append(all, terms(ranks...))
	}
	return all
}

// plain is the baseline: postings in slices, every one of them scored.
type plain struct {
	postings map[string][]plainPosting
	sums     []float64
}

type plainPosting struct {
	row uint32
	tf  float32
}

func newPlain(rows [][]inverted.Token) *plain {
	p := &plain{postings: map[string][]plainPosting{}, sums: make([]float64, len(rows))}
	for row, tokens := range rows {
		for _, t := range tokens {
			list := p.postings[t.Term]
			if n := len(list); n > 0 && list[n-1].row == uint32(row) {
				list[n-1].tf += t.Weight
			} else {
				p.postings[t.Term] = append(list, plainPosting{uint32(row), t.Weight})
			}
		}
	}
	return p
}

// search returns the best ten and how many rows match.
func (p *plain) search(clauses []inverted.Clause) (top []inverted.Scored, found int) {
	clear(p.sums)
	for _, c := range clauses {
		list := p.postings[c.Terms[0]]
		df := float64(len(list))
		idf := math.Log(1 + (timedRows-df+.5)/(df+.5))
		for _, at := range list {
			tf := float64(at.tf)
			p.sums[at.row] += idf * tf * 2.2 / (tf + 1.2) // all rows are of average length
		}
	}
	for row, score := range p.sums {
		if score == 0 {
			continue
		}
		found++
		s := inverted.Scored{Row: uint32(row), Score: score}
		if len(top) == 10 && s.Score < top[9].Score {
			continue
		}
		at, _ := slices.BinarySearchFunc(top, s, func(x, y inverted.Scored) int {
			return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(y.Row, x.Row))
		})
		top = slices.Insert(top, at, s)[:min(len(top)+1, 10)]
	}
	return top, found
}

// turns are the times of two that take turns. Their medians do not see what
// else the machine does; sums would.
type turns struct{ ours, theirs []time.Duration }

func (t *turns) take(ours, theirs func()) {
	start := time.Now()
	ours()
	middle := time.Now()
	theirs()
	t.ours = append(t.ours, middle.Sub(start))
	t.theirs = append(t.theirs, time.Since(middle))
}

func (t *turns) report(b *testing.B) {
	slices.Sort(t.ours)
	slices.Sort(t.theirs)
	n := len(t.ours)
	b.ReportMetric(float64(t.ours[n/2].Nanoseconds())/1e3, "median-µs")
	b.ReportMetric(float64(t.ours[n*99/100].Nanoseconds())/1e3, "p99-µs")
	b.ReportMetric(float64(t.theirs[n/2])/float64(t.ours[n/2]), "ratio")
	b.ReportMetric(float64(t.theirs[n*99/100])/float64(t.ours[n*99/100]), "p99-ratio")
}

func openTimed(b *testing.B) *inverted.Index {
	x, err := inverted.Open(timedIndex())
	if err != nil {
		b.Fatal(err)
	}
	return x
}

// BenchmarkSearch finds the best ten and counts all matches, in turns with the
// baseline. "ratio" is how many times longer the baseline takes.
func BenchmarkSearch(b *testing.B) {
	x := openTimed(b)
	baseline := newPlain(timedText())
	queries := timedQueries(1_000)
	var t turns
	for i := 0; b.Loop(); i++ {
		query := queries[i%len(queries)]
		var found, count int
		t.take(func() {
			m := inverted.NewPlan(query, x).In(x)
			m.Top(10, nil, nil)
			found = m.Matches().Count()
		}, func() { _, count = baseline.search(query) })
		if found != count {
			b.Fatalf("%d rows for %d", found, count)
		}
	}
	t.report(b)
}

// BenchmarkTop compares finding the best ten with scoring all matches, for
// queries with frequent terms, where passing over most rows pays.
func BenchmarkTop(b *testing.B) {
	x := openTimed(b)
	rng := rand.New(rand.NewPCG(44, 1))
	all := make([]uint32, timedRows)
	for row := range all {
		all[row] = uint32(row)
	}
	var t turns
	for b.Loop() {
		m := inverted.NewPlan(terms(2+rng.IntN(10), 10+rng.IntN(50), 100+rng.IntN(500)), x).In(x)
		t.take(func() { m.Top(10, nil, nil) }, func() { m.Score(all) })
	}
	t.report(b)
}

// BenchmarkMemory searches the 5,000 rows that a memory is meant for, in turns
// with their index.
func BenchmarkMemory(b *testing.B) {
	m := memoryOf(b, timedText()[:5_000])
	x, err := inverted.Open(m.Encode())
	if err != nil {
		b.Fatal(err)
	}
	queries := timedQueries(1_000)
	var t turns
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		query := append(terms(3), queries[i%len(queries)]...) // and a frequent one
		search := func(s inverted.Segment) func() {
			return func() {
				matcher := inverted.NewPlan(query, s).In(s)
				matcher.Top(10, nil, nil)
				matcher.Matches()
			}
		}
		t.take(search(m), search(x))
	}
	t.report(b)
}

// BenchmarkKinds is one clause of each kind, the plan included.
func BenchmarkKinds(b *testing.B) {
	x := openTimed(b)
	for name, c := range map[string]inverted.Clause{
		"prefix":     {Kind: inverted.Prefix, Word: "w12"},
		"phrase":     {Kind: inverted.Phrase, Places: []inverted.Place{{Terms: []string{"w3"}}, {Terms: []string{"w20"}, Offset: 1}}},
		"neighbours": {Kind: inverted.Prefix, Word: "w1234"},
	} {
		c.Weight = 1
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				inverted.NewPlan([]inverted.Clause{c}, x).In(x).Top(10, nil, nil)
			}
		})
	}
}

// BenchmarkBuild adds the rows to a memory and encodes it.
func BenchmarkBuild(b *testing.B) {
	text := timedText()
	postings := 0
	for _, list := range newPlain(text).postings {
		postings += len(list)
	}
	var size int
	var adding time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		m := memoryOf(b, text)
		adding += time.Since(start)
		size = len(m.Encode())
	}
	b.ReportMetric(float64(size)/float64(postings), "B/posting")
	b.ReportMetric(adding.Seconds()/b.Elapsed().Seconds(), "adding")
}

// BenchmarkOpen checks the bytes of an index.
func BenchmarkOpen(b *testing.B) {
	code := timedIndex()
	b.SetBytes(int64(len(code)))
	for b.Loop() {
		if _, err := inverted.Open(code); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGrow adds rows as a part of a collection grows by them, and encodes
// it, and merges eight such.
func BenchmarkGrow(b *testing.B) {
	const rows, parts = 5_000, 8
	text := timedText()
	grow := func(part int) *inverted.Memory {
		m := inverted.NewMemory()
		for _, tokens := range text[part*rows : (part+1)*rows] {
			m.Add(tokens)
		}
		return m
	}
	var inputs []inverted.Input
	for part := range parts {
		x, err := inverted.Open(grow(part).Encode())
		if err != nil {
			b.Fatal(err)
		}
		numbers := make([]uint32, rows)
		for i := range numbers {
			numbers[i] = uint32(part*rows + i)
		}
		inputs = append(inputs, inverted.Input{Segment: x, Rows: numbers})
	}
	m := grow(0)
	run := func(name string, n int, f func()) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/row")
		})
	}
	run("add", rows, func() { grow(0) })
	run("encode", rows, func() { m.Encode() })
	run("merge", rows*parts, func() { inverted.Merge(b.Context(), inputs) })
}
