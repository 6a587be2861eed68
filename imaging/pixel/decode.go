package pixel

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// Decode reads the whole image, as it is stored: it is not turned upright. h
// must be what ReadHeader said of the same data. An *Error says that the data
// are damaged; the end of ctx ends the work.
func Decode(ctx context.Context, data []byte, h Header) (img image.Image, err error) {
	defer func() {
		if v := recover(); v != nil {
			img, err = nil, damaged(h.Format, fmt.Errorf("the decoder panicked: %v", v))
		}
	}()
	img, err = decode(h.Format, &source{*bytes.NewReader(data), ctx})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, damaged(h.Format, err)
	}
	if h.Format == GIF {
		img = onCanvas(img, h.Width, h.Height)
	}
	if b := img.Bounds(); b.Dx() != h.Width || b.Dy() != h.Height {
		return nil, fault(Damaged, "the %s file has another size than its header says", h.Format)
	}
	return img, nil
}

func decode(f Format, r *source) (image.Image, error) {
	switch f {
	case JPEG:
		return jpeg.Decode(r)
	case PNG:
		return png.Decode(r)
	case GIF:
		return gif.Decode(r)
	case WebP:
		return webp.Decode(r)
	case TIFF:
		return tiff.Decode(r)
	case BMP:
		return bmp.Decode(r)
	}
	return nil, fmt.Errorf("there is no decoder for format %d", f)
}

// source is the file as the decoders read it. Its end comes early when nobody
// waits for the image any more.
type source struct {
	bytes.Reader
	ctx context.Context
}

var (
	_ io.ByteReader = (*source)(nil)
	_ io.ReaderAt   = (*source)(nil)
)

func (s *source) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Reader.Read(p)
}

func (s *source) ReadAt(p []byte, off int64) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Reader.ReadAt(p, off)
}

// onCanvas gives a frame of a GIF the size of the whole image. What the frame
// does not cover is transparent.
func onCanvas(frame image.Image, w, h int) image.Image {
	canvas := image.Rect(0, 0, w, h)
	if frame.Bounds() == canvas {
		return frame
	}
	whole := image.NewRGBA(canvas)
	draw.Draw(whole, frame.Bounds(), frame, frame.Bounds().Min, draw.Src)
	return whole
}
