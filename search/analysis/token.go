package analysis

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Token is a word of a text.
type Token struct {
	Term     string // what it is searched by
	Word     string // itself, in lower case and without accents
	Position uint32 // how many words stand before it, stop words included
	// Start and End are offsets in bytes of the text as it was given. One
	// character can hold several words, as ½ does: then they overlap.
	Start, End int
}

// Tokens yields the words of a text in order, without its stop words, until
// yield returns false. Starts, ends and positions rise, or stay where one
// character holds several words. Broken UTF-8 parts words.
func (a *Analyzer) Tokens(text string, yield func(Token) bool) {
	a.scan(text, func(t Token) bool { return t.Term == "" || yield(t) })
}

// maxSpelling is how many bytes of a word are read, its accents included:
// enough for maxTerm bytes of it when each letter has some.
const maxSpelling = 4 * maxTerm

// scanner reads one text.
type scanner struct {
	analyzer *Analyzer
	yield    func(Token) bool
	position uint32

	word       []byte // decomposed; in lower case where it is ASCII or accents are dropped
	spelt      []byte // room for what spell makes of it
	start, end int    // of the word in the text
	ascii      bool   // the word is spelt as it is
	single     bool   // the word is a character that stands alone
	stopped    bool   // yield wants no more
}

// scan yields all words of a text, stop words with the term "".
func (a *Analyzer) scan(text string, yield func(Token) bool) {
	var word, spelt [maxSpelling + 2*utf8.UTFMax]byte
	s := scanner{analyzer: a, yield: yield, word: word[:0], spelt: spelt[:0]}
	for i := 0; i < len(text) && !s.stopped; {
		if c := text[i]; c < utf8.RuneSelf && a.plain {
			if lowered[c] == 0 {
				s.flush()
				i++
				continue
			}
			i = s.run(text, i)
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		s.decompose(text[i:i+size], r, i)
		i += size
	}
	s.flush()
}

// run reads the letters and digits of ASCII that begin at i, and returns where
// they end.
func (s *scanner) run(text string, i int) int {
	if s.single {
		s.flush()
	}
	s.begin(i)
	for ; i < len(text) && lowered[text[i]] != 0; i++ {
		if len(s.word) < maxSpelling {
			s.word = append(s.word, lowered[text[i]])
		}
	}
	s.end = i
	return i
}

// decompose reads one character, which is r, as the letters and accents that
// it is made of.
func (s *scanner) decompose(character string, r rune, at int) {
	end := at + len(character)
	switch {
	case r == utf8.RuneError:
		s.flush()
	case 0xAC00 <= r && r <= 0xD7A3: // Hangul has no table
		var jamo [3 * utf8.UTFMax]byte
		for _, r := range string(norm.NFKD.AppendString(jamo[:0], character)) {
			s.add(r, at, end)
		}
	default:
		if parts := norm.NFKD.PropertiesString(character).Decomposition(); parts != nil {
			for _, r := range string(parts) {
				s.add(r, at, end)
			}
			return
		}
		s.add(r, at, end)
	}
}

// add reads a decomposed character, which the text has between start and end.
func (s *scanner) add(r rune, start, end int) {
	l := s.analyzer.language
	alone := standsAlone(r)
	switch {
	case unicode.Is(unicode.Mn, r) && !s.analyzer.vowel(r):
		if len(s.word) == 0 {
			return
		}
		s.end = end
		if l.accented && len(s.word) < maxSpelling {
			s.word, s.ascii = utf8.AppendRune(s.word, r), false
		}
		return
	case !alone && !unicode.IsLetter(r) && !unicode.IsNumber(r) && !s.analyzer.vowel(r):
		s.flush()
		return
	}
	if alone || s.single {
		s.flush()
	}
	s.begin(start)
	s.end, s.single = end, alone
	if len(s.word) >= maxSpelling {
		return
	}
	if !l.accented {
		r = unicode.ToLower(r)
	}
	s.word = utf8.AppendRune(s.word, r)
	s.ascii = s.ascii && r < utf8.RuneSelf && lowered[byte(r)] == byte(r)
}

// standsAlone reports whether a character is a word: these are written without
// blanks.
func standsAlone(r rune) bool {
	return r >= 0x2E80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

// begin lets a word start at an offset, if none has.
func (s *scanner) begin(at int) {
	if len(s.word) == 0 {
		s.start, s.ascii = at, s.analyzer.plain
	}
}

// flush ends the word.
func (s *scanner) flush() {
	if len(s.word) == 0 || s.stopped {
		return
	}
	key := s.word
	if !s.ascii {
		key = s.analyzer.spell(s.spelt[:0], key)
	}
	e := s.analyzer.lookup(key)
	s.stopped = !s.yield(Token{Term: e.term, Word: e.word, Position: s.position, Start: s.start, End: s.end})
	s.position++
	s.word, s.single = s.word[:0], false
}

// lowered holds each letter and digit of ASCII in lower case, 0 for all else.
var lowered = func() (table [256]byte) {
	for c := byte('a'); c <= 'z'; c++ {
		table[c], table[c-'a'+'A'] = c, c
	}
	for c := byte('0'); c <= '9'; c++ {
		table[c] = c
	}
	return table
}()
