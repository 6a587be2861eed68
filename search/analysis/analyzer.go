package analysis

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
)

// maxTerm is the longest term in bytes; what is longer is cut.
const maxTerm = 64

// Analyzer turns texts of one language into terms. It is safe for concurrent
// use.
type Analyzer struct {
	language *language
	stops    map[string]bool // as spell leaves them
	plain    bool            // letters are spelt one by one
	table    [tableSize]character
	memo     memo
}

func newAnalyzer(l *language) *Analyzer {
	a := &Analyzer{language: l, stops: map[string]bool{}, plain: l.vowels == nil && (l.lower == nil || l.lower('I') == 'i')}
	for r := range a.table {
		a.table[r] = l.character(rune(r))
	}
	var s speller
	for _, word := range strings.Fields(l.stops) {
		a.stops[string(s.spell(a, []byte(word)))] = true
	}
	return a
}

// Language returns the name of the language.
func (a *Analyzer) Language() string { return a.language.Name }

// derive finds what a spelt word is searched by.
func (a *Analyzer) derive(key string) entry {
	word := cut(a.fold(cut(key))) // Hangul gets longer when it is folded
	if len(key) > maxTerm {
		return entry{word: word, term: word}
	}
	e := entry{key: key, word: word, term: word}
	switch {
	case a.stops[key]:
		e.term = ""
	case a.stems(key):
		env := snowballstem.NewEnv(key)
		a.language.stem(env)
		if term := cut(a.fold(env.Current())); strings.HasPrefix(word, term) && term != "" {
			e.term = word[:len(term)] // one string less in memory
		} else if term != "" {
			e.term = term
		}
	}
	return e
}

// stems reports whether the stemmer knows all letters of a word.
func (a *Analyzer) stems(word string) bool {
	if a.language.stem == nil || len(word) < 3 {
		return false
	}
	for _, r := range word {
		if !unicode.Is(a.language.letters, r) && !unicode.Is(unicode.Mn, r) {
			return false
		}
	}
	return true
}

// cut shortens a word to maxTerm bytes, between two characters.
func cut(word string) string {
	if len(word) <= maxTerm {
		return word
	}
	end := maxTerm
	for !utf8.RuneStart(word[end]) {
		end--
	}
	return word[:end]
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
