package embed_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"quintet/search/embed"
)

// textOf is a text of n tokens, [CLS] and [SEP] included.
func textOf(n int) string {
	words := strings.Fields("the river carried small boats past old stone houses while people talked about storage engines")
	var text strings.Builder
	for i := range n - 2 {
		text.WriteString(words[i*7%len(words)] + " ")
	}
	return text.String()
}

// BenchmarkEmbed is one text on one core. "ratio" is how many times faster it
// is than the portable kernels in the same run.
func BenchmarkEmbed(b *testing.B) {
	kernels := embed.Kernels()
	for _, n := range []int{8, 16, 32, 128, 256} {
		var portable float64 // ms
		for i := len(kernels) - 1; i >= 0; i-- {
			b.Run(fmt.Sprintf("%dtokens/%s", n, kernels[i]), func(b *testing.B) {
				embed.Force(b, kernels[i])
				m := open(b)
				text := []string{textOf(n)}
				if _, tokens, err := m.Embed(b.Context(), text); err != nil || tokens[0] != n {
					b.Fatal(tokens, err)
				}
				b.ReportAllocs()
				for b.Loop() {
					if _, _, err := m.Embed(b.Context(), text); err != nil {
						b.Fatal(err)
					}
				}
				ms := b.Elapsed().Seconds() * 1e3 / float64(b.N)
				if i == len(kernels)-1 {
					portable = ms
				}
				b.ReportMetric(ms, "ms/text")
				b.ReportMetric(float64(n)/ms, "tokens/ms")
				b.ReportMetric(portable/ms, "ratio")
			})
		}
	}
}

// BenchmarkFirstText is opening a model and embedding one word: reading and
// checking the weights and packing the matrices.
func BenchmarkFirstText(b *testing.B) {
	for b.Loop() {
		embedAll(b, open(b), []string{"hello"})
	}
}

// BenchmarkTokens is the tokenizer alone.
func BenchmarkTokens(b *testing.B) {
	m := open(b)
	for name, text := range map[string]string{"ASCII": textOf(256), "accents": strings.Repeat("Ångström naïve café ", 60)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				m.Tokens(text)
			}
		})
	}
}

// BenchmarkCores embeds 16 texts of 32 tokens on one core and on all.
func BenchmarkCores(b *testing.B) {
	texts := make([]string, 16)
	for i := range texts {
		texts[i] = textOf(32)
	}
	for _, cores := range []int{1, runtime.GOMAXPROCS(0)} {
		b.Run(fmt.Sprint(cores), func(b *testing.B) {
			before := runtime.GOMAXPROCS(cores)
			defer runtime.GOMAXPROCS(before)
			m := open(b)
			embedAll(b, m, texts)
			for b.Loop() {
				embedAll(b, m, texts)
			}
			b.ReportMetric(float64(len(texts)*b.N)/b.Elapsed().Seconds(), "texts/s")
		})
	}
}

// BenchmarkPassages divides 64 KiB into its passages, without embedding them.
func BenchmarkPassages(b *testing.B) {
	m := open(b)
	text := strings.Repeat(textOf(256), 1+(64<<10)/len(textOf(256)))[:64<<10]
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		m.Passages(text)
	}
}
