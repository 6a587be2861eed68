package graph_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"quintet/search/graph"
)

// TestOpen holds that what Append wrote searches like the graph that wrote it.
func TestOpen(t *testing.T) {
	v, queries := clustered(12, 600, 64, 10, 10)
	g := build(t, v, graph.Options{Links: 5})
	b := g.Append([]byte("before"))
	opened, err := graph.Open(b[6:], v)
	if err != nil {
		t.Fatal(err)
	}
	if string(b[:6]) != "before" || !bytes.Equal(opened.Append(nil), b[6:]) || opened.Memory() != g.Memory() || opened.Rows() != 600 {
		t.Error("not the graph that was written")
	}
	var s, other graph.Scratch
	for _, q := range queries {
		if !slices.Equal(g.Search(&s, q, 30, nil), opened.Search(&other, q, 30, nil)) {
			t.Error("another answer")
		}
	}
}

// TestFormat holds FORMAT.md: three rows of the level 0, and what each field
// refuses.
func TestFormat(t *testing.T) {
	v := graph.Vectors{Codes: make([]byte, 3*64), Stride: 64}
	good := []byte("QGR1" + "\x02\x00\x00\x00" + "\x03\x00\x00\x00" + "\x01\x00\x00\x00" +
		"\x00\x00" + // row 0: no links
		"\x01\x02\x02\x00\x00\x00\x00\x00\x00\x00\x00" + // row 1, level 1: to 2 and 0; none above
		"\x00\x01\x01\x00\x00\x00") // row 2: to 1
	if g, err := graph.Open(good, v); err != nil || !bytes.Equal(g.Append(nil), good) {
		t.Fatal(err)
	}
	set := func(at int, value uint32) []byte {
		b := bytes.Clone(good)
		binary.LittleEndian.PutUint32(b[at:], value)
		return b
	}
	put := func(at int, value byte) []byte {
		b := bytes.Clone(good)
		b[at] = value
		return b
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "another magic": put(0, 'q'), "a link too few": set(4, 1), "too many links": set(4, 65),
		"another number of rows": set(8, 4), "no rows": set(8, 0), "an entry beyond": set(12, 3), "an entry below the top": set(12, 0),
		"a level too high": put(16, 16), "too many of a list": put(17, 5), "a link beyond": set(20, 3), "a link out of reach": set(20, 0),
		"a level without a list": put(29, 1), "a byte less": good[:len(good)-1], "a byte more": append(bytes.Clone(good), 0),
		"a header alone": good[:16],
	} {
		if g, err := graph.Open(b, v); g != nil || !errors.Is(err, graph.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	many := graph.Vectors{Codes: make([]byte, 100*64), Stride: 64}
	high := append([]byte("QGR1\x40\x00\x00\x00\x64\x00\x00\x00\x00\x00\x00\x00"), bytes.Repeat(append([]byte{15}, make([]byte, 16)...), 100)...)
	if _, err := graph.Open(high, many); err == nil || !strings.Contains(err.Error(), "drawn") {
		t.Errorf("every row at the highest level: %v", err)
	}
	empty := graph.Vectors{Stride: 64}
	b := build(t, empty, graph.Options{}).Append(nil)
	if _, err := graph.Open(b, empty); err != nil || len(b) != 16 {
		t.Error(len(b), err)
	}
	b[12] = 1
	if _, err := graph.Open(b, empty); err == nil {
		t.Error("an entry to nothing")
	}
	if _, err := graph.Open(good, graph.Vectors{}); err == nil {
		t.Error("vectors without a stride")
	}
}

// FuzzOpen damages the bytes of a graph. What is taken nevertheless is searched
// without a fault and writes the same bytes.
func FuzzOpen(f *testing.F) {
	v, queries := clustered(13, 60, 64, 5, 1)
	whole := build(f, v, graph.Options{Links: 3}).Append(nil)
	f.Add(whole, uint16(0), byte(0))
	f.Add(whole, uint16(18), byte(40))
	f.Add(whole[:100], uint16(9), byte(1))
	var s graph.Scratch
	f.Fuzz(func(t *testing.T, b []byte, at uint16, flip byte) {
		b = bytes.Clone(b)
		if len(b) > 0 {
			b[int(at)%len(b)] ^= flip
		}
		g, err := graph.Open(b, v)
		if err != nil {
			if g != nil || !errors.Is(err, graph.ErrDamaged) {
				t.Fatal(g, err)
			}
			return
		}
		if found := g.Search(&s, queries[0], 60, nil); len(found) != 60 {
			t.Fatalf("%d rows of 60", len(found))
		}
		if !bytes.Equal(g.Append(nil), b) {
			t.Fatal("not the bytes that were read")
		}
	})
}
