package pixel_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"testing"

	xdraw "golang.org/x/image/draw"
	"pgregory.net/rapid"

	"quintet/imaging/pixel"
)

// TestOrientations holds that one picture, stored in eight ways, is seen the
// same, also where it is cut.
func TestOrientations(t *testing.T) {
	for _, fit := range []pixel.Fit{pixel.Contain, pixel.Cover} {
		first := render(t, file(t, "exif-orientation/Landscape_1.jpg"), fit, 301, 151)
		for i := 2; i <= 8; i++ {
			other := render(t, file(t, fmt.Sprintf("exif-orientation/Landscape_%d.jpg", i)), fit, 301, 151)
			// The large figure in the picture is the number of its orientation.
			if db := psnr(first, other); db < 17 {
				t.Errorf("orientation %d, fit %d: %.1f dB", i, fit, db)
			}
			for _, wrong := range []func(x, y int) (int, int){
				func(x, y int) (int, int) { return other.Rect.Dx() - 1 - x, y },
				func(x, y int) (int, int) { return x, other.Rect.Dy() - 1 - y },
			} {
				turned := image.NewRGBA(other.Rect)
				for y := range other.Rect.Dy() {
					for x := range other.Rect.Dx() {
						wx, wy := wrong(x, y)
						turned.SetRGBA(x, y, other.RGBAAt(wx, wy))
					}
				}
				if psnr(first, turned) > psnr(first, other) {
					t.Errorf("orientation %d, fit %d: a mirrored one is nearer", i, fit)
				}
			}
		}
	}
}

// TestOrientationExact holds every orientation against its definition, pixel
// by pixel, for cuts at odd places.
func TestOrientationExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 12).Draw(t, "w"), rapid.IntRange(1, 12).Draw(t, "h")
		o := pixel.Orientation(rapid.IntRange(1, 8).Draw(t, "orientation"))
		stored := image.NewRGBA(image.Rect(0, 0, w, h))
		for i := range stored.Pix {
			stored.Pix[i] = byte(i * 37)
		}
		for i := 3; i < len(stored.Pix); i += 4 {
			stored.Pix[i] = 255
		}
		seen := turn(stored, o)
		head := pixel.Header{Format: pixel.PNG, Width: w, Height: h, Orientation: o}
		cw, ch := rapid.IntRange(1, seen.Rect.Dx()).Draw(t, "cw"), rapid.IntRange(1, seen.Rect.Dy()).Draw(t, "ch")
		plan := pixel.NewPlan(head, pixel.Contain, 0, 0, 99)
		at := image.Pt(rapid.IntRange(0, seen.Rect.Dx()-cw).Draw(t, "x"), rapid.IntRange(0, seen.Rect.Dy()-ch).Draw(t, "y"))
		plan.Crop, plan.Width, plan.Height = image.Rectangle{at, at.Add(image.Pt(cw, ch))}, cw, ch
		got, err := pixel.Render(background, stored, o, plan)
		if err != nil {
			t.Fatal(err)
		}
		for y := range ch {
			for x := range cw {
				if got.RGBAAt(x, y) != seen.RGBAAt(at.X+x, at.Y+y) {
					t.Fatalf("orientation %d: pixel %d,%d is %v; want %v", o, x, y, got.RGBAAt(x, y), seen.RGBAAt(at.X+x, at.Y+y))
				}
			}
		}
	})
}

// turn makes an image upright by rotations and mirrors, one after the other,
// as the names of the orientations say.
func turn(img *image.RGBA, o pixel.Orientation) *image.RGBA {
	mirror := func(in *image.RGBA) *image.RGBA {
		out := image.NewRGBA(in.Rect)
		for y := range in.Rect.Dy() {
			for x := range in.Rect.Dx() {
				out.SetRGBA(in.Rect.Dx()-1-x, y, in.RGBAAt(x, y))
			}
		}
		return out
	}
	right := func(in *image.RGBA) *image.RGBA {
		out := image.NewRGBA(image.Rect(0, 0, in.Rect.Dy(), in.Rect.Dx()))
		for y := range in.Rect.Dy() {
			for x := range in.Rect.Dx() {
				out.SetRGBA(in.Rect.Dy()-1-y, x, in.RGBAAt(x, y))
			}
		}
		return out
	}
	switch o {
	case 2:
		return mirror(img)
	case 3:
		return right(right(img))
	case 4:
		return right(right(mirror(img)))
	case 5: // mirrored, then to be turned left
		return right(right(right(mirror(img))))
	case 6:
		return right(img)
	case 7:
		return right(mirror(img))
	case 8:
		return right(right(right(img)))
	}
	return img
}

// TestPlan holds what each fit promises.
func TestPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.OneOf(rapid.IntRange(1, 50), rapid.IntRange(1, 60_000))
		h := pixel.Header{Width: side.Draw(t, "W"), Height: side.Draw(t, "H"), Orientation: pixel.Orientation(rapid.IntRange(1, 8).Draw(t, "orientation"))}
		const limit = 8192
		box := rapid.IntRange(1, limit)
		w, hgt := box.Draw(t, "w"), box.Draw(t, "h")
		full := image.Rect(0, 0, h.Width, h.Height)
		if h.Orientation >= 5 {
			full = image.Rect(0, 0, h.Height, h.Width)
		}

		p := pixel.NewPlan(h, pixel.Fill, w, hgt, limit)
		if p.Crop != full || p.Width != w || p.Height != hgt {
			t.Fatalf("fill: %+v", p)
		}
		p = pixel.NewPlan(h, pixel.Cover, w, hgt, limit)
		c := p.Crop
		if p.Width != w || p.Height != hgt || !c.In(full) || c.Empty() || c.Dx() != full.Dx() && c.Dy() != full.Dy() {
			t.Fatalf("cover: %+v of %v", p, full)
		}
		if left, right := c.Min.X, full.Max.X-c.Max.X; right-left < 0 || right-left > 1 {
			t.Fatalf("cover is off centre: %+v of %v", p, full)
		}
		// The part has the box's proportions, but for half a pixel.
		if d := 2 * (c.Dx()*hgt - c.Dy()*w); c.Dx() > 1 && c.Dy() > 1 && (d > max(w, hgt) || -d > max(w, hgt)) {
			t.Fatalf("cover distorts: %+v of %v", p, full)
		}
		if rapid.Bool().Draw(t, "free") {
			w = 0
		}
		p = pixel.NewPlan(h, pixel.Contain, w, hgt, limit)
		boxW := w
		if w == 0 {
			boxW = limit
		}
		grown := p.Width > full.Dx() || p.Height > full.Dy()
		touches := p.Width == boxW || p.Height == hgt || p.Width == full.Dx() && p.Height == full.Dy()
		if p.Crop != full || p.Width < 1 || p.Height < 1 || p.Width > boxW || p.Height > hgt || grown || !touches {
			t.Fatalf("contain: %+v of %v in %d by %d", p, full, boxW, hgt)
		}
		if d := 2 * (p.Width*full.Dy() - p.Height*full.Dx()); p.Width > 1 && p.Height > 1 && (d > max(full.Dx(), full.Dy())+1 || -d > max(full.Dx(), full.Dy())+1) {
			t.Fatalf("contain distorts: %+v of %v", p, full)
		}
	})
}

// TestFlat holds that one colour stays that colour, at every size.
func TestFlat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.IntRange(1, 90)
		src := image.NewNRGBA(image.Rect(0, 0, side.Draw(t, "W"), side.Draw(t, "H")))
		c := color.NRGBA{rapid.Byte().Draw(t, "r"), rapid.Byte().Draw(t, "g"), rapid.Byte().Draw(t, "b"), rapid.Byte().Draw(t, "a")}
		draw.Draw(src, src.Rect, image.NewUniform(c), image.Point{}, draw.Src)
		h := pixel.Header{Width: src.Rect.Dx(), Height: src.Rect.Dy(), Orientation: 1}
		fit := pixel.Fit(rapid.IntRange(0, 2).Draw(t, "fit"))
		out, err := pixel.Render(background, src, 1, pixel.NewPlan(h, fit, side.Draw(t, "w"), side.Draw(t, "h"), 100))
		if err != nil {
			t.Fatal(err)
		}
		want := color.RGBAModel.Convert(c).(color.RGBA)
		for y := range out.Rect.Dy() {
			for x := range out.Rect.Dx() {
				if !near(out.RGBAAt(x, y), want, 1) {
					t.Fatalf("pixel %d,%d is %v; want %v", x, y, out.RGBAAt(x, y), want)
				}
			}
		}
	})
}

// TestQuality holds the two passes against the Catmull-Rom of x/image over the
// whole source.
func TestQuality(t *testing.T) {
	for _, tc := range []struct {
		name string
		w, h int
		db   float64
	}{
		{"exif-orientation/Landscape_1.jpg", 700, 467, 50}, {"exif-orientation/Landscape_1.jpg", 97, 65, 38}, {"imaginary/smart-crop.jpg", 200, 300, 40},
		{"golang-image/yellow_rose.lossy-with-alpha.webp", 100, 75, 38}, {"golang-image/video-001.png", 400, 300, 45},
	} {
		data := file(t, tc.name)
		img, err := pixel.Decode(background, data, header(t, data))
		if err != nil {
			t.Fatal(err)
		}
		want := image.NewRGBA(image.Rect(0, 0, tc.w, tc.h))
		xdraw.CatmullRom.Scale(want, want.Rect, img, img.Bounds(), draw.Src, nil)
		got := render(t, data, pixel.Fill, tc.w, tc.h)
		if db := psnr(got, want); db < tc.db {
			t.Errorf("%s at %d by %d: %.1f dB; want %.0f", tc.name, tc.w, tc.h, db, tc.db)
		} else {
			t.Logf("%s at %d by %d: %.1f dB", tc.name, tc.w, tc.h, db)
		}
	}
}

// TestAlpha holds that the colour of transparent pixels never shows.
func TestAlpha(t *testing.T) {
	src := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for y := range 64 {
		for x := range 64 {
			c := color.NRGBA{R: 255} // a red that nobody sees
			if x >= 32 {
				c = color.NRGBA{B: 255, A: 255}
			}
			src.SetNRGBA(x, y, c)
		}
	}
	out := render(t, pngOf(t, src), pixel.Fill, 11, 11)
	for x := range 11 {
		if c := out.RGBAAt(x, 5); c.R != 0 || c.B != c.A {
			t.Errorf("pixel %d is %v", x, c)
		}
	}
	data, err := pixel.Encode(out, pixel.JPEG, 95)
	if err != nil {
		t.Fatal(err)
	}
	flat, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if c := color.RGBAModel.Convert(flat.At(1, 5)).(color.RGBA); !near(c, color.RGBA{255, 255, 255, 255}, 3) {
		t.Errorf("what is transparent is %v in JPEG; want white", c)
	}
}

// TestColours looks at one pixel of every kind of file.
func TestColours(t *testing.T) {
	for _, tc := range []struct {
		name string
		x, y int // of 30 by 20
		want color.RGBA
	}{
		{"sharp/Flag_of_the_Netherlands-16bit.png", 15, 2, color.RGBA{174, 28, 40, 255}},
		{"sharp/Flag_of_the_Netherlands-16bit.png", 15, 10, color.RGBA{255, 255, 255, 255}},
		{"sharp/Flag_of_the_Netherlands-alpha.png", 15, 18, color.RGBA{16, 35, 70, 128}},
		{"sharp/Flag_of_the_Netherlands-alpha.png", 15, 10, color.RGBA{128, 128, 128, 128}},
	} {
		out := render(t, file(t, tc.name), pixel.Fill, 30, 20)
		if got := out.RGBAAt(tc.x, tc.y); !near(got, tc.want, 3) {
			t.Errorf("%s at %d,%d is %v; want %v", tc.name, tc.x, tc.y, got, tc.want)
		}
	}
	// The same picture, in other kinds of file.
	first := render(t, file(t, "golang-image/video-001.png"), pixel.Fill, 75, 51)
	for name, db := range map[string]float64{"video-001-16bit.tiff": 45, "video-001-tile-64x64.tiff": 45, "video-001.lossy.webp": 27} {
		if got := psnr(first, render(t, file(t, "golang-image/"+name), pixel.Fill, 75, 51)); got < db {
			t.Errorf("%s: %.1f dB", name, got)
		}
	}
}

// TestCMYK holds that the inverted inks of Adobe's JPEG come out the right way:
// the picture is a lawn, which is more green than anything else.
func TestCMYK(t *testing.T) {
	c := render(t, file(t, "sharp/Channel_digital_image_CMYK_color_no_profile.jpg"), pixel.Fill, 1, 1).RGBAAt(0, 0)
	if c.A != 255 || c.G < c.R+10 || c.G < c.B+10 || c.G > 160 {
		t.Errorf("its average is %v", c)
	}
}

// TestEnds holds that work ends when nobody waits for it.
func TestEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(background)
	data := file(t, "imaginary/smart-crop.jpg")
	h := header(t, data)
	img, err := pixel.Decode(ctx, data, h)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := pixel.Decode(ctx, data, h); !errors.Is(err, context.Canceled) {
		t.Errorf("decoding ends with %v", err)
	}
	if _, err := pixel.Render(ctx, img, 1, pixel.NewPlan(h, pixel.Contain, 10, 10, 10)); !errors.Is(err, context.Canceled) {
		t.Errorf("rendering ends with %v", err)
	}
	if _, err := pixel.Render(background, img, 1, pixel.Plan{Crop: image.Rect(0, 0, 701, 1), Width: 1, Height: 1}); err == nil {
		t.Error("a part that the image does not have was rendered")
	}
}

// TestMetadataStays holds that nothing of a file but its pixels is carried over.
func TestMetadataStays(t *testing.T) {
	place := "48.8584 N, 2.2945 E"
	data := jpegWith(t, append(exif(binary.BigEndian, 8, orientation(1)), place...))
	if !bytes.Contains(data, []byte(place)) {
		t.Fatal("the source does not tell the place")
	}
	for _, f := range []pixel.Format{pixel.JPEG, pixel.PNG} {
		out, err := pixel.Encode(render(t, data, pixel.Contain, 0, 0), f, 80)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(out, []byte(place)) || bytes.Contains(out, []byte("Exif")) || bytes.Contains(out, []byte("eXIf")) {
			t.Errorf("the %s tells the place", f)
		}
	}
	if _, err := pixel.Encode(image.NewRGBA(image.Rect(0, 0, 1, 1)), pixel.WebP, 80); err == nil {
		t.Error("WebP was written")
	}
}
