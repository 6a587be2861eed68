package search

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"quintet/engine"
)

// fuzzSchema has a field of each kind.
var fuzzSchema = newSchema(&record{Declared: []Field{
	{Name: "t", Type: Text, Weight: 2}, {Name: "k", Type: Keyword}, {Name: "ks", Type: Keywords},
	{Name: "i", Type: Int}, {Name: "f", Type: Float}, {Name: "b", Type: Bool},
}, Embed: []string{"t"}})

// FuzzDocument holds that no bytes make a decoder panic, and that what is read
// is written as the same bytes.
func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"id":"a","t":"x","k":"y","ks":["z"],"i":1,"f":1.5,"b":true}`))
	f.Add([]byte(`{"t":1}`))
	f.Add([]byte(`{}`))
	f.Add(stored{id: "a", vector: make([]byte, 2*Dimensions), json: []byte(`{"id":"a"}`)}.encode())
	f.Fuzz(func(t *testing.T, raw []byte) {
		if d, err := decodeDocument(space{Dimensions, Cosine, Int8}, raw); err == nil && !bytes.Equal(d.encode(), raw) {
			t.Errorf("%x became %x", raw, d.encode())
		}
		if m, err := parseDocument(raw); err == nil {
			fuzzMembers(t, raw, m)
		}
		if c, err := parseCursor(cursorText(raw), 7, 0); err == nil && c != nil && c.encode(7) != cursorText(raw) {
			t.Errorf("a cursor became %s", c.encode(7))
		}
	})
}

func cursorText(raw []byte) string {
	if len(raw) < 24 {
		return string(raw)
	}
	return cursor{score: math.Float64frombits(uint64(raw[0])<<40 | uint64(raw[1])), version: version(raw[8:24])}.encode(7)
}

// fuzzMembers stores a document and reads it back.
func fuzzMembers(t *testing.T, raw []byte, m members) {
	kept, err := fuzzSchema.compact(raw, false, m, "drawn")
	if err != nil {
		return
	}
	var before, after map[string]any
	if json.Unmarshal(raw, &before) != nil || json.Unmarshal(kept, &after) != nil || len(after) < len(before) || after["id"] == nil && m["id"] == nil {
		t.Errorf("%s is kept as %s", raw, kept)
	}
	values, err := fuzzSchema.values(m)
	if err != nil {
		return
	}
	inferring := newSchema(&record{Infer: true, EmbedAll: true})
	added := inferring.infer(m)
	if _, err := inferring.with(added).values(m); err != nil && !strings.Contains(err.Error(), "should be a number") {
		t.Errorf("%s does not fit the fields that it defines: %v", raw, err)
	}
	r, err := fuzzSchema.newRow(put{value: stored{json: kept}.encode()})
	if err != nil {
		t.Fatal(err)
	}
	sealing := newSealing(fuzzSchema)
	sealing.add(r)
	_, sections, err := sealing.seal(context.Background(), version{})
	if err != nil {
		t.Fatal(err)
	}
	content := newSegmentContent(sections)
	g, err := openPart(fuzzSchema, content, content.size())
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range g.columns {
		got, want := c.Value(0), values[i].Value
		want.Words = slices.Compact(slices.Sorted(slices.Values(want.Words)))
		if slices.Sort(got.Words); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: member %d is %+v, expected was %+v", raw, i, got, want)
		}
	}
}

// FuzzSegment holds that no bytes make the reader of segments panic, and that
// what it reads can be searched, in either precision.
func FuzzSegment(f *testing.F) {
	exact := *fuzzSchema.record
	exact.Precision = Float32
	schemas := []*schema{fuzzSchema, newSchema(&exact)}
	files := [][]byte{segmentOf(f, schemas[0]), segmentOf(f, schemas[1])}
	size := uint32(len(files[1]))
	f.Add(uint32(0), byte(0), size)
	f.Add(uint32(9), byte(1), size)
	f.Add(uint32(500), byte(7), size)
	f.Add(uint32(0), byte(0), uint32(100))
	f.Fuzz(func(t *testing.T, at uint32, flip byte, length uint32) {
		for i, sc := range schemas {
			b := slices.Clone(files[i][:min(int(length), len(files[i]))])
			if len(b) > 0 {
				b[int(at)%len(b)] ^= flip
			}
			fuzzSegment(t, sc, b)
		}
	})
}

// segmentOf is the file of a part of three documents.
func segmentOf(f *testing.F, sc *schema) []byte {
	sealing := newSealing(sc)
	for i := range 3 {
		d := stored{vector: sc.space.append(nil, append([]float32{1}, make([]float32, Dimensions-1)...)), json: []byte(`{"id":"a","t":"warm coat","k":"y","ks":["z"],"i":1,"f":1.5,"b":true}`)}
		r, err := sc.newRow(put{version: version{15: byte(i)}, value: d.encode()})
		if err != nil {
			f.Fatal(err)
		}
		sealing.add(r)
	}
	_, sections, err := sealing.seal(context.Background(), version{})
	if err != nil {
		f.Fatal(err)
	}
	whole, err := io.ReadAll(newSegmentContent(sections))
	if err != nil {
		f.Fatal(err)
	}
	return whole
}

func fuzzSegment(t *testing.T, sc *schema, b []byte) {
	g, err := openPart(sc, bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return
	}
	for row := range g.rows() {
		g.revive(uint32(row))
	}
	p, err := (&Query{Q: `"warm coat" co* wram`, Filter: "i = 1 or k = 'y' or f exists", Facets: []string{"ks", "f", "b"}, Sort: []string{"-i"}}).check(sc, engine.Principal{})
	if err != nil {
		t.Fatal(err)
	}
	p.probes = []*probe{newProbe(sc.space, append([]float32{1}, make([]float32, Dimensions-1)...))}
	find(context.Background(), []*part{g}, p, newScratch())
}
