package search_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"quintet/search"
)

const timedDocuments = 10_000

// timedText draws words as texts have them: a few are in nearly every text,
// most are rare (Zipf with exponent 1.1 over 20,000 words).
func timedText(rng *rand.Rand, zipf *rand.Zipf, n int) string {
	var b strings.Builder
	for range n {
		fmt.Fprintf(&b, "w%d ", zipf.Uint64())
	}
	return b.String()
}

// timedBed stores the documents, in one import and the vectors of a fake model.
func timedBed(tb testing.TB) (b *bed, texts []string) {
	b = newBed(tb)
	b.define("c", `{"fields":[{"name":"text","type":"text"},{"name":"n","type":"int"}]}`)
	rng := rand.New(rand.NewPCG(1, 1))
	zipf := rand.NewZipf(rng, 1.1, 1, 20_000)
	var docs []string
	for i := range timedDocuments {
		texts = append(texts, timedText(rng, zipf, 60))
		docs = append(docs, jsonOf(map[string]any{"id": fmt.Sprint(i), "text": texts[i], "n": i}))
	}
	began := time.Now()
	b.post("c", docs...)
	tb.Logf("%d documents stored and indexed in %.2f s", timedDocuments, time.Since(began).Seconds())
	return b, texts
}

// BenchmarkSearch answers queries of four words over 10,000 documents of 60,
// in every mode, over the service without HTTP; "x" is how many times as fast
// that is as looking at each document: words split and counted beforehand in a
// map for each, vectors of float32 multiplied one by one.
func BenchmarkSearch(b *testing.B) {
	bed, texts := timedBed(b)
	brute := newBrute(texts)
	rng := rand.New(rand.NewPCG(2, 2))
	zipf := rand.NewZipf(rng, 1.1, 1, 20_000)
	queries := make([]string, 64)
	for i := range queries {
		queries[i] = timedText(rng, zipf, 4)
	}
	slow := map[string]time.Duration{}
	for _, mode := range []string{"keyword", "semantic"} {
		began := time.Now()
		for _, q := range queries[:8] {
			brute.search(q, mode)
		}
		slow[mode] = time.Since(began) / 8
	}
	slow["hybrid"] = slow["keyword"] + slow["semantic"]
	for _, c := range []struct{ name, mode, filter string }{
		{"keyword", "keyword", ""}, {"semantic", "semantic", ""}, {"hybrid", "hybrid", ""},
		{"hybrid/filter1%", "hybrid", "n < 100"}, {"hybrid/filter50%", "hybrid", "n < 5000"},
	} {
		b.Run(c.name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				if _, err := bed.s.Search(background, bed.acme, "c", search.Query{Q: queries[n%len(queries)], Mode: c.mode, Filter: c.filter}); err != nil {
					b.Fatal(err)
				}
				n++
			}
			b.ReportMetric(float64(slow[c.mode])/(float64(b.Elapsed())/float64(b.N)), "x")
		})
	}
}

// brute is a search that looks at every document.
type brute struct {
	counts  []map[string]float64
	lengths []float64
	vectors [][]float32
}

func newBrute(texts []string) *brute {
	s := &brute{}
	for _, text := range texts {
		counts, terms := map[string]float64{}, search.Terms(text)
		for _, term := range terms {
			counts[term]++
		}
		v, _ := fakeVector(text)
		s.counts, s.lengths, s.vectors = append(s.counts, counts), append(s.lengths, float64(len(terms))), append(s.vectors, v)
	}
	return s
}

func (s *brute) search(q, mode string) []int {
	scores, rows := make([]float64, len(s.counts)), make([]int, len(s.counts))
	v, _ := fakeVector(q)
	terms := search.Terms(q)
	for i := range rows {
		rows[i] = i
		if mode == "semantic" {
			sum := float32(0)
			for j, x := range v {
				sum += x * s.vectors[i][j]
			}
			scores[i] = float64(sum)
			continue
		}
		for _, term := range terms {
			tf := s.counts[i][term]
			scores[i] += tf * 2.2 / (tf + 1.2*(0.25+0.75*s.lengths[i]/60))
		}
	}
	slices.SortFunc(rows, func(a, b int) int {
		if scores[a] > scores[b] {
			return -1
		}
		return 1
	})
	return rows[:10]
}

// BenchmarkStart builds the index of 10,000 documents from the store.
func BenchmarkStart(b *testing.B) {
	bed, _ := timedBed(b)
	for b.Loop() {
		bed.reopen()
	}
	b.ReportMetric(float64(timedDocuments)*float64(b.N)/b.Elapsed().Seconds(), "documents/s")
}

// BenchmarkImport stores documents of 60 words and a number, without vectors,
// with segments written beside it as in a server; its baseline is what reading
// the same documents takes, JSON and words.
func BenchmarkImport(b *testing.B) {
	bed := newBed(b)
	rng := rand.New(rand.NewPCG(1, 1))
	zipf := rand.NewZipf(rng, 1.07, 1, 50_000)
	docs := make([]string, 1_000)
	for i := range docs {
		docs[i] = jsonOf(map[string]any{"id": fmt.Sprint(i), "text": timedText(rng, zipf, 60), "n": i})
	}
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			for _, d := range docs {
				var m struct{ Text string }
				must(b, json.Unmarshal([]byte(d), &m))
				search.Terms(m.Text)
			}
		}
		b.ReportMetric(float64(len(docs)*b.N)/b.Elapsed().Seconds(), "documents/s")
	})
	b.Run("import", func(b *testing.B) {
		bed.do("DELETE", "/v1/collections/c", "")
		bed.define("c", `{"fields":[{"name":"text","type":"text"},{"name":"n","type":"int"}],"embed":[]}`)
		must(b, bed.s.Start(background))
		n := 0
		for b.Loop() {
			fresh := make([]string, len(docs))
			for i, d := range docs {
				fresh[i] = strings.Replace(d, `"id":"`, fmt.Sprintf(`"id":"%d-`, n), 1)
			}
			n++
			bed.post("c", fresh...)
		}
		b.ReportMetric(float64(len(docs)*b.N)/b.Elapsed().Seconds(), "documents/s")
	})
}
