package embed

import (
	"context"
	"fmt"
)

// How a text is divided. Of all the tokens that a text may have in passages,
// each but the first brings passageStep new ones.
const (
	MaxPassages    = 32 // of one text
	PassageOverlap = 32 // tokens that a passage shares with the one before
	passageStep    = mostTokens - PassageOverlap
	passageTokens  = passageStep*(MaxPassages-1) + mostTokens
)

// A Passage is a part of a text that the model can read at once.
//
// text[Start:End] is the words that its tokens belong to, whole. A border may
// fall within a word of several tokens; then the place covers that word, of
// which the passage has some tokens only, and so may begin before the first
// token or end behind the last by at most the length of a word. Everywhere
// else the place has exactly these tokens.
type Passage struct {
	Start, End int     // bytes of the text
	Tokens     []int32 // 1 to MaxTokens-2, without [CLS] and [SEP]; shared with its neighbours, not to be changed
}

// Passages divides a text. A text of at most MaxTokens is one passage, a
// longer one has up to MaxPassages, all but the last of MaxTokens with [CLS]
// and [SEP]; a text without tokens has none. Each begins with the
// last PassageOverlap tokens of the one before. Start rises and End does not
// fall. cut tells that the text goes on behind the last passage: beyond 7,136
// tokens or 256 KiB, whichever is first; no more of it is read.
func (m *Model) Passages(text string) (passages []Passage, cut bool) {
	v, err := m.words()
	if err != nil { // the vocabulary passed Open
		return nil, false
	}
	t := tokenizer{vocabulary: v}
	t.cut(text, passageTokens+1)
	cut = len(t.ids) > passageTokens || len(text) > textLimit
	ids := t.ids[:min(len(t.ids), passageTokens)]
	for first := 0; first < len(ids); first += passageStep {
		end := min(first+mostTokens, len(ids))
		passages = append(passages, Passage{
			Start: int(t.places[first].start), End: int(t.places[end-1].end),
			Tokens: ids[first:end:end],
		})
		if end == len(ids) {
			break
		}
	}
	return passages, cut
}

// EmbedPassages returns the unit vector of each passage, Dim long. The vector
// of a text's first passage is, bit by bit, that of the text by Embed. What is
// said there of cores, ctx and errors holds here too; tokens that the model
// does not have, or too many of them, are an error.
func (m *Model) EmbedPassages(ctx context.Context, passages []Passage) ([][]float32, error) {
	for i := range passages {
		if err := passages[i].check(); err != nil {
			return nil, fmt.Errorf("passage %d: %w", i, err)
		}
	}
	if len(passages) == 0 {
		return nil, ctx.Err()
	}
	b := &batch{passages: passages, vectors: make([][]float32, len(passages))}
	if err := b.run(ctx, m); err != nil {
		return nil, err
	}
	return b.vectors, nil
}

func (p *Passage) check() error {
	if len(p.Tokens) > mostTokens {
		return fmt.Errorf("%d tokens, more than %d", len(p.Tokens), mostTokens)
	}
	for _, id := range p.Tokens {
		if id < 0 || id >= vocabularySize {
			return fmt.Errorf("no token has the id %d", id)
		}
	}
	return nil
}
