package pixel

import "encoding/binary"

// Exif is a TIFF file within a file: byte order, then a directory of tags
// (TIFF 6.0 §2, Exif 2.32 §4.5). Only tags of the first directory are looked
// at, so that no chain of directories can lead in a circle.

const (
	tagOrientation = 0x0112
	tagSamples     = 0x0115 // SamplesPerPixel
	maxTags        = 1000
	typeShort      = 3
)

// shortTag returns a 16-bit value of the first directory. It reports false
// where the tag is missing, is of another type, or the file is not sound up to
// it.
func shortTag(tiff []byte, tag uint16) (uint16, bool) {
	order, ok := byteOrder(tiff)
	if !ok || order.Uint16(tiff[2:]) != 42 {
		return 0, false
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at < 8 || at+2 > uint64(len(tiff)) {
		return 0, false
	}
	count := uint64(order.Uint16(tiff[at:]))
	entries := tiff[at+2:]
	for i := range min(count, maxTags, uint64(len(entries)/12)) {
		e := entries[12*i : 12*i+12]
		if order.Uint16(e) != tag {
			continue
		}
		if order.Uint16(e[2:]) != typeShort || order.Uint32(e[4:]) != 1 {
			return 0, false
		}
		return order.Uint16(e[8:]), true
	}
	return 0, false
}

func byteOrder(tiff []byte) (binary.ByteOrder, bool) {
	switch {
	case len(tiff) < 8:
		return nil, false
	case string(tiff[:2]) == "II":
		return binary.LittleEndian, true
	case string(tiff[:2]) == "MM":
		return binary.BigEndian, true
	}
	return nil, false
}

// readOrientation returns the orientation that Exif data tell, 0 for none. The
// data may begin with the name that JPEG puts before them.
func readOrientation(exif []byte) Orientation {
	if len(exif) > 6 && string(exif[:6]) == exifName {
		exif = exif[6:]
	}
	v, ok := shortTag(exif, tagOrientation)
	if !ok || v < 1 || v > 8 {
		return 0
	}
	return Orientation(v)
}

const exifName = "Exif\x00\x00"
