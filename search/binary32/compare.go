package binary32

// lanes are how many sums are kept side by side: number i goes to sum i%lanes.
const lanes = 16

// Dot returns the dot product of q with as many numbers of b.
func Dot(q []float32, b []byte) float32 {
	var score [1]float32
	Dots(q, b[:Size*len(q)], []uint32{0}, score[:])
	return score[0]
}

// Distance returns the square of the distance of q from as many numbers of b.
func Distance(q []float32, b []byte) float32 {
	var score [1]float32
	Distances(q, b[:Size*len(q)], []uint32{0}, score[:])
	return score[0]
}

// Dots writes to scores the dot products of q with vectors of b, each as long as
// q, given by their numbers. Scores that are too few, or a vector that b has not,
// panic.
func Dots(q []float32, b []byte, rows []uint32, scores []float32) {
	if scores = scores[:len(rows)]; fit(q, b, rows) {
		dots(q, b, rows, scores)
	} else {
		clear(scores)
	}
}

// Distances does likewise with the squares of distances.
func Distances(q []float32, b []byte, rows []uint32, scores []float32) {
	if scores = scores[:len(rows)]; fit(q, b, rows) {
		distances(q, b, rows, scores)
	} else {
		clear(scores)
	}
}

// fit guards the assembly, which checks nothing, and reports whether there is
// anything to compare.
func fit(q []float32, b []byte, rows []uint32) bool {
	highest := -1
	for _, row := range rows {
		highest = max(highest, int(row))
	}
	if (highest+1)*len(q) > len(b)/Size {
		panic("binary32: a vector that there is not")
	}
	return highest >= 0 && len(q) > 0
}

// dotsGo and distancesGo are the twins of the assembly. The conversions keep
// product and sum apart, which a processor could round once.
func dotsGo(q []float32, b []byte, rows []uint32, scores []float32) {
	for i, row := range rows {
		var sums [lanes]float32
		v, done := b[Size*len(q)*int(row):][:Size*len(q)], 0
		for ; done+lanes <= len(q); done += lanes {
			x, y := (*[lanes]float32)(q[done:]), (*[Size * lanes]byte)(v[Size*done:])
			for l := range lanes {
				sums[l] += float32(x[l] * at(y[:], l))
			}
		}
		for ; done < len(q); done++ {
			sums[done%lanes] += float32(q[done] * at(v, done))
		}
		scores[i] = total(&sums)
	}
}

func distancesGo(q []float32, b []byte, rows []uint32, scores []float32) {
	for i, row := range rows {
		var sums [lanes]float32
		v, done := b[Size*len(q)*int(row):][:Size*len(q)], 0
		for ; done+lanes <= len(q); done += lanes {
			x, y := (*[lanes]float32)(q[done:]), (*[Size * lanes]byte)(v[Size*done:])
			for l := range lanes {
				d := x[l] - at(y[:], l)
				sums[l] += float32(d * d)
			}
		}
		for ; done < len(q); done++ {
			d := q[done] - at(v, done)
			sums[done%lanes] += float32(d * d)
		}
		scores[i] = total(&sums)
	}
}

// total adds the halves of what is left, time and again.
func total(sums *[lanes]float32) float32 {
	for n := lanes / 2; n > 0; n /= 2 {
		for i := range n {
			sums[i] += sums[n+i]
		}
	}
	return sums[0]
}
