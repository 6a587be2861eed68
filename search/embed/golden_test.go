package embed_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"quintet/search/embed"
)

// golden is a text with what the reference makes of it: tokenizers 0.23.3 and
// the model in float32 (testdata/golden.json).
type golden struct {
	Text      string
	IDs       []int32
	Embedding []float32
}

func goldens(t testing.TB) []golden {
	t.Helper()
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Texts []golden }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Texts) != 30 {
		t.Fatalf("%d golden texts", len(file.Texts))
	}
	return file.Texts
}

func open(t testing.TB) *embed.Model {
	t.Helper()
	m, err := embed.Open()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func long() bool { return os.Getenv("QUINTET_LONG") == "1" }

func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return ab / math.Sqrt(aa*bb)
}

func length(v []float32) float64 {
	var square float64
	for _, x := range v {
		square += float64(x) * float64(x)
	}
	return math.Sqrt(square)
}

func TestGoldenTokens(t *testing.T) {
	m := open(t)
	for _, g := range goldens(t) {
		if got := m.Tokens(g.Text); !slices.Equal(got, g.IDs) {
			t.Errorf("%.60q: tokens %v, the reference has %v", g.Text, got, g.IDs)
		}
	}
}

// TestGoldenVectors compares with float32 on every kernel that runs here:
// every fifth text, of which the slow kernels get the short ones; all under
// QUINTET_LONG=1.
func TestGoldenVectors(t *testing.T) {
	for _, kernel := range embed.Kernels() {
		t.Run(kernel, func(t *testing.T) {
			embed.Force(t, kernel)
			m := open(t)
			if m.Kernel() != kernel {
				t.Fatalf("kernel %s", m.Kernel())
			}
			least, total, n := 1.0, 0.0, 0.0
			for i, g := range goldens(t) {
				if !long() && (i%5 != 0 || kernel != embed.Kernels()[0] && len(g.IDs) > 12) {
					continue
				}
				vectors, tokens, err := m.Embed(t.Context(), []string{g.Text})
				if err != nil {
					t.Fatal(err)
				}
				c := cosine(vectors[0], g.Embedding)
				if !(c >= .995) || tokens[0] != len(g.IDs) {
					t.Errorf("%.60q: cosine %.5f, %d tokens of %d", g.Text, c, tokens[0], len(g.IDs))
				}
				if l := length(vectors[0]); math.Abs(l-1) > 1e-6 {
					t.Errorf("%.60q: length %v", g.Text, l)
				}
				least, total, n = min(least, c), total+c, n+1
			}
			t.Logf("%v texts, cosine to float32: least %.5f, mean %.5f", n, least, total/n)
		})
	}
}
