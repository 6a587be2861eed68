package search

import (
	"context"
	"slices"

	"quintet/search/binary16"
)

// Codes tell vectors apart where these lie around the origin and, as those of
// a sealed part have one scale, are about as long as each other. The vectors of
// embedding models do and are. Clients bring others: some a thousand times as
// long, or all far away in one direction. A part of such is scanned by its
// numbers, which takes longer and finds what there is.
//
// A graph over numbers needs no codes, but leads astray where vectors are of
// very different lengths: what is far out is near to none of its neighbours'
// neighbours. So a new graph of a float32 part is tried.

const (
	coarseSample = 4_096 // vectors that are looked at
	coarseError  = 0.02  // square of what a code leaves out, of the square of what sets a vector apart
	coarseShare  = 0.05  // of vectors that are worse than that

	walkSample  = 50  // vectors whose nearest are searched through a new graph
	walkNearest = 10  // as many of each
	walkShare   = 0.7 // of them that have to be found
)

// codeSums tell of a part that grows how much its codes leave out.
type codeSums struct {
	numbers       []float64 // by dimension
	squares, lost float64
}

// add takes a vector into the sums of so many, and reports whether the codes of
// all are too coarse.
func (s *codeSums) add(v []float32, codes []int8, scale float32, count int) (coarse bool) {
	if s.numbers == nil {
		s.numbers = make([]float64, len(v))
	}
	center := 0.0
	for i, x := range v {
		s.numbers[i] += float64(x)
		s.squares += float64(x) * float64(x)
		d := float64(x) - float64(scale)*float64(codes[i])
		s.lost += d * d
		center += s.numbers[i] * s.numbers[i]
	}
	return s.lost > coarseError*(s.squares-center/float64(count))
}

// judge finds out whether the codes of a sealed part are too coarse.
func (v *vectors) judge() {
	errors := v.codeErrors()
	slices.Sort(errors)
	v.coarse = len(errors) > 0 && errors[len(errors)-1-int(coarseShare*float64(len(errors)))] > coarseError
}

// codeErrors returns for a sample of the vectors how much their codes leave
// out: the square of the difference, of the square of the distance from the
// mean. By distance each has to be told from its like; by a dot product those
// of the common length from each other.
func (v *vectors) codeErrors() []float64 {
	step := v.count()/coarseSample + 1
	one, code := make([]float32, v.space.dimensions), make([]int8, v.space.dimensions)
	mean, counted := make([]float64, v.space.dimensions), 0.0
	for n := 0; n < v.count(); n += step {
		binary16.Floats(one, v.vector(uint32(n)))
		for i, x := range one {
			mean[i] += float64(x)
		}
		counted++
	}
	var lost, apart []float64
	for n := 0; n < v.count(); n += step {
		binary16.Floats(one, v.vector(uint32(n)))
		quantiseBy(one, v.scale, code)
		difference, distance := 0.0, 0.0
		for i, x := range one {
			d, m := float64(x)-float64(v.scale)*float64(code[i]), float64(x)-mean[i]/counted
			difference, distance = difference+d*d, distance+m*m
		}
		lost, apart = append(lost, difference), append(apart, distance)
	}
	if v.space.metric != Euclid && len(apart) > 0 {
		middle := slices.Sorted(slices.Values(apart))[len(apart)/2]
		for i := range apart {
			apart[i] = middle
		}
	}
	for i := range lost {
		if lost[i] > 0 {
			lost[i] /= apart[i]
		}
	}
	return lost
}

// judgeWalks finds out whether the graph leads from a sample of the vectors to
// their nearest, and drops it where it does not.
func (v *vectors) judgeWalks(ctx context.Context) error {
	s, one := newScratch(), make([]float32, v.space.dimensions)
	found, wanted := 0, 0
	for n := 0; n < v.count(); n += v.count()/walkSample + 1 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		v.space.floats(one, v.vector(uint32(n)))
		p := newProbe(v.space, one)
		nearest := v.scan(p, walkNearest, nil, true, s)
		least := nearest[0].score // the top of the heap
		wanted += len(nearest)
		for _, met := range v.walk(p, leastBreadth, nil, s)[:len(nearest)] {
			if met.score >= least {
				found++
			}
		}
	}
	if v.coarse = float64(found) < walkShare*float64(wanted); v.coarse {
		v.graph = nil
	}
	return nil
}
