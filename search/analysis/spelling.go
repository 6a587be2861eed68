package analysis

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// speller has room for a word.
type speller struct{ composed, lower []byte }

// spell composes each accent of a word with its letter and writes it in lower
// case. What it returns is valid until the next call.
func (s *speller) spell(a *Analyzer, word []byte) []byte {
	s.composed = norm.NFC.Append(s.composed[:0], word...)
	s.lower = s.lower[:0]
	for _, r := range string(s.composed) {
		s.lower = utf8.AppendRune(s.lower, a.character(r).lower)
	}
	return s.lower
}

// fold removes the accents that have been left for the stemmer.
func (a *Analyzer) fold(word string) string {
	if !a.language.accented || isASCII(word) {
		return word
	}
	folded := make([]byte, 0, len(word)+8)
	for i, r := range word {
		if base, ok := bases[r]; ok {
			folded = append(folded, base...)
		} else if parts := decomposition(word[i:i+utf8.RuneLen(r)], r); parts == nil {
			folded = a.appendBase(folded, r)
		} else {
			for _, r := range string(parts) {
				folded = a.appendBase(folded, r)
			}
		}
	}
	return string(folded)
}

// appendBase appends what is no accent.
func (a *Analyzer) appendBase(folded []byte, r rune) []byte {
	if a.character(r).class == accent {
		return folded
	}
	return utf8.AppendRune(folded, r)
}

// bases are letters that look like one with an accent, or are written as two
// where the keyboard lacks them, but are whole to Unicode. None gets longer.
var bases = map[rune]string{'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'þ': "th", 'ł': "l", 'ı': "i"}
