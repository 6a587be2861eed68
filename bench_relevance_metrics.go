package main

import (
	"math"
	"math/rand/v2"
	"slices"
)

// grades are what judges said of one query: a document's id and how well it
// answers. What stands at 0 or below, and what nobody judged, does not answer.
type grades map[string]int

// relevant counts the documents that answer.
func (g grades) relevant() (n int) {
	for _, grade := range g {
		if grade > 0 {
			n++
		}
	}
	return n
}

// quality says how good rankings are: of one query, or as the mean of several.
type quality struct {
	NDCG10    float64 `json:"ndcg_10"`
	MRR       float64 `json:"mrr"`
	MAP       float64 `json:"map"`
	Recall100 float64 `json:"recall_100"`
}

// judge rates the ids that a query found, the best first and each once, against
// at least one that answers.
//
//   - nDCG@10 is the discounted cumulative gain of the first ten, by that of the
//     best order there is (Järvelin and Kekäläinen 2002). A document gains its
//     grade, as in trec_eval.
//   - MRR is one by the rank of the first that answers.
//   - MAP is the precision at each that answers, summed, by how many there are;
//     those that were not found add nothing.
//   - Recall@100 is the share of those that answer among the first hundred.
func (g grades) judge(ids []string) (q quality) {
	relevant := g.relevant()
	found := 0
	for i, id := range ids {
		if g[id] <= 0 {
			continue
		}
		rank := float64(i + 1)
		if found++; found == 1 {
			q.MRR = 1 / rank
		}
		q.MAP += float64(found) / rank
		if i < 10 {
			q.NDCG10 += float64(g[id]) / math.Log2(rank+1)
		}
		if i < 100 {
			q.Recall100++
		}
	}
	q.NDCG10 /= g.idealGain(10)
	q.MAP /= float64(relevant)
	q.Recall100 /= float64(relevant)
	return q
}

// idealGain is the discounted gain of the first n in the best order.
func (g grades) idealGain(n int) (gain float64) {
	var best []int
	for _, grade := range g {
		if grade > 0 {
			best = append(best, grade)
		}
	}
	slices.Sort(best)
	slices.Reverse(best)
	for i, grade := range best[:min(n, len(best))] {
		gain += float64(grade) / math.Log2(float64(i)+2)
	}
	return gain
}

// meanQuality of at least one query.
func meanQuality(all []quality) (mean quality) {
	n := float64(len(all))
	for _, q := range all {
		mean.NDCG10 += q.NDCG10 / n
		mean.MRR += q.MRR / n
		mean.MAP += q.MAP / n
		mean.Recall100 += q.Recall100 / n
	}
	return mean
}

// interval is a difference of two means and where it lies in 95 of 100 cases.
type interval struct {
	Difference float64 `json:"difference"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
}

// resamples are how many times the bootstrap draws.
const resamples = 10_000

// pairedBootstrap tells how far a is above b, both rated on the same queries:
// the queries are drawn anew, with replacement, and the middle 95 % of the mean
// differences is the interval (Efron 1979; for rankings Sakai 2006). The draws
// are the same in every run.
func pairedBootstrap(a, b []float64) interval {
	differences := make([]float64, len(a))
	for i := range a {
		differences[i] = a[i] - b[i]
	}
	r := rand.New(rand.NewPCG(1979, 2006))
	means := make([]float64, resamples)
	for i := range means {
		for range differences {
			means[i] += differences[r.IntN(len(differences))] / float64(len(differences))
		}
	}
	slices.Sort(means)
	var mean float64
	for _, d := range differences {
		mean += d / float64(len(differences))
	}
	return interval{mean, means[resamples*25/1000], means[resamples*975/1000-1]}
}
