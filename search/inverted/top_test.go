package inverted_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"quintet/search/bitset"
	"quintet/search/inverted"
)

// zipfian are rows of words as texts have them: word r comes about r^-1.07
// times as often as word 1.
func zipfian(seed uint64, rows, length, words int) [][]inverted.Token {
	rng := rand.New(rand.NewPCG(seed, 1))
	zipf := rand.NewZipf(rng, 1.07, 1, uint64(words-1))
	names := make([]string, words)
	for i := range names {
		names[i] = "w" + strconv.Itoa(i)
	}
	all := make([][]inverted.Token, rows)
	for row := range all {
		all[row] = make([]inverted.Token, length)
		for i := range all[row] {
			word := names[zipf.Uint64()]
			all[row][i] = inverted.Token{Term: word, Word: word, Position: uint32(i), Weight: 1}
		}
	}
	return all
}

func memoryOf(t testing.TB, rows [][]inverted.Token) *inverted.Memory {
	m := inverted.NewMemory()
	for _, tokens := range rows {
		if _, err := m.Add(tokens); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func terms(words ...int) (clauses []inverted.Clause) {
	for _, word := range words {
		clauses = append(clauses, inverted.Clause{Kind: inverted.Term, Terms: []string{"w" + strconv.Itoa(word)}, Weight: 1})
	}
	return clauses
}

// TestTopIsTheBestOfAll holds that passing over windows and clauses loses
// nothing, in an index of many windows and unlike rows: Top finds what scoring
// every row finds.
func TestTopIsTheBestOfAll(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	rows := zipfian(3, 20_000, 12, 2_000)
	for row := range rows { // some short, some in which a word stands often
		rows[row] = rows[row][:1+rng.IntN(12)]
		if rng.IntN(50) == 0 {
			for i := range rows[row] {
				rows[row][i].Term = rows[row][0].Term
			}
		}
	}
	m := memoryOf(t, rows)
	all := make([]uint32, len(rows))
	admitted := bitset.New(len(rows))
	for row := range all {
		all[row] = uint32(row)
		if rng.IntN(4) == 0 {
			admitted.Add(uint32(row))
		}
	}
	for _, s := range []inverted.Segment{m, encoded(t, m)} {
		for range 60 {
			var words []int
			for range 1 + rng.IntN(6)*rng.IntN(6) {
				words = append(words, rng.IntN(1+rng.IntN(2_000)))
			}
			matcher := inverted.NewPlan(terms(words...), s).In(s)
			for _, filter := range []bitset.Set{nil, admitted} {
				n := &naive{}
				scores := matcher.Score(all)
				for row := range rows {
					n.add(nil, 0, uint32(row))
				}
				for _, k := range []int{1, 10, 500} {
					if got, want := matcher.Top(k, filter, nil), n.top(scores, 0, k, filter, nil); !slices.Equal(got, want) {
						t.Fatalf("%v, best %d:\n%v for\n%v", words, k, got, want)
					}
				}
			}
		}
	}
}

// TestTopOfUnlikeRows holds the same where the longer a row is the more often
// it has the term, so that no posting of a block stands for the others.
func TestTopOfUnlikeRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	m := inverted.NewMemory()
	all := make([]uint32, 3_000)
	for row := range all {
		all[row] = uint32(row)
		times := 1 + rng.IntN(2+rng.IntN(7))
		tokens := make([]inverted.Token, times*times*times)
		for i := range tokens {
			if tokens[i] = (inverted.Token{Term: "w1", Position: uint32(i), Weight: 1}); i >= times {
				tokens[i].Term = "w" + strconv.Itoa(2+rng.IntN(20))
			}
		}
		if _, err := m.Add(tokens); err != nil {
			t.Fatal(err)
		}
	}
	x := encoded(t, m)
	for _, words := range [][]int{{1}, {1, 5}, {2, 1, 1}} {
		matcher := inverted.NewPlan(terms(words...), x).In(x)
		n := &naive{}
		for _, row := range all {
			n.add(nil, 0, row)
		}
		if got, want := matcher.Top(3, nil, nil), n.top(matcher.Score(all), 0, 3, nil, nil); !slices.Equal(got, want) {
			t.Errorf("%v:\n%v for\n%v", words, got, want)
		}
	}
}
