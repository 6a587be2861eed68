package embed

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	vocabularySize = 30522
	longestWord    = 100 // runes; a longer word is unknown
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

// sign is a word of one rune.
func (t *tokenizer) sign(r rune, from place) {
	t.closeWord()
	t.grow(r, from)
	t.closeWord()
}

func (t *tokenizer) grow(r rune, from place) {
	if t.runes == 0 {
		t.at.start = from.start
	}
	t.at.end = from.end
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
		t.ids, t.places = append(t.ids, id), append(t.places, t.at)
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
			t.ids, t.places = t.ids[:first], t.places[:first]
			t.emit(unknown)
			return
		}
		t.emit(id)
		at = end
	}
}
