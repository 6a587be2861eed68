package binary32

// A kernel is a pair of inner loops, dots and distances.
type kernel int

const (
	portable kernel = iota
	avx2
	avx512
)

// available lists what runs here, the fastest first. It is never empty.
var available = append(assembly(), portable)

// current is available[0], but in a test that forces another.
var current = available[0]
