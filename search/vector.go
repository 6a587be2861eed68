package search

import (
	"math"

	"quintet/search/embed"
)

// Dimensions is the length of every vector.
const Dimensions = embed.Dim

const vectorBytes = 2 * Dimensions // as it is stored

// codeZero is the byte of the code 0: rows hold unsigned bytes, which the scan
// multiplies by the query's signed ones.
const codeZero = 128

// quantise turns a vector into codes of 8 bits, -127 to 127: v ≈ scale · codes.
// The scale is the vector's own, so that nothing is cut, and 0 for a zero
// vector. The dot product of two unit vectors is kept to about 0.002.
func quantise(v []float32) (codes []int8, scale float32) {
	codes = make([]int8, len(v))
	most := 0.0
	for _, x := range v {
		most = max(most, math.Abs(float64(x)))
	}
	if most == 0 {
		return codes, 0
	}
	for i, x := range v {
		codes[i] = int8(math.RoundToEven(float64(x) * 127 / most))
	}
	return codes, float32(most / 127)
}

// scan writes the dot product of the query with each row of codes, of which
// every Dimensions bytes are one, into scores. The sums are exact.
func scan(query []int8, codes []byte, scores []int32) { embed.ScanInt8(query, codes, scores) }

// checkVector refuses what cannot be compared, and makes the rest a unit vector.
func checkVector(location string, v []float32) ([]float32, error) {
	if len(v) != Dimensions {
		return nil, invalid(location, "has %d numbers, and the vectors of this collection have %d", len(v), Dimensions)
	}
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 || math.IsInf(sum, 0) || math.IsNaN(sum) {
		return nil, invalid(location, "is zero, or too large to have a direction")
	}
	unit := make([]float32, len(v))
	for i, x := range v {
		unit[i] = float32(float64(x) / math.Sqrt(sum))
	}
	return unit, nil
}

// storedVector reads a vector as a document holds it.
func storedVector(b []byte) ([]float32, error) {
	if len(b) != vectorBytes {
		return nil, corrupt(bucketDocuments, "a vector has %d bytes", len(b))
	}
	v := make([]float32, Dimensions)
	floats(v, b)
	return v, nil
}
