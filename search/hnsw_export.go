package search

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"quintet/engine"
	"quintet/engine/filter"
	"quintet/search/bitset"
	"quintet/search/savedgraph"
)

// An export to coder/hnsw is a graph of those documents that have a vector, of
// several the first. Its file says how many nodes a layer has before it has
// them, so the documents are those of one moment: which they are, and their
// ids, is read before the first byte is written. That takes about 80 bytes a
// document. What is written then is looked up node by node, in the parts of the
// index as they were; these stay in memory until the export ends.
//
// The neighbours of a node are the nearest of its layer. That suits how the
// library searches: it stops at a node none of whose neighbours is nearer, and
// answers with what it met on its way.

// What the holder of a collection that makes no graph file is told.
var (
	errGraphDot  = &engine.Error{Kind: engine.Invalid, Code: "no_graph_of_dot", Detail: "the collection compares by dot product, and coder/hnsw knows cosine and euclidean alone; export it as ndjson, with vectors=true"}
	errGraphBusy = &engine.Error{Kind: engine.Busy, Code: "graph_export_runs", Detail: "an export to coder/hnsw runs in this tenant already, and there is one at a time; wait until it ends"}
)

// graphDistance is what coder/hnsw calls the metric of a collection.
func (s *schema) graphDistance() (string, error) {
	switch {
	case !s.hasVectors():
		return "", errNoVectors
	case s.space.metric == Cosine:
		return savedgraph.Cosine, nil
	case s.space.metric == Euclid:
		return savedgraph.Euclidean, nil
	}
	return "", errGraphDot
}

// ExportGraph passes a graph of the documents that a filter admits, "" for all,
// to write: a file of coder/hnsw, some of it at a time. Keys are ids. Errors:
// not_embedded, no_graph_of_dot, graph_export_runs, invalid_filter, those of
// write.
func (s *Service) ExportGraph(ctx context.Context, t engine.Tenant, collection, filter string, write func([]byte) error) error {
	c, err := s.open(ctx, t, collection)
	if err != nil {
		return err
	}
	sc := c.schema.Load()
	distance, err := sc.graphDistance()
	if err != nil {
		return err
	}
	x := &graphExport{s: s, schema: sc, release: func() {}, scratch: newScratch()}
	if x.filter, err = sc.filterOf("query.filter", filter, callerOf(ctx).Binding); err != nil {
		return err
	}
	if _, runs := s.graphExports.LoadOrStore(t.UID(), true); runs {
		return errGraphBusy
	}
	defer s.graphExports.Delete(t.UID())
	defer func() { x.release() }()
	if err := x.gather(ctx, t); err != nil {
		return err
	}
	x.drawLayers()
	return x.write(ctx, distance, writing(write))
}

// graphExport is an export to coder/hnsw under way.
type graphExport struct {
	s       *Service
	schema  *schema
	filter  filter.Expression
	index   *index // that the parts are of
	release func() // lets it go
	parts   []*graphPart
	scratch *scratch
	nearest []graphNear // of one node
}

// graphPart is a part of the index as it was at one moment.
type graphPart struct {
	part     *part
	rows     []uint32     // vector → row
	versions []version    // of the rows
	ids      []string     // of the rows, as far as they are known
	layers   []bitset.Set // of vectors: the first of each document, and fewer in each layer above
}

type graphNear struct {
	part   *graphPart
	vector uint32
	score  float64
}

// idsInOneView is how many ids are read from one snapshot, which may not live long.
const idsInOneView = 20_000

// gather finds out which documents there are at one moment, with their ids. Ids
// that an attempt read are known to the next: it needs those of documents that
// came in between.
func (x *graphExport) gather(ctx context.Context, t engine.Tenant) error {
	for range maxAttempts + x.s.options.Documents/idsInOneView {
		c := x.s.registry.find(t, x.schema.ID)
		if c == nil {
			return errCollectionMoved
		}
		index, release, err := x.s.use(ctx, c)
		if err != nil {
			return err
		}
		x.release()
		x.index, x.release = index, release
		complete := false
		err = x.s.steadily(ctx, c, func(v *engine.View, looked func()) error {
			now, err := x.s.readParts(ctx, v, t, c.id, x.take)
			looked()
			if err == nil && now != c {
				err = errMoved // the indexes were rebuilt
			}
			if err == nil {
				complete, err = x.readIDs(v)
			}
			return err
		})
		if err != nil || complete {
			return err
		}
	}
	return errCollectionMoved
}

// take notes what the filter admits now.
func (x *graphExport) take(parts []*part) {
	known := x.parts
	x.parts = nil
	for _, g := range parts {
		if g.vectors == nil || g.vectors.count() == 0 {
			continue
		}
		p := &graphPart{part: g}
		if i := slices.IndexFunc(known, func(p *graphPart) bool { return p.part == g }); i >= 0 {
			p = known[i]
		}
		p.rows, p.versions = g.vectors.rows, g.versions
		p.ids = append(p.ids, make([]string, len(p.versions)-len(p.ids))...)
		first, admitted := bitset.New(g.vectors.count()), g.admit(x.filter)
		for row := range p.versions {
			if at := uint32(row); g.hasVector(at) && (admitted == nil || admitted.Has(at)) {
				first.Add(g.vectors.starts[at])
			}
		}
		p.layers = []bitset.Set{first}
		x.parts = append(x.parts, p)
	}
}

// readIDs reads ids that are not known yet, and reports whether all are.
func (x *graphExport) readIDs(v *engine.View) (complete bool, err error) {
	read := 0
	for _, p := range x.parts {
		for n := range p.layers[0].All() {
			row := p.rows[n]
			if p.ids[row] != "" {
				continue
			}
			if read++; read > idsInOneView {
				return false, nil
			}
			encoded := v.Get(bucketDocuments, documentKey(x.schema.ID, p.versions[row]))
			if encoded == nil {
				return false, fmt.Errorf("document %s is in the index and not in the store", p.versions[row])
			}
			d, err := decodeDocument(x.schema.space, encoded)
			if err != nil {
				return false, err
			}
			p.ids[row] = d.id
		}
	}
	return true, nil
}

// size is how many nodes a layer has.
func (x *graphExport) size(layer int) (nodes int) {
	for _, p := range x.parts {
		nodes += p.layers[layer].Count()
	}
	return nodes
}

// drawLayers draws from each layer the nodes of the next, until one is so small
// that its nodes are all neighbours.
func (x *graphExport) drawLayers() {
	rng := rand.New(rand.NewPCG(graphSeed, 0))
	for top := 0; len(x.parts) > 0 && x.size(top) > savedgraph.DefaultM; top++ {
		drawn := 0
		for _, p := range x.parts {
			next := bitset.New(len(p.rows))
			for n := range p.layers[top].All() {
				if rng.Float64() < savedgraph.DefaultMl {
					next.Add(n)
					drawn++
				}
			}
			p.layers = append(p.layers, next)
		}
		if drawn == 0 {
			for _, p := range x.parts {
				p.layers = p.layers[:top+1]
			}
			return
		}
	}
}

// layers is how many there are, none in a graph without nodes.
func (x *graphExport) layers() int {
	if len(x.parts) == 0 || x.size(0) == 0 {
		return 0
	}
	return len(x.parts[0].layers)
}

func (x *graphExport) write(ctx context.Context, distance string, out writing) error {
	w := savedgraph.NewWriter(out, savedgraph.Head{
		M: savedgraph.DefaultM, Ml: savedgraph.DefaultMl, EfSearch: savedgraph.DefaultEfSearch, Distance: distance, Layers: x.layers(),
	})
	vector := make([]float32, x.schema.space.dimensions)
	for layer := range x.layers() {
		if err := w.Layer(x.size(layer)); err != nil {
			return err
		}
		for _, p := range x.parts {
			for n := range p.layers[layer].All() {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				neighbours := x.neighbours(p, n, layer, vector)
				if err := w.Node(p.ids[p.rows[n]], vector, neighbours); err != nil {
					return err
				}
			}
		}
	}
	return w.Flush()
}

// Of how many that are about the nearest the neighbours of a node are taken.
const graphBreadth = 3 * savedgraph.DefaultM

// neighbours reads a vector, and returns the ids of those that are nearest to
// it in a layer. The parts are looked at under the lock of their index: one of
// them may still grow, beyond what is exported.
func (x *graphExport) neighbours(p *graphPart, n uint32, layer int, vector []float32) (ids []string) {
	x.nearest = x.nearest[:0]
	x.index.segment.RLock()
	x.schema.space.floats(vector, p.part.vectors.vector(n))
	probe := newProbe(x.schema.space, vector)
	for _, q := range x.parts {
		v := q.part.vectors
		list, _ := v.nearest(probe, graphBreadth, q.layers[layer], false, x.scratch)
		for _, found := range list {
			if q != p || found.vector != n {
				x.nearest = append(x.nearest, graphNear{q, found.vector, x.schema.space.score(vector, v.vector(found.vector))})
			}
		}
	}
	x.index.segment.RUnlock()
	slices.SortFunc(x.nearest, func(a, b graphNear) int { return -cmp.Compare(a.score, b.score) })
	for _, found := range x.nearest[:min(len(x.nearest), savedgraph.DefaultM)] {
		ids = append(ids, found.part.ids[found.part.rows[found.vector]])
	}
	return ids
}

// writing is a function that writes.
type writing func([]byte) error

func (w writing) Write(b []byte) (int, error) {
	if err := w(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// finite reports whether every number of a vector is one.
func finite(v []float32) bool {
	return !slices.ContainsFunc(v, func(x float32) bool { return math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) })
}
