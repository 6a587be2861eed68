package binary32

import (
	"encoding/binary"
	"math"
)

// Size is what one number takes, in bytes.
const Size = 4

// Append appends v.
func Append(b []byte, v []float32) []byte {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// Floats reads as many numbers as dst has; b has at least those.
func Floats(dst []float32, b []byte) { read(dst, b[:Size*len(dst)]) }

// at is the number i of b.
func at(b []byte, i int) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(b[Size*i : Size*i+Size]))
}
