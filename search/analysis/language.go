package analysis

import (
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/arabic"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/hungarian"
	"github.com/blevesearch/snowballstem/irish"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/romanian"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
	"github.com/blevesearch/snowballstem/tamil"
	"github.com/blevesearch/snowballstem/turkish"
)

// Language is how a caller names an analyzer: by its English name, or by its
// code of ISO 639-1, which "simple" has not.
type Language struct{ Name, Code string }

// language is what one analyzer differs from another by.
type language struct {
	Language
	stem  func(*snowballstem.Env) bool // nil: words stay as they are
	stops string                       // in lower case, parted by blanks
	// letters are those that the stemmer knows; a word with any other
	// character stays as it is.
	letters *unicode.RangeTable
	// accented says that the stemmer tells é from e. Accents are then removed
	// behind it, not before.
	accented bool
	// lower spells a letter in lower case, and as the stemmer knows it. It is
	// nil for unicode.ToLower.
	lower func(rune) rune
	// vowels are accents by Unicode, but letters to the language.
	vowels *unicode.RangeTable
}

var ascii = &unicode.RangeTable{R16: []unicode.Range16{{Lo: 'a', Hi: 'z', Stride: 1}}, LatinOffset: 1}

var languages = []language{
	{Language: Language{"english", "en"}, stem: english.Stem, stops: englishStops, letters: ascii},
	{Language: Language{"simple", ""}},
	{Language: Language{"arabic", "ar"}, stem: arabic.Stem, stops: arabicStops, letters: unicode.Arabic, accented: true},
	latin("danish", "da", danish.Stem, danishStops),
	latin("dutch", "nl", dutch.Stem, dutchStops),
	latin("finnish", "fi", finnish.Stem, finnishStops),
	latin("french", "fr", french.Stem, frenchStops),
	latin("german", "de", german.Stem, germanStops),
	latin("hungarian", "hu", hungarian.Stem, hungarianStops),
	latin("irish", "ga", irish.Stem, irishStops),
	latin("italian", "it", italian.Stem, italianStops),
	latin("norwegian", "no", norwegian.Stem, norwegianStops),
	latin("portuguese", "pt", portuguese.Stem, portugueseStops),
	{Language: Language{"romanian", "ro"}, stem: romanian.Stem, stops: romanianStops, letters: unicode.Latin, accented: true, lower: lowerRomanian},
	{Language: Language{"russian", "ru"}, stem: russian.Stem, stops: russianStops, letters: unicode.Cyrillic, accented: true, lower: lowerRussian},
	latin("spanish", "es", spanish.Stem, spanishStops),
	latin("swedish", "sv", swedish.Stem, swedishStops),
	{Language: Language{"tamil", "ta"}, stem: tamil.Stem, stops: tamilStops, letters: unicode.Tamil, accented: true, vowels: unicode.Tamil},
	{Language: Language{"turkish", "tr"}, stem: turkish.Stem, stops: turkishStops, letters: unicode.Latin, accented: true, lower: unicode.TurkishCase.ToLower},
}

func latin(name, code string, stem func(*snowballstem.Env) bool, stops string) language {
	return language{Language: Language{name, code}, stem: stem, stops: stops, letters: unicode.Latin, accented: true}
}

// lowerRomanian writes ș and ț with the cedilla that they had before Unicode
// had their comma, for so the stemmer knows them.
func lowerRomanian(r rune) rune {
	switch r = unicode.ToLower(r); r {
	case 'ș':
		return 'ş'
	case 'ț':
		return 'ţ'
	}
	return r
}

// lowerRussian writes ё as most texts do.
func lowerRussian(r rune) rune {
	if r = unicode.ToLower(r); r == 'ё' {
		return 'е'
	}
	return r
}

// byName leads from each name and code to its analyzer, made when it is first
// asked for.
var byName = func() map[string]func() *Analyzer {
	all := map[string]func() *Analyzer{}
	for i := range languages {
		l := &languages[i]
		make := sync.OnceValue(func() *Analyzer { return newAnalyzer(l) })
		all[l.Name] = make
		if l.Code != "" {
			all[l.Code] = make
		}
	}
	all[""] = all["english"]
	all["nb"] = all["norwegian"]
	return all
}()

// For returns the analyzer of a language by its name or code in whatever case,
// and false for one that is unknown. "" is English, "nb" Norwegian. There is
// one analyzer of each language. It remembers at most 32,768 words, which take
// about 3 MB, and 8 MB at worst.
func For(language string) (*Analyzer, bool) {
	analyzer, known := byName[strings.ToLower(language)]
	if !known {
		return nil, false
	}
	return analyzer(), true
}

// Languages lists what [For] knows, by name.
func Languages() []Language {
	all := make([]Language, len(languages))
	for i, l := range languages {
		all[i] = l.Language
	}
	slices.SortFunc(all, func(a, b Language) int { return strings.Compare(a.Name, b.Name) })
	return all
}
