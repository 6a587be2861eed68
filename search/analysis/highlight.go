package analysis

import (
	"strings"
	"unicode/utf8"
)

// Options say how a text is highlighted.
type Options struct {
	// Length is how many characters of the text are shown, at most: the part
	// that has the most different matches, cut between words, with … where
	// something is left out. 0 shows the whole text.
	Length int
}

// Highlight returns a text as HTML, its words that match within <mark>. What
// match gets are the term and the word of each [Token]; stop words are not
// asked for. Words that match and follow each other with at most one character
// between share a mark, so a phrase has one.
//
// The text is escaped, so the result can stand in an element. Each byte of
// broken UTF-8 becomes U+FFFD.
func (a *Analyzer) Highlight(text string, match func(term, word string) bool, o Options) string {
	marks := a.marks(text, match)
	start, end := 0, len(text)
	if o.Length > 0 {
		start, end = snippet(text, marks, o.Length)
	}
	return render(text, marks, start, end)
}

// mark is a word of a text that matches.
type mark struct {
	start, end int // in bytes
	// first and last count characters: those of the text before start and end.
	first, last int
	position    uint32
	term        int // equal for equal terms, counted from 0
}

func (a *Analyzer) marks(text string, match func(term, word string) bool) (marks []mark) {
	terms := map[string]int{}
	bytes, characters := 0, 0
	count := func(to int) int {
		if to > bytes { // words within one character have one start
			characters += utf8.RuneCountInString(text[bytes:to])
			bytes = to
		}
		return characters
	}
	a.Tokens(text, func(t Token) bool {
		if !match(t.Term, t.Word) {
			return true
		}
		term, known := terms[t.Term]
		if !known {
			term = len(terms)
			terms[t.Term] = term
		}
		m := mark{start: t.Start, end: t.End, position: t.Position, term: term}
		m.first, m.last = count(t.Start), count(t.End)
		marks = append(marks, m)
		return true
	})
	return marks
}

// render writes the HTML of a part of a text.
func render(text string, marks []mark, start, end int) string {
	var b strings.Builder
	b.Grow(end - start + end/8 + 16)
	if strings.TrimSpace(text[:start]) != "" {
		b.WriteString("…")
	}
	at := start
	for i := 0; i < len(marks); {
		first, last := marks[i].start, marks[i].end
		for i++; i < len(marks) && joined(text, marks[i-1], marks[i]); i++ {
			last = marks[i].end
		}
		first, last = max(first, at), min(last, end)
		if first >= last {
			continue
		}
		escape(&b, text[at:first])
		b.WriteString("<mark>")
		escape(&b, text[first:last])
		b.WriteString("</mark>")
		at = last
	}
	escape(&b, text[at:end])
	if strings.TrimSpace(text[end:]) != "" {
		b.WriteString("…")
	}
	return b.String()
}

// joined reports whether two marks are one.
func joined(text string, a, b mark) bool {
	return b.start < a.end || b.position == a.position+1 && b.first-a.last <= 1
}

func escape(b *strings.Builder, text string) {
	for _, r := range text {
		switch r {
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '&':
			b.WriteString("&amp;")
		case '"':
			b.WriteString("&#34;")
		case '\'':
			b.WriteString("&#39;")
		default:
			b.WriteRune(r)
		}
	}
}
