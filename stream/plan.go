package stream

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// plan is a query, or a live query, compiled for one shape.
type plan struct {
	shape   *shape
	step    int64 // seconds
	columns []column
	groupBy []int // dimensions
	filter  predicate
}

// column is one value of every point.
type column struct {
	name    string // as it was asked for
	what    aggregate
	measure int
}

type aggregate uint8

const (
	aggregateCount aggregate = iota
	aggregateSum
	aggregateMin
	aggregateMax
	aggregateAvg
)

var aggregates = map[string]aggregate{"sum": aggregateSum, "min": aggregateMin, "max": aggregateMax, "avg": aggregateAvg}

// Aggregates of the contract that are not built yet.
var laterAggregate = regexp.MustCompile(`^(p[0-9]+(\.[0-9]+)?|quantile|distinct|top)\(`)

// question is what query and live have in common. Where says how the parts are
// called in the request: "body." or "query.".
type question struct {
	step    string
	groupBy []string
	sel     []string
	filter  string
	where   string
}

// compile checks a question against the stream's definition.
func (s *shape) compile(q question) (*plan, error) {
	p := &plan{shape: s}
	step, err := parseStep(q.step)
	if err != nil {
		return nil, invalid(q.where+"step", err.Error())
	}
	p.step = step
	if len(q.sel) == 0 {
		q.sel = []string{"count"}
	}
	if len(q.sel) > 2*maxMeasures {
		return nil, invalid(q.where+"select", "has too many values")
	}
	for _, name := range q.sel {
		c, err := s.column(name, q.where+"select")
		if err != nil {
			return nil, err
		}
		p.columns = append(p.columns, c)
	}
	for i, name := range q.groupBy {
		d := s.dimension(name)
		if d < 0 {
			return nil, invalid(q.where+"group_by", quoted(name)+" is no dimension of the stream")
		}
		if indexOf(q.groupBy[:i], name) >= 0 {
			return nil, invalid(q.where+"group_by", quoted(name)+" stands twice")
		}
		p.groupBy = append(p.groupBy, d)
	}
	if p.filter, err = s.parseFilter(q.filter, q.where+"filter"); err != nil {
		return nil, err
	}
	return p, nil
}

func invalid(location, message string) *engine.Error {
	return &engine.Error{
		Kind: engine.Invalid, Code: "invalid_query", Detail: location + ": " + message,
		Fields: []engine.FieldError{{Location: location, Message: message}},
	}
}

func (s *shape) column(name, where string) (column, error) {
	if name == "count" {
		return column{name: name}, nil
	}
	if laterAggregate.MatchString(name) {
		return column{}, api.NotSupported(where + " " + quoted(name))
	}
	function, rest, _ := strings.Cut(name, "(")
	of, closed := strings.CutSuffix(rest, ")")
	what, known := aggregates[function]
	if !known || !closed {
		return column{}, invalid(where, quoted(name)+" is none of count, sum(m), min(m), max(m), avg(m)")
	}
	m := s.measure(of)
	if m < 0 {
		return column{}, invalid(where, quoted(of)+" is no measure of the stream")
	}
	return column{name: name, what: what, measure: m}, nil
}

func parseStep(text string) (seconds int64, err error) {
	if text == "" {
		text = "1m"
	}
	d, err := api.ParseDuration(text)
	if err != nil {
		return 0, err
	}
	if step := time.Duration(d); step < time.Second || step%time.Second != 0 {
		return 0, errStep
	}
	return int64(time.Duration(d) / time.Second), nil
}

var errStep = errors.New("a step is one or more whole seconds")

// group appends the key of the group that a series belongs to, and reports
// whether the series passes the filter. What went to the other series has lost
// its values: it is a group of its own, and passes no filter.
func (p *plan) group(dst []byte, series []byte) (key []byte, passes bool) {
	if string(series) == otherKey {
		if len(p.groupBy) > 0 {
			dst = append(dst, otherKey...)
		}
		return dst, p.filter == nil
	}
	var dims [maxDimensions][]byte
	splitKey(series, dims[:len(p.shape.Dimensions)])
	return p.groupOf(dst, &dims)
}

// groupOf does the same for the dimensions of one event.
func (p *plan) groupOf(dst []byte, dims *[maxDimensions][]byte) (key []byte, passes bool) {
	if p.filter != nil && !p.filter(dims) {
		return dst, false
	}
	for _, d := range p.groupBy {
		dst = appendDimension(dst, dims[d])
	}
	return dst, true
}

// start returns the start of the point that a second belongs to.
func (p *plan) start(second int64) int64 { return second - second%p.step }

func (p *plan) stepText() string { return api.Duration(time.Duration(p.step) * time.Second).String() }
