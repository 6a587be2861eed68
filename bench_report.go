package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"
)

// benchReport is what the command bench prints.
type benchReport struct {
	Machine      machine         `json:"machine"`
	Seconds      float64         `json:"seconds"`
	Runs         int             `json:"runs"`
	Jobs         int             `json:"jobs,omitempty"`
	PayloadBytes int             `json:"payload_bytes,omitempty"`
	Documents    int             `json:"documents,omitempty"`
	Embedded     int             `json:"embedded,omitempty"`
	Measures     []*benchMeasure `json:"measures"`
}

// benchMeasure is one load and what was seen of it. What could not be measured
// says why; its figures, if any, were taken before that.
type benchMeasure struct {
	Name        string        `json:"name"`
	Title       string        `json:"title"`
	Figures     []benchFigure `json:"figures"`
	NotMeasured string        `json:"not_measured,omitempty"`
}

type benchFigure struct {
	Name        string    `json:"name"`
	Value       float64   `json:"value"`
	Runs        []float64 `json:"runs,omitempty"` // each run's value, where there were several
	Unit        string    `json:"unit"`
	Bar         *benchBar `json:"bar,omitempty"`
	NotMeasured string    `json:"not_measured,omitempty"`
}

// benchBar is what a figure should reach. One that binds is met or missed; of
// another, Met only tells what it would be.
type benchBar struct {
	AtLeast *float64 `json:"at_least,omitempty"`
	AtMost  *float64 `json:"at_most,omitempty"`
	Met     bool     `json:"met"`
	Binding bool     `json:"binding"`

	everywhere bool // it does not depend on the machine's speed
}

func atLeast(limit float64) *benchBar { return &benchBar{AtLeast: &limit} }
func atMost(limit float64) *benchBar  { return &benchBar{AtMost: &limit} }

// everywhereAtMost and everywhereAtLeast are for a ratio of one run, for memory
// and for what is right or wrong.
func everywhereAtMost(limit float64) *benchBar  { return &benchBar{AtMost: &limit, everywhere: true} }
func everywhereAtLeast(limit float64) *benchBar { return &benchBar{AtLeast: &limit, everywhere: true} }

// add notes a figure of the measure that runs. A bar may be nil.
func (b *bench) add(name string, value float64, unit string, bar *benchBar) {
	b.measure.Figures = append(b.measure.Figures, benchFigure{Name: name, Value: value, Unit: unit, Bar: bar})
}

// skip notes that the server does not have what a figure needs.
func (b *bench) skip(name, why string) {
	b.measure.Figures = append(b.measure.Figures, benchFigure{Name: name, NotMeasured: why})
}

// addTimes notes the quantiles of calls that belong together. A nil bar prints
// the figure alone.
func (b *bench) addTimes(name string, took []time.Duration, p50, p99, most *benchBar) {
	if len(took) == 0 {
		b.skip(name, "no call ended in the time that there was")
		return
	}
	slices.Sort(took)
	b.add(name+" p50", milliseconds(quantile(took, 0.50)), "ms", p50)
	b.add(name+" p99", milliseconds(quantile(took, 0.99)), "ms", p99)
	b.add(name+" max", milliseconds(took[len(took)-1]), "ms", most)
}

// medianOf takes of each figure the run whose value is the median, the smaller
// of two. All runs of a measure have the same figures in the same order.
func medianOf(runs []*benchMeasure) *benchMeasure {
	m := *runs[0]
	m.Figures = nil
	for i := range runs[0].Figures {
		var same []benchFigure
		var values []float64
		for _, run := range runs {
			same = append(same, run.Figures[i])
			values = append(values, run.Figures[i].Value)
		}
		slices.SortStableFunc(same, func(a, b benchFigure) int { return cmp.Compare(a.Value, b.Value) })
		median := same[(len(same)-1)/2]
		if median.NotMeasured == "" && len(runs) > 1 {
			median.Runs = values
		}
		m.Figures = append(m.Figures, median)
	}
	return &m
}

// quantile of sorted times: the smallest that at least the share q is not above.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[max(int(math.Ceil(q*float64(len(sorted))))-1, 0)]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// judge fills in what bars need to know of the whole run.
func (r *benchReport) judge() {
	r.Machine.RatesBind = r.Machine.VNNI && max(r.Machine.SyncBefore, r.Machine.SyncAfter) <= bindingSync
	for _, m := range r.Measures {
		for _, f := range m.Figures {
			if f.Bar != nil {
				f.Bar.judge(f.Value, r.Machine.RatesBind)
			}
		}
	}
}

func (b *benchBar) judge(value float64, ratesBind bool) {
	b.Met = b.AtLeast != nil && value >= *b.AtLeast || b.AtMost != nil && value <= *b.AtMost
	b.Binding = b.everywhere || ratesBind
}

func (b *benchBar) String() string {
	if b.AtLeast != nil {
		return "≥ " + plainNumber(*b.AtLeast)
	}
	return "≤ " + plainNumber(*b.AtMost)
}

func (b *benchBar) verdict() string {
	verdict := "missed"
	if b.Met {
		verdict = "met"
	}
	if !b.Binding {
		return "not binding (" + verdict + ")"
	}
	return verdict
}

// plainNumber keeps three digits, which is more than two runs agree on.
func plainNumber(v float64) string {
	digits := 0
	if v != math.Trunc(v) && math.Abs(v) < 100 {
		digits = min(2-int(math.Floor(math.Log10(math.Abs(v)))), 3)
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

func (r *benchReport) howOften() string {
	if r.Runs == 1 {
		return "one run"
	}
	return fmt.Sprintf("medians of %d runs", r.Runs)
}

// load tells what was measured.
func (r *benchReport) load() string {
	if r.Documents > 0 {
		return fmt.Sprintf("%d documents of %d words", r.Documents, documentWords)
	}
	return fmt.Sprintf("payload %d B", r.PayloadBytes)
}

func (r *benchReport) writeTable(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	m := r.Machine
	fmt.Fprintf(t, "%d cores of %s, %s, %s; fdatasync p50 %s ms before and %s ms after; %s; %s\n\n",
		m.Cores, m.CPU, m.Go, m.System, plainNumber(m.SyncBefore), plainNumber(m.SyncAfter), r.load(), r.howOften())
	for _, m := range r.Measures {
		fmt.Fprintf(t, "%s: %s\n", m.Name, m.Title)
		for _, f := range m.Figures {
			if f.NotMeasured != "" {
				fmt.Fprintf(t, "  %s\tnot measured: %s\n", f.Name, f.NotMeasured)
				continue
			}
			fmt.Fprintf(t, "  %s\t%s %s", f.Name, plainNumber(f.Value), f.Unit)
			if f.Bar != nil {
				fmt.Fprintf(t, "\t%s\t%s", f.Bar, f.Bar.verdict())
			}
			fmt.Fprintln(t)
		}
		if m.NotMeasured != "" {
			fmt.Fprintf(t, "  not measured: %s\n", m.NotMeasured)
		}
	}
	if !m.RatesBind {
		fmt.Fprintf(t, "\nRates and times bind where fdatasync p50 is at most %s ms and the processor has AVX-512 VNNI.\n", plainNumber(bindingSync))
	}
	return t.Flush()
}

func (r *benchReport) writeJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
