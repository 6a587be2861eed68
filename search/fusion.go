package search

import "slices"

// How hybrid search blends its two lists, each cut at a depth.
//
// Min-max stretches both to 0…1 and adds them, a share of the semantic one.
// Measured on Cranfield, CISI, Medline and SciFact the share may be 0.5 to 0.7.
// Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009) adds 1/(k + rank);
// it is a little worse in their mean, and better where a filter leaves a few
// documents, whose scores say little.
const (
	fuseMinMax = "minmax"
	fuseRRF    = "rrf"

	fuseDepth = 200
	fuseShare = 0.6
	fuseRank  = 60
)

// Fusion is how hybrid search blends.
type Fusion struct {
	Method string   `json:"method,omitempty" enum:"minmax,rrf" default:"minmax" doc:"minmax stretches the scores of both lists to 0…1 and adds them by their shares; rrf adds 1/(60 + rank)."`
	Share  *float64 `json:"share,omitempty" minimum:"0" maximum:"1" default:"0.6" doc:"Of the semantic list, with minmax."`
	Depth  Count    `json:"depth,omitempty" minimum:"1" maximum:"1000" default:"200" doc:"So many of the best of each list are blended; the pages of a hybrid search end behind them, whatever found says."`
}

// normal fills in the defaults, and refuses what cannot be.
func (f *Fusion) normal() (Fusion, error) {
	share := fuseShare
	n := Fusion{Method: fuseMinMax, Share: &share, Depth: fuseDepth}
	if f == nil {
		return n, nil
	}
	if f.Method != "" {
		n.Method = f.Method
	}
	if f.Share != nil {
		share = *f.Share
	}
	if f.Depth != 0 {
		n.Depth = f.Depth
	}
	switch {
	case n.Method != fuseMinMax && n.Method != fuseRRF:
		return n, invalid("body.fusion.method", "is %s or %s", fuseMinMax, fuseRRF)
	case !(share >= 0 && share <= 1):
		return n, invalid("body.fusion.share", "is from 0 to 1")
	case n.Depth < 1 || n.Depth > maxDepth:
		return n, invalid("body.fusion.depth", "is from 1 to %d", maxDepth)
	}
	return n, nil
}

const maxDepth = 1000

// blend is two sorted lists of the best, and how they become one.
type blend struct {
	*Fusion
	semantic, keyword []ranked
}

// fuse makes them one. A document that is missing from a list gets nothing from
// it.
func (b *blend) fuse() []ranked {
	at := make(map[place]int, len(b.semantic)+len(b.keyword))
	fused := make([]ranked, 0, len(b.semantic)+len(b.keyword))
	add := func(list []ranked, score func(rank int) float64) {
		for i, r := range list {
			r.score = score(i + 1)
			if n, known := at[r.place]; known {
				fused[n].score += r.score
				continue
			}
			at[r.place] = len(fused)
			fused = append(fused, r)
		}
	}
	add(b.semantic, b.ofSemantic)
	add(b.keyword, b.ofKeyword)
	sortRanked(fused)
	return fused
}

// ofSemantic is what a rank in the semantic list adds to a score, ofKeyword
// what one in the other list does. Where a list is empty, the other counts
// alone.
func (b *blend) ofSemantic(rank int) float64 {
	if len(b.keyword) == 0 {
		return b.of(b.semantic, rank, 1)
	}
	return b.of(b.semantic, rank, *b.Share)
}

func (b *blend) ofKeyword(rank int) float64 {
	if len(b.semantic) == 0 {
		return b.of(b.keyword, rank, 1)
	}
	return b.of(b.keyword, rank, 1-*b.Share)
}

func (b *blend) of(list []ranked, rank int, share float64) float64 {
	if b.Method == fuseRRF {
		return 1 / float64(fuseRank+rank)
	}
	return share * stretched(list, list[rank-1].score)
}

// stretched maps the scores of a sorted list to 0…1, equal ones to 1.
func stretched(list []ranked, score float64) float64 {
	most, least := list[0].score, list[len(list)-1].score
	if most == least {
		return 1
	}
	return (score - least) / (most - least)
}

// rankIn is the rank of a document in a list from 1, 0 where it is not there.
func rankIn(list []ranked, p place) int {
	return 1 + slices.IndexFunc(list, func(r ranked) bool { return r.place == p })
}
