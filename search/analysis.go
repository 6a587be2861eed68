package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"golang.org/x/text/unicode/norm"
)

// maxTerm is the longest term in bytes; what is longer is cut.
const maxTerm = 64

// analyse yields the terms of a text, in order: runs of letters and digits,
// in lower case and without accents, English ones reduced to their stem by
// Snowball's "english" (Porter 2), stop words left out. Han, Hiragana and
// Katakana are written without blanks, so each of their characters is a term.
//
// Documents and queries go through it alike; whatever else stands in a text
// only separates.
func analyse(text string, yield func(term string)) {
	if !isASCII(text) {
		text = norm.NFKD.String(strings.ToValidUTF8(text, " ")) // norm treats what stands behind a broken byte one way or another
	}
	var word []byte
	ascii := true
	flush := func() {
		if len(word) > 0 {
			if term := termOf(word, ascii); term != "" {
				yield(term)
			}
			word, ascii = word[:0], true
		}
	}
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf && isWordByte(byte(r)):
			word = append(word, lowerByte(byte(r)))
		case r < utf8.RuneSelf:
			flush()
		case unicode.Is(unicode.Mn, r):
			// An accent, which NFKD has parted from its letter.
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
			flush()
			word, ascii = utf8.AppendRune(word, r), false
			flush()
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			word, ascii = utf8.AppendRune(word, unicode.ToLower(r)), false
		default:
			flush()
		}
	}
	flush()
}

// termOf turns a word in lower case into its term, "" for a stop word.
func termOf(word []byte, ascii bool) string {
	if len(word) > maxTerm {
		word = word[:maxTerm]
		for !utf8.Valid(word) {
			word = word[:len(word)-1]
		}
		return string(word)
	}
	term := string(word)
	if !ascii || hasDigit(term) {
		return term
	}
	if stopWords[term] {
		return ""
	}
	if len(term) < 3 {
		return term
	}
	env := snowballstem.NewEnv(term)
	english.Stem(env)
	return env.Current()
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func isWordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

func hasDigit(term string) bool { return strings.ContainsAny(term, "0123456789") }

// stopWords are in nearly every English text and tell texts apart by nothing.
// "s" and "t" are what "it's" and "don't" leave behind.
var stopWords = wordSet(`a an and are as at be been but by can could did do does for from had has have he her his how i if in into is it its
	no not of on or s she such t that the their them then there these they this to was we were what when where which who why will with would you`)

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(list) {
		set[word] = true
	}
	return set
}
