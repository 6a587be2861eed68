package embed

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The special tokens. Their literal names in a text become these ids too, as
// in the reference.
const (
	padToken  = 0
	unknown   = 100
	textStart = 101
	textEnd   = 102
	maskToken = 103
)

var specials = [...]struct {
	name string
	id   int32
}{{"[CLS]", textStart}, {"[SEP]", textEnd}, {"[UNK]", unknown}, {"[PAD]", padToken}, {"[MASK]", maskToken}}

const (
	tokenizerVersion = 1       // part of Model.Hash: raise it when ids change
	textLimit        = 1 << 18 // bytes of a text that are read
	pendingLimit     = 256     // bytes that await normalisation
)

// A place is a part of a text: bytes from start up to end.
type place struct{ start, end int32 }

// A tokenizer is the memory of one goroutine that cuts texts, and where it
// stands in one: runes are cleaned, wait in pending until a rune comes that
// nothing before it can change, are decomposed, and go into word.
type tokenizer struct {
	*vocabulary
	pending []byte    // cleaned UTF-8, not yet decomposed
	sources []int32   // of each byte of pending, where the text has it
	parts   norm.Iter // of pending, decomposed
	word    []byte    // UTF-8 of the current word, at most longestWord runes
	runes   int       // of the current word, also those that word has no room for
	at      place     // of the current word
	ids     []int32
	places  []place // of the word that each of ids belongs to
	limit   int     // of ids
}

// cut leaves in ids the tokens of a text, without [CLS] and [SEP]. It reads no
// further than the limit-th token and textLimit bytes. Broken UTF-8 is dropped.
func (t *tokenizer) cut(text string, limit int) {
	t.pending, t.sources, t.word, t.runes = t.pending[:0], t.sources[:0], t.word[:0], 0
	t.ids, t.places, t.limit = t.ids[:0], t.places[:0], limit
	text = text[:min(len(text), textLimit)]
	for at := 0; at < len(text) && len(t.ids) < limit; {
		c := text[at]
		if c == '[' {
			if n := t.special(text[at:], at); n > 0 {
				at += n
				continue
			}
		}
		if c < utf8.RuneSelf {
			t.ascii(c, at)
			at++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[at:])
		t.beyondASCII(r, text[at:at+n], at)
		at += n
	}
	t.endWord()
}

// frame appends to room[:0] the tokens as the model wants them.
func frame(ids, room []int32) []int32 {
	return append(append(append(room[:0], textStart), ids...), textEnd)
}

// special takes a special token's name at the beginning of text and returns
// its length, or 0.
func (t *tokenizer) special(text string, at int) int {
	for _, s := range &specials {
		if strings.HasPrefix(text, s.name) {
			t.endWord()
			t.at = place{int32(at), int32(at + len(s.name))}
			t.emit(s.id)
			return len(s.name)
		}
	}
	return 0
}

// ascii is the short way for the runes that decompose to themselves and let
// nothing before them change.
func (t *tokenizer) ascii(c byte, at int) {
	t.decompose()
	from := place{int32(at), int32(at + 1)}
	switch {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		t.endWord()
	case c < ' ' || c == 0x7f: // dropped as every other control, also \v and \f
	case c >= 'A' && c <= 'Z':
		t.grow(rune(c|0x20), from)
	case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
		t.grow(rune(c), from)
	default:
		t.sign(rune(c), from)
	}
}

func (t *tokenizer) beyondASCII(r rune, encoded string, at int) {
	switch {
	case r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co):
	case unicode.Is(unicode.White_Space, r):
		t.endWord()
	case isHan(r):
		t.endWord()
		t.wait(encoded, at)
		t.endWord()
	default:
		if len(t.pending) >= pendingLimit && norm.NFD.PropertiesString(encoded).LeadCCC() == 0 {
			t.decompose()
		}
		t.wait(encoded, at)
	}
}

func (t *tokenizer) wait(encoded string, at int) {
	t.pending = append(t.pending, encoded...)
	for i := range len(encoded) {
		t.sources = append(t.sources, int32(at+i))
	}
}

// decompose moves pending into the word: in NFD, without accents, in lower
// case, rune by rune. What one base and its accents become has one place.
func (t *tokenizer) decompose() {
	if len(t.pending) == 0 {
		return
	}
	t.parts.Init(norm.NFD, t.pending)
	for !t.parts.Done() && len(t.ids) < t.limit {
		first := t.parts.Pos()
		part := t.parts.Next()
		from := t.source(first, t.parts.Pos())
		for len(part) > 0 {
			r, n := utf8.DecodeRune(part)
			part = part[n:]
			t.decomposed(r, from)
		}
	}
	t.pending, t.sources = t.pending[:0], t.sources[:0]
}

// source is where the text has pending[first:end], or the rune at first if
// that comes in several parts and this is not its last.
func (t *tokenizer) source(first, end int) place {
	_, n := utf8.DecodeRune(t.pending[first:])
	return place{t.sources[first], t.sources[max(end, first+n)-1] + 1}
}

func (t *tokenizer) decomposed(r rune, from place) {
	if unicode.Is(unicode.Mn, r) {
		t.at.end = max(t.at.end, from.end) // an accent after its ASCII letter
		return
	}
	if r = unicode.ToLower(r); isSign(r) {
		t.sign(r, from)
	} else {
		t.grow(r, from)
	}
}

// isSign tells the runes that are a word each: every P* of Unicode, and every
// ASCII rune that is printed and neither letter nor digit.
func isSign(r rune) bool {
	if r < utf8.RuneSelf {
		return r > ' ' && r < 0x7f && !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9')
	}
	return unicode.Is(unicode.P, r)
}

// isHan tells the ideographs that the reference sets apart: the unified ones
// with their extensions A to E as it draws their bounds, and the compatible.
func isHan(r rune) bool {
	if r < 0x3400 {
		return false
	}
	return r <= 0x4dbf || r >= 0x4e00 && r <= 0x9fff || r >= 0xf900 && r <= 0xfaff ||
		r >= 0x20000 && r <= 0x2a6df || r >= 0x2a700 && r <= 0x2b73f || r >= 0x2b740 && r <= 0x2b81f ||
		r >= 0x2b920 && r <= 0x2ceaf || r >= 0x2f800 && r <= 0x2fa1f
}
