package pixel

import "encoding/binary"

// readPNG reads IHDR, which stands at a fixed place, and looks for eXIf and
// tRNS before the image data (PNG 3rd edition §11).
func (h *Header) readPNG(data []byte) (o Orientation) {
	if len(data) < 33 {
		return 0
	}
	depth, colour, interlaced := int(data[24]), data[25], data[28] != 0
	h.Alpha = colour&4 != 0
	for at := 33; at+8 <= len(data); {
		length := int64(binary.BigEndian.Uint32(data[at:]))
		name, body := string(data[at+4:at+8]), data[at+8:]
		if name == "IDAT" || length > int64(len(body))-4 {
			break
		}
		switch name {
		case "tRNS":
			h.Alpha = true
		case "eXIf":
			o = readOrientation(body[:length])
		}
		at += 12 + int(length)
	}
	const palette, greyOnly = 3, 0
	switch wide := depth == 16; {
	case colour == palette, colour == greyOnly && !h.Alpha && !wide:
		h.PixelBits = 8
	case colour == greyOnly && !h.Alpha:
		h.PixelBits = 16
	case wide:
		h.PixelBits = 64
	default:
		h.PixelBits = 32
	}
	if interlaced {
		h.WorkBits = h.PixelBits // each pass is an image of its own
	}
	return o
}

// countFrames counts the image descriptors of a GIF (GIF89a §20). It stops
// where the file is not sound.
func countFrames(data []byte) (frames int) {
	at := 13 + colourTable(data, 10)
	for at < len(data) {
		switch data[at] {
		case 0x2c: // image descriptor, 9 bytes, colours, code size
			frames++
			at += 10
			at += colourTable(data, at-1) + 1
		case 0x21: // extension and its label
			at += 2
		default:
			return max(frames, 1)
		}
		at = behindBlocks(data, at)
	}
	return max(frames, 1)
}

// colourTable returns the bytes of the table that a packed field announces.
func colourTable(data []byte, packed int) int {
	if packed >= len(data) || data[packed]&0x80 == 0 {
		return 0
	}
	return 3 << (data[packed]&7 + 1)
}

// behindBlocks passes over sub-blocks, up to the empty one that ends them.
func behindBlocks(data []byte, at int) int {
	for at < len(data) && data[at] != 0 {
		at += 1 + int(data[at])
	}
	return at + 1
}

// riffFacts is what the chunks of a WebP file tell (RFC 9649 §2).
type riffFacts struct {
	orientation               Orientation
	alpha, animated, lossless bool
}

func readRIFF(data []byte) (f riffFacts) {
	for at := 12; at+8 <= len(data); {
		length := int64(binary.LittleEndian.Uint32(data[at+4:]))
		name, body := string(data[at:at+4]), data[at+8:]
		if length > int64(len(body)) {
			body = body[:0]
		} else {
			body = body[:length]
		}
		switch name {
		case "VP8X":
			if len(body) > 0 {
				f.alpha, f.animated = body[0]&0x10 != 0, body[0]&0x02 != 0
			}
		case "VP8L":
			// 14 bits of each side less one, then one that announces alpha.
			f.lossless = true
			f.alpha = f.alpha || len(body) > 4 && body[4]&0x10 != 0
		case "EXIF":
			f.orientation = readOrientation(body)
		case "ANMF":
			f.animated = true
		}
		if length > int64(len(data)) {
			break
		}
		at += 8 + int(length+length&1)
	}
	return f
}

// bits returns the memory of a pixel: planes at 4:2:0, with a plane of alpha
// that is decoded as if it were an image; or four bytes, and twice as many for
// what the lossless transforms unpack.
func (f riffFacts) bits() (pixel, work int) {
	switch {
	case f.lossless:
		return 32, 64
	case f.alpha:
		return 20, 64
	}
	return 12, 4
}
