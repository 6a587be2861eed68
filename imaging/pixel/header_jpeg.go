package pixel

import (
	"bytes"
	"encoding/binary"
)

// jpegFacts is what the segments of a JPEG tell (ITU-T T.81 annex B).
type jpegFacts struct {
	orientation Orientation
	components  int
	sampleBits  int // memory of a pixel over all planes
	progressive bool
	rgb         bool // not YCbCr, by the Adobe segment
	scans       int
}

// Markers of segments, behind 0xff.
const (
	markerSOI   = 0xd8
	markerEOI   = 0xd9
	markerSOS   = 0xda
	markerAPP1  = 0xe1
	markerAPP14 = 0xee
)

// readJPEG walks over the segments up to the first scan. What is wrong with
// them is the decoder's to find.
func readJPEG(data []byte) (f jpegFacts) {
	for at := 2; ; {
		marker, body, next := segment(data, at)
		switch {
		case next == 0:
			return f
		case marker == markerSOS:
			// Within coded data every 0xff is followed by 0, so what looks
			// like a marker is one.
			f.scans = bytes.Count(data[at:], []byte{0xff, markerSOS})
			return f
		case marker == markerAPP1 && f.orientation == 0 && bytes.HasPrefix(body, []byte(exifName)):
			f.orientation = readOrientation(body)
		case marker == markerAPP14 && bytes.HasPrefix(body, []byte("Adobe")) && len(body) > 11:
			f.rgb = body[11] == 0
		case marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			f.progressive = marker == 0xc2
			f.readFrame(body)
		}
		at = next
	}
}

// segment returns the segment at or behind at, and where the next may begin,
// 0 at the end.
func segment(data []byte, at int) (marker byte, body []byte, next int) {
	for at+1 < len(data) && (data[at] != 0xff || data[at+1] == 0 || data[at+1] == 0xff) {
		at++
	}
	if at+1 >= len(data) {
		return 0, nil, 0
	}
	marker, at = data[at+1], at+2
	if marker == markerEOI {
		return marker, nil, 0
	}
	if marker == markerSOI || marker == 1 || marker >= 0xd0 && marker <= 0xd7 {
		return marker, nil, at // these have no body
	}
	if at+2 > len(data) {
		return 0, nil, 0
	}
	length := int(binary.BigEndian.Uint16(data[at:]))
	if length < 2 || at+length > len(data) {
		return 0, nil, 0
	}
	return marker, data[at+2 : at+length], at + length
}

// readFrame reads the sampling factors of a frame header (T.81 §B.2.2).
func (f *jpegFacts) readFrame(body []byte) {
	if len(body) < 6 {
		return
	}
	f.components = int(body[5])
	samples, largest := 0, 1
	for i := range f.components {
		if 6+3*i+1 >= len(body) {
			break
		}
		across, down := int(body[6+3*i+1]>>4), int(body[6+3*i+1]&15)
		samples += across * down
		largest = max(largest, across*down)
	}
	f.sampleBits = (8*samples + largest - 1) / largest
}

// bits returns the memory of a pixel: the planes; beside them the image that
// RGB and CMYK are turned into, and the 32-bit coefficients that a progressive
// file is gathered in.
func (f jpegFacts) bits() (pixel, work int) {
	switch {
	case f.components == 1:
		pixel = 8
	case f.components == 4:
		pixel, work = 32, 32
	case f.rgb:
		pixel, work = 32, 24
	default:
		pixel = max(12, min(24, f.sampleBits))
	}
	if f.progressive {
		work += 4 * max(f.sampleBits, 8)
	}
	return pixel, work
}
