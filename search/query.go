package search

import (
	"fmt"
	"hash/fnv"
	"strings"

	"quintet/engine"
	"quintet/engine/api"
	"quintet/engine/filter"
	"quintet/search/binary32"
	"quintet/search/inverted"
)

// Query is what a search asks for.
type Query struct {
	Q      string    `json:"q,omitempty" doc:"Plain text, in which nothing is a syntax error. Words in quotes are a phrase; a word with * behind it stands for all that begin with it. Without q, and without a vector, all that the filter admits, the newest first." example:"warm winter clothes"`
	Mode   string    `json:"mode,omitempty" enum:"hybrid,keyword,semantic" default:"hybrid" doc:"keyword finds documents with a word of q; semantic compares vectors; hybrid blends both. Of a collection without vectors, keyword."`
	Limit  Count     `json:"limit,omitempty" default:"10" minimum:"1" maximum:"1000"`
	Cursor *string   `json:"cursor,omitempty" doc:"The next of the page before, of the same search."`
	Filter string    `json:"filter,omitempty" doc:"As in: year >= 2020 and tags in ['coat']. Also or, not, != < <= >, not in, exists, and brackets. A date is compared with a time in quotes, or with a day, which is its beginning in UTC." example:"year >= 2020"`
	Vector []float32 `json:"vector,omitempty" nullable:"false" doc:"What vectors are compared with, instead of what q means: as many numbers as those have."`
	Exact  bool      `json:"exact,omitempty" doc:"Compares the vector with every other one, by its numbers. Without it, large collections are searched through a graph, which finds 95 of 100 or more of the nearest."`

	Facets     []string `json:"facets,omitempty" nullable:"false" doc:"Fields whose values are counted over all documents that match, up to 16." example:"[\"tags\"]"`
	FacetLimit Count    `json:"facet_limit,omitempty" default:"10" minimum:"1" maximum:"1000" doc:"So many of the most frequent values of each field."`
	Sort       []string `json:"sort,omitempty" nullable:"false" doc:"Up to 4 fields, instead of the score; - before one for the greatest first. Documents without a value come last." example:"[\"-year\"]"`
	Highlight  bool     `json:"highlight,omitempty" doc:"Returns the texts in which words of q stand, as HTML with <mark> around them, cut to the best 200 characters."`
	Explain    bool     `json:"explain,omitempty" doc:"Tells how the search was made, and where the place of each hit comes from."`
	Fusion     *Fusion  `json:"fusion,omitempty" doc:"How hybrid search blends."`
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
	defaultLimit = 10
)

// plan is a query that was checked against its collection.
type plan struct {
	*terms
	schema     *schema
	mode       string
	asked      string   // the mode that the answer names
	probes     []*probe // the nearest of them counts; none = no semantic search
	except     version  // of a document that is not to be found, zero for none
	all        bool     // neither q nor vector: everything that the filter admits
	degraded   bool
	exact      bool
	filter     filter.Expression
	fusion     Fusion
	sort       []sortKey
	facets     []int // fields of the schema
	facetLimit int
	highlight  bool
	explain    bool
	limit      int
	room       int // bytes of documents after which the page ends
	cursor     *cursor
	print      uint32 // of what a cursor belongs to
}

// terms are what a query asks for by its words.
type terms struct {
	clauses   []inverted.Clause
	spellings []string // of the clauses, as they stand in q
	left      int      // words that were too many
}

// check refuses what cannot be asked, before anything is embedded.
func (q *Query) check(sc *schema, caller engine.Principal) (p *plan, err error) {
	p = &plan{schema: sc, room: maxAnswer, mode: q.Mode, limit: int(q.Limit), exact: q.Exact, highlight: q.Highlight, explain: q.Explain, facetLimit: int(q.FacetLimit)}
	if p.limit == 0 {
		p.limit = defaultLimit
	}
	if p.facetLimit == 0 {
		p.facetLimit = defaultFacetLimit
	}
	switch {
	case len(q.Q) > maxQuery:
		return nil, invalid("body.q", "has %d bytes and may have %d", len(q.Q), maxQuery)
	case p.limit < 0 || p.limit > api.MaxLimit:
		return nil, errLimit("body.limit")
	case q.Explain && len(caller.Filters) > 0:
		return nil, errBoundExplain
	case p.facetLimit < 0 || p.facetLimit > maxFacetLimit:
		return nil, invalid("body.facet_limit", "is from 1 to %d", maxFacetLimit)
	}
	if err := p.chooseMode(q, sc); err != nil {
		return nil, err
	}
	if p.fusion, err = q.Fusion.normal(); err != nil {
		return nil, err
	}
	if p.filter, err = sc.filterOf("body.filter", q.Filter, caller.Binding); err != nil {
		return nil, err
	}
	if p.sort, err = parseSort(q.Sort, sc); err != nil {
		return nil, err
	}
	if p.facets, err = parseFacets(q.Facets, sc); err != nil {
		return nil, err
	}
	p.terms = sc.queryTerms(q.Q)
	p.print = q.fingerprint(sc.ID, p, caller)
	if q.Cursor != nil {
		p.cursor, err = parseCursor(*q.Cursor, p.print, len(p.sort))
	}
	return p, err
}

func (p *plan) chooseMode(q *Query, sc *schema) error {
	switch {
	case q.Mode == "" && !sc.hasVectors():
		p.mode = modeKeyword
	case q.Mode == "":
		p.mode = modeHybrid
	case q.Mode != modeHybrid && q.Mode != modeKeyword && q.Mode != modeSemantic:
		return invalid("body.mode", "is hybrid, keyword or semantic")
	}
	p.asked = p.mode
	p.all = strings.TrimSpace(q.Q) == "" && q.Vector == nil
	switch {
	case !sc.hasVectors() && (p.mode != modeKeyword || q.Vector != nil):
		return errNoVectors
	case p.mode == modeKeyword && q.Vector != nil:
		return invalid("body.vector", "is compared in the modes semantic and hybrid only")
	case p.mode != modeKeyword && !p.all && q.Vector == nil && !sc.embeds():
		if q.Mode != "" {
			return invalid("body.vector", "is missing: this collection's vectors are the clients' own, so q cannot be compared with them")
		}
		p.mode, p.asked = modeKeyword, modeKeyword
	}
	return nil
}

// queryTerms reads q by every analysis that the text fields have. A word that
// two of them read differently may stand in either form.
func (s *schema) queryTerms(q string) *terms {
	t := &terms{}
	at := map[string]int{}
	for _, a := range s.languages {
		clauses, left := a.Query(q)
		t.left = max(t.left, left)
		for _, c := range clauses {
			t.add(c, at)
		}
	}
	return t
}

// fingerprint tells searches apart whose pages do not continue each other. A
// collection that was made again has another id. Cursors of a bound caller are
// its own: those of others hold values that it may not see.
func (q *Query) fingerprint(collection engine.ID, p *plan, caller engine.Principal) uint32 {
	h := fnv.New32a()
	_, _ = h.Write(collection[:])
	if caller.Bound() {
		_, _ = h.Write(append([]byte(caller.Subject), 0))
	}
	for _, part := range []string{p.mode, q.Q, q.Filter, strings.Join(q.Sort, ","), fmt.Sprint(p.exact, p.fusion.Method, *p.fusion.Share, p.fusion.Depth)} {
		_, _ = h.Write(append([]byte(part), 0))
	}
	_, _ = h.Write(binary32.Append(nil, q.Vector))
	return h.Sum32()
}
