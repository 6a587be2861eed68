package stream_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quintet/stream"
)

// happening is one event as the model knows it: a list of all of them, counted
// anew for each question, is the oracle.
type happening struct {
	at     int64 // Unix second
	kind   string
	where  string // "" = missing
	ms     float64
	hasMS  bool
	offset uint64
}

func (h happening) line() string {
	b := fmt.Sprintf(`{"ts":%d,"type":%q`, h.at*1000+h.at%1000, h.kind)
	if h.where != "" {
		b += fmt.Sprintf(`,"country":%q`, h.where)
	}
	if h.hasMS {
		b += `,"ms":` + strconv.FormatFloat(h.ms, 'f', -1, 64)
	}
	return b + "}"
}

type model struct {
	b       *bed
	events  []happening
	answers map[string]stream.Answer // by producer and number
	batches map[string]string        // their bodies
	next    map[string]uint64        // number of each producer's next batch
}

// TestModel drives a stream at random, with late and early events, repeated
// batches, restarts and every chore of the house, and holds each answer
// against a plain recount.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := limits()
		c.Window = rapid.SampledFrom([]time.Duration{time.Minute, time.Hour}).Draw(rt, "window")
		c.Series = rapid.SampledFrom([]int{3, 10_000}).Draw(rt, "series")
		m := &model{b: newBed(t, c), answers: map[string]stream.Answer{}, batches: map[string]string{}, next: map[string]uint64{}}
		defer m.b.close()
		m.b.define("visits", stream.Definition{Dimensions: []string{"type", "country"}, Measures: []string{"ms"}})
		rt.Repeat(map[string]func(*rapid.T){
			"append":    m.append,
			"append 2":  m.append,
			"repeat":    m.repeat,
			"query":     m.query,
			"query 2":   m.query,
			"read back": m.readBack,
			"clock": func(rt *rapid.T) {
				m.b.clock.Advance(time.Duration(rapid.IntRange(0, 1500).Draw(rt, "seconds")) * time.Second)
			},
			"age":    func(*rapid.T) { m.b.s.Age() },
			"flush":  func(*rapid.T) { m.must(m.b.s.Flush(background)) },
			"trim":   func(*rapid.T) { m.must(m.b.s.Trim(background)) },
			"reopen": func(*rapid.T) { m.b.reopen() },
			"":       m.invariants,
		})
	})
}

func (m *model) must(err error) {
	m.b.t.Helper()
	if err != nil {
		m.b.t.Fatal(err)
	}
}

func (m *model) draw(rt *rapid.T) (events []happening) {
	now := m.b.clock.Now().Unix()
	for range rapid.IntRange(1, 8).Draw(rt, "events") {
		events = append(events, happening{
			at:    now + int64(rapid.OneOf(rapid.IntRange(-3, 3), rapid.IntRange(-7300, 599)).Draw(rt, "at")),
			kind:  rapid.SampledFrom([]string{"view", "buy", ""}).Draw(rt, "type"),
			where: rapid.SampledFrom([]string{"", "DE", "FR", "É"}).Draw(rt, "country"),
			ms:    float64(rapid.IntRange(-1000, 1000).Draw(rt, "ms")) / 4,
			hasMS: rapid.Bool().Draw(rt, "has ms"),
		})
	}
	return events
}

func body(events []happening) string {
	lines := make([]string, len(events))
	for i, h := range events {
		lines[i] = h.line()
	}
	return strings.Join(lines, "\n")
}

func (m *model) append(rt *rapid.T) {
	events := m.draw(rt)
	in := stream.Input{Body: strings.NewReader(body(events)), Length: -1}
	in.Producer = rapid.SampledFrom([]string{"", "p", "q"}).Draw(rt, "producer")
	if in.Producer != "" {
		m.next[in.Producer] += uint64(rapid.IntRange(1, 3).Draw(rt, "step")) // numbers may leave gaps
		in.Sequence = m.next[in.Producer]
	}
	a, err := m.b.s.Append(background, m.b.acme, "visits", in)
	m.must(err)
	if want := uint64(len(m.events) + 1); a.FirstOffset != want || a.Accepted != len(events) || a.LastOffset != want+uint64(len(events))-1 || a.Duplicate {
		rt.Fatalf("%+v; want offsets from %d on", a, want)
	}
	for i := range events {
		events[i].offset = a.FirstOffset + uint64(i)
	}
	m.events = append(m.events, events...)
	if in.Producer != "" {
		key := fmt.Sprint(in.Producer, " ", in.Sequence)
		m.answers[key], m.batches[key] = a, body(events)
	}
}

// repeat sends one of the last batches of a producer again.
func (m *model) repeat(rt *rapid.T) {
	var keys []string
	for key := range m.answers {
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return
	}
	slices.Sort(keys)
	key := rapid.SampledFrom(keys).Draw(rt, "batch")
	producer, number, _ := strings.Cut(key, " ")
	sequence, _ := strconv.ParseUint(number, 10, 64)
	a, err := m.b.s.Append(background, m.b.acme, "visits", stream.Input{Body: strings.NewReader(m.batches[key]), Length: -1, Producer: producer, Sequence: sequence})
	m.must(err)
	want := m.answers[key]
	want.Duplicate = true
	if fmt.Sprint(a) != fmt.Sprint(want) {
		rt.Fatalf("%+v; want %+v", a, want)
	}
}

func (m *model) query(rt *rapid.T) {
	step := rapid.SampledFrom([]int64{1, 7, 60, 3600}).Draw(rt, "step")
	now := m.b.clock.Now()
	from := now.Add(-time.Duration(rapid.IntRange(1, 8000).Draw(rt, "from")) * time.Second)
	to := from.Add(time.Duration(rapid.IntRange(1, 9000).Draw(rt, "length")) * time.Second)
	q := stream.Query{
		From: from.Format(time.RFC3339), To: to.Format(time.RFC3339), Step: fmt.Sprintf("%ds", step),
		Select: []string{"count", "sum(ms)", "min(ms)", "max(ms)", "avg(ms)"},
	}
	byType := rapid.Bool().Draw(rt, "group")
	if byType {
		q.GroupBy = []string{"type"}
	}
	q.Filter = rapid.SampledFrom([]string{"", "country = 'DE'", "country != 'DE' and type in ['view', 'buy']"}).Draw(rt, "filter")
	lo, hi := from.Unix()/step*step, (to.Unix()+step-1)/step*step
	want := map[string]*naive{}
	for _, h := range m.events {
		if h.at < lo || h.at >= hi || !passes(h, q.Filter) {
			continue
		}
		key := fmt.Sprint(h.at / step * step)
		if byType {
			key += " " + h.kind
		}
		if want[key] == nil {
			want[key] = &naive{}
		}
		want[key].add(h)
	}
	got := m.b.query("visits", q)
	m.compare(rt, got, want, byType, q.Filter != "")
}

func passes(h happening, filter string) bool {
	switch filter {
	case "country = 'DE'":
		return h.where == "DE"
	case "country != 'DE' and type in ['view', 'buy']":
		return h.where != "DE" && h.kind != ""
	}
	return true
}

type naive struct {
	count, n      int
	sum, min, max float64
}

func (c *naive) add(h happening) {
	c.count++
	if !h.hasMS {
		return
	}
	if c.n == 0 {
		c.min, c.max = math.Inf(1), math.Inf(-1)
	}
	c.n++
	c.sum += h.ms
	c.min, c.max = min(c.min, h.ms), max(c.max, h.ms)
}

func (c *naive) point() string {
	if c.n == 0 {
		return fmt.Sprint(c.count, " 0 null null null")
	}
	return fmt.Sprint(c.count, " ", c.sum, " ", c.min, " ", c.max, " ", c.sum/float64(c.n))
}

// compare wants every point. Where the cap of series has hidden dimensions, it
// wants the number of events alone.
func (m *model) compare(rt *rapid.T, got answer, want map[string]*naive, byType, filtered bool) {
	points, other, total := map[string]string{}, false, 0
	for _, s := range got.Series {
		other = other || s.Other
		for _, p := range s.Points {
			at, err := time.Parse(time.RFC3339, p["time"].(string))
			m.must(err)
			total += int(p["count"].(float64))
			key := fmt.Sprint(at.Unix())
			if byType && !s.Other {
				key += " " + *s.Group["type"]
			}
			values := []string{fmt.Sprint(p["count"])}
			for _, name := range []string{"sum(ms)", "min(ms)", "max(ms)", "avg(ms)"} {
				if v := fmt.Sprint(p[name]); p[name] == nil {
					values = append(values, "null")
				} else {
					values = append(values, v)
				}
			}
			points[key] = strings.Join(values, " ")
		}
	}
	all := 0
	for _, c := range want {
		all += c.count
	}
	switch {
	case filtered && got.Other > 0:
		if total > all || total+int(got.Other) < all {
			rt.Fatalf("%d events and %d others; want %d", total, got.Other, all)
		}
	case other:
		if total != all {
			rt.Fatalf("%d events; want %d", total, all)
		}
	default:
		if len(points) != len(want) {
			rt.Fatalf("%d points; want %d: %v", len(points), len(want), points)
		}
		for key, c := range want {
			if points[key] != c.point() {
				rt.Fatalf("point %s is %s; want %s", key, points[key], c.point())
			}
		}
	}
}

func (m *model) readBack(rt *rapid.T) {
	if len(m.events) == 0 {
		return
	}
	from := rapid.IntRange(1, len(m.events)+1).Draw(rt, "from")
	var lines strings.Builder
	err := m.b.s.Replay(background, m.b.acme, "visits", strconv.Itoa(from), 10_000, func(some []byte) error {
		lines.Write(some)
		return nil
	})
	m.must(err)
	var want strings.Builder
	for _, h := range m.events[from-1:] {
		fmt.Fprintf(&want, "{\"_offset\":%d,%s\n", h.offset, h.line()[1:])
	}
	if lines.String() != want.String() {
		rt.Fatalf("read\n%s\nwant\n%s", lines.String(), want.String())
	}
	since := m.events[from%len(m.events)].at
	lines.Reset()
	err = m.b.s.Replay(background, m.b.acme, "visits", time.Unix(since, 0).UTC().Format(time.RFC3339), 10_000, func(some []byte) error {
		lines.Write(some)
		return nil
	})
	m.must(err)
	n := 0
	for _, h := range m.events {
		if h.at >= since {
			n++
		}
	}
	if got := strings.Count(lines.String(), "\n"); got != n {
		rt.Fatalf("%d events since %d; want %d", got, since, n)
	}
}

func (m *model) invariants(rt *rapid.T) {
	if kept, said := m.b.s.RingBytes(), m.b.s.WindowBytes(); kept != said {
		rt.Fatalf("the windows hold %d bytes, and the account says %d", kept, said)
	}
	if n := m.b.s.InFlight(); n != 0 {
		rt.Fatalf("%d bytes are in flight", n)
	}
}
