package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

// relevanceModes are judged side by side; the first two are the parents of the
// third.
var relevanceModes = []string{"keyword", "semantic", "hybrid"}

// relevanceReport is what bench relevance prints.
type relevanceReport struct {
	Depth int           `json:"depth"`
	Sets  []*setReport  `json:"sets"`
	Mean  *meanReport   `json:"mean,omitempty"` // of several sets
	Bars  []benchFigure `json:"bars"`
}

type setReport struct {
	Name      string        `json:"name"`
	Documents int           `json:"documents,omitempty"` // 0 = on a server already
	Queries   int           `json:"queries"`
	Modes     []*modeReport `json:"modes"`
	Hybrid    *comparison   `json:"hybrid,omitempty"`

	Fusions []*fusionReport `json:"fusions,omitempty"` // where hybrid search was measured
}

// modeReport is a quality, or says why there is none.
type modeReport struct {
	Mode        string   `json:"mode"`
	Quality     *quality `json:"quality,omitempty"`
	NotMeasured string   `json:"not_measured,omitempty"`

	each []float64 // nDCG@10 of each query
}

// comparison is how far nDCG@10 of hybrid search lies above that of its better
// parent.
type comparison struct {
	Against string `json:"against"`
	interval
}

// meanReport weighs each set the same. Two gains of hybrid search are usual and
// are not the same: of the means over the better mean, and the mean of each
// set's gain over its better parent.
type meanReport struct {
	Modes       []*modeReport `json:"modes"`
	GainOfMeans float64       `json:"gain_of_means"`
	MeanOfGains float64       `json:"mean_of_gains"`

	Fusions []*fusionReport `json:"fusions,omitempty"`
}

// better returns the better parent and hybrid, nil where one of the three was
// not measured.
func better(modes []*modeReport) (parent, hybrid *modeReport) {
	for _, m := range modes {
		if m.Quality == nil {
			return nil, nil
		}
	}
	parent, hybrid = modes[0], modes[2]
	if modes[1].Quality.NDCG10 > parent.Quality.NDCG10 {
		parent = modes[1]
	}
	return parent, hybrid
}

// gain is by what share hybrid search is above its better parent, 0 where that
// found nothing.
func gain(modes []*modeReport) float64 {
	parent, hybrid := better(modes)
	if parent.Quality.NDCG10 == 0 {
		return 0
	}
	return hybrid.Quality.NDCG10/parent.Quality.NDCG10 - 1
}

func (r *setReport) compare() {
	if parent, hybrid := better(r.Modes); hybrid != nil {
		r.Hybrid = &comparison{parent.Mode, pairedBootstrap(hybrid.each, parent.each)}
	}
}

// summarise fills in means and bars.
func (r *relevanceReport) summarise(sets []*judgedSet) {
	r.Bars = []benchFigure{}
	bar := func(name string, value, least float64) {
		bar := everywhereAtLeast(least)
		bar.judge(value, false)
		r.Bars = append(r.Bars, benchFigure{Name: name, Value: value, Unit: "nDCG@10", Bar: bar})
	}
	classics := 0
	for i, s := range r.Sets {
		if bm25, keyword := sets[i].bm25, s.Modes[0].Quality; bm25 > 0 && keyword != nil {
			classics++
			bar(s.Name+": keyword", keyword.NDCG10, bm25-0.005)
		}
		if parent, hybrid := better(s.Modes); hybrid != nil {
			bar(s.Name+": hybrid, not below "+parent.Mode, hybrid.Quality.NDCG10, parent.Quality.NDCG10)
		}
	}
	if r.Mean = meanOfSets(r.Sets); r.Mean != nil && classics == 3 && len(sets) == 3 {
		_, hybrid := better(r.Mean.Modes)
		bar("mean of the three: hybrid", hybrid.Quality.NDCG10, 0.555)
	}
}

// meanOfSets is nil where there are not several, or not all modes of each.
func meanOfSets(sets []*setReport) *meanReport {
	if len(sets) < 2 {
		return nil
	}
	m := &meanReport{Fusions: meanFusions(sets)}
	for i, mode := range relevanceModes {
		var all []quality
		for _, s := range sets {
			if s.Modes[i].Quality == nil {
				return nil
			}
			all = append(all, *s.Modes[i].Quality)
		}
		mean := meanQuality(all)
		m.Modes = append(m.Modes, &modeReport{Mode: mode, Quality: &mean})
	}
	m.GainOfMeans = gain(m.Modes)
	for _, s := range sets {
		m.MeanOfGains += gain(s.Modes) / float64(len(sets))
	}
	return m
}

func (r *relevanceReport) writeJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func (r *relevanceReport) writeTable(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, s := range r.Sets {
		fmt.Fprintf(t, "%s: %d queries", s.Name, s.Queries)
		if s.Documents > 0 {
			fmt.Fprintf(t, ", %d documents", s.Documents)
		}
		writeModes(t, s.Modes)
		if h := s.Hybrid; h != nil {
			fmt.Fprintf(t, "  hybrid − %s: %+.3f nDCG@10, 95 %% from %+.3f to %+.3f\n", h.Against, h.Difference, h.Low, h.High)
		}
		fmt.Fprintln(t)
	}
	if m := r.Mean; m != nil {
		fmt.Fprintf(t, "mean of %d sets", len(r.Sets))
		writeModes(t, m.Modes)
		fmt.Fprintf(t, "  hybrid over its better parent: %+.1f %% of the means, %+.1f %% as the mean of each set's\n\n", 100*m.GainOfMeans, 100*m.MeanOfGains)
	}
	r.writeFusions(t)
	for _, f := range r.Bars {
		fmt.Fprintf(t, "%s\t%.3f\t≥ %.3f\t%s\n", f.Name, f.Value, *f.Bar.AtLeast, f.Bar.verdict())
	}
	fmt.Fprintf(t, "\nMAP over the first %d hits, or as many as a search has. Judgements that are missing count as no answer.\n", r.Depth)
	return t.Flush()
}

func writeModes(t io.Writer, modes []*modeReport) {
	fmt.Fprint(t, "\n  \tnDCG@10\tMRR\tMAP\trecall@100\n")
	for _, m := range modes {
		if m.NotMeasured != "" {
			fmt.Fprintf(t, "  %s\tnot measured: %s\n", m.Mode, m.NotMeasured)
			continue
		}
		fmt.Fprintf(t, "  %s\t%.3f\t%.3f\t%.3f\t%.3f\n", m.Mode, m.Quality.NDCG10, m.Quality.MRR, m.Quality.MAP, m.Quality.Recall100)
	}
}
