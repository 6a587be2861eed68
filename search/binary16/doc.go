// Package binary16 keeps vectors in half the bytes of float32: in IEEE 754
// binary16, little-endian. A number between 2⁻¹⁴ and 65,504 loses less than
// 2⁻¹¹ of itself.
//
//	b := binary16.Append(nil, vector)
//	similarity := binary16.Dot(query, b)
//
// Dot and Distance add in 16 lanes of float32, in the same order on every
// processor: their results are the same to the last bit whether the lanes are
// those of AVX2 and F16C or of plain Go. All functions are safe for concurrent
// use and only Append allocates.
package binary16
