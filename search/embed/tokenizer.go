package embed

import (
	"fmt"
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
	vocabularySize   = 30522
	longestWord      = 100     // runes; a longer word is unknown
	tokenizerVersion = 1       // part of Model.Hash: raise it when ids change
	textLimit        = 1 << 18 // bytes of a text that are read
	pendingLimit     = 256     // bytes that await normalisation
)

// A vocabulary is WordPiece's (Wu et al. 2016): pieces that begin a word, and
// pieces that go on with one, written with ## in the file.
type vocabulary struct {
	begin, follow map[string]int32
	longest       int // bytes of the longest piece
}

func readVocabulary(file string) (*vocabulary, error) {
	v := &vocabulary{begin: make(map[string]int32, 25_000), follow: make(map[string]int32, 6_000)}
	id := int32(0)
	for line := range strings.Lines(file) {
		piece := strings.TrimSuffix(line, "\n")
		if tail, ok := strings.CutPrefix(piece, "##"); ok && tail != "" {
			v.follow[tail] = id
			v.longest = max(v.longest, len(tail))
		} else {
			v.begin[piece] = id
			v.longest = max(v.longest, len(piece))
		}
		id++
	}
	if id != vocabularySize {
		return nil, fmt.Errorf("vocabulary: %d pieces, not %d", id, vocabularySize)
	}
	return v, nil
}

// A tokenizer is the memory of one goroutine that cuts texts, and where it
// stands in one: runes are cleaned, wait in pending until a rune comes that
// nothing before it can change, are decomposed, and go into word.
type tokenizer struct {
	*vocabulary
	pending []byte    // cleaned UTF-8, not yet decomposed
	parts   norm.Iter // of pending, decomposed
	word    []byte    // UTF-8 of the current word, at most longestWord runes
	runes   int       // of the current word, also those that word has no room for
	ids     []int32
	limit   int // of ids, without the last [SEP]
}

// cut appends the tokens of a text to ids[:0]. It reads no further than the
// MaxTokens-th token and textLimit bytes. Broken UTF-8 is dropped.
func (t *tokenizer) cut(text string, ids []int32) []int32 {
	t.pending, t.word, t.runes = t.pending[:0], t.word[:0], 0
	t.ids, t.limit = append(ids[:0], textStart), MaxTokens-1
	text = text[:min(len(text), textLimit)]
	for at := 0; at < len(text) && len(t.ids) < t.limit; {
		c := text[at]
		if c == '[' {
			if n := t.special(text[at:]); n > 0 {
				at += n
				continue
			}
		}
		if c < utf8.RuneSelf {
			t.ascii(c)
			at++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[at:])
		t.beyondASCII(r, text[at:at+n])
		at += n
	}
	t.endWord()
	ids, t.ids = append(t.ids, textEnd), nil
	return ids
}

// special takes a special token's name at the beginning of text and returns
// its length, or 0.
func (t *tokenizer) special(text string) int {
	for _, s := range &specials {
		if strings.HasPrefix(text, s.name) {
			t.endWord()
			t.emit(s.id)
			return len(s.name)
		}
	}
	return 0
}

// ascii is the short way for the runes that decompose to themselves and let
// nothing before them change.
func (t *tokenizer) ascii(c byte) {
	t.decompose()
	switch {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		t.endWord()
	case c < ' ' || c == 0x7f: // dropped as every other control, also \v and \f
	case c >= 'A' && c <= 'Z':
		t.grow(rune(c | 0x20))
	case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
		t.grow(rune(c))
	default:
		t.sign(rune(c))
	}
}

func (t *tokenizer) beyondASCII(r rune, encoded string) {
	switch {
	case r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co):
	case unicode.Is(unicode.White_Space, r):
		t.endWord()
	case isHan(r):
		t.endWord()
		t.pending = append(t.pending, encoded...)
		t.endWord()
	default:
		if len(t.pending) >= pendingLimit && norm.NFD.PropertiesString(encoded).LeadCCC() == 0 {
			t.decompose()
		}
		t.pending = append(t.pending, encoded...)
	}
}

// decompose moves pending into the word: in NFD, without accents, in lower
// case, rune by rune.
func (t *tokenizer) decompose() {
	if len(t.pending) == 0 {
		return
	}
	t.parts.Init(norm.NFD, t.pending)
	for !t.parts.Done() && len(t.ids) < t.limit {
		for part := t.parts.Next(); len(part) > 0; {
			r, n := utf8.DecodeRune(part)
			part = part[n:]
			t.decomposed(r)
		}
	}
	t.pending = t.pending[:0]
}

func (t *tokenizer) decomposed(r rune) {
	if unicode.Is(unicode.Mn, r) {
		return
	}
	if r = unicode.ToLower(r); isSign(r) {
		t.sign(r)
	} else {
		t.grow(r)
	}
}

// sign is a word of one rune.
func (t *tokenizer) sign(r rune) {
	t.closeWord()
	t.grow(r)
	t.closeWord()
}

func (t *tokenizer) grow(r rune) {
	if t.runes < longestWord {
		t.word = utf8.AppendRune(t.word, r)
	}
	t.runes++
}

func (t *tokenizer) endWord() {
	t.decompose()
	t.closeWord()
}

func (t *tokenizer) emit(id int32) {
	if len(t.ids) < t.limit {
		t.ids = append(t.ids, id)
	}
}

// closeWord cuts the word into the longest pieces from the left. A word that
// is too long, or of which a rest matches no piece, is unknown as a whole.
func (t *tokenizer) closeWord() {
	word, runes, first := t.word, t.runes, len(t.ids)
	t.word, t.runes = t.word[:0], 0
	if runes > longestWord {
		t.emit(unknown)
		return
	}
	pieces := t.begin
	for at := 0; at < len(word); pieces = t.follow {
		end := min(len(word), at+t.longest)
		id, ok := pieces[string(word[at:end])]
		for ; !ok && end > at+1; id, ok = pieces[string(word[at:end])] {
			end--
		}
		if !ok {
			t.ids = t.ids[:first]
			t.emit(unknown)
			return
		}
		t.emit(id)
		at = end
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
