package binary16

import (
	"encoding/binary"
	"math"
)

// Size is what one number takes, in bytes.
const Size = 2

// Most is the greatest number; what is greater becomes infinite.
const Most = 65_504

// Append appends v, each number rounded to the nearest, ties to even.
func Append(b []byte, v []float32) []byte {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint16(b, half(x))
	}
	return b
}

// Floats reads as many numbers as dst has; b has at least those.
func Floats(dst []float32, b []byte) {
	for i := range dst {
		dst[i] = single(binary.LittleEndian.Uint16(b[Size*i:]))
	}
}

// Magnitude is the number i of b, without its sign.
func Magnitude(b []byte, i int) float32 {
	return single(binary.LittleEndian.Uint16(b[Size*i:]) & 0x7fff)
}

func half(f float32) uint16 {
	bits := math.Float32bits(f)
	sign := uint16(bits >> 16 & 0x8000)
	magnitude := bits & 0x7fffffff
	switch {
	case magnitude > 0x7f800000:
		return sign | 0x7e00 // NaN
	case magnitude >= 0x477ff000: // 65,520 and more round to infinity
		return sign | 0x7c00
	case magnitude < 0x38800000: // below 2^-14: a multiple of 2^-24
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(magnitude))*(1<<24)))
	}
	// Adding half of the last place, and one more where that is odd, rounds to even.
	magnitude += 0xfff + magnitude>>13&1
	return sign | uint16((magnitude-0x38000000)>>13)
}

func single(h uint16) float32 {
	if h&0x7c00 == 0x7c00 { // infinite, or none
		return math.Float32frombits(uint32(h&0x8000)<<16 | 0x7f800000 | uint32(h&0x3ff)<<13)
	}
	// The exponent's bias differs by 112; a product with 2^112 mends that for the
	// smallest numbers, too.
	magnitude := math.Float32frombits(uint32(h&0x7fff)<<13) * 0x1p112
	return math.Float32frombits(math.Float32bits(magnitude) | uint32(h&0x8000)<<16)
}
