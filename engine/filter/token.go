package filter

import "strings"

type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenSign
	tokenWord
	tokenNumber
	tokenText
)

type token struct {
	kind tokenKind
	raw  string // as it is written
	text string // of a text what stands between the quotes
	at   int    // byte
}

const (
	digits    = "0123456789"
	wordStart = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
	wordBytes = wordStart + digits + ".-+" // of a number too
)

// cut cuts the text into tokens; the last is its end.
func (p *parser) cut() error {
	for at := 0; at < len(p.text); {
		rest := p.text[at:]
		n, t := 1, token{kind: tokenSign, at: at}
		switch c := rest[0]; {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			at++
			continue
		case c == '\'' || c == '"':
			t.kind = tokenText
			if t.text, n = quoted(rest); n == 0 {
				return p.fault("at character %d a text begins that has no closing quote", p.place(at))
			}
		case strings.HasPrefix(rest, "!=") || strings.HasPrefix(rest, "<=") || strings.HasPrefix(rest, ">="):
			n = 2
		case strings.IndexByte("=<>()[],", c) >= 0:
		case strings.IndexByte(wordStart, c) >= 0:
			t.kind, n = tokenWord, wordLength(rest)
		case strings.IndexByte(digits+"-.", c) >= 0:
			t.kind, n = tokenNumber, wordLength(rest)
		default:
			return p.fault("at character %d %q is not expected", p.place(at), []rune(rest)[0])
		}
		t.raw = rest[:n]
		p.tokens, at = append(p.tokens, t), at+n
	}
	p.tokens = append(p.tokens, token{at: len(p.text)})
	return nil
}

func wordLength(s string) int { return len(s) - len(strings.TrimLeft(s, wordBytes)) }

// quoted reads a text in quotes and undoes doubled ones; n is how many bytes
// it takes, 0 where it does not end.
func quoted(s string) (text string, n int) {
	quote := s[:1]
	for i := 1; i < len(s); i++ {
		if s[i] != quote[0] {
			continue
		}
		if i+1 < len(s) && s[i+1] == quote[0] {
			i++
			continue
		}
		return strings.ReplaceAll(s[1:i], quote+quote, quote), i + 1
	}
	return "", 0
}
