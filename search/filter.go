package search

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"quintet/engine"
)

// Bounds of a filter.
const (
	maxFilter      = 4096 // bytes
	maxFilterDepth = 32
)

// filterWords cannot name a field, in whatever case.
var filterWords = wordSet("and or not in exists true false")

// expression is a filter that was parsed: a test of one field, or "and", "or",
// "not" of others.
type expression struct {
	op          string // and, or, not; or a test: = < <= > >= in exists
	left, right *expression

	field  string
	kind   Kind
	words  []string  // to compare with
	number []literal // to compare with
}

// literal is a number, exactly where it is a whole one of 64 bits.
type literal struct {
	whole   int64
	isWhole bool
	float   float64
}

// parseFilter reads
//
//	or   = and { "or" and }
//	and  = not { "and" not }
//	not  = "not" not | "(" or ")" | test
//	test = field ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
//	     | field [ "not" ] "in" "[" value { "," value } "]"
//	     | field [ "not" ] "exists"
//
// where a value is a number, true, false, or a text in single or double
// quotes, a quote inside doubled. A nil expression passes everything.
func parseFilter(text string, sc *schema) (*expression, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	if len(text) > maxFilter {
		return nil, filterError("has %d bytes and may have %d", len(text), maxFilter)
	}
	tokens, err := filterTokens(text)
	if err != nil {
		return nil, err
	}
	p := filterParser{tokens: tokens, schema: sc}
	e, err := p.or(0)
	if err == nil && p.peek().kind != tokenEnd {
		err = p.unexpected("and, or, or the end")
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

func filterError(format string, args ...any) error {
	message := fmt.Sprintf(format, args...)
	return &engine.Error{
		Kind: engine.Invalid, Code: "invalid_filter", Detail: "body.filter: " + message,
		Fields: []engine.FieldError{{Location: "body.filter", Message: message}},
	}
}

type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenText
	tokenNumber
	tokenSign
)

type token struct {
	kind tokenKind
	text string // of a text what stands between the quotes
	at   int    // character, from 1
}

func (t token) String() string {
	if t.kind == tokenText {
		return "'" + t.text + "'"
	}
	return t.text
}

// filterTokens cuts a filter into tokens; the last is its end.
func filterTokens(text string) (tokens []token, err error) {
	rest := text
	place := func() int { return len([]rune(text[:len(text)-len(rest)])) + 1 }
	for rest != "" {
		n, t := 1, token{kind: tokenSign}
		switch c := rest[0]; {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			rest = rest[1:]
			continue
		case c == '\'' || c == '"':
			t.kind = tokenText
			if t.text, n = quoted(rest); n == 0 {
				return nil, filterError("at character %d a text begins that has no closing quote", place())
			}
		case strings.HasPrefix(rest, "!=") || strings.HasPrefix(rest, "<=") || strings.HasPrefix(rest, ">="):
			n = 2
		case strings.IndexByte("=<>()[],", c) >= 0:
		case isWordByte(c) || c == '_' || c == '-' || c == '.':
			n = len(rest) - len(strings.TrimLeft(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-+"))
			if t.kind = tokenWord; c == '-' || c == '.' || '0' <= c && c <= '9' {
				t.kind = tokenNumber
			}
		default:
			return nil, filterError("at character %d %q is not expected", place(), []rune(rest)[0])
		}
		if t.at = place(); t.kind != tokenText {
			t.text = rest[:n]
		}
		tokens, rest = append(tokens, t), rest[n:]
	}
	return append(tokens, token{kind: tokenEnd, at: place()}), nil
}

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

type filterParser struct {
	tokens []token
	at     int
	schema *schema
}

func (p *filterParser) peek() token { return p.tokens[p.at] }

// take steps over a sign, or a word in whatever case, if it is next.
func (p *filterParser) take(text string) bool {
	t := p.peek()
	if t.kind != tokenSign && t.kind != tokenWord || !strings.EqualFold(t.text, text) {
		return false
	}
	p.at++
	return true
}

func (p *filterParser) unexpected(want string) error {
	t := p.peek()
	if t.kind == tokenEnd {
		return filterError("ends at character %d where %s is expected", t.at, want)
	}
	return filterError("at character %d %.80q stands where %s is expected", t.at, t.String(), want)
}

func (p *filterParser) or(depth int) (*expression, error) {
	return p.chain("or", depth, p.and)
}

func (p *filterParser) and(depth int) (*expression, error) {
	return p.chain("and", depth, p.not)
}

func (p *filterParser) chain(op string, depth int, part func(int) (*expression, error)) (*expression, error) {
	left, err := part(depth)
	for err == nil && p.take(op) {
		var right *expression
		right, err = part(depth)
		left = &expression{op: op, left: left, right: right}
	}
	return left, err
}

func (p *filterParser) not(depth int) (*expression, error) {
	if depth > maxFilterDepth {
		return nil, filterError("at character %d it nests more than %d deep", p.peek().at, maxFilterDepth)
	}
	if p.take("not") {
		e, err := p.not(depth + 1)
		return negate(e), err
	}
	if p.take("(") {
		e, err := p.or(depth + 1)
		if err == nil && !p.take(")") {
			err = p.unexpected(")")
		}
		return e, err
	}
	return p.test()
}

func negate(e *expression) *expression { return &expression{op: "not", left: e} }

func (p *filterParser) test() (*expression, error) {
	name := p.peek()
	f, ok := p.schema.field(name.text)
	if name.kind != tokenWord || !ok {
		return nil, p.unexpected("a field of the collection, not or (")
	}
	p.at++
	e := &expression{field: f.Name, kind: f.Type}
	negated := p.take("not")
	switch {
	case p.take("exists"):
		e.op = "exists"
	case p.take("in"):
		e.op = "in"
		if err := p.list(e); err != nil {
			return nil, err
		}
	case negated:
		return nil, p.unexpected("in or exists")
	default:
		op := p.peek()
		if op.kind != tokenSign || !slices.Contains([]string{"=", "!=", "<", "<=", ">", ">="}, op.text) {
			return nil, p.unexpected("= != < <= > >= in, not in or exists")
		}
		p.at++
		if err := p.value(e); err != nil {
			return nil, err
		}
		if e.op = op.text; op.text == "!=" {
			e.op, negated = "=", true
		}
		if f.Type == Bool && e.op != "=" {
			return nil, filterError("at character %d %s is a bool, which has no order; = and != compare it", op.at, f.Name)
		}
	}
	if negated {
		return negate(e), nil
	}
	return e, nil
}

func (p *filterParser) list(e *expression) error {
	if !p.take("[") {
		return p.unexpected("[")
	}
	for {
		if err := p.value(e); err != nil {
			return err
		}
		if p.take("]") {
			return nil
		}
		if !p.take(",") {
			return p.unexpected(", or ]")
		}
	}
}

// value reads a value of the field's kind.
func (p *filterParser) value(e *expression) error {
	t := p.peek()
	switch e.kind {
	case Int, Float:
		n, ok := parseLiteral(t)
		if !ok {
			return p.unexpected("a number, as " + e.field + " has,")
		}
		e.number = append(e.number, n)
	case Bool:
		n := literal{isWhole: true}
		if strings.EqualFold(t.text, "true") {
			n.whole, n.float = 1, 1
		} else if !strings.EqualFold(t.text, "false") {
			return p.unexpected("true or false, as " + e.field + " has,")
		}
		if t.kind != tokenWord {
			return p.unexpected("true or false without quotes")
		}
		e.number = append(e.number, n)
	default:
		if t.kind != tokenText {
			return p.unexpected("a text in quotes, as " + e.field + " has,")
		}
		e.words = append(e.words, t.text)
	}
	p.at++
	return nil
}

func parseLiteral(t token) (n literal, ok bool) {
	if t.kind != tokenNumber {
		return n, false
	}
	var err error
	n.whole, err = strconv.ParseInt(t.text, 10, 64)
	n.isWhole = err == nil
	n.float, err = strconv.ParseFloat(t.text, 64)
	return n, err == nil && !strings.ContainsAny(t.text, "_xXpPnN")
}
