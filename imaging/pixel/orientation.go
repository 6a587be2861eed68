package pixel

import "image"

// Orientation is how a stored image must be turned to be seen upright, as the
// Exif tag 0x0112 has it: 1 = as it is, 2 = mirrored left to right, 3 = turned
// by 180°, 4 = mirrored top to bottom, 5 = mirrored at the main diagonal,
// 6 = turned right, 7 = mirrored at the other diagonal, 8 = turned left.
type Orientation uint8

// swaps reports whether width and height change places.
func (o Orientation) swaps() bool { return o >= 5 }

// stored returns where a pixel of the upright image stands in the stored one,
// which is w wide and h high.
func (o Orientation) stored(x, y, w, h int) (int, int) {
	switch o {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return y, h - 1 - x
	case 7:
		return w - 1 - y, h - 1 - x
	case 8:
		return w - 1 - y, x
	}
	return x, y
}

// storedRect does the same for a rectangle, which must not be empty.
func (o Orientation) storedRect(r image.Rectangle, w, h int) image.Rectangle {
	ax, ay := o.stored(r.Min.X, r.Min.Y, w, h)
	bx, by := o.stored(r.Max.X-1, r.Max.Y-1, w, h)
	return image.Rect(min(ax, bx), min(ay, by), max(ax, bx)+1, max(ay, by)+1)
}

// upright turns a stored image.
func (o Orientation) upright(img *image.RGBA) *image.RGBA {
	if o <= 1 {
		return img
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if o.swaps() {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range out.Rect.Dy() {
		row := out.Pix[y*out.Stride:]
		for x := range out.Rect.Dx() {
			sx, sy := o.stored(x, y, w, h)
			at := sy*img.Stride + 4*sx
			*(*[4]byte)(row[4*x:]) = *(*[4]byte)(img.Pix[at:])
		}
	}
	return out
}
