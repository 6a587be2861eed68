package stream

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// filter reports whether dimension values pass; a nil filter passes all. A
// missing value equals no text.
type filter func(dims *[maxDimensions][]byte) bool

// Bounds of a filter.
const (
	maxFilter      = 4096 // bytes
	maxFilterDepth = 32
)

// parseFilter reads
//
//	or   = and  { "or" and }
//	and  = not  { "and" not }
//	not  = "not" not | "(" or ")" | test
//	test = name ( "=" | "!=" ) text | name [ "not" ] "in" "[" text { "," text } "]"
//
// with texts in single or double quotes, a quote inside doubled.
func parseFilter(text string, dimension func(string) int) (filter, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	if len(text) > maxFilter {
		return nil, fmt.Errorf("a filter may have %d bytes", maxFilter)
	}
	words, err := filterWords(text)
	if err != nil {
		return nil, err
	}
	p := filterParser{words: words, dimension: dimension}
	f, err := p.or(0)
	if err == nil && p.at < len(words) {
		err = p.unexpected("and, or, or the end")
	}
	return f, err
}

// word is a name, a sign, or a text, which begins with its quote.
type word string

func filterWords(text string) (words []word, err error) {
	for text != "" {
		switch c := text[0]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			text = text[1:]
		case c == '\'' || c == '"':
			w, rest, ok := filterText(text)
			if !ok {
				return nil, errors.New("a text has no closing quote")
			}
			words, text = append(words, w), rest
		case strings.HasPrefix(text, "!="):
			words, text = append(words, "!="), text[2:]
		case strings.ContainsRune("=()[],", rune(c)):
			words, text = append(words, word(text[:1])), text[1:]
		default:
			n := strings.IndexAny(text, " \t\n\r'\"!=()[],")
			if n < 0 {
				n = len(text)
			}
			if n == 0 {
				return nil, fmt.Errorf("%q is not expected", text[:1])
			}
			words, text = append(words, word(text[:n])), text[n:]
		}
	}
	return words, nil
}

// filterText reads a quoted text and undoes doubled quotes.
func filterText(text string) (w word, rest string, ok bool) {
	quote := text[:1]
	for i := 1; i < len(text); i++ {
		if text[i] != quote[0] {
			continue
		}
		if i+1 < len(text) && text[i+1] == quote[0] {
			i++
			continue
		}
		return word(quote + strings.ReplaceAll(text[1:i], quote+quote, quote)), text[i+1:], true
	}
	return "", "", false
}

type filterParser struct {
	words     []word
	at        int
	dimension func(string) int
}

func (p *filterParser) peek() word {
	if p.at < len(p.words) {
		return p.words[p.at]
	}
	return ""
}

// take steps over w if it is next.
func (p *filterParser) take(w word) bool {
	if p.peek() != w {
		return false
	}
	p.at++
	return true
}

func (p *filterParser) unexpected(want string) error {
	if p.at == len(p.words) {
		return fmt.Errorf("it ends where %s is expected", want)
	}
	return fmt.Errorf("%q stands where %s is expected", string(p.words[p.at]), want)
}

func (p *filterParser) or(depth int) (filter, error) {
	left, err := p.and(depth)
	for err == nil && p.take("or") {
		var right filter
		if right, err = p.and(depth); err == nil {
			one := left
			left = func(d *[maxDimensions][]byte) bool { return one(d) || right(d) }
		}
	}
	return left, err
}

func (p *filterParser) and(depth int) (filter, error) {
	left, err := p.not(depth)
	for err == nil && p.take("and") {
		var right filter
		if right, err = p.not(depth); err == nil {
			one := left
			left = func(d *[maxDimensions][]byte) bool { return one(d) && right(d) }
		}
	}
	return left, err
}

func (p *filterParser) not(depth int) (filter, error) {
	if depth > maxFilterDepth {
		return nil, errors.New("it nests too deep")
	}
	if p.take("not") {
		f, err := p.not(depth + 1)
		return func(d *[maxDimensions][]byte) bool { return !f(d) }, err
	}
	if p.take("(") {
		f, err := p.or(depth + 1)
		if err == nil && !p.take(")") {
			err = p.unexpected(")")
		}
		return f, err
	}
	return p.test()
}

func (p *filterParser) test() (filter, error) {
	i := p.dimension(string(p.peek()))
	if i < 0 {
		return nil, p.unexpected("a dimension of the stream")
	}
	p.at++
	negate := p.take("not")
	switch {
	case p.take("in"):
		texts, err := p.list()
		return isIn(i, texts, negate), err
	case !negate && p.take("="):
		text, err := p.text()
		return isIn(i, []string{text}, false), err
	case !negate && p.take("!="):
		text, err := p.text()
		return isIn(i, []string{text}, true), err
	}
	return nil, p.unexpected("=, !=, in or not in")
}

func (p *filterParser) text() (string, error) {
	w := p.peek()
	if w == "" || w[0] != '\'' && w[0] != '"' {
		return "", p.unexpected("a text in quotes")
	}
	p.at++
	return string(w[1:]), nil
}

func (p *filterParser) list() (texts []string, err error) {
	if !p.take("[") {
		return nil, p.unexpected("[")
	}
	for {
		text, err := p.text()
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
		if p.take("]") {
			return texts, nil
		}
		if !p.take(",") {
			return nil, p.unexpected(", or ]")
		}
	}
}

func isIn(i int, texts []string, negate bool) filter {
	return func(d *[maxDimensions][]byte) bool {
		if d[i] == nil {
			return negate
		}
		return slices.Contains(texts, string(d[i])) != negate
	}
}
