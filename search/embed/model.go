package embed

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"sync"
)

// Name of the model, as collections and requests spell it.
const Name = "minilm"

// Dim is the number of coordinates of a vector.
const Dim = 384

// MaxTokens is where a text is cut, [CLS] and [SEP] included.
const MaxTokens = 256

// mostTokens is how many a text may have between [CLS] and [SEP].
const mostTokens = MaxTokens - 2

// Model is the built-in embedding model. It costs nothing before its first
// text, which reads and checks the weights and packs the matrices (about 11 MB,
// some tens of milliseconds). Any number of goroutines may use it.
type Model struct {
	kernels *kernels
	words   func() (*vocabulary, error)
	net     func() (*network, error)
	cores   chan struct{} // one element for each text under way
	mu      sync.Mutex
	desks   []*desk // idle; the last was used last and is nearest in the caches
}

// Open returns the model of the executable. It fails if vocabulary or weights
// are not what was built: a file that was not fetched, or was converted.
func Open() (*Model, error) {
	if got := sum(vocabularyFile); got != vocabularySum {
		return nil, fmt.Errorf("vocabulary: SHA-256 %s, not %s", got, vocabularySum)
	}
	if len(weightFile) != weightBytes {
		return nil, fmt.Errorf("weights: %d bytes, not %d", len(weightFile), weightBytes)
	}
	k := current
	return &Model{
		kernels: k,
		cores:   make(chan struct{}, runtime.GOMAXPROCS(0)),
		words:   sync.OnceValues(func() (*vocabulary, error) { return readVocabulary(vocabularyFile) }),
		net:     sync.OnceValues(func() (*network, error) { return readNetwork(weightFile, k) }),
	}, nil
}

// Hash names the model in 64 hexadecimal digits: a SHA-256 over those of its
// weights and vocabulary and the version of its tokenizer. It is the same on
// every machine and kernel. Vectors of another hash must not be compared.
func (m *Model) Hash() string {
	name := fmt.Sprintf("%s weights %s vocabulary %s tokenizer %d", Name, weightSum, vocabularySum, tokenizerVersion)
	h := sha256.Sum256([]byte(name))
	return hex.EncodeToString(h[:])
}

// Kernel is "avx512-vnni", "avx2" or "go", chosen when the program starts.
func (m *Model) Kernel() string { return m.kernels.name }

// Tokens returns the ids of a text as the model sees them, [CLS] first and
// [SEP] last, at most MaxTokens.
func (m *Model) Tokens(text string) []int32 {
	v, err := m.words()
	if err != nil { // the vocabulary passed Open
		return []int32{textStart, textEnd}
	}
	t := tokenizer{vocabulary: v}
	t.cut(text, mostTokens)
	return frame(t.ids, nil)
}
