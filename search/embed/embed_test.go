package embed_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"quintet/search/embed"
)

// sample are texts of unlike lengths, whose tails fill no tile. There are few
// of them, and more under QUINTET_LONG=1: where no assembly runs each token
// costs milliseconds.
func sample() []string {
	texts := []string{"", "hello", textOf(17)}
	if long() {
		texts = append(texts, "How do I reset my password?", textOf(15), textOf(16), textOf(31), textOf(33), textOf(100), textOf(256))
	}
	return texts
}

func embedAll(t testing.TB, m *embed.Model, texts []string) [][]float32 {
	t.Helper()
	vectors, tokens, err := m.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	if len(vectors) != len(texts) || len(tokens) != len(texts) {
		t.Fatalf("%d vectors and %d counts for %d texts", len(vectors), len(tokens), len(texts))
	}
	return vectors
}

// TestVectorsDoNotDependOnTheBatch holds that a text's vector is the same, bit
// by bit, alone, beside others, at any place and in memory that a longer text
// has left dirty.
func TestVectorsDoNotDependOnTheBatch(t *testing.T) {
	m := open(t)
	texts := sample()
	var alone [][]float32
	for _, text := range texts {
		alone = append(alone, embedAll(t, m, []string{text})[0])
	}
	embedAll(t, m, []string{textOf(40)})
	r := rand.New(rand.NewPCG(1, 1))
	for range 1 + len(texts)/10*5 {
		order := r.Perm(len(texts))
		shuffled := make([]string, len(texts))
		for i, at := range order {
			shuffled[i] = texts[at]
		}
		for i, v := range embedAll(t, m, shuffled) {
			if !slices.Equal(v, alone[order[i]]) {
				t.Errorf("text %d at place %d has another vector than alone", order[i], i)
			}
		}
	}
}

// TestKernelsAgree holds that vectors of two kernels can be compared.
func TestKernelsAgree(t *testing.T) {
	texts := sample()
	var first [][]float32
	for _, kernel := range embed.Kernels() {
		embed.Force(t, kernel)
		vectors := embedAll(t, open(t), texts)
		if first == nil {
			first = vectors
		}
		for i, v := range vectors {
			if c := cosine(v, first[i]); !(c >= .9997) {
				t.Errorf("%s: text %d has a cosine of %.6f to that of %s", kernel, i, c, embed.Kernels()[0])
			}
		}
	}
}

// TestManyCallers has more goroutines than cores embed and tokenise with
// one model, from its first text on.
func TestManyCallers(t *testing.T) {
	m := open(t)
	texts := sample()[1:]
	const callers = 4
	got := make([][][]float32, callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			vectors, _, err := m.Embed(t.Context(), texts)
			if err != nil {
				t.Error(err)
			}
			got[i] = vectors
			m.Tokens(texts[1])
		})
	}
	all.Wait()
	for i := range got {
		for j := range got[i] {
			if !slices.Equal(got[i][j], got[0][j]) {
				t.Errorf("callers 0 and %d have unlike vectors of text %d", i, j)
			}
		}
	}
}

func TestTokensUsed(t *testing.T) {
	m := open(t)
	_, tokens, err := m.Embed(t.Context(), []string{"", textOf(20), textOf(300)})
	if want := []int{2, 20, embed.MaxTokens}; err != nil || !slices.Equal(tokens, want) {
		t.Errorf("tokens %v, not %v: %v", tokens, want, err)
	}
	if vectors, tokens, err := m.Embed(t.Context(), nil); len(vectors) != 0 || len(tokens) != 0 || err != nil {
		t.Errorf("no texts: %v, %v, %v", vectors, tokens, err)
	}
}

// A cancelled is a context that ends when it has been asked n times.
type cancelled struct {
	context.Context
	cancel context.CancelFunc
	mu     sync.Mutex
	left   int
}

func (c *cancelled) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left < 0 {
		c.cancel()
	}
	return c.Context.Err()
}

func TestCancel(t *testing.T) {
	m := open(t)
	texts := make([]string, 1000) // some seconds, if cancelling does nothing
	for i := range texts {
		texts[i] = "hello"
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := &cancelled{Context: ctx, cancel: cancel, left: 3}
	vectors, tokens, err := m.Embed(c, texts)
	if !errors.Is(err, context.Canceled) || vectors != nil || tokens != nil {
		t.Errorf("%d vectors, %d counts: %v", len(vectors), len(tokens), err)
	}
	if c.left < -2*runtime.GOMAXPROCS(0) {
		t.Errorf("%d texts were begun after the end", -c.left)
	}
	embedAll(t, m, texts[:runtime.GOMAXPROCS(0)]) // every core came back
}

func TestHash(t *testing.T) {
	const want = "5a3083159545e89613bfba0849bacf979cc27e447e639512100cb6b8cbc8b516"
	for _, kernel := range embed.Kernels() {
		embed.Force(t, kernel)
		if got := open(t).Hash(); got != want {
			t.Errorf("%s: the model's hash is %s: stored vectors cannot be compared any more", kernel, got)
		}
	}
}

// TestAllocations holds that a text costs its result alone: the vector, the
// two slices that are returned, and the record of the call.
func TestAllocations(t *testing.T) {
	m := open(t)
	texts := []string{"hello, naïve world"}
	embedAll(t, m, texts)
	ctx := t.Context()
	if n := testing.AllocsPerRun(1, func() { _, _, _ = m.Embed(ctx, texts) }); n > 4 {
		t.Errorf("%v allocations", n)
	}
}
