package graph

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"quintet/search/bitset"
)

// Options say how a graph is built. The zero value is the default.
type Options struct {
	// Links is M of the paper: how many links a new row gets at each level, and
	// the most it has above level 0. At level 0 it may come to have twice as
	// many. 2 to 64; 0: 16.
	Links int

	// Breadth is efConstruction of the paper: the breadth of the search for a
	// new row's neighbours. At most 65,536; 0: 200.
	Breadth int

	// Seed draws the levels of the rows.
	Seed uint64

	// Workers is how many rows are inserted at a time; 0: 1. With 1 the graph
	// depends on vectors and options alone.
	Workers int
}

const (
	maxLinks   = 64
	maxBreadth = 1 << 16
	maxLevel   = 15
)

func (o Options) complete() (Options, error) {
	if o.Links == 0 {
		o.Links = 16
	}
	if o.Breadth == 0 {
		o.Breadth = 200
	}
	if o.Workers == 0 {
		o.Workers = 1
	}
	if o.Links < 2 || o.Links > maxLinks || o.Breadth < 1 || o.Breadth > maxBreadth || o.Workers < 1 {
		return o, fmt.Errorf("graph: %d links, breadth %d and %d workers are not 2 to %d, 1 to %d and 1 or more",
			o.Links, o.Breadth, o.Workers, maxLinks, maxBreadth)
	}
	return o, nil
}

// Build links the rows of v. It takes about 0.1 ms a row for 100,000 rows of 128
// codes, and returns the cause when ctx ends. What it needs beside the graph is
// the scratch of each worker: a bit a row.
func Build(ctx context.Context, v Vectors, o Options) (*Graph, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	if err := v.check(); err != nil {
		return nil, err
	}
	levels := drawLevels(v.Rows(), o)
	g := newGraph(v, o.Links, levels)
	linked := bitset.New(v.Rows())
	if v.Rows() > 0 {
		linked.Add(g.entry)
	}
	if err := g.insertAll(ctx, o, linked); err != nil {
		return nil, err
	}
	return g, g.mend(ctx, o)
}

// drawLevels gives each row its highest level: level l or more with the
// probability Links^-l.
func drawLevels(rows int, o Options) []uint8 {
	levels, scale := make([]uint8, rows), 1/math.Log(float64(o.Links))
	rng := rand.New(rand.NewPCG(o.Seed, uint64(rows)))
	for i := range levels {
		levels[i] = uint8(min(maxLevel, -math.Log(1-rng.Float64())*scale))
	}
	return levels
}

// insertAll inserts the rows that are not linked, in turn. The entry is: it is
// drawn before, and its lists are there, maybe empty, from the start. So it never
// changes while others read it.
func (g *Graph) insertAll(ctx context.Context, o Options, linked bitset.Set) error {
	var shared *locks
	if o.Workers > 1 {
		shared = new(locks)
	}
	var turn atomic.Int64
	work := func() {
		in := newInserter(g, o, shared)
		for ctx.Err() == nil {
			row := turn.Add(1) - 1
			if row >= int64(g.Rows()) {
				return
			}
			if !linked.Has(uint32(row)) {
				in.insert(uint32(row))
				runtime.Gosched() // who searches goes first: a row takes less time than its turn
			}
		}
	}
	var workers sync.WaitGroup
	for range o.Workers - 1 {
		workers.Go(work)
	}
	work()
	workers.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
