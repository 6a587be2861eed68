package analysis_test

import (
	"html"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"quintet/search/analysis"

	"pgregory.net/rapid"
)

// anyOf matches some terms.
func anyOf(list string) func(term, word string) bool {
	wanted := strings.Fields(list)
	return func(term, word string) bool { return slices.Contains(wanted, term) }
}

var unmark = strings.NewReplacer("<mark>", "", "</mark>", "")

func plain(highlighted string) string { return html.UnescapeString(unmark.Replace(highlighted)) }

func TestHighlight(t *testing.T) {
	f := func(terms, text, want string) {
		t.Helper()
		if got := analyzer(t, "english").Highlight(text, anyOf(terms), analysis.Options{}); got != want {
			t.Errorf("%q is highlighted as\n%s, expected was\n%s", text, got, want)
		}
	}
	f("run", "Running & <i>runs</i>", `<mark>Running</mark> &amp; &lt;i&gt;<mark>runs</mark>&lt;/i&gt;`)
	f("winter coat", `a Winter-coat, "winter coats" or winter, coat`, `a <mark>Winter-coat</mark>, &#34;<mark>winter coats</mark>&#34; or <mark>winter</mark>, <mark>coat</mark>`)
	f("king spain", "king of spain", "<mark>king</mark> of <mark>spain</mark>")
	f("東 京", "東京都 東大京", "<mark>東京</mark>都 <mark>東</mark>大<mark>京</mark>")
	f("cafe", "Cafe\u0301s? Café!", "<mark>Cafe\u0301s</mark>? <mark>Café</mark>!")
	f("ab1 2cd", "x ab½cd", "x <mark>ab½cd</mark>")
	f("2cd", "x ab½cd", "x ab<mark>½cd</mark>")
	f("x", "\xffx\xc3", "\uFFFD<mark>x</mark>\uFFFD")
	f("mark", "<mark>", "&lt;<mark>mark</mark>&gt;")
	f("", "", "")
}

func TestSnippet(t *testing.T) {
	f := func(terms, text string, length int, want string) {
		t.Helper()
		if got := analyzer(t, "english").Highlight(text, anyOf(terms), analysis.Options{Length: length}); got != want {
			t.Errorf("%q is highlighted as\n%s, expected was\n%s", text, got, want)
		}
	}
	f("x", "short text", 50, "short text")
	f("x", "  some longer text here  ", 12, "some longer…")
	f("four", "one two three four five six seven", 16, "…three <mark>four</mark> five…")
	f("one", "one two three four five", 9, "<mark>one</mark> two…")
	f("five", "one two three four five ", 10, "…four <mark>five</mark>")
	f("a1 b1 c1", "a1 a1 a1 z z z z z z z z z z b1 c1 z z z", 5, "…<mark>b1 c1</mark>…")
	f("x", strings.Repeat("y", 500), 10, strings.Repeat("y", 10)+"…")
	f(strings.Repeat("y", 64), "b "+strings.Repeat("y", 500), 10, "…<mark>"+strings.Repeat("y", 10)+"</mark>…")
	f("京", "東京都東京都", 3, "東<mark>京</mark>都…")
	f("x", "", 10, "")
	f("x", " \n ", 10, "")
	f("b", "a\xff\xffb", 2, "…\uFFFD<mark>b</mark>")
}

// TestHighlightMarksWhatMatches compares with a model that paints each byte.
func TestHighlightMarksWhatMatches(t *testing.T) {
	for _, language := range []string{"english", "turkish"} {
		a := analyzer(t, language)
		rapid.Check(t, func(r *rapid.T) {
			text := strings.ToValidUTF8(anyText.Draw(r, "text"), "?")
			every := rapid.IntRange(1, 3).Draw(r, "every")
			match := func(term, word string) bool { return len(term)%every == 0 }
			painted := make([]bool, len(text))
			var before analysis.Token
			for i, token := range tokens(a, text) {
				if !match(token.Term, token.Word) {
					continue
				}
				from := token.Start
				if i > 0 && before.Term != "" && token.Position == before.Position+1 && utf8.RuneCountInString(text[min(before.End, from):from]) <= 1 {
					from = min(from, before.End)
				}
				for j := from; j < token.End; j++ {
					painted[j] = true
				}
				before = token
			}
			var want strings.Builder
			inside := false
			for i, c := range text {
				if painted[i] != inside {
					want.WriteString(map[bool]string{true: "<mark>", false: "</mark>"}[painted[i]])
					inside = painted[i]
				}
				want.WriteString(html.EscapeString(string(c)))
			}
			if inside {
				want.WriteString("</mark>")
			}
			got := a.Highlight(text, match, analysis.Options{})
			if got != want.String() {
				r.Fatalf("%q is highlighted as\n%s, expected was\n%s", text, got, want.String())
			}
		})
	}
}

// TestSnippetHasTheMostTerms compares with every window of a text of words.
func TestSnippetHasTheMostTerms(t *testing.T) {
	a := analyzer(t, "simple")
	rapid.Check(t, func(r *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom(strings.Fields("a bb ccc é 東 dddd eeeee zz zzzz z zzz")), 1, 60).Draw(r, "words")
		text := strings.Join(words, rapid.SampledFrom([]string{" ", ", ", "\n"}).Draw(r, "between"))
		length := rapid.IntRange(5, 40).Draw(r, "length")
		match := func(term, word string) bool { return !strings.HasPrefix(word, "z") }
		different := func(text string) int {
			seen := map[string]bool{}
			for _, token := range tokens(a, text) {
				if match(token.Term, token.Word) {
					seen[token.Term] = true
				}
			}
			return len(seen)
		}
		most := 0
		all := tokens(a, text)
		for i, from := range all {
			for _, to := range all[i:] {
				if window := text[from.Start:to.End]; utf8.RuneCountInString(window) <= length {
					most = max(most, different(window))
				}
			}
		}
		shown := strings.Trim(plain(a.Highlight(text, match, analysis.Options{Length: length})), "…")
		if !strings.Contains(text, shown) || utf8.RuneCountInString(shown) > length {
			r.Fatalf("%q is not a part of %d characters of %q", shown, length, text)
		}
		if got := different(shown); got != most {
			r.Fatalf("%q has %d terms, a part of %q has %d", shown, got, text, most)
		}
	})
}

func FuzzHighlight(f *testing.F) {
	for i, text := range append(oddTexts, `<mark> & &amp; "x" 'y' &lt;`, "…a… b…") {
		f.Add(text, "run x mark 東", i)
	}
	a := analyzer(f, "german")
	f.Fuzz(func(t *testing.T, text, wanted string, length int) {
		match := func(term, word string) bool { return strings.Contains(wanted, term) }
		valid := string([]rune(text))
		if got := plain(a.Highlight(text, match, analysis.Options{})); got != valid {
			t.Errorf("%q is highlighted as %q", text, got)
		}
		if length <= 0 {
			return
		}
		shown := a.Highlight(text, match, analysis.Options{Length: length})
		if strings.Count(shown, "<mark>") != strings.Count(shown, "</mark>") || strings.Contains(shown, "<mark></mark>") {
			t.Errorf("%q is highlighted as %q", text, shown)
		}
		part := plain(shown)
		if !strings.Contains("…"+valid+"…", part) && !strings.Contains(valid, strings.TrimSuffix(strings.TrimPrefix(part, "…"), "…")) &&
			!strings.Contains(valid, strings.TrimPrefix(part, "…")) && !strings.Contains(valid, strings.TrimSuffix(part, "…")) {
			t.Errorf("%q is highlighted as %q", text, shown)
		}
		if n := utf8.RuneCountInString(part); n-2 > length {
			t.Errorf("%d characters of %q are shown, not %d", n, text, length)
		}
	})
}
