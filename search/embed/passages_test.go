package embed_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quintet/search/embed"
)

const (
	perPassage = embed.MaxTokens - 2
	allTokens  = embed.MaxPassages*perPassage - (embed.MaxPassages-1)*embed.PassageOverlap
	wordTokens = 100 // of one word, at most
)

// bare is the tokens of a short text without [CLS] and [SEP].
func bare(m *embed.Model, text string) []int32 {
	ids := m.Tokens(text)
	return ids[1 : len(ids)-1]
}

// joined is the tokens of all passages, those that overlap once.
func joined(passages []embed.Passage) (ids []int32) {
	for i, p := range passages {
		ids = append(ids, p.Tokens[min(i, 1)*embed.PassageOverlap:]...)
	}
	return ids
}

// fields are parts of a text between blanks, each with its tokens. It is the
// model of division: no token crosses a blank.
type fields struct {
	ids   []int32
	first []int // of each id, where its field begins
	end   []int // and ends
}

func (f *fields) add(m *embed.Model, field string, at int) {
	for _, id := range bare(m, field) {
		f.ids, f.first, f.end = append(f.ids, id), append(f.first, at), append(f.end, at+len(field))
	}
}

func divisible(t *rapid.T, m *embed.Model) (string, *fields) {
	field := rapid.OneOf(
		rapid.SampledFrom([]string{
			"word", "Embeddings", "...", "don't", "中文字", "가각", "Ångström", "cafe\u0301s", "İ", "[SEP]", "a[MASK]b", "😀",
			"he\u00adl\x00lo", "\u0301", "\u0344x", "\u09cb\u09cb", "\U0001d15e", "b\xffroken\xc3", "\u037e", "1,234.56", "", "\t",
			strings.Repeat("qz", 50), strings.Repeat("z", 101), "n" + strings.Repeat("\u0303", 70) + "o",
		}),
		rapid.StringN(0, 30, -1),
	)
	some := rapid.SliceOfN(field, 0, 40).Draw(t, "fields")
	var text strings.Builder
	model := &fields{}
	for range rapid.SampledFrom([]int{1, 3, 40, 200}).Draw(t, "times") {
		for _, f := range some {
			if text.Len() > 200<<10 {
				break
			}
			model.add(m, f, text.Len())
			text.WriteString(f + " ")
		}
	}
	return text.String(), model
}

func TestPassages(t *testing.T) {
	m := open(t)
	rapid.Check(t, func(t *rapid.T) {
		text, want := divisible(t, m)
		passages, cut := m.Passages(text)
		if n := len(want.ids); cut != (n > allTokens) {
			t.Fatalf("%d tokens, cut: %v", n, cut)
		}
		if got := joined(passages); !slices.Equal(got, want.ids[:min(len(want.ids), allTokens)]) {
			t.Fatalf("%d tokens of %d, or others", len(got), len(want.ids))
		}
		at := 0
		for i, p := range passages {
			if n := len(p.Tokens); n > perPassage || n < perPassage && i < len(passages)-1 {
				t.Fatalf("passage %d of %d has %d tokens", i, len(passages), n)
			}
			if i > 0 {
				before := passages[i-1]
				if !slices.Equal(p.Tokens[:embed.PassageOverlap], before.Tokens[perPassage-embed.PassageOverlap:]) {
					t.Fatalf("passages %d and %d do not overlap", i-1, i)
				}
				if p.Start <= before.Start || p.End < before.End || p.Start >= before.End {
					t.Fatalf("%d to %d, then %d to %d", before.Start, before.End, p.Start, p.End)
				}
			}
			last := at + len(p.Tokens) - 1
			if p.Start < want.first[at] || p.Start >= want.end[at] || p.End <= want.first[last] || p.End > want.end[last] {
				t.Fatalf("passage %d has bytes %d to %d; its ends lie in %d to %d and %d to %d",
					i, p.Start, p.End, want.first[at], want.end[at], want.first[last], want.end[last])
			}
			checkPlace(t, m, text, p)
			at += len(p.Tokens) - embed.PassageOverlap
		}
	})
}

// checkPlace tokenises a passage's part of the text. It has the passage's
// tokens, and beyond them the rest of the words at its ends.
func checkPlace(t rapid.TB, m *embed.Model, text string, p embed.Passage) {
	t.Helper()
	again, _ := m.Passages(text[p.Start:p.End])
	ids := joined(again)
	for lead := range min(wordTokens, len(ids)-len(p.Tokens)+1) {
		rest := ids[lead:]
		if len(rest) < len(p.Tokens)+wordTokens && slices.Equal(rest[:len(p.Tokens)], p.Tokens) {
			return
		}
	}
	t.Fatalf("bytes %d to %d have the tokens %v, the passage has %v", p.Start, p.End, ids, p.Tokens)
}

func TestPassagePlaces(t *testing.T) {
	m := open(t)
	for _, c := range []struct{ name, before, text, behind string }{
		{"words", "", "hello, World!", ""},
		{"blanks around", " \n\u3000", "hello", "\u00a0\t"},
		{"controls around", "\x00\u200b", "hello", "\ufeff\x01"},
		{"a control within", "", "he\u00adllo", ""},
		{"accents", "", "Ångström café", ""},
		{"an accent that combines, at the end", " ", "cafe\u0301", " "},
		{"accents alone", "\u0301 ", "x", " \u0301"},
		{"Han", "\xff", "中文", "\xff"},
		{"Hangul", "\u200d", "가각", " "},
		{"parts of one rune", " ", "\u09cb\U0001d15e", " "},
		{"special tokens", " ", "[CLS]a[SEP]", " "},
		{"an unknown word", " ", strings.Repeat("ä", 101), " "},
		{"broken UTF-8 within", "\xe4\xb8", "a\xffb", "\xc3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			passages, cut := m.Passages(c.before + c.text + c.behind)
			if len(passages) != 1 || cut {
				t.Fatalf("%d passages, cut: %v", len(passages), cut)
			}
			p := passages[0]
			if want := len(c.before); p.Start != want || p.End != want+len(c.text) {
				t.Errorf("bytes %d to %d, not %d to %d", p.Start, p.End, want, want+len(c.text))
			}
			if want := bare(m, c.text); !slices.Equal(p.Tokens, want) {
				t.Errorf("tokens %v, not %v", p.Tokens, want)
			}
		})
	}
	for _, text := range []string{"", " \n", "\x00\u0301\xff"} {
		if passages, cut := m.Passages(text); len(passages) != 0 || cut {
			t.Errorf("%q has %v, cut: %v", text, passages, cut)
		}
	}
}

// TestPassageLimits holds how many passages there are around each limit, and
// that a border may fall within a word.
func TestPassageLimits(t *testing.T) {
	m := open(t)
	const step = perPassage - embed.PassageOverlap
	for _, c := range []struct {
		tokens, passages int
		cut              bool
	}{
		{1, 1, false}, {perPassage, 1, false}, {perPassage + 1, 2, false}, {perPassage + step, 2, false}, {perPassage + step + 1, 3, false},
		{allTokens, embed.MaxPassages, false}, {allTokens + 1, embed.MaxPassages, true}, {2 * allTokens, embed.MaxPassages, true},
	} {
		text := strings.Repeat("word ", c.tokens)
		passages, cut := m.Passages(text)
		if len(passages) != c.passages || cut != c.cut {
			t.Errorf("%d tokens: %d passages, cut: %v", c.tokens, len(passages), cut)
		}
		for i, p := range passages {
			if p.Start != 5*step*i || p.End != p.Start+5*len(p.Tokens)-1 {
				t.Errorf("%d tokens, passage %d: bytes %d to %d", c.tokens, i, p.Start, p.End)
			}
		}
	}

	text := strings.Repeat("a ", perPassage-2) + "embeddings" // em ##bed ##ding ##s
	passages, _ := m.Passages(text)
	if len(passages) != 2 || passages[0].End != len(text) || passages[1].End != len(text) {
		t.Fatalf("%d passages of %d bytes: %v", len(passages), len(text), passages)
	}
	if rest := passages[1].Tokens[embed.PassageOverlap:]; !slices.Equal(rest, bare(m, "embeddings")[2:]) {
		t.Errorf("the second passage brings %v", rest)
	}
}

// TestPassageVectors holds that the first passage has the vector of the text,
// bit by bit, and each the vector of its part where no word is divided.
func TestPassageVectors(t *testing.T) {
	m := open(t)
	for _, text := range []string{"How do I reset my password?", "Ångström \x00 [SEP] 中", textOf(300)} {
		passages, _ := m.Passages(text)
		vectors, err := m.EmbedPassages(t.Context(), passages)
		if err != nil || len(vectors) != len(passages) {
			t.Fatalf("%d vectors for %d passages: %v", len(vectors), len(passages), err)
		}
		texts := []string{text}
		for _, p := range passages {
			texts = append(texts, text[p.Start:p.End])
		}
		want := embedAll(t, m, texts)
		if !slices.Equal(vectors[0], want[0]) {
			t.Errorf("%.30q: the first passage has another vector than the text", text)
		}
		for i, v := range vectors {
			if !slices.Equal(v, want[i+1]) {
				t.Errorf("%.30q: passage %d has another vector than its part", text, i)
			}
		}
	}
}

func TestEmbedPassagesRefuses(t *testing.T) {
	m := open(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	good := embed.Passage{Tokens: []int32{2088}}
	for name, p := range map[string]embed.Passage{
		"too many": {Tokens: make([]int32, perPassage+1)}, "negative": {Tokens: []int32{-1}}, "beyond the vocabulary": {Tokens: []int32{30522}},
	} {
		if vectors, err := m.EmbedPassages(t.Context(), []embed.Passage{good, p}); err == nil || vectors != nil {
			t.Errorf("%s: %d vectors, %v", name, len(vectors), err)
		}
	}
	if vectors, err := m.EmbedPassages(ended, []embed.Passage{good}); !errors.Is(err, context.Canceled) || vectors != nil {
		t.Errorf("after the end: %d vectors, %v", len(vectors), err)
	}
	if vectors, err := m.EmbedPassages(t.Context(), nil); err != nil || len(vectors) != 0 {
		t.Errorf("none: %d vectors, %v", len(vectors), err)
	}
}

func FuzzPassages(f *testing.F) {
	m := open(f)
	for _, g := range goldens(f) {
		f.Add(g.Text, uint8(1))
	}
	f.Add("[SEP\xff\x00]é\u0301가\u09cb[MASK]"+strings.Repeat("\u0345a", 300), uint8(9))
	f.Fuzz(func(t *testing.T, text string, times uint8) {
		text = strings.Repeat(text, 1+int(times))
		passages, _ := m.Passages(text)
		ids := joined(passages)
		if first := bare(m, text); !slices.Equal(first, ids[:min(len(ids), perPassage)]) {
			t.Fatalf("%v, and as passages %v", first, ids)
		}
		for i, p := range passages {
			if p.Start < 0 || p.Start >= p.End || p.End > len(text) || i > 0 && p.Start <= passages[i-1].Start {
				t.Fatalf("passage %d: %d to %d of %d bytes", i, p.Start, p.End, len(text))
			}
			if len(text) < 1<<16 {
				checkPlace(t, m, text, p)
			}
		}
	})
}
