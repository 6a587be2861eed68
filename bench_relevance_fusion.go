package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// fusion is a way to blend the two lists of hybrid search.
type fusion struct {
	Method string   `json:"method"`
	Share  *float64 `json:"share,omitempty"` // of the semantic list; nil with rrf
	Depth  int      `json:"depth"`
}

// The depths are tried with the share that is the default, and the shares at
// the depth that is.
const (
	usualDepth = 200
	usualShare = 0.6
)

// fusions are all ways that are tried, the default among them.
func fusions() (all []fusion) {
	minmax := func(share float64, depth int) { all = append(all, fusion{"minmax", &share, depth}) }
	for _, depth := range []int{100, usualDepth, 1000} {
		minmax(usualShare, depth)
	}
	for _, tenths := range []float64{2, 3, 4, 5, 7, 8} {
		minmax(tenths/10, usualDepth)
	}
	return append(all, fusion{"rrf", nil, usualDepth})
}

func (f fusion) String() string {
	text := f.Method
	if f.Share != nil {
		text += fmt.Sprintf(", %.1f of the vectors", *f.Share)
	}
	text += fmt.Sprintf(", depth %d", f.Depth)
	if f.Share != nil && *f.Share == usualShare && f.Depth == usualDepth {
		text += " (default)"
	}
	return text
}

// fusionReport is how good one is. Its hits are judged to the hundredth, so
// there is no MAP.
type fusionReport struct {
	fusion
	NDCG10    float64 `json:"ndcg_10"`
	Recall100 float64 `json:"recall_100"`
}

// fusedHits are judged of each search, so that those of one request stay within
// the 1,000 that it may ask for.
const fusedHits = 100

// judgeFusions sends each query once, with a search for each fusion.
func (s *searcher) judgeFusions(ctx context.Context, set *judgedSet, idOf func(string) string) ([]*fusionReport, error) {
	var reports []*fusionReport
	for _, f := range fusions() {
		reports = append(reports, &fusionReport{fusion: f})
	}
	for _, q := range set.queries {
		found, err := s.searchFused(ctx, q.text, reports)
		if err != nil {
			return nil, fmt.Errorf("query %s: %w", q.id, err)
		}
		for i, r := range reports {
			for j, id := range found[i] {
				found[i][j] = idOf(id)
			}
			one := q.grades.judge(found[i])
			r.NDCG10 += one.NDCG10 / float64(len(set.queries))
			r.Recall100 += one.Recall100 / float64(len(set.queries))
		}
	}
	return reports, nil
}

// fusedSearch is one of several searches of a request.
type fusedSearch struct {
	Collection string  `json:"collection"`
	Q          string  `json:"q"`
	Mode       string  `json:"mode"`
	Limit      int     `json:"limit"`
	Cursor     *string `json:"cursor,omitempty"`
	Fusion     fusion  `json:"fusion"`
}

// searchFused returns the ids that a query finds by each fusion, the best first.
// Its text is embedded once a request. Where the documents of all fill more than
// an answer, some searches end early and are continued.
func (s *searcher) searchFused(ctx context.Context, text string, reports []*fusionReport) (found [][]string, err error) {
	found = make([][]string, len(reports))
	var open []int // searches that go on
	var request struct {
		Searches []fusedSearch `json:"searches"`
	}
	for i, r := range reports {
		open = append(open, i)
		request.Searches = append(request.Searches, fusedSearch{Collection: s.collection, Q: cutQuery(text), Mode: "hybrid", Limit: fusedHits, Fusion: r.fusion})
	}
	for len(open) > 0 {
		body, err := json.Marshal(request)
		if err != nil {
			return nil, err
		}
		answer, err := s.post(ctx, s.several, body)
		if err != nil {
			return nil, err
		}
		var pages struct {
			Results []struct {
				searchPage
				Error *struct{ Detail string }
			}
		}
		if err := json.Unmarshal(answer, &pages); err != nil {
			return nil, err
		}
		if len(pages.Results) != len(open) {
			return nil, fmt.Errorf("%d searches have %d results", len(open), len(pages.Results))
		}
		searches, went := request.Searches, open
		request.Searches, open = nil, nil
		for at, page := range pages.Results {
			i, next := went[at], searches[at]
			if page.Error != nil {
				return nil, fmt.Errorf("%s: %s", reports[i].fusion, page.Error.Detail)
			}
			ids, err := page.ids()
			if err != nil {
				return nil, err
			}
			found[i] = append(found[i], ids...)
			next.Cursor, next.Limit = page.Next, fusedHits-len(found[i])
			if page.Next != nil && next.Limit > 0 {
				request.Searches, open = append(request.Searches, next), append(open, i)
			}
		}
	}
	return found, nil
}

// meanFusions is nil where there are not several sets, or not all have figures.
func meanFusions(sets []*setReport) (mean []*fusionReport) {
	if len(sets) < 2 {
		return nil
	}
	for i, f := range fusions() {
		m := &fusionReport{fusion: f}
		for _, s := range sets {
			if s.Fusions == nil {
				return nil
			}
			m.NDCG10 += s.Fusions[i].NDCG10 / float64(len(sets))
			m.Recall100 += s.Fusions[i].Recall100 / float64(len(sets))
		}
		mean = append(mean, m)
	}
	return mean
}

// writeFusions writes a line for each fusion, with a column for each set.
func (r *relevanceReport) writeFusions(t io.Writer) {
	var head strings.Builder
	var columns [][]*fusionReport
	for _, s := range r.Sets {
		if s.Fusions != nil {
			head.WriteString("\t" + s.Name)
			columns = append(columns, s.Fusions)
		}
	}
	if columns == nil {
		return
	}
	if r.Mean != nil && r.Mean.Fusions != nil {
		head.WriteString("\tmean")
		columns = append(columns, r.Mean.Fusions)
	}
	fmt.Fprintf(t, "hybrid search by its fusion, nDCG@10 and recall@100%s\n", head.String())
	for i, f := range fusions() {
		fmt.Fprintf(t, "  %s", f)
		for _, column := range columns {
			fmt.Fprintf(t, "\t%.3f %.3f", column[i].NDCG10, column[i].Recall100)
		}
		fmt.Fprintln(t)
	}
	fmt.Fprintln(t)
}
