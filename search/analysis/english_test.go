package analysis_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// modelTerms is the English analysis said once more and plainly: decompose the
// whole text, cut it into words, stem each. It knows no offsets and keeps
// nothing in mind. The ranking's measured quality rests on its terms.
func modelTerms(text string) (terms []string) {
	text = norm.NFKD.String(strings.ToValidUTF8(text, " "))
	var word []rune
	flush := func() {
		if term := modelTerm(string(word)); term != "" {
			terms = append(terms, term)
		}
		word = nil
	}
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
			flush()
			word = []rune{r}
			flush()
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			word = append(word, unicode.ToLower(r))
		default:
			flush()
		}
	}
	flush()
	return terms
}

func modelTerm(word string) string {
	if len(word) > 64 {
		word = word[:64]
		for !utf8.ValidString(word) {
			word = word[:len(word)-1]
		}
		return word
	}
	switch {
	case strings.ContainsFunc(word, func(r rune) bool { return r < 'a' || r > 'z' }):
		return word
	case modelStops[word]:
		return ""
	case len(word) < 3:
		return word
	}
	env := snowballstem.NewEnv(word)
	english.Stem(env)
	return env.Current()
}

var modelStops = func() map[string]bool {
	stops := map[string]bool{}
	for _, word := range strings.Fields(`a am an and are as at be because been being but by can could did do does doing for from had has have having he her hers herself
		him himself his how i if in into is it its itself me my myself no nor not of on or our ours ourselves s she such t than that the their theirs
		them themselves then there these they this those to was we were what when where which who whom why will with would you your yours yourself
		yourselves`) {
		stops[word] = true
	}
	return stops
}()

// oddTexts hold what analysis gets wrong first.
var oddTexts = []string{
	"", "Warm winter coats", "don't it's", "naïve CAFÉ Malmö Cafe\u0301", "iPhone15 x1-b2 3.14", "東京タワー x1 ラーメンa ガ カ\u3099 カ\u3099a",
	"\xff\xfe", "\xf7²", "a\xffb\u0301c", "İstanbul ISPARTA ısı I\u0307", strings.Repeat("x", 300), strings.Repeat("running", 10), "ﬁne ½ ab½cd ² ㍿ ﷺ",
	"Größe ΟΔΟΣ привет", " \x00\xff ", "한국어 김", "e" + strings.Repeat("\u0301", 700) + "z", strings.Repeat("é", 40), strings.Repeat("ß", 33), "\u0301a",
	"a\u0327\u0301\u302ab", "⺀⼀㈱ ｶﾞ １２", "பூனைகள்", "هذا الكِتَابُ", strings.Repeat("x", 63) + "东", "\u0345a\u0345", "ǆ ǅ ẞ ſ K Å",
	"generously singing hopping hoped ponies ties skies dying news",
}

// anyText draws words of several languages and what parts them, so that cuts,
// accents and broken bytes meet.
var anyText = rapid.Custom(func(t *rapid.T) string {
	piece := rapid.OneOf(
		rapid.SampledFrom(strings.Fields("the The running Skies ponies don't naïve Café cafe\u0301 größe straße Kitapları ISI İzmir şişe 東京 タワー ガ ½ ﬁ 15 x1 ёлка Й한국 \u0301 \u0307 \u3099 \xff \xc3 \xe2\x82 ١ β ᾳ")),
		rapid.SampledFrom([]string{" ", "-", "\"", "*", ". ", "<b>", "&", "\n", "’"}),
		rapid.String(), rapid.StringMatching(`[a-zA-Z]{1,9}`), rapid.StringMatching(`[a-z]{60,70}`),
	)
	return strings.Join(rapid.SliceOfN(piece, 0, 20).Draw(t, "pieces"), rapid.SampledFrom([]string{"", " "}).Draw(t, "between"))
})

func TestEnglishIsAsMeasured(t *testing.T) {
	a := analyzer(t, "english")
	check := func(t testing.TB, text string) {
		if got, want := terms(a, text), modelTerms(text); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Fatalf("%q has the terms %q, expected was %q", text, got, want)
		}
	}
	for _, text := range oddTexts {
		check(t, text)
	}
	rapid.Check(t, func(r *rapid.T) { check(t, anyText.Draw(r, "text")) })
}

func FuzzEnglish(f *testing.F) {
	for _, text := range oddTexts {
		f.Add(text)
	}
	a := analyzer(f, "english")
	f.Fuzz(func(t *testing.T, text string) {
		if got, want := terms(a, text), modelTerms(text); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%q has the terms %q, expected was %q", text, got, want)
		}
	})
}
