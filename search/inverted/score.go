package inverted

import "math"

// The constants of BM25.
const (
	k1 = 1.2
	b  = .75
)

// inverseFrequency is what it tells of a row, in nats and never below 0, that
// it is one of documents among rows.
func inverseFrequency(rows, documents int) float64 {
	documents = min(documents, rows)
	return math.Log(1 + (float64(rows-documents)+.5)/(float64(documents)+.5))
}

// normalizer is the part of BM25 that a row's length decides:
// k1·(1 − b + b·length/average) = base + slope·length.
type normalizer struct{ base, slope float64 }

func newNormalizer(rows int, length float64) normalizer {
	n := normalizer{base: k1 * (1 - b)}
	if length > 0 {
		n.slope = k1 * b * float64(rows) / length
	}
	return n
}

// The conversions here forbid the compiler to fuse a product with a sum, which
// would make scores of two processors differ.
func (n normalizer) of(length float32) float64 {
	return n.base + float64(n.slope*float64(length))
}

// grain is what contributions are multiples of. Sums of fewer than 2⁵³ grains
// are exact, so a score does not depend on the order in which its parts are
// found. MaxWeight, MaxClauses and the logarithm of maxRows keep it so.
const grain = 1.0 / (1 << 32)

// contribution is what a clause adds to the score of a row:
// factor·tf/(tf + norm), where factor is weight · idf · (k1 + 1) and norm is
// the normalizer's for the row, rounded to grains; at least one, for a row
// that matches has a score.
func contribution(factor float64, tf float32, norm float64) float64 {
	const round = 3 << 51 * grain // so large that its last bit is a grain
	t := float64(tf)
	if c := float64(float64(factor*t)/(t+norm)+round) - round; c > grain {
		return c
	}
	return grain
}

// loose makes an upper bound of real numbers one of floating-point numbers.
const loose = 1 + 1e-9

// lengths are those of the rows of a segment, float32 each.
type lengths []byte

func (l lengths) of(row uint32) float32 { return float32At(l, int(row)) }
