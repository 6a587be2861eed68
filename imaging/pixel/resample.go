package pixel

import (
	"image"
	"math"
)

// maxTaps bounds how many pixels of the shrunk source one pixel of the result
// is made of, in each direction.
const maxTaps = 18

// tap is where the weights of one pixel of the result begin, and the weights.
type tap struct {
	first   int
	weights []float32
}

// taps returns the weights of n pixels that stand for length pixels of the
// source, of which have exist. They sum to 1; beyond the edge nothing counts.
func taps(n int, length float64, have int) []tap {
	scale := length / float64(n)
	stretch := max(scale, 1)
	all := make([]tap, n)
	for i := range all {
		centre := (float64(i)+0.5)*scale - 0.5
		first := max(0, int(math.Ceil(centre-2*stretch)))
		last := min(have-1, int(math.Floor(centre+2*stretch)))
		weights, sum := make([]float32, 0, max(1, last-first+1)), 0.0
		for k := first; k <= last; k++ {
			w := catmullRom((float64(k) - centre) / stretch)
			if w == 0 && len(weights) == 0 && k < last {
				first++
				continue
			}
			weights = append(weights, float32(w))
			sum += w
		}
		for k := range weights {
			weights[k] = float32(float64(weights[k]) / sum)
		}
		for len(weights) > 1 && weights[len(weights)-1] == 0 {
			weights = weights[:len(weights)-1]
		}
		all[i] = tap{first, weights}
	}
	return all
}

// catmullRom is the cubic kernel of Keys (1981) with a = -1/2.
func catmullRom(t float64) float64 {
	switch t = math.Abs(t); {
	case t < 1:
		return (1.5*t-2.5)*t*t + 1
	case t < 2:
		return ((-0.5*t+2.5)*t-4)*t + 2
	}
	return 0
}

// resampler takes rows, makes each as wide as the result, and makes a row of
// the result as soon as all that it needs are there.
type resampler struct {
	out     *image.RGBA
	columns []tap
	rows    []tap
	ring    [][]float32 // the newest rows, each at its number modulo the length
	taken   int         // rows so far
	made    int         // rows of the result
	sum     []float32
}

// newResampler resizes width by height pixels, which come as rows of columns
// pixels, the last of which may be a part of one.
func newResampler(out *image.RGBA, width, height float64, columns, rows int) *resampler {
	s := &resampler{out: out, columns: taps(out.Rect.Dx(), width, columns), rows: taps(out.Rect.Dy(), height, rows)}
	longest := 1
	for _, t := range s.rows {
		longest = max(longest, len(t.weights))
	}
	s.ring = make([][]float32, longest)
	for i := range s.ring {
		s.ring[i] = make([]float32, 4*out.Rect.Dx())
	}
	s.sum = make([]float32, 4*out.Rect.Dx())
	return s
}

// row takes the next row, four values of 0 to 255 a pixel.
func (s *resampler) row(row []float32) {
	into := s.ring[s.taken%len(s.ring)]
	for x, t := range s.columns {
		var r, g, b, a float32
		src := row[4*t.first:]
		for k, w := range t.weights {
			p := (*[4]float32)(src[4*k:])
			r += w * p[0]
			g += w * p[1]
			b += w * p[2]
			a += w * p[3]
		}
		*(*[4]float32)(into[4*x:]) = [4]float32{r, g, b, a}
	}
	s.taken++
	for s.made < len(s.rows) && s.rows[s.made].first+len(s.rows[s.made].weights) <= s.taken {
		s.make(s.rows[s.made])
	}
}

// make writes the next row of the result.
func (s *resampler) make(t tap) {
	clear(s.sum)
	for k, w := range t.weights {
		for i, v := range s.ring[(t.first+k)%len(s.ring)] {
			s.sum[i] += w * v
		}
	}
	pix := s.out.Pix[s.made*s.out.Stride:]
	for i := 0; i < len(s.sum); i += 4 {
		a := round(s.sum[i+3], 255)
		pix[i+3] = a
		// The kernel overshoots; a colour must not exceed its alpha.
		pix[i], pix[i+1], pix[i+2] = round(s.sum[i], a), round(s.sum[i+1], a), round(s.sum[i+2], a)
	}
	s.made++
}

func round(v float32, most uint8) uint8 {
	return uint8(max(0, min(v+0.5, float32(most))))
}
