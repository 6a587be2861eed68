package analysis

import (
	"sync"
	"unicode/utf8"
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

	word       []byte
	start, end int  // of the word in the text
	spelt      bool // the word is in lower case, its accents composed
	single     bool // the word is a character that stands alone
	stopped    bool // yield wants no more
	speller    speller
}

var scanners = sync.Pool{New: func() any { return new(scanner) }}

// scan yields all words of a text, stop words with the term "".
func (a *Analyzer) scan(text string, yield func(Token) bool) {
	s := scanners.Get().(*scanner)
	*s = scanner{analyzer: a, yield: yield, word: s.word[:0], speller: s.speller}
	defer func() {
		s.yield = nil // or the pool kept what it holds
		scanners.Put(s)
	}()
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
		if c := a.character(r); c.class != compound {
			s.add(r, c, i, i+size)
		} else {
			s.decompose(text[i:i+size], r, i)
		}
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

// decompose reads the parts of a character. Each is where the whole is.
func (s *scanner) decompose(text string, r rune, at int) {
	for _, r := range string(decomposition(text, r)) {
		s.add(r, s.analyzer.character(r), at, at+len(text))
		s.spelt = s.spelt && !s.analyzer.language.accented
	}
}

// add reads a character, which the text has between start and end.
func (s *scanner) add(r rune, c character, start, end int) {
	switch c.class {
	case parting:
		s.flush()
		return
	case accent:
		if len(s.word) == 0 {
			return
		}
		s.end = end
		if s.analyzer.language.accented && len(s.word) < maxSpelling {
			s.word, s.spelt = utf8.AppendRune(s.word, r), false
		}
		return
	}
	if c.class == alone || s.single {
		s.flush()
	}
	s.begin(start)
	s.end, s.single = end, c.class == alone
	if len(s.word) < maxSpelling {
		if s.analyzer.plain {
			r = c.lower
		}
		s.word = utf8.AppendRune(s.word, r)
	}
}

// begin lets a word start at an offset, if none has.
func (s *scanner) begin(at int) {
	if len(s.word) == 0 {
		s.start, s.spelt = at, s.analyzer.plain
	}
}

// flush ends the word.
func (s *scanner) flush() {
	if len(s.word) == 0 || s.stopped {
		return
	}
	key := s.word
	if !s.spelt {
		key = s.speller.spell(s.analyzer, key)
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
