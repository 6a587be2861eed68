package search_test

import (
	"os"
	"strings"
	"testing"

	"quintet/search"
	"quintet/search/embed"
)

// TestDemoVectors holds the demo's vectors against the model: some of them, so
// that it is quick. With QUINTET_MAKE_DEMO it makes all of them.
func TestDemoVectors(t *testing.T) {
	model, err := embed.Open()
	must(t, err)
	texts := search.DemoTexts()
	if os.Getenv("QUINTET_MAKE_DEMO") != "" {
		vectors, _, err := model.Embed(background, texts)
		must(t, err)
		must(t, os.WriteFile("demo/vectors.f16", search.Halves(vectors), 0o644))
		must(t, os.WriteFile("demo/vectors.model", []byte(model.Hash()+"\n"), 0o644))
		return
	}
	if search.DemoModel() != model.Hash() {
		t.Fatal("the model has changed: run QUINTET_MAKE_DEMO=1 go test -run TestDemoVectors ./search")
	}
	if n := len(search.DemoVectors()); n != len(texts) {
		t.Fatalf("%d vectors for %d documents", n, len(texts))
	}
	for _, i := range []int{0, len(texts) / 2, len(texts) - 1} {
		vectors, _, err := model.Embed(background, texts[i:i+1])
		must(t, err)
		if c := cosine(vectors[0], search.DemoVectors()[i]); c < 0.999 {
			t.Errorf("the vector of document %d has a cosine of %.4f with what the model makes", i, c)
		}
	}
}

func cosine(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// TestSeedDemo seeds with the real model, which then embeds the query alone.
func TestSeedDemo(t *testing.T) {
	model, err := embed.Open()
	must(t, err)
	b := &bed{t: t, dir: memory(t) + "/data", options: search.Options{Embedder: &counting{Embedder: model}}}
	b.open()
	defer b.close()
	must(t, b.s.SeedDemo(background, b.acme, "countries"))
	must(t, b.s.SeedDemo(background, b.acme, "countries"))
	b.do("GET", "/v1/collections/countries", "").want(200, `"documents":`+jsonOf(len(search.DemoTexts())), `"vectors":`+jsonOf(len(search.DemoTexts())))
	if n := b.options.Embedder.(*counting).texts; n != 0 {
		t.Errorf("%d texts were embedded", n)
	}
	f := b.search("countries", `{"q":"a mountain kingdom between India and China","filter":"landlocked = true","limit":3}`)
	if !strings.Contains(f.ids(), "bhutan") && !strings.Contains(f.ids(), "nepal") {
		t.Errorf("found %s", f.ids())
	}
	b.do("DELETE", "/v1/collections/countries/documents/nepal", "").want(204)
	must(t, b.s.SeedDemo(background, b.acme, "countries"))
	b.wantIDs("countries", `{"q":"kathmandu nepal","mode":"keyword","limit":1}`, "nepal")
	b.define("mine", `{"fields":[{"name":"a","type":"int"}]}`)
	must(t, b.s.SeedDemo(background, b.acme, "mine"))
	b.do("GET", "/v1/collections/mine", "").want(200, `"documents":0`)
	b.check()
}
