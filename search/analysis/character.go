package analysis

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// class is what a character is to the cutting of words.
type class uint8

const (
	parting  class = iota // stands between words
	letter                // or a number
	alone                 // is a word
	accent                // belongs to the letter before it
	compound              // is read as what it decomposes into
)

type character struct {
	class class
	lower rune // itself in lower case, as the stemmer knows it
}

// tableSize covers the alphabets of Europe and the Near East.
const tableSize = 0x800

// character looks a character up.
func (a *Analyzer) character(r rune) character {
	if r < tableSize {
		return a.table[r]
	}
	return a.language.character(r)
}

func (l *language) character(r rune) character {
	lower := l.lower
	if lower == nil {
		lower = unicode.ToLower
	}
	c := character{lower: lower(r)}
	switch {
	case decomposition(string(r), r) != nil && !(l.accented && composes(r, lower)):
		c.class = compound
	case l.vowels != nil && unicode.Is(l.vowels, r) && unicode.IsMark(r):
		c.class = letter
	case unicode.Is(unicode.Mn, r):
		c.class = accent
	case standsAlone(r):
		c.class = alone
	case unicode.IsLetter(r) || unicode.IsNumber(r):
		c.class = letter
	}
	return c
}

// composes reports whether a character is what a letter and its accents compose
// to, in lower case, too. İ is not: i has no composition with a dot.
func composes(r rune, lower func(rune) rune) bool {
	text, parts := string(r), norm.NFD.String(string(r))
	for i, part := range parts {
		if i > 0 && !unicode.Is(unicode.Mn, part) && !unicode.Is(unicode.Hangul, part) {
			return false
		}
	}
	return norm.NFKC.IsNormalString(text) && norm.NFC.String(strings.Map(lower, parts)) == string(lower(r))
}

// standsAlone reports whether a character is a word: these are written without
// blanks.
func standsAlone(r rune) bool {
	return r >= 0x2E80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

// decomposition returns the letters and accents that a character is made of by
// NFKD, nil for one that is whole.
func decomposition(text string, r rune) []byte {
	switch {
	case r < utf8.RuneSelf:
		return nil
	case 0xAC00 <= r && r <= 0xD7A3: // Hangul is computed, not listed
		return norm.NFKD.Bytes([]byte(text))
	}
	return norm.NFKD.PropertiesString(text).Decomposition()
}
