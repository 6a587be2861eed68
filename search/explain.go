package search

import "quintet/search/inverted"

// Explanation says how a search was made.
type Explanation struct {
	Mode      string        `json:"mode" doc:"That was used."`
	Fusion    *Fusion       `json:"fusion,omitempty" doc:"Of hybrid search."`
	Clauses   []ClauseNote  `json:"clauses,omitempty" nullable:"false" doc:"What was searched by words."`
	Cut       int           `json:"cut,omitempty" doc:"Words of q that were left out, because there were too many."`
	Precision Precision     `json:"precision,omitempty" enum:"int8,float32" doc:"Of the vectors, where they were searched."`
	Segments  []SegmentNote `json:"segments" nullable:"false" doc:"The parts of the collection, and how each was searched."`
}

// ClauseNote says what became of a part of q.
type ClauseNote struct {
	Kind      string   `json:"kind" enum:"term,prefix,phrase"`
	Word      string   `json:"word" doc:"As it stands in q."`
	Terms     []string `json:"terms" nullable:"false" doc:"By which it is found; at most 20 of them."`
	Typos     bool     `json:"typos,omitempty" doc:"No document has the word; those were searched that it may be a typo of."`
	Documents int      `json:"documents" doc:"That have it, deleted ones until their segment is merged."`
	IDF       float64  `json:"idf"`
	Weight    float64  `json:"weight" doc:"How often q has it."`
	Cut       int      `json:"cut,omitempty" doc:"Terms that were left out."`
}

// SegmentNote says how one part of the collection was searched.
type SegmentNote struct {
	Rows     int `json:"rows"`
	Live     int `json:"live"`
	Admitted int `json:"admitted" doc:"Live rows that pass the filter."`
	Vectors  way `json:"vectors,omitempty" enum:"exact,scan,graph,filtered graph" doc:"How the nearest vectors were found."`
}

// HitExplanation says where the place of a hit comes from.
type HitExplanation struct {
	KeywordRank  int         `json:"keyword_rank,omitempty" doc:"From 1, among the best that were blended."`
	SemanticRank int         `json:"semantic_rank,omitempty"`
	Keyword      *float64    `json:"keyword,omitempty" doc:"The share of the score that the words brought."`
	Semantic     *float64    `json:"semantic,omitempty" doc:"The share of the score that the vectors brought."`
	Passage      *int        `json:"passage,omitempty" doc:"Which of the document's passages is nearest, from 0."`
	Clauses      []ClauseHit `json:"clauses,omitempty" nullable:"false"`
}

// ClauseHit is what a part of q adds to the keyword score of a hit.
type ClauseHit struct {
	Word   string  `json:"word"`
	TF     float64 `json:"tf" doc:"How often the document has it, each time with the weight of its field."`
	Length float64 `json:"length" doc:"Of the document in words, each with the weight of its field."`
	Score  float64 `json:"score"`
}

var clauseKinds = map[inverted.Kind]string{inverted.Term: "term", inverted.Prefix: "prefix", inverted.Phrase: "phrase"}

// maxNoted is how many terms of a clause are named.
const maxNoted = 20

// explainSearch tells how the search was made.
func (f *finder) explainSearch() *Explanation {
	e := &Explanation{Mode: f.mode, Cut: f.left}
	if f.mode == modeHybrid {
		e.Fusion = &f.fusion
	}
	if len(f.probes) > 0 {
		e.Precision = f.schema.space.precision
	}
	if f.words != nil {
		e.Cut += f.words.Cut
		for i := range f.words.Clauses {
			e.Clauses = append(e.Clauses, noteClause(&f.words.Clauses[i], f.spellings[i]))
		}
	}
	for i, g := range f.parts {
		e.Segments = append(e.Segments, SegmentNote{Rows: g.rows(), Live: g.count, Admitted: f.rowsOf(i).Count(), Vectors: f.ways[i]})
	}
	return e
}

func noteClause(c *inverted.Expansion, word string) ClauseNote {
	n := ClauseNote{Kind: clauseKinds[c.Kind], Word: word, Terms: []string{}, Typos: c.Typos, Documents: c.Documents, IDF: c.IDF, Weight: c.Weight, Cut: c.Cut}
	for _, v := range c.Variants[:min(len(c.Variants), maxNoted)] {
		n.Terms = append(n.Terms, v.Term)
	}
	for _, p := range c.Places {
		n.Terms = append(n.Terms, p.Terms...)
	}
	return n
}

// explainHits tells where each hit's place comes from.
func (f *finder) explainHits(page []ranked) []*HitExplanation {
	all := make([]*HitExplanation, len(page))
	for at, r := range page {
		h := &HitExplanation{}
		if f.words != nil {
			for _, part := range f.matchers[r.part].Explain(r.row) {
				h.Clauses = append(h.Clauses, ClauseHit{f.spellings[part.Clause], float64(part.Frequency), float64(part.Length), part.Score})
			}
		}
		if g := f.parts[r.part]; len(f.probes) > 0 && g.hasVector(r.row) {
			_, passage := g.vectors.best(f.probes, r.row)
			h.Passage = &passage
		}
		if f.blended != nil {
			h.blend(f.blended, r.place)
		}
		all[at] = h
	}
	return all
}

// blend tells the ranks of a hit in both lists, and what each brought.
func (h *HitExplanation) blend(b *blend, p place) {
	if h.KeywordRank = rankIn(b.keyword, p); h.KeywordRank > 0 {
		share := b.ofKeyword(h.KeywordRank)
		h.Keyword = &share
	}
	if h.SemanticRank = rankIn(b.semantic, p); h.SemanticRank > 0 {
		share := b.ofSemantic(h.SemanticRank)
		h.Semantic = &share
	}
}
