package graph_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"quintet/search/bitset"
	"quintet/search/graph"
)

// TestRecall holds the ten nearest of 5,000 against the exact ones, on every
// kernel and by both metrics.
func TestRecall(t *testing.T) {
	v, queries := clustered(1, 5_000, 100, 60, 50)
	for name, v := range map[string]graph.Vectors{"dot": v, "Euclid": euclid(v)} {
		g := build(t, v, graph.Options{Breadth: 80})
		for _, kernel := range graph.Kernels() {
			t.Run(name+" "+kernel, func(t *testing.T) {
				graph.Force(t, kernel)
				var s graph.Scratch
				sum := 0.0
				for _, q := range queries {
					found := g.Search(&s, q, 100, nil)
					sound(t, v, q, found, nil)
					if len(found) != 100 {
						t.Fatalf("%d found", len(found))
					}
					sum += recall(found, exact(v, q, 10, nil))
				}
				if share := sum / float64(len(queries)); share < .95 {
					t.Errorf("recall %.3f", share)
				}
			})
		}
	}
}

// TestEveryRowIsReached searches for all rows at once: where one is missing, no
// walk leads to it.
func TestEveryRowIsReached(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(0, 300).Draw(t, "rows")
		kind := rapid.SampledFrom([]string{"random", "few different", "all equal", "sorted", "zero"}).Draw(t, "kind")
		o := graph.Options{
			Links: rapid.IntRange(2, 8).Draw(t, "links"), Breadth: rapid.IntRange(1, 30).Draw(t, "breadth"),
			Seed: rapid.Uint64().Draw(t, "seed"), Workers: rapid.IntRange(1, 3).Draw(t, "workers"),
		}
		rng := rand.New(rand.NewPCG(o.Seed, 3))
		v := graph.Vectors{Codes: make([]byte, rows*64), Stride: 64}
		for row := range rows {
			codes := v.Codes[row*64:][:64]
			switch kind {
			case "random":
				fill(rng, codes, false)
			case "few different":
				codes[rng.IntN(3)] = 250
			case "all equal":
				fill(rand.New(rand.NewPCG(1, 1)), codes, false)
			case "sorted":
				codes[0], codes[1] = byte(row), byte(row>>8)
			case "zero":
				copy(codes, bytes.Repeat([]byte{128}, 64))
			}
		}
		if rapid.Bool().Draw(t, "euclid") {
			v = euclid(v)
		}
		g, err := graph.Build(context.Background(), v, o)
		if err != nil {
			t.Fatal(err)
		}
		query := make([]int8, 64)
		fill(rng, asBytes(query), false)
		var s graph.Scratch
		if found := g.Search(&s, query, rows+1, nil); !slices.Equal(found, exact(v, query, rows, nil)) {
			t.Fatalf("%d rows of %d", len(found), rows)
		}
		if found := g.Search(&s, query, 3, nil); len(found) != min(3, rows) {
			t.Fatalf("%d rows of 3", len(found))
		}
		if found := g.Search(&s, query, 0, nil); len(found) != 0 {
			t.Fatalf("%d rows of none", len(found))
		}
		if _, err := graph.Open(g.Append(nil), v); err != nil {
			t.Fatal(err)
		}
	})
}

// TestFiltered holds filtered searches against exact ones: rows admitted at
// random, the rows nearest to the query, those nearest to another.
func TestFiltered(t *testing.T) {
	v, queries := clustered(4, 3_000, 64, 30, 40)
	g := build(t, v, graph.Options{Breadth: 100})
	rng := rand.New(rand.NewPCG(4, 4))
	var s graph.Scratch
	for _, share := range []float64{.05, .1, .3, .6, .95, 1} {
		for _, kind := range []string{"random", "near", "other"} {
			sum, short := 0.0, 0
			for i, q := range queries {
				to := q
				if kind == "other" {
					to = queries[(i+1)%len(queries)]
				}
				admitted := admit(rng, v, to, kind, share)
				found := g.Search(&s, q, 100, admitted)
				sound(t, v, q, found, admitted)
				if len(found) < min(100, admitted.Count()) {
					short++
				}
				sum += recall(found, exact(v, q, 10, admitted))
			}
			if r := sum / float64(len(queries)); r < .95 || short > 0 {
				t.Errorf("%s, %.0f %%: recall %.3f, %d answers short", kind, 100*share, r, short)
			}
		}
	}
}

// admit draws the rows of a filter: a share of all, at random or nearest to q.
func admit(rng *rand.Rand, v graph.Vectors, q []int8, kind string, share float64) bitset.Set {
	admitted, n := bitset.New(v.Rows()), int(share*float64(v.Rows()))
	if kind == "random" {
		for _, row := range rng.Perm(v.Rows())[:n] {
			admitted.Add(uint32(row))
		}
		return admitted
	}
	for _, near := range exact(v, q, n, nil) {
		admitted.Add(near.Row)
	}
	return admitted
}

// TestOddFilters holds sets that are empty, short, long, or of one row.
func TestOddFilters(t *testing.T) {
	v, queries := clustered(5, 300, 64, 5, 1)
	g := build(t, v, graph.Options{})
	var s graph.Scratch
	for name, admitted := range map[string]bitset.Set{
		"none": bitset.New(300), "nothing": {}, "one row": {0, 0, 1 << 40}, "the first word": {^uint64(0)},
		"all": bitset.Full(300),
	} {
		found := g.Search(&s, queries[0], 300, admitted)
		sound(t, v, queries[0], found, admitted)
		if len(found) != admitted.Count() {
			t.Errorf("%s: %d found of %d", name, len(found), admitted.Count())
		}
	}
}

// TestBuildIsDeterministic holds one worker to the same bytes each time, and a
// seed to its effect.
func TestBuildIsDeterministic(t *testing.T) {
	v, _ := clustered(6, 800, 64, 10, 0)
	a, b := build(t, v, graph.Options{Seed: 1}), build(t, v, graph.Options{Seed: 1})
	other := build(t, v, graph.Options{Seed: 2})
	if !bytes.Equal(a.Append(nil), b.Append(nil)) || bytes.Equal(a.Append(nil), other.Append(nil)) {
		t.Error("a graph does not follow from its vectors and its seed")
	}
}

// TestManyWorkers holds that a graph built by several is as good.
func TestManyWorkers(t *testing.T) {
	v, queries := clustered(7, 2_000, 64, 30, 50)
	g, sum := build(t, v, graph.Options{Workers: 4}), 0.0
	var s graph.Scratch
	for _, q := range queries {
		sum += recall(g.Search(&s, q, 60, nil), exact(v, q, 10, nil))
	}
	if share := sum / float64(len(queries)); share < .95 {
		t.Errorf("recall %.3f", share)
	}
}

// TestGrow grows a graph of 4,000 from one of a part of them, some rows of which
// are gone, as merges do again and again, and holds its recall against that of
// one built at once.
func TestGrow(t *testing.T) {
	v, queries := clustered(17, 4_000, 64, 40, 100)
	rng := rand.New(rand.NewPCG(17, 17))
	for name, v := range map[string]graph.Vectors{"dot": v, "Euclid": euclid(v)} {
		at := func(g *graph.Graph) (sum float64) {
			var s graph.Scratch
			for _, q := range queries {
				sum += recall(g.Search(&s, q, 40, nil), exact(v, q, 10, nil))
			}
			return sum / float64(len(queries))
		}
		want := at(build(t, v, graph.Options{}))
		for _, gone := range []float64{0, .05, .1} {
			rows := drawRows(rng, v.Rows(), 500)
			g := build(t, pick(v, rows), graph.Options{})
			for _, size := range []int{1_000, 2_000, v.Rows()} {
				moved := leave(rng, rows, gone)
				rows = extend(rng, v.Rows(), rows, moved, size)
				grown, err := g.Grow(t.Context(), pick(v, rows), renumber(rows, moved), graph.Options{})
				if err != nil {
					t.Fatal(err)
				}
				g = grown
			}
			if got := at(g); got < want-.01 {
				t.Errorf("%s, %.0f %% gone each time: recall %.3f, built at once %.3f", name, 100*gone, got, want)
			}
		}
	}
}

// TestGrowKeepsEveryRow grows graphs of any shape, and reaches every row.
func TestGrowKeepsEveryRow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(0, 200).Draw(t, "rows")
		o := graph.Options{
			Links: rapid.IntRange(2, 8).Draw(t, "links"), Breadth: rapid.IntRange(1, 30).Draw(t, "breadth"),
			Seed: rapid.Uint64().Draw(t, "seed"), Workers: rapid.IntRange(1, 3).Draw(t, "workers"),
		}
		rng := rand.New(rand.NewPCG(o.Seed, 4))
		all := graph.Vectors{Codes: make([]byte, count*64), Stride: 64}
		fill(rng, all.Codes[:rapid.IntRange(0, count).Draw(t, "different")*64], false)
		rows := drawRows(rng, count, rapid.IntRange(0, count).Draw(t, "first"))
		g, err := graph.Build(context.Background(), pick(all, rows), o)
		if err != nil {
			t.Fatal(err)
		}
		before := g.Append(nil)
		moved := leave(rng, rows, rapid.SampledFrom([]float64{0, .1, .5, 1}).Draw(t, "gone"))
		rows = extend(rng, count, rows, moved, rapid.IntRange(0, count).Draw(t, "then"))
		v := pick(all, rows)
		if rapid.Bool().Draw(t, "euclid") {
			v = euclid(v)
		}
		grown, err := g.Grow(context.Background(), v, renumber(rows, moved), o)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(before, g.Append(nil)) {
			t.Fatal("the graph that was grown from has changed")
		}
		query := make([]int8, 64)
		fill(rng, asBytes(query), false)
		var s graph.Scratch
		if found := grown.Search(&s, query, v.Rows()+1, nil); !slices.Equal(found, exact(v, query, v.Rows(), nil)) {
			t.Fatalf("%d rows of %d", len(found), v.Rows())
		}
		if _, err := graph.Open(grown.Append(nil), v); err != nil {
			t.Fatal(err)
		}
	})
}

// TestGrowRefuses gives new numbers that cannot be.
func TestGrowRefuses(t *testing.T) {
	v, _ := clustered(18, 3, 64, 1, 0)
	g := build(t, v, graph.Options{})
	for name, moved := range map[string][]uint32{"too few": {0, 1}, "too many": {0, 1, 2, 3}, "beyond": {0, 1, 3}, "twice one": {0, 1, 1}} {
		if _, err := g.Grow(t.Context(), v, moved, graph.Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := g.Grow(t.Context(), v, []uint32{0, 1, 2}, graph.Options{Links: 1}); err == nil {
		t.Error("one link: no error")
	}
}

// TestConcurrentSearches runs searches of one graph beside each other; the race
// detector watches.
func TestConcurrentSearches(t *testing.T) {
	v, queries := clustered(8, 1_000, 64, 20, 16)
	g, odd := build(t, v, graph.Options{}), bitset.Set(slices.Repeat([]uint64{0xaaaaaaaaaaaaaaaa}, 16))
	var want [16][2][]graph.Neighbour
	for i, q := range queries {
		for j, admitted := range []bitset.Set{nil, odd} {
			want[i][j] = slices.Clone(g.Search(new(graph.Scratch), q, 20, admitted))
		}
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			var s graph.Scratch
			for i, q := range queries {
				for j, admitted := range []bitset.Set{nil, odd} {
					if found := g.Search(&s, q, 20, admitted); !slices.Equal(found, want[i][j]) {
						t.Errorf("query %d: %v, not %v", i, found, want[i][j])
					}
				}
			}
		})
	}
	all.Wait()
}

// TestOneScratch searches graphs of several sizes in turn, and then allocates
// nothing any more.
func TestOneScratch(t *testing.T) {
	var s graph.Scratch
	v, queries := clustered(9, 700, 64, 10, 1)
	large := build(t, v, graph.Options{})
	few := graph.Vectors{Codes: v.Codes[:90*64], Stride: 64}
	small := build(t, few, graph.Options{})
	half := bitset.Set(slices.Repeat([]uint64{0xffff0000ffff0000}, 11))
	round := func() {
		for _, admitted := range []bitset.Set{nil, half} {
			small.Search(&s, queries[0], 50, admitted)
			large.Search(&s, queries[0], 120, admitted)
		}
	}
	round()
	if found := small.Search(&s, queries[0], 90, nil); !slices.Equal(found, exact(few, queries[0], 90, nil)) {
		t.Errorf("%d of 90 found after a search of a larger graph", len(found))
	}
	if n := testing.AllocsPerRun(20, round); n > 0 {
		t.Errorf("%.1f allocations", n)
	}
}

// TestLengths holds the greatest dot products of vectors that are up to eight
// times as long as others.
func TestLengths(t *testing.T) {
	v, queries := clustered(15, 3_000, 64, 30, 40)
	for row := range v.Rows() {
		for i, c := range v.Codes[row*64:][:64] {
			v.Codes[row*64+i] = byte((int(c)-128)*(1+row%8)/8 + 128)
		}
	}
	g, sum := build(t, v, graph.Options{Breadth: 100}), 0.0
	var s graph.Scratch
	for _, q := range queries {
		sum += recall(g.Search(&s, q, 100, nil), exact(v, q, 10, nil))
	}
	if share := sum / float64(len(queries)); share < .95 {
		t.Errorf("recall %.3f", share)
	}
}

// TestEqualToTheQuery holds that a walk goes on where the row that counts has no
// distance at all.
func TestEqualToTheQuery(t *testing.T) {
	v, queries := clustered(16, 1_000, 64, 10, 1)
	for row := range 200 {
		for i, c := range queries[0] {
			v.Codes[row*5*64+i] = byte(int(c) + 128)
		}
	}
	g := build(t, v, graph.Options{})
	for name, admitted := range map[string]bitset.Set{"all": nil, "most": bitset.Full(900)} {
		var s graph.Scratch
		found := g.Search(&s, queries[0], 300, admitted)
		sound(t, v, queries[0], found, admitted)
		if r := recall(found, exact(v, queries[0], 210, admitted)); len(found) != 300 || r < .99 {
			t.Errorf("%s: %d rows, recall %.3f", name, len(found), r)
		}
	}
}

func TestCancelled(t *testing.T) {
	v, _ := clustered(10, 500, 64, 10, 0)
	for _, workers := range []int{1, 2} {
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("enough")
		cancel(why)
		if g, err := graph.Build(ctx, v, graph.Options{Workers: workers}); g != nil || !errors.Is(err, why) {
			t.Errorf("%v, %v", g, err)
		}
	}
}

func TestBadOptions(t *testing.T) {
	v, _ := clustered(11, 10, 64, 1, 0)
	for _, o := range []graph.Options{{Links: 1}, {Links: 65}, {Links: -1}, {Breadth: -1}, {Breadth: 1 << 17}, {Workers: -1}} {
		if g, err := graph.Build(t.Context(), v, o); g != nil || err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
	for _, v := range []graph.Vectors{{}, {Stride: 32}, {Stride: 1 << 16}, {Codes: make([]byte, 65), Stride: 64}, {Codes: make([]byte, 64), Stride: 64, Bias: []int32{1, 2}}} {
		if g, err := graph.Build(t.Context(), v, graph.Options{}); g != nil || err == nil {
			t.Errorf("stride %d, %d codes were taken", v.Stride, len(v.Codes))
		}
	}
}

func ExampleGraph_Search() {
	// Four vectors of two dimensions, as codes: itself plus 128.
	v := graph.Vectors{Codes: make([]byte, 4*graph.Block), Stride: graph.Block}
	for row, x := range [][2]int{{100, 0}, {0, 100}, {-100, 0}, {70, 70}} {
		v.Codes[row*v.Stride], v.Codes[row*v.Stride+1] = byte(x[0]+128), byte(x[1]+128)
	}
	g, err := graph.Build(context.Background(), v, graph.Options{})
	if err != nil {
		panic(err)
	}
	query := make([]int8, v.Stride)
	query[0], query[1] = 60, 80
	var s graph.Scratch
	for _, near := range g.Search(&s, query, 2, nil) {
		fmt.Println(near.Row, near.Score)
	}
	// Output:
	// 3 9800
	// 1 8000
}
