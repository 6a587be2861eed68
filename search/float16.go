package search

import (
	"encoding/binary"
	"math"
)

// Vectors are stored in IEEE 754 binary16, little-endian: the components of a
// unit vector lose less than 2^-11 of themselves.

// appendHalves appends v as binary16, rounded to the nearest, ties to even.
func appendHalves(b []byte, v []float32) []byte {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint16(b, half(x))
	}
	return b
}

// floats reads binary16 into dst, of which b has the length.
func floats(dst []float32, b []byte) {
	for i := range dst {
		dst[i] = single(binary.LittleEndian.Uint16(b[2*i:]))
	}
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
	sign := uint32(h&0x8000) << 16
	exponent, fraction := uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exponent {
	case 0:
		f := float32(fraction) / (1 << 24)
		return math.Float32frombits(sign | math.Float32bits(f))
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}

// dotHalves is the dot product of q with a vector in binary16.
func dotHalves(q []float32, b []byte) float64 {
	sum := 0.0
	for i, x := range q {
		sum += float64(x) * float64(single(binary.LittleEndian.Uint16(b[2*i:])))
	}
	return sum
}

// distanceHalves is the square of the distance of q from a vector in binary16.
func distanceHalves(q []float32, b []byte) float64 {
	sum := 0.0
	for i, x := range q {
		d := float64(x) - float64(single(binary.LittleEndian.Uint16(b[2*i:])))
		sum += d * d
	}
	return sum
}
