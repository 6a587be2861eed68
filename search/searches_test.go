package search_test

import (
	"fmt"
	"strings"
	"testing"

	"quintet/search"
)

func TestSearchesRoute(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.define("words", `{"fields":[{"name":"title","type":"text"}],"embed":[]}`)
	b.post("c", `{"id":"coat","title":"warm winter coat","n":1}`, `{"id":"shorts","title":"summer shorts","n":2}`)
	b.post("words", `{"id":"a","title":"winter"}`)
	f := func(name, searches string, status int, texts ...string) scenario {
		return scenario{name, "POST", "search", `{"searches":[` + searches + `]}`, nil, status, texts}
	}
	b.run(t, []scenario{
		f("OK", `{"collection":"c","q":"winter"},{"collection":"words","q":"winter","highlight":true},{"collection":"c","filter":"n = 2"}`, 200,
			`{"results":[{"hits":[{"id":"coat"`, `"highlights":{"title":"<mark>winter</mark>"}`, `"mode":"keyword"`, `"hits":[{"id":"shorts","score":0,`, `"took_ms":`),
		f("OKFaults", `{"collection":"none"},{"collection":"c","filter":"m = 2"},{"collection":"c","limit":-1},{"collection":"words","q":"winter"},{"collection":"words","mode":"semantic","q":"x"}`, 200,
			`{"results":[{"error":{"status":404,"code":"collection_not_found"`,
			`{"error":{"status":422,"code":"invalid_filter","detail":"body.searches[1].filter: at character 1`, `"errors":[{"location":"body.searches[1].filter","message":"at character 1`,
			`"code":"invalid_limit"`, `{"hits":[{"id":"a"`, `"code":"not_embedded"`),
		f("OKVectors", `{"collection":"c","mode":"semantic","vector":[1]},{"collection":"c","mode":"semantic","q":"summer"}`, 200,
			`{"results":[{"error":{"status":422,`, `body.searches[0].vector`, `{"hits":[{"id":"shorts"`),
		f("OKLimits", `{"collection":"c","limit":900},{"collection":"c","limit":90},{"collection":"c"}`, 200, `"found":2`),
		f("OKMany", `{"collection":"words"}`+strings.Repeat(`,{"collection":"words"}`, 31), 200, `"found":1`),
		f("ErrLimits", `{"collection":"c","limit":900},{"collection":"c","limit":91},{"collection":"c"}`, 422, "ask for 1001 hits"),
		f("OKLimitZero", `{"collection":"c"},{"collection":"c","limit":0}`, 200, `{"results":[{"hits":[`, `{"error":{"status":422,"code":"invalid_limit"`, "body.searches[1].limit"),
		f("ErrNothing", ``, 422, "body.searches", "1 to 32"),
		f("ErrTooMany", `{"collection":"words"}`+strings.Repeat(`,{"collection":"words"}`, 32), 422, "has 33 searches"),
		f("ErrUnknown", `{"collection":"c","query":"x"}`, 422, "body.searches[0].query: unknown field"),
		{"ErrBody", "POST", "search", `{}`, nil, 422, []string{"body.searches"}},
		{"ErrLarge", "POST", "search", `{"searches":[{"collection":"c","q":"` + strings.Repeat("x", 1<<20) + `"}]}`, nil, 413, []string{"too_large"}},
		{"OKOtherTenant", "POST", "search", `{"searches":[{"collection":"c"}]}`, []string{"Test-Tenant", "globex"}, 200, []string{"collection_not_found", "!hits"}},
	})
}

// answers is what several searches found.
type answers struct {
	Results []struct {
		found
		Error *struct {
			Status int
			Code   string
		}
	}
}

// TestSearchesEmbedTogether holds that the texts of all searches are embedded
// in one call, each once, and what becomes of them when the model fails.
func TestSearchesEmbedTogether(t *testing.T) {
	b := newBed(t)
	calls := 0
	b.options.Embedder = &disturbed{Embedder: b.model, each: func() { calls++ }}
	b.reopen()
	b.define("c", `{}`)
	b.post("c", `{"id":"coat","t":"winter coat"}`, `{"id":"shorts","t":"summer shorts"}`)
	before := b.model.texts.Load()
	body := `{"searches":[{"collection":"c","q":"winter"},{"collection":"c","q":"summer","mode":"semantic"},{"collection":"c","q":"winter","mode":"semantic"},{"collection":"c","q":"winter","mode":"keyword"},{"collection":"c"}]}`
	var a answers
	b.do("POST", "/v1/search", body).want(200).into(&a)
	for i, best := range []string{"coat", "shorts", "coat", "coat", "shorts"} {
		if r := a.Results[i]; r.Error != nil || r.Hits[0].ID != best {
			t.Errorf("search %d found %s, %v", i, r.ids(), r.Error)
		}
	}
	if texts := b.model.texts.Load() - before; calls != 1 || texts != 2 {
		t.Errorf("%d texts were embedded in %d calls", texts, calls)
	}
	b.model.fail.Store(true)
	a = answers{}
	b.do("POST", "/v1/search", body).want(200).into(&a)
	if r := a.Results; !r[0].Degraded || r[0].ids() != "coat" || r[1].Error == nil || r[1].Error.Code != "embedding_failed" || r[1].Error.Status != 503 || r[3].Degraded || r[4].Error != nil {
		t.Errorf("without a model the results are %+v", r)
	}
}

// TestSearchesLargeAnswers holds that the pages of all searches together are
// bounded, and that each can be gone on with.
func TestSearchesLargeAnswers(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"n","type":"int"}]}`)
	var lines []string
	for i := range 150 {
		lines = append(lines, fmt.Sprintf(`{"id":"d%d","x":"%s"}`, i, strings.Repeat("x", 60<<10)))
	}
	b.post("c", lines...)
	var a answers
	r := b.do("POST", "/v1/search", `{"searches":[{"collection":"c","limit":100},{"collection":"c","limit":100},{"collection":"c","limit":100}]}`).want(200)
	r.into(&a)
	if len(r.body) > 9<<20 {
		t.Errorf("the answer has %d bytes", len(r.body))
	}
	for i, least := range []int{100, 30, 1} {
		if r := a.Results[i]; len(r.Hits) < least || r.Next == nil {
			t.Errorf("page %d has %d hits", i, len(r.Hits))
		}
	}
	b.do("POST", "/v1/collections/c/search", jsonOf(search.Query{Limit: 100, Cursor: a.Results[2].Next})).want(200, `"id":"d148"`, `!"id":"d149"`)
}
