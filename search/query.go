package search

import (
	"hash/fnv"
	"strings"

	"quintet/engine"
	"quintet/engine/api"
	"quintet/engine/filter"
)

// Query is what a search asks for. What the contract names and this release
// lacks is refused, not ignored.
type Query struct {
	Q      string    `json:"q,omitempty" doc:"Plain text, in which nothing is a syntax error; quotes and asterisks only part words in this release. Without it, and without a vector, the newest documents that the filter admits."`
	Mode   string    `json:"mode,omitempty" enum:"hybrid,keyword,semantic" default:"hybrid" doc:"hybrid = semantic and keyword, blended. Of a collection that embeds nothing, keyword."`
	Limit  int       `json:"limit,omitempty" default:"10" minimum:"1" maximum:"1000"`
	Cursor *string   `json:"cursor,omitempty" doc:"The next of the page before, of the same search."`
	Filter string    `json:"filter,omitempty" doc:"As in: year >= 2020 and tags in ['coat']. Also or, not, != < <= >, not in, exists, and brackets." example:"year >= 2020"`
	Vector []float32 `json:"vector,omitempty" nullable:"false" doc:"What semantic search compares with, instead of what q means: 384 numbers."`
	Exact  *bool     `json:"exact,omitempty" doc:"Every search of this release is exact."`

	Facets    []string `json:"facets,omitempty" nullable:"false" doc:"Not supported yet."`
	Sort      []string `json:"sort,omitempty" nullable:"false" doc:"Not supported yet."`
	Highlight *bool    `json:"highlight,omitempty" doc:"true is not supported yet."`
	Explain   *bool    `json:"explain,omitempty" doc:"true is not supported yet."`
}

// The modes of a search.
const (
	modeHybrid   = "hybrid"
	modeKeyword  = "keyword"
	modeSemantic = "semantic"
)

// Limits of a search.
const (
	maxQuery     = 4096 // bytes of q
	maxTerms     = 256  // of q that are looked up
	defaultLimit = 10
)

// plan is a query that was checked against its collection.
type plan struct {
	mode     string
	asked    string   // the mode that the answer names
	terms    []string // of q, in order, each once
	weights  []float64
	vector   []int8 // codes; nil = no semantic search
	scale    float32
	all      bool // neither q nor vector: everything that the filter admits
	degraded bool
	filter   filter.Expression
	limit    int
	cursor   *cursor
	print    uint32 // of what a cursor belongs to
}

// check refuses what cannot be asked, before anything is embedded.
func (q *Query) check(sc *schema) (*plan, error) {
	for location, asked := range map[string]bool{
		"body.facets": len(q.Facets) > 0, "body.sort": len(q.Sort) > 0,
		"body.highlight": q.Highlight != nil && *q.Highlight, "body.explain": q.Explain != nil && *q.Explain,
	} {
		if asked {
			return nil, api.NotSupported(location)
		}
	}
	p := &plan{mode: q.Mode, limit: q.Limit}
	if p.limit == 0 {
		p.limit = defaultLimit
	}
	switch {
	case len(q.Q) > maxQuery:
		return nil, invalid("body.q", "has %d bytes and may have %d", len(q.Q), maxQuery)
	case p.limit < 0 || p.limit > api.MaxLimit:
		return nil, engine.Errorf(engine.Invalid, "invalid_limit", "limit is from 1 to %d", api.MaxLimit)
	case q.Mode == "" && !sc.embeds():
		p.mode = modeKeyword
	case q.Mode == "":
		p.mode = modeHybrid
	case q.Mode != modeHybrid && q.Mode != modeKeyword && q.Mode != modeSemantic:
		return nil, invalid("body.mode", "is hybrid, keyword or semantic")
	}
	if !sc.embeds() && (p.mode != modeKeyword || q.Vector != nil) {
		return nil, errNoVectors
	}
	if p.mode == modeKeyword && q.Vector != nil {
		return nil, invalid("body.vector", "is compared in the modes semantic and hybrid only")
	}
	p.asked = p.mode
	p.all = strings.TrimSpace(q.Q) == "" && q.Vector == nil
	p.terms, p.weights = queryTerms(q.Q)
	var err error
	if p.filter, err = parseFilter(q.Filter, sc); err != nil {
		return nil, err
	}
	p.print = q.fingerprint(sc.ID, p.mode)
	if q.Cursor != nil {
		p.cursor, err = parseCursor(*q.Cursor, p.print)
	}
	return p, err
}

// queryTerms returns the terms of a query and how often each stands in it.
func queryTerms(q string) (terms []string, weights []float64) {
	place := map[string]int{}
	analyse(q, func(term string) {
		at, seen := place[term]
		switch {
		case seen:
			weights[at]++
		case len(terms) < maxTerms:
			place[term] = len(terms)
			terms, weights = append(terms, term), append(weights, 1)
		}
	})
	return terms, weights
}

// fingerprint tells searches apart whose pages do not continue each other. A
// collection that was made again has another id.
func (q *Query) fingerprint(collection engine.ID, mode string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write(collection[:])
	for _, part := range []string{mode, q.Q, q.Filter} {
		_, _ = h.Write(append([]byte(part), 0))
	}
	_, _ = h.Write(appendHalves(nil, q.Vector))
	return h.Sum32()
}
