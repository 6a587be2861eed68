package main

import (
	"fmt"
	"math"
	"testing"
)

// TestJudge holds the measures to values worked out by hand; log2(3) is 1.58496
// and log2(5) is 2.32193.
func TestJudge(t *testing.T) {
	far := func(rank int) (ids []string) { // a at that rank
		for i := range rank - 1 {
			ids = append(ids, fmt.Sprint("x", i))
		}
		return append(ids, "a")
	}
	for name, c := range map[string]struct {
		grades grades
		ids    []string
		want   quality
	}{
		// (1/1.58496 + 1/2.32193) / (1 + 1/1.58496); (1/2 + 2/4) / 2
		"second and fourth": {grades{"a": 1, "b": 1, "c": 0, "d": -1}, []string{"x", "a", "y", "b"}, quality{0.65092, 0.5, 0.5, 1}},
		"judged and wrong":  {grades{"a": 1, "b": 1, "c": 0, "d": -1}, []string{"d", "a", "c", "b"}, quality{0.65092, 0.5, 0.5, 1}},
		"the best order":    {grades{"a": 1, "b": 1}, []string{"b", "a", "x"}, quality{1, 1, 1, 1}},
		// (1 + 3/1.58496) / (3 + 1/1.58496)
		"the better second": {grades{"a": 3, "b": 1}, []string{"b", "a"}, quality{0.79671, 1, 1, 1}},
		// 1 / (1 + 1/1.58496 + 1/2)
		"one of three":        {grades{"a": 1, "b": 1, "c": 1}, []string{"a"}, quality{0.46928, 1, 0.33333, 0.33333}},
		"none":                {grades{"a": 1}, []string{"x", "y"}, quality{}},
		"nothing found":       {grades{"a": 1}, nil, quality{}},
		"the tenth":           {grades{"a": 1}, far(10), quality{0.28906, 0.1, 0.1, 1}}, // 1 / log2(11)
		"the eleventh":        {grades{"a": 1}, far(11), quality{0, 0.09091, 0.09091, 1}},
		"the hundredth":       {grades{"a": 1}, far(100), quality{0, 0.01, 0.01, 1}},
		"the hundred-first":   {grades{"a": 1}, far(101), quality{0, 0.0099, 0.0099, 0}},
		"more than ten exist": {manyGrades(20), manyIDs(10), quality{1, 1, 0.5, 0.5}},
	} {
		t.Run(name, func(t *testing.T) { checkQuality(t, c.grades.judge(c.ids), c.want) })
	}
}

func manyGrades(n int) grades {
	g := grades{}
	for _, id := range manyIDs(n) {
		g[id] = 2
	}
	return g
}

func manyIDs(n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprint("m", i))
	}
	return ids
}

func checkQuality(t *testing.T, got, want quality) {
	t.Helper()
	for _, pair := range [][2]float64{{got.NDCG10, want.NDCG10}, {got.MRR, want.MRR}, {got.MAP, want.MAP}, {got.Recall100, want.Recall100}} {
		if !(math.Abs(pair[0]-pair[1]) < 0.00001) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
}

func TestMeanQuality(t *testing.T) {
	checkQuality(t, meanQuality([]quality{{1, 0.5, 0.2, 0}, {0, 1, 0.4, 1}}), quality{0.5, 0.75, 0.3, 0.5})
}

func TestPairedBootstrap(t *testing.T) {
	near := func(got, low, high float64) bool { return low <= got && got <= high }
	if got := pairedBootstrap([]float64{0.2, 0.7}, []float64{0.2, 0.7}); got != (interval{}) {
		t.Errorf("no difference: %+v", got)
	}
	if got := pairedBootstrap([]float64{1, 0.75, 0.5}, []float64{0.75, 0.5, 0.25}); got != (interval{0.25, 0.25, 0.25}) {
		t.Errorf("always the same difference: %+v", got)
	}
	// Of two queries a quarter of the draws takes the one twice, a quarter the other.
	if got := pairedBootstrap([]float64{1, 0}, []float64{0, 0}); got != (interval{0.5, 0, 1}) {
		t.Errorf("two queries: %+v", got)
	}
	var a, b []float64
	for i := range 100 {
		a, b = append(a, float64(i%2)), append(b, 0)
	}
	// The mean of 100 draws of 0 or 1 has a standard deviation of 0.05.
	got := pairedBootstrap(a, b)
	if !near(got.Difference, 0.4999, 0.5001) || !near(got.Low, 0.39, 0.42) || !near(got.High, 0.58, 0.61) {
		t.Errorf("a hundred queries: %+v", got)
	}
	if again := pairedBootstrap(a, b); again != got {
		t.Errorf("a second time: %+v, not %+v", again, got)
	}
}
