package search

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"quintet/engine"
	"quintet/search/analysis"
	"quintet/search/bitset"
	"quintet/search/column"
	"quintet/search/inverted"
)

// sealing builds a sealed part from rows of rising versions: those of documents,
// which add takes, or those of other parts, which newMerge takes.
type sealing struct {
	schema   *schema
	versions []version
	sizes    []uint32
	text     *inverted.Memory
	words    []byte // of other parts, merged; nil = those of text
	columns  []*column.Builder
	vectors  *vectors
	parent   parent // of the graph
}

func newSealing(s *schema) *sealing {
	b := &sealing{schema: s, text: inverted.NewMemory()}
	for _, f := range s.fields {
		b.columns = append(b.columns, column.NewBuilder(f.Type.column()))
	}
	if s.hasVectors() {
		b.vectors = newVectors(s.space)
	}
	return b
}

// add appends a row.
func (b *sealing) add(r *row) {
	b.versions, b.sizes = append(b.versions, r.version), append(b.sizes, uint32(r.bytes))
	if _, err := b.text.Add(r.tokens); err != nil {
		panic(err) // the analysis makes tokens as they have to be
	}
	addValues(b.columns, r.values)
	if b.vectors != nil {
		b.vectors.gather(r.numbers)
	}
}

// segmentInfo is the head of a segment file.
type segmentInfo struct {
	ID         engine.ID `json:"id"` // so that no two files are equal, one of which may be damaged
	Collection engine.ID `json:"collection"`
	Model      string    `json:"model,omitempty"`
	Analysis   int       `json:"analysis"` // that made the words of texts
	Rows       int       `json:"rows"`
	Fields     []Field   `json:"fields,omitempty"`
	Dimensions int       `json:"dimensions,omitempty"`
	Metric     Metric    `json:"metric,omitempty"`
	Precision  Precision `json:"precision,omitempty"` // "" = int8, where there are vectors
	Scale      float32   `json:"scale,omitempty"`
	Coarse     bool      `json:"coarse,omitempty"`
}

// seal ends the part, all of whose rows are dead yet, and returns it with the
// sections of its file, which has the name id. It takes the time of building a
// graph, and stops when ctx ends.
func (b *sealing) seal(ctx context.Context, id engine.ID) (*part, []section, error) {
	info := segmentInfo{ID: id, Collection: b.schema.ID, Model: b.schema.Model, Analysis: analysis.Version, Rows: len(b.versions), Fields: b.schema.fields}
	g := &part{schema: b.schema, versions: b.versions, sizes: b.sizes, vectors: b.vectors, live: bitset.New(len(b.versions))}
	words := b.words
	if words == nil {
		words = b.text.Encode()
	}
	b.words, b.text = nil, nil
	text, err := inverted.Open(words)
	if err != nil {
		return nil, nil, err
	}
	g.text = text
	sections := []section{{kind: sectionHead}, {kind: sectionVersions, data: appendVersions(nil, g.versions)}, {kind: sectionSizes, data: appendWords(nil, g.sizes)}, {kind: sectionText, data: words}}
	for i, c := range b.columns {
		data := c.Append(nil)
		sealed, err := column.Open(data)
		if err != nil {
			return nil, nil, err
		}
		g.columns = append(g.columns, sealed)
		sections = append(sections, section{sectionColumn, uint32(i), data})
	}
	if v := b.vectors; v != nil {
		if err := v.link(ctx, b.parent); err != nil {
			return nil, nil, err
		}
		info.Dimensions, info.Metric, info.Precision, info.Scale, info.Coarse = v.space.dimensions, v.space.metric, v.space.precision, v.scale, v.coarse
		sections = append(sections, v.sections()...)
	}
	sections[0].data, err = json.Marshal(info)
	return g, sections, err
}

func appendVersions(b []byte, list []version) []byte {
	for _, v := range list {
		b = append(b, v[:]...)
	}
	return b
}

// openPart reads a segment file of a collection. All its rows are dead yet.
func openPart(sc *schema, r io.Reader, size int64) (*part, error) {
	sections, err := readSections(r, size)
	if err != nil {
		return nil, err
	}
	f := &segmentFile{sections: sections}
	var info segmentInfo
	if err := json.Unmarshal(f.get(sectionHead, 0), &info); err != nil {
		return nil, fmt.Errorf("the head of a segment cannot be read: %w", err)
	}
	if err := info.belongs(sc); err != nil {
		return nil, err
	}
	g := &part{schema: sc}
	if err := g.openRows(f, info.Rows); err != nil {
		return nil, err
	}
	for i, field := range info.Fields {
		c, err := column.Open(f.get(sectionColumn, uint32(i)))
		if err != nil {
			return nil, fmt.Errorf("the column %s of a segment: %w", field.Name, err)
		}
		if c.Rows() != info.Rows {
			return nil, fmt.Errorf("the column %s of a segment has %d rows of %d", field.Name, c.Rows(), info.Rows)
		}
		g.columns = append(g.columns, c)
	}
	if sc.hasVectors() {
		g.vectors, err = openVectors(sc.space, &info, f)
	}
	return g, err
}

// belongs refuses a segment of something else: its fields are the first of the
// collection's, its vectors are of the same space and model, its words are made
// as those of queries are.
func (i *segmentInfo) belongs(sc *schema) error {
	space := space{i.Dimensions, i.Metric, i.Precision}
	if space.dimensions > 0 {
		space.precision = cmp.Or(space.precision, Int8)
	}
	if i.Collection != sc.ID || i.Model != sc.Model || i.Rows < 0 || len(i.Fields) > len(sc.fields) || space != sc.space {
		return fmt.Errorf("the segment belongs to another collection, or to another state of it")
	}
	if i.Analysis != analysis.Version {
		return fmt.Errorf("the segment has the words of analysis %d, and texts are searched by those of analysis %d", i.Analysis, analysis.Version)
	}
	for n, f := range i.Fields {
		if f != sc.fields[n] {
			return fmt.Errorf("the segment has another field %d than the collection: %s", n, f.Name)
		}
	}
	return nil
}

// segmentFile finds sections.
type segmentFile struct{ sections []section }

// get returns the bytes of a section, nil where there is none.
func (f *segmentFile) get(k sectionKind, number uint32) []byte {
	for _, s := range f.sections {
		if s.kind == k && s.number == number {
			return s.data
		}
	}
	return nil
}

func (g *part) openRows(f *segmentFile, rows int) (err error) {
	versions := f.get(sectionVersions, 0)
	if len(versions)%16 != 0 || len(versions)/16 != rows {
		return fmt.Errorf("%d rows have the versions of %d bytes", rows, len(versions))
	}
	g.versions, g.live = make([]version, rows), bitset.New(rows)
	for i := range g.versions {
		copy(g.versions[i][:], versions[16*i:])
		if i > 0 && string(g.versions[i][:]) <= string(g.versions[i-1][:]) {
			return fmt.Errorf("the versions of a segment do not rise at row %d", i)
		}
	}
	sizes := f.get(sectionSizes, 0)
	if len(sizes) != 4*rows {
		return fmt.Errorf("%d rows have the sizes of %d bytes", rows, len(sizes))
	}
	for i := range rows {
		g.sizes = append(g.sizes, binary.LittleEndian.Uint32(sizes[4*i:]))
	}
	text, err := inverted.Open(f.get(sectionText, 0))
	if err != nil {
		return fmt.Errorf("the inverted index of a segment: %w", err)
	}
	if text.Rows() != rows {
		return fmt.Errorf("%d rows have the texts of %d", rows, text.Rows())
	}
	g.text = text
	return nil
}
