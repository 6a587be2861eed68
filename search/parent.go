package search

import (
	"context"

	"quintet/search/graph"
)

// graphSeed makes equal vectors from equal parents a graph of equal levels, so
// that a fault can be found again.
const graphSeed = 1

// parent is the graph of another part, to be grown into that of a part which
// has its vectors and more. The zero value is none.
type parent struct {
	graph *graph.Graph
	moved []uint32 // its vector → the same one in the part, or graph.Gone
}

// newParent makes a parent of the graph of a part, all of it gone yet.
func newParent(v *vectors) parent {
	p := parent{graph: v.graph, moved: make([]uint32, v.count())}
	for n := range p.moved {
		p.moved[n] = graph.Gone
	}
	return p
}

// move notes that the vectors of a row have become those from a number on.
func (p parent) move(v *vectors, row uint32, to int) {
	from, end := v.of(row)
	for n := from; n < end; n++ {
		p.moved[n] = uint32(to) + n - from
	}
}

// grow links vectors.
func (p parent) grow(ctx context.Context, v graph.Vectors) (*graph.Graph, error) {
	o := graph.Options{Seed: graphSeed}
	if p.graph == nil {
		return graph.Build(ctx, v, o)
	}
	return p.graph.Grow(ctx, v, p.moved, o)
}
