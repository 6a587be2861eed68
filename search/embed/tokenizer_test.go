package embed_test

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"quintet/search/embed"
)

// pieces spells the tokens of a text, without [CLS] and [SEP].
func pieces(t testing.TB, m *embed.Model, text string) string {
	t.Helper()
	file, err := os.ReadFile("data/vocab.txt")
	if err != nil {
		t.Fatal(err)
	}
	vocabulary := strings.Split(string(file), "\n")
	var spelled []string
	ids := m.Tokens(text)
	for _, id := range ids[1 : len(ids)-1] {
		spelled = append(spelled, vocabulary[id])
	}
	return strings.Join(spelled, " ")
}

func TestTokenizerEdges(t *testing.T) {
	m := open(t)
	letters := func(n int) string { return strings.Repeat("a", n) }
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"blanks alone", " \t\r\n\u00a0\u2003\u3000", ""},
		{"upper case", "HELLO World", "hello world"},
		{"longest match first", "embeddings", "em ##bed ##ding ##s"},
		{"digits and letters", "abc123def", "abc ##12 ##3d ##ef"},
		{"ASCII signs", "a+b=c_d^e`f~g", "a + b = c _ d ^ e ` f ~ g"},
		{"a sign at each end", "(hello)", "( hello )"},
		{"signs in a row", "...!!", ". . . ! !"},
		{"punctuation beyond ASCII", "a—b…“c”", "a — b … “ c ”"},
		{"a symbol is no punctuation", "a€b", "a ##€ ##b"},
		{"accents", "Ångström café", "ang ##strom cafe"},
		{"accents that combine", "cafe\u0301", "cafe"},
		{"accents on nothing", "\u0301\u0302", ""},
		{"an accent across a control", "e\u200d\u0301t", "et"},
		{"many accents", "a" + strings.Repeat("\u0301", 1000) + "nd", "and"},
		{"Turkish", "İstanbul", "istanbul"},
		{"German", "Straße GROẞ", "st ##raße gr ##o ##ß"},
		{"Greek", "ΟΔΟΣ", "ο ##δ ##ο ##σ"},
		{"ligatures stay", "ﬁ", "ﬁ"},
		{"Kelvin and ohm", "\u212a \u2126", "k ω"},
		{"a Greek question mark", "a\u037eb", "a ; b"},
		{"Han", "中文ab字", "中 文 ab [UNK]"},
		{"Han of extension B", "\U00020000", "[UNK]"},
		{"compatible Han", "\uf900a", "[UNK] a"},
		{"Hangul falls to jamo", "가", "ᄀ ##ᅡ"},
		{"Thai", "ก", "ก"},
		{"an emoji", "😀 b", "[UNK] b"},
		{"an emoji within a word", "a😀b", "[UNK]"},
		{"controls vanish", "he\x00l\x01l\x7fo\u200b\ufeff\u00ad", "hello"},
		{"vertical tab and form feed vanish", "a\vb\fc", "abc"},
		{"U+0085 vanishes, U+2028 parts", "a\u0085b\u2028c", "ab c"},
		{"private use vanishes", "a\ue000b", "ab"},
		{"replacement vanishes", "a\ufffdb", "ab"},
		{"broken UTF-8 vanishes", "a\xff\xc3b\xe4\xb8", "ab"},
		{"unassigned is unknown", "a\U000e0fffb", "[UNK]"},
		{"special tokens", "[CLS]a[SEP][MASK]b[PAD][UNK]", "[CLS] a [SEP] [MASK] b [PAD] [UNK]"},
		{"special tokens part words", "he[SEP]llo", "he [SEP] ll ##o"},
		{"special tokens heed case", "[sep]", "[ sep ]"},
		{"nearly special", "[SEP [[SEP]]", "[ sep [ [SEP] ]"},
		{"a special token cut by a control", "[S\x00EP]", "[ sep ]"},
		{"hashes", "##ing", "# # ing"},
		{"a word of 101 letters", letters(101) + " b", "[UNK] b"},
		{"a long word ends at a sign", letters(101) + ".b", "[UNK] . b"},
		{"accents do not count", strings.Repeat("e\u0301", 101), "[UNK]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := pieces(t, m, c.text); got != c.want {
				t.Errorf("%q: %s, not %s", c.text, got, c.want)
			}
		})
	}
	for _, n := range []int{1, 50, 99, 100} {
		if got := strings.ReplaceAll(strings.ReplaceAll(pieces(t, m, letters(n)), "##", ""), " ", ""); got != letters(n) {
			t.Errorf("a word of %d letters: %s", n, got)
		}
	}
}

// TestTokenizerCuts holds where a text ends: 256 tokens with [SEP] as the last,
// however it goes on, also within a word.
func TestTokenizerCuts(t *testing.T) {
	m := open(t)
	for _, c := range []struct {
		name, unit string
		each       int
	}{{"words", "storage ", 1}, {"signs", ".", 1}, {"Han", "中", 1}, {"special tokens", "[MASK]", 1}, {"pieces", "embeddings ", 4}, {"unknown", "😀 ", 1}} {
		t.Run(c.name, func(t *testing.T) {
			for n := 254/c.each - 1; n <= 254/c.each+2; n++ {
				ids := m.Tokens(strings.Repeat(c.unit, n))
				if want := min(embed.MaxTokens, c.each*n+2); len(ids) != want || ids[0] != 101 || ids[want-1] != 102 {
					t.Errorf("%d times: %d tokens from %d to %d, not %d", n, len(ids), ids[0], ids[len(ids)-1], want)
				}
				if rest := m.Tokens(strings.Repeat(c.unit, n) + " and more"); n*c.each >= 254 && !slices.Equal(ids, rest) {
					t.Errorf("%d times: what is cut off counts", n)
				}
			}
		})
	}
	// The last word would begin within the limit and is unknown in the end.
	ids := m.Tokens(strings.Repeat("a ", 253) + "embeddings😀")
	if len(ids) != embed.MaxTokens || ids[254] != 100 {
		t.Errorf("a word cut before it proved unknown: %d tokens, %v", len(ids), ids[250:])
	}
}

// TestHugeTexts holds that 256 KiB of a text are all that counts.
func TestHugeTexts(t *testing.T) {
	m := open(t)
	const limit = 1 << 18
	for name, unit := range map[string]string{
		"words": "word ", "one word": "a", "one word beyond ASCII": "ä", "accents": "\u0301", "tone marks": "\u302e",
		"blanks": " ", "controls": "\x00", "brackets": "[", "Han": "中", "broken": "\xff",
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Repeat(unit, 8*limit/len(unit))
			if !slices.Equal(m.Tokens(text), m.Tokens(text[:limit])) {
				t.Error("more of it is among the tokens")
			}
			passages, cut := m.Passages(text)
			part, _ := m.Passages(text[:limit])
			if !cut || !reflect.DeepEqual(passages, part) {
				t.Errorf("%d passages, %d of 256 KiB, cut: %v", len(passages), len(part), cut)
			}
			for _, p := range passages {
				if p.End > limit {
					t.Errorf("a passage ends at %d", p.End)
				}
			}
		})
	}
}

func FuzzTokens(f *testing.F) {
	m := open(f)
	for _, g := range goldens(f) {
		f.Add(g.Text)
	}
	f.Add("[SEP\xff\x00]é\u0301" + strings.Repeat("\u0345a", 300))
	f.Fuzz(func(t *testing.T, text string) {
		ids := m.Tokens(text)
		if len(ids) < 2 || len(ids) > embed.MaxTokens || ids[0] != 101 || ids[len(ids)-1] != 102 {
			t.Fatalf("%d tokens: %v", len(ids), ids)
		}
		for _, id := range ids {
			if id < 0 || id >= 30522 {
				t.Fatalf("id %d", id)
			}
		}
		if !slices.Equal(ids, m.Tokens(text)) {
			t.Fatal("the same text has other tokens the second time")
		}
		if !utf8.ValidString(text) && !slices.Equal(ids, m.Tokens(strings.ToValidUTF8(text, "\ufffd"))) {
			t.Fatal("broken UTF-8 is more than U+FFFD")
		}
		if len(ids) < embed.MaxTokens { // what follows a blank changes nothing before it
			if more := m.Tokens(text + " x"); len(text) < 1<<18-2 && !slices.Equal(more[:len(ids)-1], ids[:len(ids)-1]) {
				t.Fatalf("%v became %v", ids, more)
			}
		}
	})
}
