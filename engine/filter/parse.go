package filter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"quintet/engine"
)

// Bounds of a filter.
const (
	maxBytes = 4096
	maxDepth = 32
)

// Fields is what a caller lets its filters test.
type Fields struct {
	Location string // of the filter in the request, as in "body.filter"
	Noun     string // what a field is called, as in "a field of the collection"
	Kind     func(name string) Kind
}

// Reserved reports whether a name is a word of the language. A field of such a
// name can be tested, but for "not", and is hard to read.
func Reserved(name string) bool {
	return slices.Contains([]string{"and", "or", "not", "in", "exists", "true", "false"}, strings.ToLower(name))
}

// Parse reads a filter; a blank one is nil. The error is an *engine.Error of
// the kind Invalid and the code invalid_filter, and names the place.
func Parse(text string, fields Fields) (Expression, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	p := parser{text: text, fields: fields}
	if len(text) > maxBytes {
		return nil, p.fault("has %d bytes and may have %d", len(text), maxBytes)
	}
	if err := p.cut(); err != nil {
		return nil, err
	}
	e, err := p.or(0)
	if err == nil && p.peek().kind != tokenEnd {
		err = p.unexpected("and, or, or the end")
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

type parser struct {
	text   string
	fields Fields
	tokens []token
	next   int
}

func (p *parser) fault(format string, args ...any) error {
	message := fmt.Sprintf(format, args...)
	return &engine.Error{
		Kind: engine.Invalid, Code: "invalid_filter", Detail: p.fields.Location + ": " + message,
		Fields: []engine.FieldError{{Location: p.fields.Location, Message: message}},
	}
}

// place counts in characters, from 1.
func (p *parser) place(at int) int { return utf8.RuneCountInString(p.text[:at]) + 1 }

func (p *parser) unexpected(want string) error {
	t := p.peek()
	if t.kind == tokenEnd {
		return p.fault("ends at character %d where %s is expected", p.place(t.at), want)
	}
	return p.fault("at character %d %.80q stands where %s is expected", p.place(t.at), t.raw, want)
}

func (p *parser) peek() token { return p.tokens[p.next] }

// take steps over a sign, or a word in whatever case, if it is next.
func (p *parser) take(text string) bool {
	if !strings.EqualFold(p.peek().raw, text) {
		return false
	}
	p.next++
	return true
}

func (p *parser) or(depth int) (Expression, error) {
	parts, err := p.chain("or", depth, p.and)
	if len(parts) == 1 {
		return parts[0], err
	}
	return Or(parts), err
}

func (p *parser) and(depth int) (Expression, error) {
	parts, err := p.chain("and", depth, p.not)
	if len(parts) == 1 {
		return parts[0], err
	}
	return And(parts), err
}

func (p *parser) chain(word string, depth int, part func(int) (Expression, error)) (parts []Expression, err error) {
	for {
		e, err := part(depth)
		if parts = append(parts, e); err != nil || !p.take(word) {
			return parts, err
		}
	}
}

func (p *parser) not(depth int) (Expression, error) {
	if depth > maxDepth {
		return nil, p.fault("at character %d it nests more than %d deep", p.place(p.peek().at), maxDepth)
	}
	if p.take("not") {
		e, err := p.not(depth + 1)
		return Not{e}, err
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

func (p *parser) test() (e Expression, err error) {
	name := p.peek()
	t := Test{Field: name.raw}
	if name.kind == tokenWord {
		t.Kind = p.fields.Kind(name.raw)
	}
	if t.Kind == None {
		return nil, p.unexpected(p.fields.Noun + ", not or (")
	}
	p.next++
	negated := p.take("not")
	switch {
	case p.take("exists"):
	case p.take("in"):
		t.Op, err = Equal, p.list(&t)
	case negated:
		err = p.unexpected("in or exists")
	default:
		negated, err = p.comparison(&t)
	}
	if t.Kind == Time {
		t.Kind = Number
	}
	if negated {
		return Not{t}, err
	}
	return t, err
}

var operators = map[string]Op{"=": Equal, "!=": Equal, "<": Less, "<=": AtMost, ">": Greater, ">=": AtLeast}

func (p *parser) comparison(t *Test) (negated bool, err error) {
	sign := p.peek().raw
	op, known := operators[sign]
	ordered := t.Kind == Text || t.Kind == Number || t.Kind == Time
	switch {
	case !ordered && op != Equal:
		return false, p.unexpected("= != in, not in or exists, as " + t.Field + " has no order,")
	case !known:
		return false, p.unexpected("= != < <= > >= in, not in or exists")
	}
	p.next++
	t.Op = op
	return sign == "!=", p.value(t)
}

func (p *parser) list(t *Test) error {
	if !p.take("[") {
		return p.unexpected("[")
	}
	for {
		if err := p.value(t); err != nil || p.take("]") {
			return err
		}
		if !p.take(",") {
			return p.unexpected(", or ]")
		}
	}
}

// value reads a value of the field's kind.
func (p *parser) value(t *Test) error {
	next := p.peek()
	v, ok, want := Value{Text: next.text}, next.kind == tokenText, "a text in quotes"
	switch t.Kind {
	case Number:
		v, ok = number(next)
		want = "a number"
	case Bool:
		v, ok = truth(next)
		want = "true or false without quotes"
	case Time:
		v, ok = instant(next)
		want = "a time in quotes, like '2024-01-31T08:00:00Z' or '2024-01-31'"
	}
	if !ok {
		return p.unexpected(want + ", as " + t.Field + " has,")
	}
	p.next++
	t.Values = append(t.Values, v)
	return nil
}

func number(t token) (v Value, ok bool) {
	if t.kind != tokenNumber || strings.ContainsAny(t.raw, "xXpPnN") { // hexadecimal, infinity and NaN
		return v, false
	}
	if n, err := strconv.ParseInt(t.raw, 10, 64); err == nil {
		v.Whole, v.IsWhole = n, true
	}
	var err error
	v.Float, err = strconv.ParseFloat(t.raw, 64)
	return v, err == nil
}

// ParseTime returns the milliseconds since 1970 of a time as RFC 3339 writes
// it, with a zone and in the years 0 to 9999 of UTC.
func ParseTime(text string) (milliseconds int64, ok bool) {
	var t time.Time
	if t.UnmarshalText([]byte(text)) != nil || t.UTC().Year() < 0 || t.UTC().Year() > 9999 {
		return 0, false
	}
	return t.UnixMilli(), true
}

// instant reads a time, or a day, which stands for its beginning in UTC.
func instant(t token) (v Value, ok bool) {
	ms, ok := ParseTime(t.text)
	if !ok {
		ms, ok = ParseTime(t.text + "T00:00:00Z")
	}
	return Value{Whole: ms, IsWhole: true, Float: float64(ms)}, ok && t.kind == tokenText
}

func truth(t token) (v Value, ok bool) {
	if strings.EqualFold(t.raw, "true") {
		return Value{Whole: 1, IsWhole: true, Float: 1}, true
	}
	return Value{IsWhole: true}, strings.EqualFold(t.raw, "false")
}
