package search

import "slices"

// segment is the index of one collection: everything that a search asks, row
// by row in flat arrays. A row is never changed, only marked dead; a segment
// with many dead rows is copied without them.
//
// One goroutine adds and removes at a time, under the lock of its index.
type segment struct {
	schema   *schema
	versions []version
	rowOf    map[version]uint32
	live     bitmap
	count    int     // of live rows
	length   float64 // sum of the lengths of live rows
	bytes    int64   // of the stored documents of live rows

	terms   map[string]*postings
	lengths []float64
	sizes   []uint32
	columns []*column // by the schema's fields
	codes   []byte    // Dimensions for each row, codeZero added, where the collection embeds
	scales  []float32 // 0 = without a vector
	vectors int       // live rows that have one

	termBytes, termRows int // for memory
}

// postings are the rows in which a term occurs, rising, dead ones among them.
type postings struct {
	rows        []uint32
	frequencies []float32 // weighted
}

func newSegment(s *schema) *segment {
	g := &segment{schema: s, rowOf: map[version]uint32{}, terms: map[string]*postings{}}
	g.grow(s)
	return g
}

// grow takes over a schema that has more fields; the rows so far lack them.
func (g *segment) grow(s *schema) {
	g.schema = s
	for i := len(g.columns); i < len(s.fields); i++ {
		c := newColumn(s.fields[i].Type)
		for r := range g.versions {
			c.add(uint32(r), value{})
		}
		g.columns = append(g.columns, c)
	}
}

// add appends a row. A version that it has already changes nothing.
func (g *segment) add(r *row) {
	if _, has := g.rowOf[r.version]; has {
		return
	}
	at := uint32(len(g.versions))
	g.versions = append(g.versions, r.version)
	g.rowOf[r.version] = at
	g.live.add(at)
	g.count++
	g.length += r.length
	g.bytes += int64(r.bytes)
	g.lengths = append(g.lengths, r.length)
	g.sizes = append(g.sizes, uint32(r.bytes))
	for i, c := range g.columns {
		v := value{}
		if i < len(r.values) {
			v = r.values[i]
		}
		c.add(at, v)
	}
	for term, frequency := range r.terms {
		g.post(term, at, float32(frequency))
	}
	if g.schema.embeds() {
		g.addVector(r)
	}
}

func (g *segment) post(term string, at uint32, frequency float32) {
	p := g.terms[term]
	if p == nil {
		p = &postings{}
		g.terms[term] = p
		g.termBytes += len(term)
	}
	p.rows = append(p.rows, at)
	p.frequencies = append(p.frequencies, frequency)
	g.termRows++
}

func (g *segment) addVector(r *row) {
	from := len(g.codes)
	g.codes = slices.Grow(g.codes, Dimensions)[:from+Dimensions]
	clear(g.codes[from:])
	for i, code := range r.codes {
		g.codes[from+i] = byte(int(code) + codeZero)
	}
	g.scales = append(g.scales, r.scale)
	if r.scale != 0 {
		g.vectors++
	}
}

// remove marks a version dead. One that it does not have changes nothing.
func (g *segment) remove(v version) {
	at, has := g.rowOf[v]
	if !has {
		return
	}
	delete(g.rowOf, v)
	g.live.remove(at)
	g.count--
	g.length -= g.lengths[at]
	g.bytes -= int64(g.sizes[at])
	if len(g.scales) > 0 && g.scales[at] != 0 {
		g.vectors--
	}
}

func (g *segment) dead() int { return len(g.versions) - g.count }

// Compaction begins where so many rows are dead.
const (
	compactRows  = 256
	compactShare = 0.3
)

func (g *segment) wantsCompaction() bool {
	return g.dead() >= compactRows && float64(g.dead()) > compactShare*float64(len(g.versions))
}

// compact returns a copy without the dead rows, and only reads g.
func (g *segment) compact() *segment {
	to := newSegment(g.schema)
	moved := make([]uint32, len(g.versions))
	for from := range g.versions {
		if at := uint32(from); g.live.has(at) {
			moved[at] = uint32(len(to.versions))
			to.copyRow(g, at)
		}
	}
	for term, p := range g.terms {
		for i, at := range p.rows {
			if g.live.has(at) {
				to.post(term, moved[at], p.frequencies[i])
			}
		}
	}
	to.length = g.length // not summed up anew, in which order it could differ
	return to
}

// copyRow appends everything of a row of another segment but its terms.
func (g *segment) copyRow(from *segment, at uint32) {
	r := row{version: from.versions[at], bytes: int(from.sizes[at]), length: from.lengths[at]}
	for _, c := range from.columns {
		r.values = append(r.values, c.value(at))
	}
	if len(from.scales) > 0 && from.scales[at] != 0 {
		r.scale, r.codes = from.scales[at], make([]int8, Dimensions)
		for i, b := range from.codesOf(at) {
			r.codes[i] = int8(int(b) - codeZero)
		}
	}
	g.add(&r)
}

// codesOf returns the codes of a row, codeZero added.
func (g *segment) codesOf(at uint32) []byte {
	return g.codes[int(at)*Dimensions : int(at+1)*Dimensions]
}

// average is the mean length of a document, at least 1.
func (g *segment) average() float64 {
	if g.count == 0 || g.length <= 0 {
		return 1
	}
	return g.length / float64(g.count)
}

// memory estimates the bytes that the segment takes.
func (g *segment) memory() int64 {
	n := len(g.versions)*(16+8) + len(g.rowOf)*mapEntry + 8*cap(g.live) + 8*cap(g.lengths) + 4*cap(g.sizes)
	n += cap(g.codes) + 4*cap(g.scales)
	n += g.termBytes + len(g.terms)*(mapEntry+2*24) + g.termRows*8*5/4 // slices grow by a quarter
	for _, c := range g.columns {
		n += c.memory()
	}
	return int64(n)
}
