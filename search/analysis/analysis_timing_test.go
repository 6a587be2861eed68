package analysis_test

import (
	"html"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

	"quintet/search/analysis"
)

// zipfTexts are 2,000 texts of 60 words, which are as frequent as those of a
// language: 50,000 different ones by Zipf's law.
func zipfTexts(vocabulary func(n int) string) []string {
	random := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(random, 1.07, 1, 49_999)
	texts := make([]string, 2000)
	for i := range texts {
		words := make([]string, 60)
		for j := range words {
			words[j] = vocabulary(int(zipf.Uint64()))
		}
		texts[i] = strings.Join(words, " ")
	}
	return texts
}

// word writes a number as a word of syllables and an English ending.
func word(n int) string {
	syllables := strings.Fields("ba re ti lo nu ka mer sin tol dra")
	endings := strings.Fields("ing ed s ation ness er ly e al ment")
	w := endings[n%10]
	for n /= 10; ; n /= 10 {
		if w = syllables[n%10] + w; n < 10 {
			return w
		}
	}
}

// BenchmarkTokens is the time of one text of 60 words; "plain" is the model of
// the tests, which stems each word anew.
func BenchmarkTokens(b *testing.B) {
	texts := zipfTexts(word)
	english := analyzer(b, "english")
	accents := strings.NewReplacer("a", "é", "o", "ü")
	accented := zipfTexts(func(n int) string { return accents.Replace(word(n)) })
	cyrillic := strings.NewReplacer(strings.Fields("a а b б e е r р t т i и l л o о n н u у k к m м s с d д v в g г y ы")...)
	russian := zipfTexts(func(n int) string { return cyrillic.Replace(word(n)) })
	run := func(name string, texts []string, f func(text string)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				f(texts[i%len(texts)])
			}
		})
	}
	with := func(a *analysis.Analyzer) func(string) {
		return func(text string) { a.Tokens(text, func(analysis.Token) bool { return true }) }
	}
	run("plain", texts, func(text string) { modelTerms(text) })
	run("english", texts, with(english))
	run("simple", texts, with(analyzer(b, "simple")))
	run("german", texts, with(analyzer(b, "german")))
	run("german-accents", accented, with(analyzer(b, "german")))
	run("russian", russian, with(analyzer(b, "russian")))
	run("turkish", texts, with(analyzer(b, "turkish")))
}

// BenchmarkHighlight is the time of the longest text that a document can have;
// "plain" cuts words at what is no letter, and analyses each by the model.
func BenchmarkHighlight(b *testing.B) {
	text := strings.Join(zipfTexts(word), " ")[:63<<10]
	a := analyzer(b, "english")
	wanted := terms(a, "bating rebaing tilored")
	match := anyOf(strings.Join(wanted, " "))
	run := func(name string, f func()) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				f()
			}
		})
	}
	run("plain", func() {
		var marked []string
		for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
			w = html.EscapeString(w)
			if found := modelTerms(w); len(found) > 0 && slices.Contains(wanted, found[0]) {
				w = "<mark>" + w + "</mark>"
			}
			marked = append(marked, w)
		}
		_ = strings.Join(marked, " ")
	})
	run("whole", func() { a.Highlight(text, match, analysis.Options{}) })
	run("snippet", func() { a.Highlight(text, match, analysis.Options{Length: 200}) })
}
