package pixel_test

import (
	"bytes"
	"image"
	"testing"

	"quintet/imaging/pixel"
)

// TestJPEGMemory reads how much memory the kinds of JPEG take from their frame
// headers, which are changed for it: nothing is decoded.
func TestJPEGMemory(t *testing.T) {
	colour, err := pixel.Encode(image.NewRGBA(image.Rect(0, 0, 64, 64)), pixel.JPEG, 80)
	if err != nil {
		t.Fatal(err)
	}
	cmyk := file(t, "sharp/Channel_digital_image_CMYK_color_no_profile.jpg")
	adobe := func(transform byte) []byte {
		return append([]byte{0xff, 0xee, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, transform}, 0xff) // and a fill byte
	}
	for name, tc := range map[string]struct {
		data        []byte
		pixel, work int
	}{
		"4:2:0":             {colour, 12, 0},
		"4:2:2":             {sampled(colour, 0xc0, 0x21), 16, 0},
		"4:4:4":             {sampled(colour, 0xc0, 0x11), 24, 0},
		"Progressive4:2:0":  {sampled(colour, 0xc2, 0x22), 12, 48},
		"Progressive4:4:4":  {sampled(colour, 0xc2, 0x11), 24, 96},
		"CMYK":              {cmyk, 32, 32},
		"RGB":               {inserted(colour, adobe(0)), 32, 24},
		"YCbCrByAdobe":      {inserted(colour, adobe(1)), 12, 0},
		"BehindFillAndJunk": {inserted(colour, []byte{0xff, 0xff, 0xfe, 0, 4, 'h', 'i', 0xff}), 12, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := header(t, tc.data)
			if h.PixelBits != tc.pixel || h.WorkBits != tc.work {
				t.Errorf("%d and %d bits a pixel; want %d and %d", h.PixelBits, h.WorkBits, tc.pixel, tc.work)
			}
		})
	}
}

// sampled gives a JPEG another kind of frame and another sampling of its first
// component.
func sampled(data []byte, marker, factors byte) []byte {
	out := bytes.Clone(data)
	at := bytes.Index(out, []byte{0xff, 0xc0})
	out[at+1], out[at+11] = marker, factors
	return out
}

// inserted puts bytes behind the start of a JPEG.
func inserted(data, more []byte) []byte {
	return append(append(bytes.Clone(data[:2]), more...), data[2:]...)
}

// TestHeaderOfPNG reads what the kinds of PNG take.
func TestHeaderOfPNG(t *testing.T) {
	box := image.Rect(0, 0, 5, 4)
	for name, tc := range map[string]struct {
		img   image.Image
		bits  int
		alpha bool
	}{
		"Grey":   {image.NewGray(box), 8, false},
		"Grey16": {image.NewGray16(box), 16, false},
		"NRGBA":  {image.NewNRGBA(box), 32, true},
		"RGBA64": {image.NewNRGBA64(box), 64, true},
	} {
		if h := header(t, pngOf(t, tc.img)); h.PixelBits != tc.bits || h.Alpha != tc.alpha || h.WorkBits != 0 || h.Output() != pixel.PNG {
			t.Errorf("%s: %+v; want %d bits", name, h, tc.bits)
		}
	}
	// The flag of interlacing stands in IHDR, whose checksum says so, too.
	data := pngOf(t, image.NewGray(box))
	if _, err := pixel.ReadHeader(append(data[:28:28], append([]byte{1}, data[29:]...)...), limits); faultOf(err) != pixel.Damaged {
		t.Errorf("a wrong checksum: %v", err)
	}
}
