package stream

import (
	"context"
	"errors"
	"strings"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// Query asks for points: what the events of each step add up to. From and To
// are RFC 3339, "now", or a duration before now as in "-15m".
type Query struct {
	From    string   `json:"from,omitempty" doc:"Rounded down to a multiple of step." default:"-15m" example:"-15m"`
	To      string   `json:"to,omitempty" doc:"Rounded up, so that the open step is included." default:"now" example:"now"`
	Step    string   `json:"step,omitempty" doc:"Length of a point, in whole seconds. Points start at multiples of it, counted from 1970 in UTC." default:"1m" example:"1m"`
	GroupBy []string `json:"group_by,omitempty" doc:"Dimensions; a series for each combination of their values. Without them, one series for all events."`
	Filter  string   `json:"filter,omitempty" doc:"Which events count: = != in, not in, exists, and, or, not over dimensions." example:"country = 'DE'"`
	Select  []string `json:"select,omitempty" doc:"count, sum(m), min(m), max(m), avg(m) of measures m." example:"count"`
	Limit   int      `json:"limit,omitempty" doc:"Series to answer, those with the most events; up to 1,000." default:"100"`
}

// Bounds of one query.
const (
	defaultSeries = 100
	maxSeries     = 1000
	maxPoints     = 10_000     // of one series
	maxCells      = 500_000    // points of all series before the limit
	maxScanned    = 20_000_000 // events to read from the log
)

// interval is that of a query, in Unix seconds: from ≤ second < to.
type interval struct{ from, to int64 }

// Query answers as JSON. It reads the windows in memory, and the log for what
// is before them.
func (s *Streams) Query(ctx context.Context, t engine.Tenant, name string, q Query) ([]byte, error) {
	began := time.Now()
	defer func() { s.metrics.query.Observe(time.Since(began).Seconds()) }()
	st, err := s.registry.get(t, name)
	if err != nil {
		return nil, err
	}
	p, err := st.current().compile(question{step: q.Step, groupBy: q.GroupBy, sel: q.Select, filter: q.Filter, where: "body."})
	if err != nil {
		return nil, err
	}
	limit, err := seriesLimit(q.Limit)
	if err != nil {
		return nil, err
	}
	in, err := s.interval(p, q)
	if err != nil {
		return nil, err
	}
	r := &result{plan: p, tally: newTally(len(p.shape.Measures))}
	if in.to, err = s.readWindows(ctx, st, r, in); err != nil {
		return nil, err
	}
	if in.from < in.to {
		if err := s.readLog(ctx, st, r, in); err != nil {
			return nil, err
		}
	}
	return r.json(limit), nil
}

func seriesLimit(limit int) (int, error) {
	switch {
	case limit == 0:
		return defaultSeries, nil
	case limit < 0 || limit > maxSeries:
		return 0, invalid("body.limit", "is from 1 to 1000")
	}
	return limit, nil
}

// interval resolves the times of a query. The oldest that can be asked for is
// that of which no event can have been trimmed.
func (s *Streams) interval(p *plan, q Query) (in interval, err error) {
	now := s.engine.Clock.Now()
	if q.From == "" {
		q.From = "-15m"
	}
	if q.To == "" {
		q.To = "now"
	}
	from, err := parseTime(q.From, now)
	if err != nil {
		return in, invalid("body.from", err.Error())
	}
	to, err := parseTime(q.To, now)
	if err != nil {
		return in, invalid("body.to", err.Error())
	}
	if !from.Before(to) {
		return in, invalid("body.to", "is not after from")
	}
	in.from = p.start(from.Unix())
	in.to = p.start(to.Add(time.Second-1).Unix() + p.step - 1)
	if n := (in.to - in.from) / p.step; n > maxPoints {
		return in, invalid("body.step", "makes more than 10000 points; take a longer one")
	}
	oldest := now.Add(maxAhead - time.Duration(p.shape.Retention.Raw))
	if from.Before(oldest) {
		return in, engine.Errorf(engine.Invalid, "range_too_old", "events are kept for %s; from may not be before %s", p.shape.Retention.Raw, oldest.UTC().Format(time.RFC3339))
	}
	return in, nil
}

// parseTime reads RFC 3339, "now", and durations before now such as "-15m".
func parseTime(text string, now time.Time) (time.Time, error) {
	if text == "now" {
		return now, nil
	}
	if ago, relative := strings.CutPrefix(text, "-"); relative {
		d, err := api.ParseDuration(ago)
		return now.Add(-time.Duration(d)), err
	}
	t, ok := parseRFC3339([]byte(text))
	if !ok {
		return t, errTime
	}
	return t, nil
}

var errTime = errors.New("a time is RFC 3339 as in 2026-01-02T15:04:05Z, now, or a duration ago as in -15m")
