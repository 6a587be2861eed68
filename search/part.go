package search

import (
	"slices"
	"sync/atomic"
	"time"

	"quintet/search/bitset"
	"quintet/search/column"
	"quintet/search/inverted"
)

// part is the index of some documents of a collection, row by row. Rows are
// only added and marked dead. One part of a collection grows, in memory; the
// others are sealed: their versions rise, and they have a file.
type part struct {
	schema   *schema // its fields are those that there were when the part began
	versions []version
	sizes    []uint32 // of the stored documents
	text     inverted.Segment
	columns  []*column.Column // by the schema's fields
	vectors  *vectors         // nil where the collection has none

	live   bitset.Set
	count  int            // of live rows
	bytes  int64          // of the stored documents of live rows
	seen   int            // live rows that have a vector
	record *segmentRecord // nil until there is a file

	merging atomic.Bool // some rewrite makes another part of it

	// Of a part that grows, or did:
	memory *inverted.Memory
	fields []*column.Builder // the columns
	rowOf  map[version]uint32
	frozen time.Time // when it ceased to grow
}

func newPart(s *schema) *part {
	g := &part{memory: inverted.NewMemory(), rowOf: map[version]uint32{}}
	g.text = g.memory
	if s.hasVectors() {
		g.vectors = newVectors(s.space)
	}
	g.grow(s)
	return g
}

func (g *part) rows() int { return len(g.versions) }

func (g *part) dead() int { return len(g.versions) - g.count }

// grow takes over a schema that has more fields; the rows so far lack them.
func (g *part) grow(s *schema) {
	for i := len(g.columns); i < len(s.fields); i++ {
		c := column.NewBuilder(s.fields[i].Type.column())
		for range g.versions {
			c.Add(column.Value{})
		}
		g.fields, g.columns = append(g.fields, c), append(g.columns, &c.Column)
	}
	g.schema = s
}

// add appends a row to the part that grows. One that it has already lives
// again, if it was dead: a document may be written a second time.
func (g *part) add(r *row) {
	if at, has := g.rowOf[r.version]; has {
		if !g.live.Has(at) {
			g.revive(at)
		}
		return
	}
	at := uint32(len(g.versions))
	g.rowOf[r.version] = at
	g.versions, g.sizes = append(g.versions, r.version), append(g.sizes, uint32(r.bytes))
	if _, err := g.memory.Add(r.tokens); err != nil {
		panic(err) // the analysis makes tokens as they have to be
	}
	addValues(g.fields, r.values)
	if g.vectors != nil {
		g.vectors.add(r.numbers)
	}
	g.revive(at)
}

// addValues appends a row's values to columns; a document that was read by an
// older schema has fewer.
func addValues(columns []*column.Builder, values []value) {
	for i, c := range columns {
		if i < len(values) {
			c.Add(values[i].Value)
		} else {
			c.Add(column.Value{})
		}
	}
}

// revive marks a row live that is not.
func (g *part) revive(at uint32) {
	g.live.Add(at)
	g.count++
	g.bytes += int64(g.sizes[at])
	if g.hasVector(at) {
		g.seen++
	}
}

func (g *part) hasVector(at uint32) bool {
	return g.vectors != nil && g.vectors.starts[at] < g.vectors.starts[at+1]
}

// find returns the row of a version, dead or not.
func (g *part) find(v version) (at uint32, ok bool) {
	if g.rowOf != nil {
		at, ok = g.rowOf[v]
		return at, ok
	}
	if n := len(g.versions); n == 0 || compareVersions(v, g.versions[n-1]) > 0 { // as nearly all new ones are
		return 0, false
	}
	i, found := slices.BinarySearchFunc(g.versions, v, compareVersions)
	return uint32(i), found
}

// has reports whether a version is there and live.
func (g *part) has(v version) bool {
	at, ok := g.find(v)
	return ok && g.live.Has(at)
}

// remove marks a version dead, and reports whether it was there and live.
func (g *part) remove(v version) bool {
	at, ok := g.find(v)
	if !ok || !g.live.Has(at) {
		return false
	}
	g.live.Remove(at)
	g.count--
	g.bytes -= int64(g.sizes[at])
	if g.hasVector(at) {
		g.seen--
	}
	return true
}

// size estimates the bytes that the part takes in memory.
func (g *part) size() int64 {
	n := int64(len(g.versions)*(16+4) + len(g.rowOf)*mapEntry + 8*cap(g.live))
	if g.text != nil {
		n += g.text.Size()
	}
	for _, c := range g.columns {
		n += c.Memory()
	}
	if g.vectors != nil {
		n += g.vectors.memory()
	}
	return n
}

// mapEntry is about what an entry of a map from a version to a row takes.
const mapEntry = 32
