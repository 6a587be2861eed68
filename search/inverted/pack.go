package inverted

import (
	"encoding/binary"
	"math/bits"
)

// packing is how many bytes must stand behind packed numbers.
const packing = 8

// width is how many bits the largest of the numbers has.
func width(numbers []uint32) int {
	var all uint32
	for _, v := range numbers {
		all |= v
	}
	return bits.Len32(all)
}

// packed is how many bytes n numbers of some bits take.
func packed(n, width int) int { return (n*width + 7) / 8 }

// pack appends numbers of so many bits each, from the lowest bit of the first
// byte on.
func pack(to []byte, numbers []uint32, width int) []byte {
	var pending uint64
	var held int
	for _, v := range numbers {
		pending |= uint64(v) << held
		for held += width; held >= 8; held -= 8 {
			to = append(to, byte(pending))
			pending >>= 8
		}
	}
	if held > 0 {
		to = append(to, byte(pending))
	}
	return to
}

// unpack reads len(numbers) of them, from bytes with packing behind. Up to 15
// bits, eight bytes hold four numbers wherever the first begins.
func unpack(from []byte, numbers []uint32, width int) {
	if width == 0 {
		clear(numbers)
		return
	}
	mask := uint32(1)<<width - 1 // all bits where width is 32
	at := 0
	for width <= 15 && len(numbers) >= 4 {
		v := binary.LittleEndian.Uint64(from[at>>3:]) >> (at & 7)
		four := numbers[:4]
		four[0] = uint32(v) & mask
		v >>= width & 15
		four[1] = uint32(v) & mask
		v >>= width & 15
		four[2] = uint32(v) & mask
		v >>= width & 15
		four[3] = uint32(v) & mask
		numbers = numbers[4:]
		at += 4 * width
	}
	for i := range numbers {
		numbers[i] = uint32(binary.LittleEndian.Uint64(from[at>>3:])>>(at&7)) & mask
		at += width
	}
}
