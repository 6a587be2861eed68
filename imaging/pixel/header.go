package pixel

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// Header is what an image tells before it is decoded.
type Header struct {
	Format        Format
	Width, Height int // as stored, before the orientation
	Orientation   Orientation
	Frames        int  // of an animation; else 1
	Alpha         bool // it may be transparent somewhere

	// Memory of each pixel in bits: decoded, and while it is decoded.
	PixelBits, WorkBits int
}

// Size returns the sides of the image as it is seen.
func (h Header) Size() (width, height int) {
	if h.Orientation.swaps() {
		return h.Height, h.Width
	}
	return h.Width, h.Height
}

// Pixels returns how many pixels the image has.
func (h Header) Pixels() int64 { return int64(h.Width) * int64(h.Height) }

// baseBytes is what every decoder may take beside pixels: tables, buffers, a
// tile of a TIFF.
const baseBytes = 1 << 20

// Bytes returns how much memory decoding takes, from above: the decoded image
// and what stands beside it meanwhile, without the file itself.
func (h Header) Bytes() int64 {
	// Decoders work in blocks of up to 32 by 32.
	w, hgt := int64(h.Width+31)&^31, int64(h.Height+31)&^31
	n := baseBytes + w*hgt*int64(h.PixelBits+h.WorkBits)/8
	if h.Format == TIFF {
		n += 16 << 20 // one tile of 1024 by 1024, raw and inflated
	}
	return n
}

// Output is the format that an image gets where none is asked for: PNG where
// JPEG would lose transparency or blur sharp edges, else JPEG.
func (h Header) Output() Format {
	if h.Alpha || h.Format == PNG || h.Format == GIF || h.Format == BMP {
		return PNG
	}
	return JPEG
}

// Limits bound what ReadHeader agrees to. A zero is no limit.
type Limits struct {
	Pixels int64
}

// maxScans bounds the passes of a progressive JPEG. Each walks over all
// pixels, however short it is in the file; encoders make about ten.
const maxScans = 100

// ReadHeader reads the header and refuses, by an *Error, what is not an image,
// what is beyond the limits, and what the decoders do not read. It allocates
// nothing that grows with the image.
func ReadHeader(data []byte, l Limits) (h Header, err error) {
	format, err := Sniff(data)
	if err != nil {
		return h, err
	}
	config, err := readConfig(format, bytes.NewReader(data))
	if err != nil {
		if name := animated(format, data); name != "" {
			return h, fault(NotSupported, "%s is not read", name)
		}
		return h, damaged(format, err)
	}
	h = Header{Format: format, Width: config.Width, Height: config.Height, Frames: 1, Orientation: 1}
	if h.Width < 1 || h.Height < 1 || h.Width > math.MaxInt32 || h.Height > math.MaxInt32 {
		return h, fault(Damaged, "the %s file has no pixels", format)
	}
	if l.Pixels > 0 && h.Pixels() > l.Pixels {
		return h, fault(TooLarge, "the image has %d by %d pixels, and %d are allowed; make it smaller", h.Width, h.Height, l.Pixels)
	}
	return h, h.readFacts(data, config.ColorModel)
}

// readConfig asks the decoder itself for the sides, so that it cannot see
// others later.
func readConfig(f Format, r io.Reader) (c image.Config, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the decoder panicked: %v", v)
		}
	}()
	switch f {
	case JPEG:
		return jpeg.DecodeConfig(r)
	case PNG:
		return png.DecodeConfig(r)
	case GIF:
		return gif.DecodeConfig(r)
	case WebP:
		return webp.DecodeConfig(r)
	case TIFF:
		return tiff.DecodeConfig(r)
	default:
		return bmp.DecodeConfig(r)
	}
}

// readFacts adds what the format says beside the sides.
func (h *Header) readFacts(data []byte, model color.Model) error {
	orientation := Orientation(0)
	switch h.Format {
	case JPEG:
		facts := readJPEG(data)
		if facts.scans > maxScans {
			return fault(TooLarge, "the JPEG has more than %d scans; save it anew", maxScans)
		}
		orientation = facts.orientation
		h.PixelBits, h.WorkBits = facts.bits()
	case PNG:
		orientation = h.readPNG(data)
	case GIF:
		// The first frame is drawn upon the canvas where it is smaller.
		h.PixelBits, h.WorkBits, h.Alpha, h.Frames = 32, 8, true, countFrames(data)
	case WebP:
		chunks := readRIFF(data)
		if chunks.animated {
			return fault(NotSupported, "animated WebP is not read")
		}
		orientation, h.Alpha = chunks.orientation, chunks.alpha
		h.PixelBits, h.WorkBits = chunks.bits()
	case TIFF:
		samples, _ := shortTag(data, tagSamples)
		orientation, h.Alpha = readOrientation(data), samples > 3
		h.PixelBits, h.WorkBits = modelBits(model), 64
	case BMP:
		h.PixelBits, h.Alpha = modelBits(model), len(data) > 29 && data[28] == 32
	}
	if orientation != 0 {
		h.Orientation = orientation
	}
	return nil
}

// modelBits is the memory of a pixel whose image has a colour model.
func modelBits(m color.Model) int {
	switch m {
	case color.GrayModel:
		return 8
	case color.Gray16Model:
		return 16
	case color.RGBA64Model, color.NRGBA64Model:
		return 64
	case color.RGBAModel, color.NRGBAModel:
		return 32
	}
	return 8 // a palette
}

// animated names an animation whose header the decoder cannot read.
func animated(f Format, data []byte) string {
	if f == WebP && readRIFF(data).animated {
		return "animated WebP"
	}
	return ""
}
