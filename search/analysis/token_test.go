package analysis_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"quintet/search/analysis"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func analyzer(t testing.TB, language string) *analysis.Analyzer {
	t.Helper()
	a, known := analysis.For(language)
	if !known {
		t.Fatalf("there is no language %q", language)
	}
	return a
}

func tokens(a *analysis.Analyzer, text string) (all []analysis.Token) {
	a.Tokens(text, func(t analysis.Token) bool {
		all = append(all, t)
		return true
	})
	return all
}

func terms(a *analysis.Analyzer, text string) (all []string) {
	for _, t := range tokens(a, text) {
		all = append(all, t.Term)
	}
	return all
}

func TestTokens(t *testing.T) {
	f := func(language, text, want string) {
		t.Helper()
		var got []string
		for _, token := range tokens(analyzer(t, language), text) {
			got = append(got, fmt.Sprintf("%d:%s/%s=%q", token.Position, token.Term, token.Word, text[token.Start:token.End]))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s %q has the tokens\n%s, expected were\n%s", language, text, strings.Join(got, " "), want)
		}
	}
	f("english", "The Running of the Bulls", `1:run/running="Running" 4:bull/bulls="Bulls"`)
	f("english", "Cafe\u0301 CAFÉ", "0:cafe/cafe=\"Cafe\u0301\" 1:cafe/cafe=\"CAFÉ\"")
	f("english", "a\xffrunning\xff", `1:run/running="running"`)
	f("english", "ab½cd", `0:ab1/ab1="ab½" 1:2cd/2cd="½cd"`)
	f("english", "東カ\u3099x", "0:東/東=\"東\" 1:カ/カ=\"カ\u3099\" 2:x/x=\"x\"")
	f("simple", "The Running", `0:the/the="The" 1:running/running="Running"`)
	f("german", "Die Häuser, größer", `1:haus/hauser="Häuser" 2:gross/grosser="größer"`)
	f("french", "L'événement", `1:even/evenement="événement"`)
	f("turkish", "KIZLAR", `0:kiz/kizlar="KIZLAR"`)
}

// TestTokensStandInTheText holds, in each language, what a token is and where.
func TestTokensStandInTheText(t *testing.T) {
	for _, l := range analysis.Languages() {
		t.Run(l.Name, func(t *testing.T) {
			a := analyzer(t, l.Name)
			for _, text := range oddTexts {
				checkTokens(t, a, text)
			}
			rapid.Check(t, func(r *rapid.T) { checkTokens(t, a, anyText.Draw(r, "text")) })
		})
	}
}

func FuzzTokens(f *testing.F) {
	for i, text := range oddTexts {
		f.Add(i, text)
	}
	f.Fuzz(func(t *testing.T, language int, text string) {
		all := analysis.Languages()
		checkTokens(t, analyzer(t, all[uint(language)%uint(len(all))].Name), text)
	})
}

func checkTokens(t testing.TB, a *analysis.Analyzer, text string) {
	t.Helper()
	all := tokens(a, text)
	for i, token := range all {
		if token.Start < 0 || token.End <= token.Start || token.End > len(text) {
			t.Fatalf("%q has a token at %d to %d", text, token.Start, token.End)
		}
		for _, part := range []string{token.Term, token.Word} {
			if part == "" || len(part) > 64 || !utf8.ValidString(part) || strings.ContainsFunc(part, unicode.IsSpace) {
				t.Fatalf("%q has the token %+v", text, token)
			}
		}
		if i > 0 {
			before := all[i-1]
			if token.Position <= before.Position || token.Start < before.Start || token.End < before.End {
				t.Fatalf("%q has %+v before %+v", text, before, token)
			}
		}
	}
	twice := tokens(a, text+" . "+text)
	for i, token := range all {
		if twice[i] != token || twice[len(twice)-len(all)+i].Term != token.Term {
			t.Fatalf("%q twice has the tokens %v", text, twice)
		}
	}
}

// TestNormalForms holds that a text has the same terms however its accents are
// encoded.
func TestNormalForms(t *testing.T) {
	character := rapid.OneOf(
		rapid.RuneFrom(nil, unicode.Latin), rapid.RuneFrom(nil, unicode.Cyrillic, unicode.Greek), rapid.RuneFrom(nil, unicode.Arabic),
		rapid.RuneFrom(nil, unicode.Tamil), rapid.RuneFrom(nil, unicode.Hangul), rapid.RuneFrom(nil, unicode.Hiragana, unicode.Katakana),
		rapid.RuneFrom([]rune("aeiIoscAEИеiıİ ")), rapid.RuneFrom([]rune("\u0300\u0301\u0303\u0306\u0307\u0308\u030c\u0326\u0327\u0328\u0654\u3099")),
	)
	for _, l := range analysis.Languages() {
		t.Run(l.Name, func(t *testing.T) {
			a := analyzer(t, l.Name)
			rapid.Check(t, func(r *rapid.T) {
				text := string(rapid.SliceOfN(character, 0, 12).Draw(r, "text"))
				composed, decomposed := norm.NFC.String(text), norm.NFD.String(text)
				if one, other := terms(a, composed), terms(a, decomposed); !slices.Equal(one, other) {
					r.Fatalf("%q has the terms %q composed, %q decomposed", text, one, other)
				}
			})
		})
	}
}

func TestTokensStop(t *testing.T) {
	n := 0
	analyzer(t, "english").Tokens("cold winter coats", func(analysis.Token) bool {
		n++
		return n < 2
	})
	if n != 2 {
		t.Errorf("%d tokens", n)
	}
}

// TestTokensConcurrently has more words than an analyzer remembers, so that
// goroutines push out each other's.
func TestTokensConcurrently(t *testing.T) {
	a := analyzer(t, "english")
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 12_000 {
				word := "running" + letters((i*7+worker*10_000)%40_000)
				if got, want := terms(a, word+" the"), modelTerms(word); len(got) != 1 || got[0] != want[0] {
					t.Errorf("%s has the terms %q, expected was %q", word, got, want)
					return
				}
			}
		})
	}
	group.Wait()
}

// letters writes a number with letters.
func letters(n int) string {
	word := []byte{'q'}
	for ; n > 0; n /= 26 {
		word = append(word, byte('a'+n%26))
	}
	return string(word)
}
