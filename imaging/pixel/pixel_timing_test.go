package pixel_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	xdraw "golang.org/x/image/draw"

	"quintet/imaging/pixel"
)

// photograph makes a JPEG of 4000 by 3000 pixels, 4:2:0, quality 85: soft
// shapes, edges and grain, about 1.5 MB as from a camera.
func photograph(b *testing.B) []byte {
	b.Helper()
	rng := rand.New(rand.NewPCG(1, 1))
	img := image.NewRGBA(image.Rect(0, 0, 4000, 3000))
	for y := range 3000 {
		for x := range 4000 {
			soft := 60 * math.Sin(float64(x)/310) * math.Cos(float64(y)/230)
			edge := 0.0
			if (x/250+y/190)%3 == 0 {
				edge = 45
			}
			grain := rng.Float64()*9 - 4.5
			v := 120 + soft + edge + grain
			img.SetRGBA(x, y, color.RGBA{uint8(v), uint8(v*0.8 + 20), uint8(230 - v*0.7), 255})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 85}); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

// BenchmarkRendition makes a JPEG of 400 pixels from one of 12 megapixels, as
// the pipeline does and as one does first with the standard library and
// x/image: decode, CatmullRom over the whole source, encode.
func BenchmarkRendition(b *testing.B) {
	data := photograph(b)
	b.Logf("the source has %d bytes", len(data))
	own := measure(b, "own", func() error {
		h, err := pixel.ReadHeader(data, limits)
		if err != nil {
			return err
		}
		img, err := pixel.Decode(background, data, h)
		if err != nil {
			return err
		}
		small, err := pixel.Render(background, img, h.Orientation, pixel.NewPlan(h, pixel.Contain, 400, 0, 8192))
		if err != nil {
			return err
		}
		_, err = pixel.Encode(small, pixel.JPEG, 80)
		return err
	}, 0)
	measure(b, "x-image", func() error {
		img, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			return err
		}
		small := image.NewRGBA(image.Rect(0, 0, 400, 300))
		xdraw.CatmullRom.Scale(small, small.Rect, img, img.Bounds(), draw.Src, nil)
		return jpeg.Encode(new(bytes.Buffer), small, &jpeg.Options{Quality: 80})
	}, own)
}

// measure reports ms and MiB allocated, and how much faster own was.
func measure(b *testing.B, name string, work func() error, own time.Duration) (each time.Duration) {
	b.Run(name, func(b *testing.B) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range b.N {
			if err := work(); err != nil {
				b.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		each = b.Elapsed() / time.Duration(b.N)
		b.ReportMetric(each.Seconds()*1000, "ms")
		b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N)/(1<<20), "MiB")
		if own > 0 {
			b.ReportMetric(float64(each)/float64(own), "own-is-times-faster")
		}
	})
	return each
}
