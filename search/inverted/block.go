package inverted

import (
	"cmp"
	"slices"
)

// A peak stands for postings of at most its tf in rows of at least its length,
// so that BM25 gives it at least as much as any of them.
type peak struct {
	tf     float32
	length float32
}

const maxPeaks = 4

// peaksOf returns peaks that stand for all postings: those that no other
// exceeds in both, by falling tf, the last of too many made one.
func peaksOf(postings []peak) []peak {
	slices.SortFunc(postings, func(x, y peak) int {
		return cmp.Or(cmp.Compare(y.tf, x.tf), cmp.Compare(x.length, y.length))
	})
	peaks := postings[:1]
	for _, p := range postings[1:] {
		if p.length < peaks[len(peaks)-1].length {
			peaks = append(peaks, p)
		}
	}
	if len(peaks) > maxPeaks {
		peaks[maxPeaks-1].length = peaks[len(peaks)-1].length
		peaks = peaks[:maxPeaks]
	}
	return peaks
}

// block is an encoded block, taken apart.
type block struct {
	rowBits, tfBits int
	peaks           []byte // and all that stands behind them
	count           int    // peaks
	rows, tfs       []byte // and what stands behind them
}

// splitBlock does not check: Open has.
func splitBlock(b []byte, postings int) block {
	at := block{rowBits: int(b[0]), tfBits: int(b[1]), count: int(b[2]), peaks: b[3:]}
	at.rows = at.peaks
	for range at.count {
		_, at.rows = uvarint(at.rows)
		at.rows = at.rows[4:]
	}
	at.tfs = at.rows[packed(postings, at.rowBits):]
	return at
}
