package inverted

const blockSize = 128

// A source is the postings of one clause in one segment, in blocks of 128, the
// last of them shorter. It is read by one search only.
type source interface {
	size() int // postings, at least one
	last(block int) uint32
	// decode fills in a block's rows, rising, and returns how many they are.
	decode(block int, rows *[blockSize]uint32) int
	// frequencies fills in their tf.
	frequencies(block int, tfs *[blockSize]float32)
	// bound is at least each contribution of a block, but for rounding.
	bound(block int, factor float64, n normalizer) float64
	// occurrences appends where posting i stands in its row; i never falls.
	occurrences(i int, all []occurrence) []occurrence
}

func blocks(s source) int { return (s.size() + blockSize - 1) / blockSize }

// list is a source in plain slices: the postings of a memory, of a phrase or
// of a group of terms.
type list struct {
	rows []uint32
	tfs  []float32

	// Of a memory's terms: how many occurrences each posting has, those of the
	// postings from passed on, and the table of their weights.
	counts  []uint32
	passed  int
	tracks  []byte
	weights []float32
}

func (l *list) size() int { return len(l.rows) }

func (l *list) last(block int) uint32 {
	return l.rows[min((block+1)*blockSize, len(l.rows))-1]
}

func (l *list) decode(block int, rows *[blockSize]uint32) int {
	return copy(rows[:], l.rows[block*blockSize:])
}

func (l *list) frequencies(block int, tfs *[blockSize]float32) {
	copy(tfs[:], l.tfs[block*blockSize:])
}

// bound is the limit that no frequency reaches: to find a closer one would
// take as long as to score the postings.
func (l *list) bound(_ int, factor float64, _ normalizer) float64 { return factor }

func (l *list) occurrences(i int, all []occurrence) []occurrence {
	for ; l.passed < i; l.passed++ {
		_, l.tracks = split(l.tracks, l.counts[l.passed])
	}
	first, _ := split(l.tracks, l.counts[i])
	return appendOccurrences(all, first, l.weights)
}

var (
	_ source = (*list)(nil)
	_ source = (*postings)(nil)
)
