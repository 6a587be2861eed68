package pixel_test

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"quintet/imaging/pixel"
)

// corpus says of every picture what its header tells, or why it is refused.
var corpus = map[string]struct {
	format      pixel.Format
	w, h        int // as seen
	orientation pixel.Orientation
	frames      int
	alpha       bool
	refused     pixel.Fault // by the header
	damaged     bool        // found by decoding
}{
	"exif-orientation/Landscape_1.jpg": {format: pixel.JPEG, w: 1800, h: 1200, orientation: 1, frames: 1},
	"exif-orientation/Landscape_2.jpg": {format: pixel.JPEG, w: 1800, h: 1200, orientation: 2, frames: 1},
	"exif-orientation/Landscape_3.jpg": {format: pixel.JPEG, w: 1800, h: 1200, orientation: 3, frames: 1},
	"exif-orientation/Landscape_4.jpg": {format: pixel.JPEG, w: 1800, h: 1200, orientation: 4, frames: 1},
	"exif-orientation/Landscape_5.jpg": {format: pixel.JPEG, w: 1800, h: 1200, orientation: 5, frames: 1},
	"exif-orientation/Landscape_6.jpg": {format: pixel.JPEG, w: 1800, h: 1200, orientation: 6, frames: 1},
	"exif-orientation/Landscape_7.jpg": {format: pixel.JPEG, w: 1800, h: 1200, orientation: 7, frames: 1},
	"exif-orientation/Landscape_8.jpg": {format: pixel.JPEG, w: 1800, h: 1200, orientation: 8, frames: 1},

	"golang-image/blue-purple-pink.lzwcompressed.tiff":      {format: pixel.TIFF, w: 150, h: 100, orientation: 1, frames: 1},
	"golang-image/bmp_1bpp.bmp":                             {format: pixel.BMP, w: 96, h: 73, orientation: 1, frames: 1},
	"golang-image/bmp_8bpp.bmp":                             {format: pixel.BMP, w: 96, h: 73, orientation: 1, frames: 1},
	"golang-image/bw-deflate.tiff":                          {format: pixel.TIFF, w: 153, h: 55, orientation: 1, frames: 1},
	"golang-image/bw-gopher_ccittGroup4.tiff":               {format: pixel.TIFF, w: 153, h: 55, orientation: 1, frames: 1},
	"golang-image/gopher-doc.4bpp.png":                      {format: pixel.PNG, w: 75, h: 100, orientation: 1, frames: 1},
	"golang-image/gopher-doc.with-alpha.lossless.webp":      {format: pixel.WebP, w: 75, h: 100, orientation: 1, frames: 1, alpha: true},
	"golang-image/invalid-palette-ref.tiff":                 {format: pixel.TIFF, w: 150, h: 103, orientation: 1, frames: 1, damaged: true},
	"golang-image/video-001-16bit.tiff":                     {format: pixel.TIFF, w: 150, h: 103, orientation: 1, frames: 1},
	"golang-image/video-001-gray-16bit.tiff":                {format: pixel.TIFF, w: 150, h: 103, orientation: 1, frames: 1},
	"golang-image/video-001-tile-64x64.tiff":                {format: pixel.TIFF, w: 150, h: 103, orientation: 1, frames: 1},
	"golang-image/video-001.lossy.webp":                     {format: pixel.WebP, w: 150, h: 103, orientation: 1, frames: 1},
	"golang-image/video-001.png":                            {format: pixel.PNG, w: 150, h: 103, orientation: 1, frames: 1},
	"golang-image/yellow_rose-small-v5.bmp":                 {format: pixel.BMP, w: 16, h: 12, orientation: 1, frames: 1, alpha: true},
	"golang-image/yellow_rose.lossy-with-alpha.webp":        {format: pixel.WebP, w: 400, h: 301, orientation: 1, frames: 1, alpha: true},
	"imaginary/1024bytes":                                   {refused: pixel.NotAnImage},
	"imaginary/flyio-button.svg":                            {refused: pixel.NotSupported},
	"imaginary/smart-crop.jpg":                              {format: pixel.JPEG, w: 700, h: 1050, orientation: 1, frames: 1},
	"sharp/16-bit-grey-alpha.png":                           {format: pixel.PNG, w: 109, h: 96, orientation: 1, frames: 1, alpha: true},
	"sharp/65536-uint32-limit.png":                          {refused: pixel.TooLarge},
	"sharp/Channel_digital_image_CMYK_color_no_profile.jpg": {format: pixel.JPEG, w: 500, h: 333, orientation: 1, frames: 1},
	"sharp/Flag_of_the_Netherlands-16bit.png":               {format: pixel.PNG, w: 900, h: 600, orientation: 1, frames: 1},
	"sharp/Flag_of_the_Netherlands-alpha.png":               {format: pixel.PNG, w: 900, h: 600, orientation: 1, frames: 1, alpha: true},
	"sharp/animated-loop-3.gif":                             {format: pixel.GIF, w: 370, h: 285, orientation: 1, frames: 10, alpha: true},
	"sharp/animated-loop-3.webp":                            {refused: pixel.NotSupported},
	"sharp/big-height.webp":                                 {refused: pixel.NotSupported},
	"sharp/corrupt-header.jpg":                              {refused: pixel.Damaged},
	"sharp/giant-image.jpg":                                 {refused: pixel.TooLarge},
	"sharp/truncated.jpg":                                   {format: pixel.JPEG, w: 2725, h: 2225, orientation: 1, frames: 1, damaged: true},
	"sharp/truncated.png":                                   {format: pixel.PNG, w: 294, h: 240, orientation: 1, frames: 1, damaged: true},
}

func TestCorpus(t *testing.T) {
	names, err := filepath.Glob("../testdata/*/*.*")
	if err != nil || len(names) < 30 {
		t.Fatal(len(names), err)
	}
	for _, path := range append(names, "../testdata/imaginary/1024bytes") {
		name := strings.TrimPrefix(filepath.ToSlash(path), "../testdata/")
		want, known := corpus[name]
		t.Run(name, func(t *testing.T) {
			if !known {
				t.Fatal("the list does not have it")
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			h, err := pixel.ReadHeader(data, limits)
			if faultOf(err) != want.refused {
				t.Fatalf("the header gives %v; want fault %d", err, want.refused)
			}
			if err != nil {
				return
			}
			w, hgt := h.Size()
			if h.Format != want.format || w != want.w || hgt != want.h || h.Orientation != want.orientation || h.Frames != want.frames || h.Alpha != want.alpha {
				t.Errorf("the header is %+v; want %+v", h, want)
			}
			img, taken, err := measuredDecode(data, h)
			if want.damaged != (faultOf(err) == pixel.Damaged) || !want.damaged && err != nil {
				t.Fatalf("decoding gives %v", err)
			}
			if taken > h.Bytes() {
				t.Errorf("decoding took %d bytes; the header said at most %d", taken, h.Bytes())
			}
			if err == nil && (img.w != h.Width || img.h != h.Height) {
				t.Errorf("it is %v; want %d by %d", img, h.Width, h.Height)
			}
		})
	}
}

type size struct{ w, h int }

// measuredDecode returns how many bytes decoding allocated in all, which is
// not less than what it had at once.
func measuredDecode(data []byte, h pixel.Header) (size, int64, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	img, err := pixel.Decode(background, data, h)
	runtime.ReadMemStats(&after)
	taken := int64(after.TotalAlloc - before.TotalAlloc)
	if err != nil {
		return size{}, taken, err
	}
	return size{img.Bounds().Dx(), img.Bounds().Dy()}, taken, nil
}

// TestBombs holds that what a header gives away costs nothing.
func TestBombs(t *testing.T) {
	for _, name := range []string{"sharp/giant-image.jpg", "sharp/65536-uint32-limit.png"} {
		data := file(t, name)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := pixel.ReadHeader(data, limits)
		runtime.ReadMemStats(&after)
		if taken := after.TotalAlloc - before.TotalAlloc; faultOf(err) != pixel.TooLarge || taken > 64<<10 {
			t.Errorf("%s: %v after %d bytes", name, err, taken)
		}
		if !strings.Contains(err.Error(), "100000000 are allowed") {
			t.Errorf("%s: %v does not say what is allowed", name, err)
		}
	}
	t.Run("Scans", func(t *testing.T) {
		data := file(t, "imaginary/smart-crop.jpg")
		for range 101 {
			data = append(data, 0xff, 0xda, 0, 2)
		}
		if _, err := pixel.ReadHeader(data, limits); faultOf(err) != pixel.TooLarge {
			t.Errorf("more than 100 scans: %v", err)
		}
	})
}

func TestSniff(t *testing.T) {
	for content, want := range map[string]struct {
		fault pixel.Fault
		name  string
	}{
		"":                                   {pixel.NotAnImage, "not an image"},
		"\xff\xd8":                           {pixel.NotAnImage, "not an image"},
		"hello":                              {pixel.NotAnImage, "not an image"},
		" \n<?xml version='1.0'?><svg/>":     {pixel.NotSupported, "SVG"},
		"<svg xmlns=''>":                     {pixel.NotSupported, "SVG"},
		"<!-- a --><SVG>":                    {pixel.NotSupported, "SVG"},
		"<!DOCTYPE html><p>":                 {pixel.NotSupported, "HTML"},
		"\x00\x00\x00\x20ftypheic\x00\x00":   {pixel.NotSupported, "HEIC"},
		"\x00\x00\x00\x20ftypavif\x00\x00":   {pixel.NotSupported, "AVIF"},
		"\x00\x00\x00\x20ftypisom\x00\x00":   {pixel.NotSupported, "video"},
		"\xff\x0a\x00":                       {pixel.NotSupported, "JPEG XL"},
		"\x00\x00\x00\x0cJXL \r\n\x87\n\x00": {pixel.NotSupported, "JPEG XL"},
		"%PDF-1.7":                           {pixel.NotSupported, "PDF"},
		"RIFF\x00\x00\x00\x00WAVE":           {pixel.NotAnImage, "not an image"},
		"BM":                                 {pixel.Damaged, "bmp"},
		"GIF89a":                             {pixel.Damaged, "gif"},
		"II*\x00":                            {pixel.Damaged, "tiff"},
		"RIFF\x00\x00\x00\x00WEBP":           {pixel.Damaged, "webp"},
		"GIF89a\x00\x00\x00\x00\x00\x00\x00": {pixel.Damaged, "no pixels"},
	} {
		if _, err := pixel.ReadHeader([]byte(content), limits); faultOf(err) != want.fault || !strings.Contains(err.Error(), want.name) {
			t.Errorf("%q: %v; want fault %d with %q", content, err, want.fault, want.name)
		}
	}
}

// TestBytesOfStrips holds that what decoding takes is known for images that
// are much smaller than the blocks of their decoders.
func TestBytesOfStrips(t *testing.T) {
	for _, sides := range [][2]int{{1, 60_000}, {60_000, 1}, {17, 20_000}} {
		img := image.NewRGBA(image.Rect(0, 0, sides[0], sides[1]))
		for _, f := range []pixel.Format{pixel.JPEG, pixel.PNG} {
			data, err := pixel.Encode(img, f, 80)
			if err != nil {
				t.Fatal(err)
			}
			h := header(t, data)
			if _, taken, err := measuredDecode(data, h); err != nil || taken > h.Bytes() {
				t.Errorf("%s of %v: %d bytes were taken, %d announced, %v", f, sides, taken, h.Bytes(), err)
			}
		}
	}
}

// TestFrames counts frames as the standard library does.
func TestFrames(t *testing.T) {
	data := file(t, "sharp/animated-loop-3.gif")
	all, err := gif.DecodeAll(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if h := header(t, data); h.Frames != len(all.Image) {
		t.Errorf("there are %d frames; want %d", h.Frames, len(all.Image))
	}
	// A frame that is smaller than the image stands where it belongs.
	small := &gif.GIF{Image: []*image.Paletted{image.NewPaletted(image.Rect(2, 1, 4, 3), color.Palette{color.RGBA{255, 0, 0, 255}})}, Delay: []int{0}, Config: image.Config{Width: 5, Height: 4}}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, small); err != nil {
		t.Fatal(err)
	}
	out := render(t, b.Bytes(), pixel.Fill, 5, 4)
	for y := range 4 {
		for x := range 5 {
			inside := image.Pt(x, y).In(image.Rect(2, 1, 4, 3))
			if c := out.RGBAAt(x, y); inside != (c == color.RGBA{255, 0, 0, 255}) || !inside && c != (color.RGBA{}) {
				t.Errorf("pixel %d,%d is %v", x, y, c)
			}
		}
	}
}
