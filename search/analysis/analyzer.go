package analysis

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"golang.org/x/text/unicode/norm"
)

// maxTerm is the longest term in bytes; what is longer is cut.
const maxTerm = 64

// Analyzer turns texts of one language into terms. It is safe for concurrent
// use.
type Analyzer struct {
	language *language
	stops    map[string]bool // as spell leaves them
	plain    bool            // i is the lower case of I
	memo     memo
}

func newAnalyzer(l *language) *Analyzer {
	a := &Analyzer{language: l, stops: map[string]bool{}, plain: l.lower == nil || l.lower('I') == 'i'}
	for _, word := range strings.Fields(l.stops) {
		a.stops[string(a.spell(nil, norm.NFKD.Bytes([]byte(word))))] = true
	}
	return a
}

// Language returns the name of the language.
func (a *Analyzer) Language() string { return a.language.Name }

// spell appends a decomposed word to buffer as the stemmer wants it: in lower
// case, each accent composed with its letter.
func (a *Analyzer) spell(buffer, word []byte) []byte {
	if !a.language.accented {
		return append(buffer, word...)
	}
	lower := a.language.lower
	if lower == nil {
		lower = unicode.ToLower
	}
	var composed [maxSpelling + 8]byte
	for _, r := range string(norm.NFC.Append(composed[:0], word...)) {
		buffer = utf8.AppendRune(buffer, lower(r))
	}
	return buffer
}

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

// fold removes the accents that have been left for the stemmer.
func (a *Analyzer) fold(word string) string {
	if !a.language.accented || isASCII(word) {
		return word
	}
	var folded strings.Builder
	for _, r := range norm.NFKD.String(word) {
		if base, ok := bases[r]; ok {
			folded.WriteString(base)
		} else if !unicode.Is(unicode.Mn, r) || a.vowel(r) {
			folded.WriteRune(r)
		}
	}
	return folded.String()
}

// vowel reports whether a mark is a letter of the language.
func (a *Analyzer) vowel(r rune) bool {
	return a.language.vowels != nil && unicode.Is(a.language.vowels, r) && unicode.Is(unicode.M, r)
}

// bases are letters that look like one with an accent, or are written as two
// where the keyboard lacks them, but are whole to Unicode. None gets longer.
var bases = map[rune]string{'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'þ': "th", 'ł': "l", 'ı': "i"}

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
