package pixel_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"testing"

	"quintet/imaging/pixel"
)

// entry is one of a directory of Exif tags.
type entry struct {
	tag, kind uint16
	count     uint32
	value     uint16
}

// exif writes a directory at an offset.
func exif(order binary.AppendByteOrder, offset uint32, entries ...entry) []byte {
	b := []byte("II")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM")
	}
	b = order.AppendUint32(order.AppendUint16(b, 42), offset)
	for uint32(len(b)) < offset && offset < 1<<16 {
		b = append(b, 0)
	}
	b = order.AppendUint16(b, uint16(len(entries)))
	for _, e := range entries {
		b = order.AppendUint32(order.AppendUint16(order.AppendUint16(b, e.tag), e.kind), e.count)
		b = order.AppendUint16(order.AppendUint16(b, e.value), 0)
	}
	return b
}

func orientation(v uint16) entry { return entry{0x112, 3, 1, v} }

// jpegWith puts an Exif segment into a JPEG.
func jpegWith(t testing.TB, segments ...[]byte) []byte {
	t.Helper()
	plain, err := pixel.Encode(image.NewRGBA(image.Rect(0, 0, 3, 2)), pixel.JPEG, 80)
	if err != nil {
		t.Fatal(err)
	}
	out := bytes.Clone(plain[:2])
	for _, s := range segments {
		body := append([]byte("Exif\x00\x00"), s...)
		out = append(binary.BigEndian.AppendUint16(append(out, 0xff, 0xe1), uint16(len(body)+2)), body...)
	}
	return append(out, plain[2:]...)
}

func TestExif(t *testing.T) {
	le, be := binary.LittleEndian, binary.BigEndian
	many := make([]entry, 1001)
	for i := range many {
		many[i].tag = uint16(i)
	}
	many[1000] = orientation(6)
	for name, tc := range map[string]struct {
		exif []byte
		want pixel.Orientation
	}{
		"OKLittleEndian":   {exif(le, 8, orientation(6)), 6},
		"OKBigEndian":      {exif(be, 8, orientation(8)), 8},
		"OKAmongOthers":    {exif(be, 20, entry{0x10f, 2, 1, 0}, orientation(3), entry{0x8769, 4, 1, 8}), 3},
		"ErrZero":          {exif(le, 8, orientation(0)), 1},
		"ErrNine":          {exif(le, 8, orientation(9)), 1},
		"ErrType":          {exif(le, 8, entry{0x112, 4, 1, 6}), 1},
		"ErrCount":         {exif(le, 8, entry{0x112, 3, 2, 6}), 1},
		"ErrOffsetBehind":  {exif(le, 1<<31, orientation(6)), 1},
		"ErrOffsetInFront": {exif(le, 4, orientation(6)), 1},
		"ErrOrder":         {append([]byte("XX"), exif(le, 8, orientation(6))[2:]...), 1},
		"ErrMagic":         {append([]byte("II\x2b"), exif(le, 8, orientation(6))[3:]...), 1},
		"ErrManyTags":      {exif(le, 8, many...), 1},
		"ErrCutOff":        {exif(le, 8, orientation(6))[:20], 1},
		"ErrEmpty":         {nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if h := header(t, jpegWith(t, tc.exif)); h.Orientation != tc.want {
				t.Errorf("the orientation is %d; want %d", h.Orientation, tc.want)
			}
		})
	}
	t.Run("OKFirstThatTells", func(t *testing.T) {
		if h := header(t, jpegWith(t, nil, exif(le, 8, orientation(5)), exif(le, 8, orientation(7)))); h.Orientation != 5 {
			t.Errorf("the orientation is %d", h.Orientation)
		}
	})
}

// TestExifInOtherFormats finds the tag where PNG, WebP and TIFF have it.
func TestExifInOtherFormats(t *testing.T) {
	tag := exif(binary.BigEndian, 8, orientation(6))
	plain := pngOf(t, image.NewRGBA(image.Rect(0, 0, 3, 2)))
	chunk := append([]byte("eXIf"), tag...)
	data := append(binary.BigEndian.AppendUint32(bytes.Clone(plain[:33]), uint32(len(tag))), chunk...)
	data = append(binary.BigEndian.AppendUint32(data, crc32.ChecksumIEEE(chunk)), plain[33:]...)
	if h := header(t, data); h.Orientation != 6 {
		t.Errorf("PNG: %+v", h)
	} else if w, hgt := h.Size(); w != 2 || hgt != 3 {
		t.Errorf("PNG: %d by %d", w, hgt)
	}

	webp := file(t, "golang-image/video-001.lossy.webp")
	webp = append(append(bytes.Clone(webp), "EXIF"...), binary.LittleEndian.AppendUint32(nil, uint32(len(tag)))...)
	webp = append(webp, tag...)
	if h := header(t, webp); h.Orientation != 6 {
		t.Errorf("WebP: %+v", h)
	}

	tiff := bytes.Clone(file(t, "golang-image/video-001-gray-16bit.tiff"))
	at := int(binary.LittleEndian.Uint32(tiff[4:]))
	for i := range int(binary.LittleEndian.Uint16(tiff[at:])) {
		if e := tiff[at+2+12*i:]; binary.LittleEndian.Uint16(e) == 0x112 {
			e[8] = 3
		}
	}
	if h := header(t, tiff); h.Orientation != 3 {
		t.Errorf("TIFF: %+v", h)
	}
}

func FuzzExif(f *testing.F) {
	f.Add(exif(binary.LittleEndian, 8, orientation(6)))
	f.Add(exif(binary.BigEndian, 8, entry{0x8769, 4, 1, 8}, orientation(3)))
	f.Add([]byte("II*\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 60_000 {
			return
		}
		if h := header(t, jpegWith(t, data)); h.Orientation < 1 || h.Orientation > 8 {
			t.Errorf("the orientation is %d", h.Orientation)
		}
	})
}
