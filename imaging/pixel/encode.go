package pixel

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
)

// Version is part of what identifies a rendition: it changes with every change
// of the bytes that Render and Encode make.
const Version = 1

// Encode writes JPEG, of a quality from 1 to 100, or PNG. It carries over no
// metadata of the source. In a JPEG what is transparent becomes white; img is
// changed to that.
func Encode(img *image.RGBA, f Format, quality int) ([]byte, error) {
	var b bytes.Buffer
	var err error
	switch f {
	case JPEG:
		Flatten(img)
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: quality})
	case PNG:
		err = png.Encode(&b, img)
	default:
		err = fmt.Errorf("pixel: %s is not written", f)
	}
	return b.Bytes(), err
}

// Flatten puts img on white, so that nothing in it is transparent.
func Flatten(img *image.RGBA) {
	for y := range img.Rect.Dy() {
		row := img.Pix[y*img.Stride : y*img.Stride+4*img.Rect.Dx()]
		for ; len(row) >= 4; row = row[4:] {
			if under := 255 - row[3]; under > 0 {
				row[0] += under
				row[1] += under
				row[2] += under
				row[3] = 255
			}
		}
	}
}
