package pixel_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"quintet/imaging/pixel"
)

var background = context.Background()

// limits are what a server has without settings.
var limits = pixel.Limits{Pixels: 100_000_000}

func file(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func header(t testing.TB, data []byte) pixel.Header {
	t.Helper()
	h, err := pixel.ReadHeader(data, limits)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// render carries out the three steps but the last.
func render(t testing.TB, data []byte, fit pixel.Fit, w, h int) *image.RGBA {
	t.Helper()
	head := header(t, data)
	img, err := pixel.Decode(background, data, head)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pixel.Render(background, img, head.Orientation, pixel.NewPlan(head, fit, w, h, 8192))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func faultOf(err error) pixel.Fault {
	if own, ok := errors.AsType[*pixel.Error](err); ok {
		return own.Fault
	}
	return 0
}

// psnr compares two images in dB, over all four channels.
func psnr(a, b *image.RGBA) float64 {
	if a.Rect != b.Rect {
		return 0
	}
	sum := 0.0
	for i := range a.Pix {
		d := float64(a.Pix[i]) - float64(b.Pix[i])
		sum += d * d
	}
	return 10 * math.Log10(255*255*float64(len(a.Pix))/max(sum, 1e-9))
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func near(a, b color.RGBA, most int) bool {
	d := func(x, y uint8) bool { return int(x)-int(y) <= most && int(y)-int(x) <= most }
	return d(a.R, b.R) && d(a.G, b.G) && d(a.B, b.B) && d(a.A, b.A)
}
