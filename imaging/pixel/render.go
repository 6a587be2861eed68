package pixel

import (
	"context"
	"errors"
	"image"
	"image/draw"
)

// bandRows is how many rows of the source are turned into RGBA at once.
const bandRows = 16

// Render carries out a plan: it cuts, resizes and turns upright. img is what
// Decode returned. The result has premultiplied alpha, as all arithmetic had,
// so that colours of transparent pixels never show at an edge.
//
// A large image first shrinks by whole factors, the average of boxes, to not
// less than twice the result in each direction; then Catmull-Rom (Keys 1981,
// a = -1/2) makes the rest. Rows flow through: beside the result only some of
// them are in memory.
func Render(ctx context.Context, img image.Image, o Orientation, p Plan) (*image.RGBA, error) {
	b := img.Bounds()
	crop := o.storedRect(p.Crop, b.Dx(), b.Dy()).Add(b.Min)
	if p.Width < 1 || p.Height < 1 || crop.Empty() || !crop.In(b) {
		return nil, errors.New("pixel: the plan is of another image")
	}
	w, h := p.Width, p.Height
	if o.swaps() {
		w, h = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	across, down := boxOf(crop.Dx(), w), boxOf(crop.Dy(), h)
	s := newResampler(out, float64(crop.Dx())/float64(across), float64(crop.Dy())/float64(down), (crop.Dx()+across-1)/across, (crop.Dy()+down-1)/down)
	shrink := newShrinker(crop.Dx(), across, down, s.row)
	band := image.NewRGBA(image.Rect(0, 0, crop.Dx(), bandRows))
	for y := crop.Min.Y; y < crop.Max.Y; y += bandRows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		draw.Draw(band, band.Rect, img, image.Pt(crop.Min.X, y), draw.Src)
		for i := range min(bandRows, crop.Max.Y-y) {
			shrink.add(band.Pix[i*band.Stride : i*band.Stride+4*crop.Dx()])
		}
	}
	shrink.flush()
	return o.upright(out), nil
}

// boxOf is the side of the boxes by which from pixels shrink on their way to
// to pixels. What is left is less than four times as many.
func boxOf(from, to int) int { return max(1, from/(2*to)) }

// shrinker averages boxes of pixels. Boxes at the right and lower edge may be
// smaller.
type shrinker struct {
	width, across, down int
	rows                int // added to sums
	sums                []uint64
	row                 []float32
	emit                func(row []float32)
}

func newShrinker(width, across, down int, emit func([]float32)) *shrinker {
	n := 4 * ((width + across - 1) / across)
	return &shrinker{width: width, across: across, down: down, sums: make([]uint64, n), row: make([]float32, n), emit: emit}
}

// add takes the next row of RGBA pixels.
func (s *shrinker) add(pix []byte) {
	for x, box := 0, 0; x < s.width; x, box = x+s.across, box+1 {
		cell := pix[4*x : 4*min(x+s.across, s.width)]
		var r, g, b, a uint64
		for ; len(cell) >= 4; cell = cell[4:] {
			r += uint64(cell[0])
			g += uint64(cell[1])
			b += uint64(cell[2])
			a += uint64(cell[3])
		}
		sum := (*[4]uint64)(s.sums[4*box:])
		sum[0] += r
		sum[1] += g
		sum[2] += b
		sum[3] += a
	}
	if s.rows++; s.rows == s.down {
		s.flush()
	}
}

// flush emits the row of boxes that has been added up.
func (s *shrinker) flush() {
	if s.rows == 0 {
		return
	}
	for box := range len(s.sums) / 4 {
		n := s.rows * min(s.across, s.width-box*s.across)
		for c := range 4 {
			s.row[4*box+c] = float32(s.sums[4*box+c]) / float32(n)
		}
	}
	clear(s.sums)
	s.rows = 0
	s.emit(s.row)
}
