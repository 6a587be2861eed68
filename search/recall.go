package search

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"
)

// Recall is how many of the nearest documents searches find, as measured on
// searches that were made: now and then one is made again, exactly, in the
// background.
type Recall struct {
	At      int     `json:"at" doc:"So many of the nearest were looked for."`
	Value   float64 `json:"value" doc:"The share of them that was found, 0 to 1."`
	Low     float64 `json:"low" doc:"The true share is between low and high, with a confidence of 95 %."`
	High    float64 `json:"high"`
	Samples int     `json:"samples" doc:"Searches that were made again, the newest 1,000."`
}

const (
	recallAt      = 10
	recallSamples = 1_000
	recallEvery   = time.Second // at most one sample of a collection in so long
	recallShare   = 50          // and, so many times as long as the last one took, none
)

// recallGauge keeps the samples of one collection.
type recallGauge struct {
	mu    sync.Mutex
	next  time.Time
	found []uint8 // a ring: of each sample, how many of recallAt
	at    int
}

// due reports whether it is time for a sample, and takes the turn.
func (g *recallGauge) due(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now.Before(g.next) {
		return false
	}
	g.next = now.Add(recallEvery)
	return true
}

// add takes a sample, and lets the next wait the longer the longer it took: all
// of the vectors were looked at.
func (g *recallGauge) add(found int, took time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if next := time.Now().Add(recallShare * took); next.After(g.next) {
		g.next = next
	}
	if len(g.found) < recallSamples {
		g.found = append(g.found, uint8(found))
		return
	}
	g.found[g.at] = uint8(found)
	g.at = (g.at + 1) % recallSamples
}

// read returns what the samples say, nil before there is one. The interval is
// Wilson's (1927).
func (g *recallGauge) read() *Recall {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.found) == 0 {
		return nil
	}
	sum := 0
	for _, n := range g.found {
		sum += int(n)
	}
	const z = 1.96 // two-sided 95 %
	n := float64(len(g.found) * recallAt)
	share := float64(sum) / n
	middle := (share + z*z/(2*n)) / (1 + z*z/n)
	reach := z / (1 + z*z/n) * math.Sqrt(share*(1-share)/n+z*z/(4*n*n))
	return &Recall{At: recallAt, Value: share, Low: max(0, middle-reach), High: min(1, middle+reach), Samples: len(g.found)}
}

// sample is a search that is to be made again.
type sample struct {
	collection *collection
	plan       plan
}

// offerSample hands a search over to be made again, if it went through a graph
// and it is time.
func (s *Service) offerSample(c *collection, f *finding, p *plan) {
	if !f.approximate || !c.recall.due(time.Now()) {
		return
	}
	select {
	case s.samples <- sample{c, *p}:
	default: // one is under way
	}
}

// sampleAlways makes searches again until ctx ends.
func (s *Service) sampleAlways(ctx context.Context) {
	memory := newScratch()
	for {
		select {
		case <-ctx.Done():
			return
		case one := <-s.samples:
			err := safely("measuring recall", func() error {
				one.measure(memory)
				return nil
			})
			if err != nil {
				s.log.Error("a search could not be made again", "collection", one.collection.name, "tenant", one.collection.tenant, "error", err)
				memory = newScratch()
			}
		}
	}
}

// measure makes the semantic half of a search both ways, over one state of the
// index.
func (one *sample) measure(memory *scratch) {
	began := time.Now()
	x, release := one.collection.loaded()
	defer release()
	if x == nil {
		return
	}
	x.read(math.MaxUint64, func(parts []*part) {
		found, nearest := one.nearest(parts, false, memory), one.nearest(parts, true, memory)
		if len(nearest) < recallAt {
			return
		}
		least := nearest[recallAt-1].score // others may be as near
		hits := 0
		for _, r := range found {
			if r.score >= least || slices.ContainsFunc(nearest, func(n ranked) bool { return n.place == r.place }) {
				hits++
			}
		}
		one.collection.recall.add(hits, time.Since(began))
	})
}

func (one *sample) nearest(parts []*part, exact bool, memory *scratch) []ranked {
	p := one.plan
	p.exact = exact
	return newFinder(context.Background(), parts, &p, memory).nearest(recallAt, nil)
}
