// Command bleve compares package search/inverted with bleve on generated text:
// the best ten rows and the number of all matches, for queries of a few terms.
// The two take turns, query by query, so that they see the same machine.
//
// It is a module of its own: what it needs is no business of the program's.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"quintet/search/inverted"
)

// The bar: how many times bleve's rate ours has to be, and our slowest query
// but one in a hundred.
const (
	bar     = 5.0
	slowest = 5 * time.Millisecond
)

func main() {
	rows := flag.Int("rows", 100_000, "rows of 60 words")
	count := flag.Int("queries", 1_000, "queries of 2 to 4 terms of the ranks 20 to 5,000")
	rounds := flag.Int("rounds", 5, "how often each query is asked; its fastest answer counts")
	flag.Parse()
	if err := run(*rows, *count, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bleve:", err)
		os.Exit(1)
	}
}

func run(rows, count, rounds int) error {
	folder, err := os.MkdirTemp("", "bleve-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	text := generate(rows)
	start := time.Now()
	own, err := build(text)
	if err != nil {
		return err
	}
	fmt.Printf("quintet: built in %.1f s, %.1f MB\n", time.Since(start).Seconds(), float64(own.size)/1e6)
	start = time.Now()
	theirs, err := buildBleve(folder, text)
	if err != nil {
		return err
	}
	defer theirs.Close()
	fmt.Printf("bleve: built in %.1f s\n", time.Since(start).Seconds())
	text = nil
	runtime.GC()
	runtime.GOMAXPROCS(1) // both on one core
	return compare(own, theirs, queries(count), rounds)
}

// compare asks both each query in turns. It wants equal numbers of matches:
// they are the same text, and so the same rows.
func compare(own *ours, theirs *bleveIndex, queries [][]string, rounds int) error {
	a, b := make([]time.Duration, len(queries)), make([]time.Duration, len(queries))
	for round := range rounds {
		for i, query := range queries {
			start := time.Now()
			found := own.search(query)
			middle := time.Now()
			count, err := theirs.search(query)
			end := time.Now()
			if err != nil {
				return err
			}
			if found != count {
				return fmt.Errorf("%v matches %d rows of ours and %d of bleve's", query, found, count)
			}
			a[i], b[i] = faster(round, a[i], middle.Sub(start)), faster(round, b[i], end.Sub(middle))
		}
	}
	ratio := float64(sum(b)) / float64(sum(a))
	fmt.Printf("quintet: %s\nbleve:   %s\n", describe(a), describe(b))
	fmt.Printf("ratio of the rates %.1f (bar %.0f), p99 %s (bar %s)\n", ratio, bar, quantile(a, .99), slowest)
	return nil
}

func faster(round int, before, now time.Duration) time.Duration {
	if round == 0 {
		return now
	}
	return min(before, now)
}

func sum(times []time.Duration) (all time.Duration) {
	for _, t := range times {
		all += t
	}
	return all
}

func quantile(times []time.Duration, q float64) time.Duration {
	return slices.Sorted(slices.Values(times))[int(float64(len(times)-1)*q)]
}

func describe(times []time.Duration) string {
	rate := float64(len(times)) / sum(times).Seconds()
	return fmt.Sprintf("%.0f queries/s, median %s, p99 %s", rate, quantile(times, .5), quantile(times, .99))
}

// ours is our index.
type ours struct {
	*inverted.Index
	size int
}

func build(text [][]string) (*ours, error) {
	m := inverted.NewMemory()
	var tokens []inverted.Token
	for _, words := range text {
		tokens = tokens[:0]
		for i, word := range words {
			tokens = append(tokens, inverted.Token{Term: word, Word: word, Position: uint32(i), Weight: 1})
		}
		if _, err := m.Add(tokens); err != nil {
			return nil, err
		}
	}
	code := m.Encode()
	x, err := inverted.Open(code)
	return &ours{x, len(code)}, err
}

func (x *ours) search(words []string) (found int) {
	clauses := make([]inverted.Clause, len(words))
	for i, word := range words {
		clauses[i] = inverted.Clause{Kind: inverted.Term, Terms: []string{word}, Weight: 1}
	}
	m := inverted.NewPlan(clauses, x).In(x)
	m.Top(10, nil, nil)
	return m.Matches().Count()
}
