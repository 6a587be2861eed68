package pixel

import "image"

// Fit says how an image gets into a box of the sides that were asked for.
type Fit uint8

const (
	// Contain shows the whole image within the box, in its own proportions.
	// It never enlarges. A side of 0 is free.
	Contain Fit = iota
	// Cover fills the box in the image's proportions and cuts off what is
	// left and right, or above and below, alike. It enlarges where it must.
	Cover
	// Fill gives the whole image the box's sides, whatever its proportions.
	Fill
)

// Plan says which part of an image becomes which size.
type Plan struct {
	Crop          image.Rectangle // of the upright image
	Width, Height int             // of the result
}

// NewPlan fits an image into a box. Sides are from 1 to limit; for Contain
// they may be 0. No side of the result is longer than limit.
func NewPlan(h Header, fit Fit, width, height, limit int) Plan {
	w, hgt := h.Size()
	p := Plan{Crop: image.Rect(0, 0, w, hgt), Width: width, Height: height}
	switch fit {
	case Contain:
		p.Width, p.Height = contain(w, hgt, orLimit(width, limit), orLimit(height, limit))
	case Cover:
		cw, ch := w, hgt
		if w*height > hgt*width { // wider than the box
			cw = max(1, divide(hgt*width, height))
		} else {
			ch = max(1, divide(w*height, width))
		}
		at := image.Pt((w-cw)/2, (hgt-ch)/2)
		p.Crop = image.Rectangle{at, at.Add(image.Pt(cw, ch))}
	}
	return p
}

func orLimit(side, limit int) int {
	if side == 0 {
		return limit
	}
	return side
}

// contain returns the greatest size in the proportions of w by h that is
// neither larger than the box nor than w by h.
func contain(w, h, boxW, boxH int) (int, int) {
	switch {
	case w <= boxW && h <= boxH:
		return w, h
	case w*boxH > h*boxW: // the width decides
		return boxW, max(1, divide(h*boxW, w))
	default:
		return max(1, divide(w*boxH, h)), boxH
	}
}

// divide rounds a/b to the nearest whole number.
func divide(a, b int) int { return (a + b/2) / b }

// Bytes returns how much memory Render and Encode take, from above, beside the
// decoded image.
func (p Plan) Bytes() int64 {
	out := 4 * int64(p.Width) * int64(p.Height)
	widest := int64(max(p.Crop.Dx(), p.Crop.Dy()))
	side := int64(max(p.Width, p.Height))
	return baseBytes + 3*out + widest*(4*bandRows+48) + side*(16*maxTaps+256)
}
