// Package binary32 compares vectors of float32 that are kept as bytes: IEEE 754
// binary32, little-endian, one vector behind the other.
//
//	b := binary32.Append(nil, vector)
//	similarity := binary32.Dot(query, b)
//	binary32.Dots(query, all, rows, scores)
//
// All of them add in 16 lanes, in the same order on every processor and product
// and sum apart, so their results are the same to the last bit whether the lanes
// are those of AVX-512, of AVX2 or of plain Go. A sum of n numbers is off by at
// most (n/16 + 7)·2⁻²⁴ of the sum of their magnitudes. Functions are safe for
// concurrent use and only Append allocates.
package binary32
