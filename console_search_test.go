package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// hits is an expression for what a column of the playground lists.
func hits(column string) string {
	return `[...document.querySelectorAll("ol[aria-label=` + column + `] > li")]`
}

// settled waits until every column shows what was asked last.
func (b *browser) settled() {
	b.t.Helper()
	b.await(`document.querySelector("main ol.hits") && ![...document.querySelectorAll("main ol.hits")].some(e => e.ariaBusy === "true")`)
}

// listed waits until a column has a number of hits, and more than none.
func (b *browser) listed(column string) {
	b.t.Helper()
	b.await(hits(column) + `.length > 0`)
}

const articles = `[
	{"id":"d1","title":"Layering for winter","text":"Wool, down and a windproof shell keep you warm below zero.","year":2024,"topic":"clothing"},
	{"id":"d2","title":"Sourdough at home","text":"Flour, water, salt and a patient starter. <b>Knead</b> twice & <mark>rest</mark>.","year":2021,"topic":"food"},
	{"id":"d3","title":"Tuning a bicycle","text":"True the wheels, oil the chain, set the brakes before the season.","year":2019,"topic":"repair"}]`

// useSearch is the way of somebody who searches for the first time.
func useSearch(r *running, b *browser) {
	r.call("PUT", "/v1/collections/articles", `{}`, 201)
	r.call("POST", "/v1/collections/articles/documents", articles, 200, `"accepted":3`)
	b.goTo("/console/search")
	b.sees("Ask in your own words")
	b.press("articles")
	b.sees("The newest")
	b.fill("Query", "warm clothes for cold days")
	b.listed("Semantic")
	b.await(hits("Hybrid") + `[0].innerText.includes("Layering for winter")`)
	if link := ask[string](b, `location.hash`); link != "#q=warm+clothes+for+cold+days" {
		r.t.Errorf("the address ends in %s", link)
	}
	b.fill("Query", "sourdough knead")
	b.await(hits("Keyword") + `.length === 1 && ` + hits("Keyword") + `[0].innerText.includes("<b>Knead</b> twice & <mark>rest</mark>")`)
	b.await(hits("Keyword") + `[0].querySelector("p mark").innerText === "Knead"`)
	b.await(hits("Keyword") + `[0].querySelector("b b, p b, p mark mark") === null`)
	b.do(chromedp.Reload())
	b.listed("Keyword")
	b.fill("Query", "submarine")
	b.sees("Nothing found")
}

// TestConsoleSearch walks the pages of search.
func TestConsoleSearch(t *testing.T) {
	r, b := openConsole(t)
	b.goTo(r.link())
	b.sees("What the five capabilities hold")
	b.goTo("/console/search")
	b.sees("258") // the countries are there
	for _, part := range []struct {
		name string
		walk func(*running, *browser)
	}{
		{"collections", useCollections}, {"playground", usePlayground}, {"facets", useFacets}, {"explain", useExplain}, {"filter", useFilter}, {"late", useLateAnswers},
		{"documents", useDocuments}, {"settings", useSettings}, {"words", useWordsAlone},
	} {
		t.Run(part.name, func(t *testing.T) { b.t, r.t = t, t; part.walk(r, b) })
	}
	b.t, r.t = t, t
}

func useCollections(_ *running, b *browser) {
	b.goTo("/console/search")
	b.sees("countries")
	b.await(`["258", "KiB", "MiB"].every(w => document.querySelector(".rows tbody tr").innerText.includes(w))`)
	b.inspect("search-collections")
	b.press("countries")
	b.await(`location.pathname === "/console/search/countries" && document.activeElement.id === "title"`)
	b.sees("The newest")
	b.await(`document.querySelectorAll("ol.hits").length === 1`)
	b.inspect("search-newest")

	b.expect("status of 404")
	b.goTo("/console/search/nowhere")
	b.sees("There is no nowhere to be shown")
}

func usePlayground(r *running, b *browser) {
	b.goTo("/console/search/countries")
	b.sees("The newest")
	b.fill("Query", "cold winters and reindeer")
	for _, column := range []string{"Keyword", "Semantic", "Hybrid"} {
		b.listed(column)
	}
	b.settled()
	b.await(`[...document.querySelectorAll(".column .aside")].every(e => /[\d,]+ found · [\d.]+ ms/.test(e.innerText))`)
	b.await(hits("Keyword") + `.some(e => e.querySelector("p mark")?.innerText === "cold winters")`)

	// Whoever points at a document sees it in every column, with its places.
	b.do(step(chromedp.Evaluate[any](hits("Hybrid") + `[0].querySelector("button").focus()`)))
	first := ask[string](b, hits("Hybrid")+`[0].dataset.id`)
	b.await(`(all => all.length > 0 && all.every(e => e.dataset.id === ` + quoted(first) + `))([...document.querySelectorAll("[data-marked]")])`)
	semantic := ask[int](b, hits("Semantic")+`.findIndex(e => e.dataset.id === `+quoted(first)+`) + 1`)
	place := ask[string](b, hits("Hybrid")+`[0].querySelector(".places").innerText`)
	var answer struct {
		Hits []struct {
			ID      string
			Explain struct {
				SemanticRank int `json:"semantic_rank"`
			}
		}
	}
	if err := json.Unmarshal(r.call("POST", "/v1/collections/countries/search", `{"q":"cold winters and reindeer","explain":true}`, 200), &answer); err != nil {
		b.t.Fatal(err)
	}
	if rank := answer.Hits[0].Explain.SemanticRank; answer.Hits[0].ID != first || semantic > 0 && semantic != rank || !strings.Contains(place, fmt.Sprintf("semantic %d", rank)) {
		b.t.Errorf("%s stands at %q, and %d in its column; the server says %+v", first, place, semantic, answer.Hits[0])
	}
	b.inspect("search-playground")

	before := ask[string](b, `document.querySelector("ol[aria-label=Hybrid]").innerText`)
	b.press("Rank (RRF)")
	b.await(`document.querySelector(".call pre").innerText.includes('"fusion": {"method":"rrf"}') && document.querySelector("ol[aria-label=Hybrid]").innerText !== ` + quoted(before))
	b.await(`document.querySelector("input[type=range]").disabled`)
	b.press("Min-max")
	b.do(step(chromedp.Evaluate[any](`document.querySelector("input[type=range]").focus()`)), chromedp.KeyEvent(kb.End))
	b.await(`document.querySelector(".call pre").innerText.includes('"fusion": {"share":1}')`)
	b.press("Exact")
	b.await(`document.querySelector(".call pre").innerText.includes('"exact": true')`)
	b.choose("Sort", "-population")
	b.await(hits("Semantic") + `[0].dataset.id === "india"`)
	b.do(chromedp.Reload())
	b.await(hits("Hybrid") + `.length > 0 && document.querySelector("select").value === "-population"`)
}

// useFacets checks values, which write themselves into the filter.
func useFacets(_ *running, b *browser) {
	for _, c := range []struct{ filter, field, value, want string }{
		{``, `region`, `"Europe"`, `region in ['Europe']`},
		{`area_km2 > 5`, `region`, `"Côte d'Ivoire"`, `area_km2 > 5 and region in ['Côte d''Ivoire']`},
		{`a = 1 or b = 2`, `c`, `true`, `(a = 1 or b = 2) and c in [true]`},
		{`region in ['Europe'] and a = 1`, `region`, `"Africa"`, `region in ['Europe', 'Africa'] and a = 1`},
		{`a = 1 AND region IN ["Europe","it''s"] and b = 2`, `region`, `"Europe"`, `a = 1 AND region in ['it''''s'] and b = 2`},
		{`a = 1 and region in ['Europe'] and b = 2`, `region`, `"Europe"`, `a = 1 and b = 2`},
		{`region in ['Europe'] and b = 2`, `region`, `"Europe"`, `b = 2`},
		{`region in ['Europe']`, `region`, `"Europe"`, ``},
		{`a = 'region in [1]'`, `region`, `1`, `a = 'region in [1]' and region in [1]`},
		{`not region in ['Europe']`, `region`, `"Europe"`, `not region in ['Europe'] and region in ['Europe']`},
		{`(region in ['Europe'])`, `region`, `"Asia"`, `(region in ['Europe']) and region in ['Asia']`},
		{`region in ['Europe'`, `region`, `"Asia"`, `region in ['Europe' and region in ['Asia']`},
	} {
		got := ask[string](b, `import("/console/search_filter.js").then(m => m.toggled(`+quoted(c.filter)+`, `+quoted(c.field)+`, `+c.value+`))`)
		if got != c.want {
			b.t.Errorf("%s with %s of %s becomes %s; want %s", c.filter, c.value, c.field, got, c.want)
		}
	}
	b.goTo("/console/search/countries#q=island")
	b.listed("Hybrid")
	b.press("region: Africa")
	b.await(control("Filter") + `.value === "region in ['Africa']"`)
	b.settled()
	b.await(hits("Hybrid") + `.every(e => e.innerText.includes("region\nAfrica") || e.innerText.includes("region Africa") || e.querySelector(".values").innerText.includes("Africa"))`)
	b.press("region: Europe") // is still offered, and counted without the list
	b.press("landlocked: true")
	b.await(control("Filter") + `.value === "region in ['Africa', 'Europe'] and landlocked in [true]"`)
	b.settled()
	b.await(`document.querySelectorAll(".facet input:checked").length === 3`)
	b.inspect("search-facets")
	b.press("region: Africa")
	b.press("region: Europe")
	b.await(control("Filter") + `.value === "landlocked in [true]"`)
}

func useExplain(_ *running, b *browser) {
	b.goTo("/console/search/countries#q=cold+winters+and+reindeer")
	b.listed("Hybrid")
	b.settled()
	b.do(step(chromedp.Evaluate[any](hits("Hybrid")+`[0].querySelector("button").focus()`)), chromedp.KeyEvent(kb.Enter))
	b.asked("in hybrid, score")
	b.await(`document.querySelectorAll("dialog[open] .bars svg").length >= 2 && /vector/.test(document.querySelector("dialog[open] .bars").innerText)`)
	b.inspect("search-explain-hit")
	// The parts are the score.
	if off := ask[float64](b, `(() => { const d = document.querySelector("dialog[open]"), n = [...d.querySelectorAll(".bars td.num")].map(e => Number(e.innerText));
		return Math.abs(n.reduce((a, b) => a + b, 0) - Number(d.querySelector("p .num").innerText)) })()`); off > 0.005 {
		b.t.Errorf("the parts differ from the score by %f", off)
	}
	b.do(chromedp.KeyEvent(kb.Escape))
	b.await(`!document.querySelector("dialog[open]") && document.activeElement.closest("ol")?.ariaLabel === "Hybrid"`)

	b.press("Explain the search, hybrid")
	b.asked("The best 200 of each list are blended by minmax, 0.6 of it semantic")
	b.asked("winter")
	b.asked("scan")
	b.inspect("search-explain")
	b.press("Close")
	b.fill("Query", "reindeers wintr")
	b.settled()
	b.await(hits("Keyword") + `.length > 0 && !location.hash.includes("cold")`)
	b.press("Explain the search, keyword")
	b.asked("perhaps a typo")
	b.press("Close")
}

func useFilter(_ *running, b *browser) {
	b.expect("status of 422")
	b.goTo("/console/search/countries#q=desert")
	b.listed("Hybrid")
	b.fill("Filter", "population > 'many'")
	b.await(`document.querySelector(".refused mark")?.innerText === "'"`)
	b.await(`/^At character 14 /.test(document.querySelector(".fault").lastChild.textContent)`)
	b.await(`!document.querySelector(".notice.bad") && ` + hits("Hybrid") + `.length > 0`)
	b.sees("As before: the filter cannot be read.")
	b.inspect("search-filter")
	b.fill("Filter", "region >")
	b.await(`document.querySelector(".refused mark")?.innerText === "\u00a0"`)
	b.fill("Filter", "population > 100000000")
	b.await(`!document.querySelector(".fault")`)
	b.settled()
	b.await(hits("Semantic") + `.length > 0 && ` + hits("Semantic") + `.length <= 20`)
	b.fill("Filter", "population > 99000000000")
	b.sees("The filter admits no document.")
}

// useLateAnswers holds what a query brings back until another one is answered.
func useLateAnswers(_ *running, b *browser) {
	b.goTo("/console/search/countries")
	b.sees("The newest")
	b.do(step(chromedp.Evaluate[any](`{ const real = fetch; window.held = []; window.fetch = (path, init) => {
		const answer = real(path, {...init, signal: undefined});
		return String(init?.body).includes("glacier") ? new Promise(done => held.push(() => { answer.then(done); return answer })) : answer;
	} }`)))
	b.fill("Query", "glacier")
	b.await(`held.length === 3`)
	b.fill("Query", "desert")
	b.listed("Hybrid")
	b.settled()
	columns := `document.querySelector(".columns").innerText`
	before := ask[string](b, columns)
	after := ask[string](b, `Promise.all(held.map(release => release())).then(() => fetch("/console/session")).then(() => new Promise(done =>
		requestAnimationFrame(() => requestAnimationFrame(() => done(`+columns+`)))))`)
	if after != before {
		b.t.Errorf("a late answer is shown:\n%s\nwant\n%s", after, before)
	}
}

func useDocuments(r *running, b *browser) {
	b.goTo("/console/search/countries/documents")
	b.sees("258 documents")
	b.sees("page 1")
	first := ask[string](b, `document.querySelector(".documents tbody code").innerText`)
	b.press("Older")
	b.sees("page 2")
	b.await(`document.querySelector(".documents tbody code").innerText !== ` + quoted(first))
	b.press("Newer")
	b.await(`document.querySelector(".documents tbody code").innerText === ` + quoted(first))
	b.inspect("search-documents")

	b.press("Add document")
	b.asked("Add a document")
	b.fill("Id", "atlantis")
	b.fill("Document", `{"name": "Atlantis", `)
	b.await(`document.querySelector("dialog[open] .fault")?.innerText.startsWith("This is no JSON")`)
	b.inspect("search-document-fault")
	b.fill("Document", `{"name": 7}`)
	b.expect("status of 422")
	b.press("Save document")
	b.asked("The member name is a text field")
	b.fill("Document", `{"name": "Atlantis", "text": "It sank.", "region": "Oceans"}`)
	b.press("Save document")
	b.sees("259 documents")
	b.await(`document.querySelector(".documents tbody code").innerText === "atlantis"`)
	r.call("GET", "/v1/collections/countries/documents/atlantis", "", 200, `"It sank."`)

	b.press("Edit atlantis")
	b.await(control("Document") + `?.value.includes("It sank.")`)
	b.inspect("search-document")
	r.call("PUT", "/v1/collections/countries/documents/atlantis", `{"name":"Atlantis","text":"It rose."}`, 200)
	b.expect("status of 412")
	b.press("Save document") // over what somebody else has changed
	b.asked("etag_mismatch")
	b.press("Read it again")
	b.await(control("Document") + `?.value.includes("It rose.")`)
	b.fill("Document", `{"name": "Atlantis", "text": "It floats."}`)
	b.press("Save document")
	b.await(`!document.querySelector("dialog[open]")`)
	r.call("GET", "/v1/collections/countries/documents/atlantis", "", 200, `"It floats."`)

	b.press("Delete atlantis")
	b.asked("No search finds it any more.")
	b.press("Delete document")
	b.sees("258 documents")
	r.call("GET", "/v1/collections/countries/documents/atlantis", "", 404)
}

func useSettings(r *running, b *browser) {
	b.goTo("/console/search/countries/settings")
	b.sees("cosine")
	b.await(`document.querySelector("svg.depth")?.ariaLabel.startsWith("segment 1: ")`)
	b.await(`[...document.querySelectorAll(".rows tbody tr")].some(e => e.innerText.includes("keyword[]"))`)
	b.inspect("search-settings")

	r.call("PUT", "/v1/collections/leftovers", `{}`, 201)
	b.goTo("/console/search/leftovers/settings")
	b.sees("No field yet")
	b.press("Delete collection…")
	b.asked("0 documents go with it")
	b.await(`document.querySelector("dialog[open] button[type=submit]").disabled`)
	b.fill("Type leftovers to confirm", "leftover")
	b.await(`document.querySelector("dialog[open] button[type=submit]").disabled`)
	b.fill("Type leftovers to confirm", "leftovers")
	b.inspect("search-delete")
	b.confirm()
	b.await(`location.pathname === "/console/search"`)
	r.call("GET", "/v1/collections/leftovers", "", 404)
}

// useWordsAlone looks at collections without vectors to compare with.
func useWordsAlone(r *running, b *browser) {
	r.call("PUT", "/v1/collections/plain", `{"fields":[{"name":"title","type":"text"}],"embed":[]}`, 201)
	r.call("PUT", "/v1/collections/own", `{"fields":[{"name":"title","type":"text"},{"name":"v","type":"vector(2)"}]}`, 201)
	r.call("POST", "/v1/collections/plain/documents", `{"id":"a","title":"Plain words"}`, 200)
	r.call("POST", "/v1/collections/own/documents", `{"id":"a","title":"Plain words","v":[1,2]}`, 200)
	for name, why := range map[string]string{"plain": "It embeds no field", "own": "the clients’ own"} {
		b.goTo("/console/search/" + name)
		b.sees(why)
		b.fill("Query", "word")
		b.listed("Keyword")
		b.await(`document.querySelectorAll("ol.hits").length === 1`)
	}
	b.inspect("search-words")
}
