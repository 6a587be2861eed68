package column_test

import (
	"bytes"
	"encoding/hex"
	"math"
	"strings"
	"testing"

	"quintet/engine/filter"
	"quintet/search/bitset"
	"quintet/search/column"
)

var samples = map[string]model{
	"Words": {column.Words, []column.Value{{Set: true, Words: []string{"red", "blue", "red"}}, {}, {Set: true}, {Set: true, Words: []string{"red"}}}},
	"Int":   {column.Int, []column.Value{{Set: true, Int: 2}, {}, {Set: true, Int: -1}}},
	"Float": {column.Float, []column.Value{{Set: true, Float: 1.5}, {Set: true, Float: math.Copysign(0, -1)}, {Set: true, Float: -2}}},
	"Bool":  {column.Bool, []column.Value{{Set: true, Bool: true}, {Set: true}, {}}},
}

// TestFormat holds every byte of FORMAT.md.
func TestFormat(t *testing.T) {
	for name, want := range map[string]string{
		"Words": "01 01 04000000 0d00000000000000" +
			" 02000000 07000000 03000000" + // words, their bytes, ordinals
			" 04000000 07000000 626c7565 726564" +
			" 02000000 02000000 02000000 03000000" + // ends of rows
			" 00000000 01000000 01000000",
		"Int":   "01 02 03000000 0500000000000000 0200000000000080 0000000000000080 ffffffffffffff7f 02000000 00000000",
		"Float": "01 03 03000000 0700000000000000 000000000000f8bf 0000000000000080 ffffffffffffff3f 02000000 01000000 00000000",
		"Bool":  "01 04 03000000 0300000000000000 0100000000000000",
	} {
		b := samples[name].build()
		encoded := b.Append([]byte("before"))
		if got := hex.EncodeToString(encoded); got != hex.EncodeToString([]byte("before"))+strings.ReplaceAll(want, " ", "") {
			t.Errorf("%s is encoded as %s, expected was %s", name, got, want)
		}
		if again := reopen(t, &b.Column).Append(nil); !bytes.Equal(again, encoded[6:]) {
			t.Errorf("%s is encoded as %x when it was opened", name, again)
		}
	}
}

func TestDamage(t *testing.T) {
	f := func(name, sample string, damage func(b []byte) []byte, want string) {
		t.Run(name, func(t *testing.T) {
			b := damage(samples[sample].build().Append(nil))
			if c, err := column.Open(b); c != nil || err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("opened with %v, expected was %s", err, want)
			}
		})
	}
	set := func(at int, value byte) func([]byte) []byte {
		return func(b []byte) []byte {
			b[at] = value
			return b
		}
	}
	f("Empty", "Int", func([]byte) []byte { return nil }, "no column of format 1")
	f("Format", "Int", set(0, 2), "no column of format 1")
	f("Kind", "Int", set(1, 5), "no column of format 1")
	f("Rows", "Int", set(5, 255), "before byte 6: it is cut off")
	f("Longer", "Bool", func(b []byte) []byte { return append(b, 0) }, "before byte 22: more bytes follow")
	f("Beyond", "Bool", set(6, 8), "a row is beyond the last")
	f("BeyondTrue", "Bool", set(14, 8), "a row is beyond the last")
	f("NoNumber", "Float", set(21, 255), "a key is of no number")
	f("Order", "Int", set(42, 2), "the order of rows does not rise")
	f("OrderMissing", "Int", set(38, 1), "the order of rows does not rise")
	f("OrderFar", "Int", set(40, 1), "the order of rows does not rise")
	f("Dictionary", "Words", set(34, 'z'), "the dictionary does not rise")
	f("WordEnds", "Words", set(26, 8), "ends do not rise")
	f("WordEndsTotal", "Words", set(30, 6), "the last end is not the length")
	f("RowEnds", "Words", set(41, 4), "ends do not rise")
	f("Missing", "Words", set(41, 1), "a row without a value has words")
	f("Ordinal", "Words", set(65, 2), "the words of a row do not rise")
	f("OrdinalTwice", "Words", set(57, 1), "the words of a row do not rise")
	for name, m := range samples {
		whole := m.build().Append(nil)
		for n := range whole {
			if c, err := column.Open(whole[:n]); c != nil || err == nil {
				t.Errorf("%s: %d of %d bytes are opened", name, n, len(whole))
			}
		}
	}
}

// ask uses every method on every row.
func ask(c *column.Column) {
	for op := filter.Exists; op <= filter.AtLeast; op++ {
		for _, k := range []filter.Kind{filter.Text, filter.Number, filter.Bool} {
			c.Test(&filter.Test{Kind: k, Op: op, Values: []filter.Value{{Text: "m", Whole: 1, IsWhole: true, Float: 1}, {Text: "", Float: .5}}})
		}
	}
	all := bitset.Full(c.Rows() + 1)
	c.Facets(all, func(string, int) {})
	c.Range(all)
	c.Memory()
	for row := range uint32(c.Rows() + 1) {
		c.Value(row)
		c.Key(row, row%2 == 0)
	}
}

// FuzzOpen holds that bytes are refused, or are those of the column that they
// are opened as, which then answers everything.
func FuzzOpen(f *testing.F) {
	for _, m := range samples {
		f.Add(m.build().Append(nil))
	}
	frequent := model{kind: column.Words} // one that is a bitmap
	for range 260 {
		frequent.rows = append(frequent.rows, samples["Words"].rows[0])
	}
	f.Add(frequent.build().Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := column.Open(b)
		if err != nil {
			return
		}
		ask(c)
		if limit := int64(4096 + 64*len(b)); c.Memory() > limit {
			t.Errorf("%d bytes take %d", len(b), c.Memory())
		}
		if again := c.Append(nil); !bytes.Equal(again, b) {
			t.Errorf("%x is opened and encoded as %x", b, again)
		}
	})
}
