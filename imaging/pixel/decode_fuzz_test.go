package pixel_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"quintet/imaging/pixel"
)

// FuzzDecode feeds files to all three steps. Whatever they are, the answer is
// an image of the size that the header says or an error, within the memory
// and in good time.
func FuzzDecode(f *testing.F) {
	names, _ := filepath.Glob("../testdata/*/*")
	for _, name := range names {
		if data, err := os.ReadFile(name); err == nil && len(data) < 20_000 {
			f.Add(data)
		}
	}
	f.Add(jpegWith(f, nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		began := time.Now()
		h, err := pixel.ReadHeader(data, pixel.Limits{Pixels: 1 << 20})
		if err != nil {
			if faultOf(err) == 0 {
				t.Fatalf("%v is no *Error", err)
			}
			return
		}
		if h.Pixels() > 1<<20 || h.Orientation < 1 || h.Orientation > 8 || h.Frames < 1 || h.PixelBits < 8 || h.PixelBits > 64 || h.WorkBits > 255 {
			t.Fatalf("the header is %+v", h)
		}
		size, taken, err := measuredDecode(data, h)
		// What allocation counts is more than what is held at once.
		if most := h.Bytes() + 8*int64(len(data)) + 4<<20; taken > most {
			t.Errorf("decoding took %d bytes; at most %d were announced: %+v", taken, most, h)
		}
		if err != nil {
			if faultOf(err) != pixel.Damaged {
				t.Fatalf("%v is not damage", err)
			}
			return
		}
		if size.w != h.Width || size.h != h.Height {
			t.Errorf("it is %v", size)
		}
		out := render(t, data, pixel.Contain, 20, 20)
		if _, err := pixel.Encode(out, h.Output(), 80); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// TestCutOff cuts files at many places: each is refused or shows an image,
// and none panics.
func TestCutOff(t *testing.T) {
	for _, name := range []string{"golang-image/video-001.lossy.webp", "golang-image/gopher-doc.with-alpha.lossless.webp", "sharp/animated-loop-3.gif", "golang-image/bmp_8bpp.bmp", "golang-image/gopher-doc.4bpp.png", "golang-image/bw-deflate.tiff"} {
		data := file(t, name)
		for at := 0; at < len(data); at += 1 + len(data)/40 {
			h, err := pixel.ReadHeader(data[:at], limits)
			if err == nil {
				_, err = pixel.Decode(background, data[:at], h)
			}
			if err != nil && faultOf(err) == 0 {
				t.Errorf("%s cut at %d: %v", name, at, err)
			}
		}
	}
}
