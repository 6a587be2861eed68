package graph

// A kernel is a pair of inner loops, gather and scan. Every kernel returns the
// same scores, bit for bit.
type kernel int

const (
	portable kernel = iota
	avx2
	vnni
)

var kernelNames = [...]string{portable: "go", avx2: "avx2", vnni: "avx512-vnni"}

// available lists what runs here, the fastest first. It is never empty.
var available = append(assembly(), portable)

// current is available[0], but in a test that forces another.
var current = available[0]

// Kernel names the inner loops in use: "avx512-vnni", "avx2" or "go".
func Kernel() string { return kernelNames[current] }
