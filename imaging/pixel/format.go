package pixel

import (
	"bytes"
	"strings"
)

// Format is a file format. The numbers are stored and never change.
type Format uint8

// The formats that are read. JPEG and PNG are also written.
const (
	JPEG Format = iota + 1
	PNG
	GIF
	WebP
	TIFF
	BMP
)

var formatNames = [...]string{JPEG: "jpeg", PNG: "png", GIF: "gif", WebP: "webp", TIFF: "tiff", BMP: "bmp"}

// String gives the name in lower case, as in "jpeg".
func (f Format) String() string {
	if !f.Known() {
		return "unknown"
	}
	return formatNames[f]
}

// Known reports whether f is one of the formats above.
func (f Format) Known() bool { return f >= JPEG && f <= BMP }

// MediaType returns the media type, as in "image/jpeg".
func (f Format) MediaType() string { return "image/" + f.String() }

// magics are the first bytes of each format that is read.
var magics = []struct {
	prefix string
	format Format
}{
	{"\xff\xd8\xff", JPEG}, {"\x89PNG\r\n\x1a\n", PNG}, {"GIF87a", GIF}, {"GIF89a", GIF},
	{"II*\x00", TIFF}, {"MM\x00*", TIFF}, {"BM", BMP},
}

// strangers are the first bytes of what is refused by its name.
var strangers = []struct{ prefix, name string }{
	{"\xff\x0a", "JPEG XL"}, {"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"}, {"\x00\x00\x00\x0cjP  ", "JPEG 2000"}, {"\xff\x4f\xff\x51", "JPEG 2000"},
	{"8BPS", "Photoshop"}, {"%PDF-", "PDF"}, {"\x00\x00\x01\x00", "ICO"}, {"II+\x00", "BigTIFF"}, {"MM\x00+", "BigTIFF"}, {"\x1aE\xdf\xa3", "WebM video"},
}

// brands of the ISO base media file format (ISO/IEC 14496-12 §4.3), by the
// four letters behind "ftyp".
var brands = map[string]string{
	"avif": "AVIF", "avis": "AVIF", "heic": "HEIC", "heix": "HEIC", "heim": "HEIC", "heis": "HEIC", "hevc": "HEIC", "hevx": "HEIC", "mif1": "HEIF", "msf1": "HEIF",
}

// Sniff tells the format by the content, never by a name. What is not read is
// an *Error, which names it where it can.
func Sniff(data []byte) (Format, error) {
	for _, m := range magics {
		if bytes.HasPrefix(data, []byte(m.prefix)) {
			return m.format, nil
		}
	}
	if len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP" {
		return WebP, nil
	}
	if name := stranger(data); name != "" {
		return 0, fault(NotSupported, "%s is not read; send JPEG, PNG, WebP, GIF, TIFF or BMP", name)
	}
	return 0, fault(NotAnImage, "this is not an image; send JPEG, PNG, WebP, GIF, TIFF or BMP")
}

// stranger names what is not read, "" where nobody knows.
func stranger(data []byte) string {
	for _, s := range strangers {
		if bytes.HasPrefix(data, []byte(s.prefix)) {
			return s.name
		}
	}
	if len(data) >= 12 && string(data[4:8]) == "ftyp" {
		if name := brands[string(data[8:12])]; name != "" {
			return name
		}
		return "video"
	}
	start := strings.ToLower(string(bytes.TrimLeft(data[:min(len(data), 1024)], "\ufeff \t\r\n")))
	switch {
	case strings.HasPrefix(start, "<svg"), strings.HasPrefix(start, "<") && strings.Contains(start, "<svg"):
		return "SVG"
	case strings.HasPrefix(start, "<!doctype html"), strings.HasPrefix(start, "<html"):
		return "HTML"
	}
	return ""
}
