package search

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// fuzzSchema has a field of each kind.
var fuzzSchema = newSchema(&record{Declared: []Field{
	{Name: "t", Type: Text, Weight: 2}, {Name: "k", Type: Keyword}, {Name: "ks", Type: Keywords},
	{Name: "i", Type: Int}, {Name: "f", Type: Float}, {Name: "b", Type: Bool},
}, Embed: []string{"t"}})

// FuzzAnalyse holds what every term is, and that analysing is a matter of
// words: the terms of two texts are those of both, one after the other.
func FuzzAnalyse(f *testing.F) {
	for _, s := range []string{"Warm winter coats", "naïve Café", "東京タワー x1", "don't", "\xff\xfe", "\xf7²", "İstanbul", strings.Repeat("x", 300), "ﬁne ½ ²"} {
		f.Add(s, "and more")
	}
	terms := func(text string) (all []string) {
		analyse(text, func(term string) { all = append(all, term) })
		return all
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		one := terms(a)
		for _, term := range one {
			if term == "" || len(term) > maxTerm || !utf8.ValidString(term) || strings.ContainsFunc(term, unicode.IsSpace) {
				t.Errorf("%q has the term %q", a, term)
			}
		}
		if both := terms(a + " . " + b); strings.Join(both, " ") != strings.Join(append(one, terms(b)...), " ") {
			t.Errorf("%q and %q have together %q", a, b, both)
		}
	})
}

// FuzzDocument holds that no bytes make a decoder panic, and that what is read
// is written as the same bytes.
func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"id":"a","t":"x","k":"y","ks":["z"],"i":1,"f":1.5,"b":true}`))
	f.Add([]byte(`{"t":1}`))
	f.Add([]byte(`{}`))
	f.Add(stored{id: "a", vector: make([]byte, vectorBytes), json: []byte(`{"id":"a"}`)}.encode())
	f.Fuzz(func(t *testing.T, raw []byte) {
		if d, err := decodeDocument(raw); err == nil && !bytes.Equal(d.encode(), raw) {
			t.Errorf("%x became %x", raw, d.encode())
		}
		if m, err := parseDocument(raw); err == nil {
			fuzzMembers(t, raw, m)
		}
		if c, err := parseCursor(cursorText(raw), 7); err == nil && c != nil && c.encode(7) != cursorText(raw) {
			t.Errorf("a cursor became %s", c.encode(7))
		}
	})
}

func cursorText(raw []byte) string {
	if len(raw) < 24 {
		return string(raw)
	}
	return cursor{math.Float64frombits(uint64(raw[0])<<40 | uint64(raw[1])), version(raw[8:24])}.encode(7)
}

// fuzzMembers stores a document and reads it back.
func fuzzMembers(t *testing.T, raw []byte, m members) {
	kept, err := compact(raw, m, "drawn")
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
	r, err := fuzzSchema.newRow(version{}, stored{json: kept}.encode())
	if err != nil {
		t.Fatal(err)
	}
	g := newSegment(fuzzSchema)
	g.add(r)
	g = g.compact()
	for i, c := range g.columns {
		if got, want := c.value(0), values[i]; got.set != want.set || strings.Join(got.words, "|") != strings.Join(want.words, "|") || got.number != want.number || got.float != want.float {
			t.Errorf("%s: member %d is %+v, expected was %+v", raw, i, got, want)
		}
	}
}

// TestHalves holds binary16 against every value that it has, and rounding
// against the distance to the neighbours.
func TestHalves(t *testing.T) {
	for h := range uint32(1 << 16) {
		f := single(uint16(h))
		if f == f && half(f) != uint16(h) {
			t.Fatalf("%04x is %v, which is %04x", h, f, half(f))
		}
		if next := single(uint16(h + 1)); h&0x7fff < 0x7bff {
			middle := float32((float64(f) + float64(next)) / 2)
			if got := half(middle); got&1 != 0 || got != uint16(h) && got != uint16(h+1) {
				t.Fatalf("%v lies between %04x and %04x and became %04x; the even one was expected", middle, h, h+1, got)
			}
			if got := half(math.Nextafter32(middle, f)); got != uint16(h) {
				t.Fatalf("just before the middle %04x became %04x", h, got)
			}
		}
	}
	for f, want := range map[float64]uint16{math.NaN(): 0x7e00, math.Inf(-1): 0xfc00, 65519: 0x7bff, 65520: 0x7c00, 1e30: 0x7c00, 1e-30: 0} {
		if got := half(float32(f)); got != want {
			t.Errorf("%v is %04x, expected was %04x", f, got, want)
		}
	}
}

// TestCompareInt holds whole numbers against fractions where float64 is coarse.
func TestCompareInt(t *testing.T) {
	f := func(a int64, b float64, want int) {
		if got := compareInt(a, b); got != want {
			t.Errorf("%d and %v are %d, expected was %d", a, b, got, want)
		}
	}
	f(1, 1.5, -1)
	f(2, 1.5, 1)
	f(-1, -1.5, 1)
	f(math.MaxInt64, 9223372036854775807, -1) // rounded up to 2^63
	f(math.MaxInt64, 1e30, -1)
	f(math.MinInt64, -1e30, 1)
	f(1<<53+1, 1<<53, 1)
	f(1<<53, 1<<53, 0)
}

// TestTerms holds examples of what the analysis does.
func TestTerms(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		var got []string
		analyse(text, func(term string) { got = append(got, term) })
		if strings.Join(got, " ") != want {
			t.Errorf("%q has the terms %q, expected was %q", text, got, want)
		}
	}
	f("The warm Winter-coats, running!", "warm winter coat run")
	f("don't it's", "don")
	f("naïve CAFÉ Malmö", "naiv cafe malmo")
	f("iPhone15 x1-b2 3.14", "iphone15 x1 b2 3 14")
	f("東京 ラーメン", "東 京 ラ ー メ ン")
	f("Größe ΟΔΟΣ привет", "große οδοσ привет")
	f(strings.Repeat("ab", 40), strings.Repeat("ab", 32))
	f(" \x00\xff ", "")
}
