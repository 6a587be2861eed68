package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"quintet/search/analysis"

	"github.com/chromedp/chromedp"
)

// row is an expression for the row of a table that shows a text.
func row(table, text string) string {
	return `[...document.querySelectorAll("[aria-label='` + table + `'] tbody tr")].find(e => e.innerText.includes(` + quoted(text) + `))`
}

// TestConsoleSearchManage walks what makes collections and looks after them. The
// server has been started again, and finds every search slow.
func TestConsoleSearchManage(t *testing.T) {
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	findChromium(t)
	t.Chdir(t.TempDir())
	t.Run("before", func(t *testing.T) {
		r := startServer(t, "--demo-traffic", "off")
		r.call("PUT", "/v1/collections/resting", `{"fields":[{"name":"title","type":"text"}]}`, 201)
		r.call("POST", "/v1/collections/resting/documents", `[{"id":"a","title":"Asleep"},{"id":"b","title":"Still asleep"}]`, 200)
	})
	r := startServer(t, "--demo-traffic", "off", "--search.slow", "1ms")
	b := newBrowser(t, root, r.url)
	b.goTo(r.link())
	b.sees("What the five capabilities hold")
	for _, part := range []struct {
		name string
		walk func(*running, *browser)
	}{
		{"loaded", useLoaded}, {"define", useDefine}, {"infer", useInfer}, {"slow", useSlow}, {"snapshots", useSnapshots},
		{"aliases", useAliases}, {"reindex", useReindex}, {"failed", useFailedReindex},
	} {
		t.Run(part.name, func(t *testing.T) { b.t, r.t = t, t; part.walk(r, b) })
	}
	b.t, r.t = t, t
}

// useLoaded looks at a collection that nobody has used since the start.
func useLoaded(_ *running, b *browser) {
	resting := row("Collections", "resting")
	b.goTo("/console/search")
	b.await(resting + `.innerText.includes("not loaded") && ` + resting + `.cells[1].innerText === "2" && ` + resting + `.cells[3].innerText === "–"`)
	b.goTo("/console/search/resting/settings")
	b.await(`/in memory, [\d.]+ (B|KiB|MiB) in 1 segment$/m.test(document.querySelector(".facts").innerText)`)
	b.goTo("/console/search")
	b.await(`/[\d.]+ KiB|[\d.]+ B/.test(` + resting + `.cells[4].innerText) && ` + resting + `.cells[2].innerText === "2"`)
}

// useDefine declares fields; what the server has against one stands beside it.
func useDefine(r *running, b *browser) {
	var names []string
	for _, l := range analysis.Languages() {
		names = append(names, l.Name)
	}
	if offered := ask[[]string](b, `import("/console/page_search_define.js").then(m => m.languages)`); !slices.Equal(offered, names) {
		b.t.Errorf("the form offers the languages %q; the server has %q", offered, names)
	}
	b.press("Define a collection")
	b.await(`document.activeElement === ` + control("Name"))
	b.fill("Name", "Wrong Name")
	b.expect("status of 422")
	b.submit()
	b.await(control("Name") + `.parentElement.querySelector(".fault")?.innerText.includes("begins with a letter")`)
	b.await(`!document.querySelector(".define .notice")`)
	b.fill("Name", "wares")

	field := func(n int, label string) string {
		return fmt.Sprintf(`[...document.querySelectorAll(".field-row")][%d]`, n-1) + `.querySelectorAll("label").values().find(l => l.innerText === ` + quoted(label) + `).control`
	}
	set := func(n int, label, value string) {
		b.t.Helper()
		b.await(field(n, label))
		b.do(step(chromedp.Evaluate[any](`{ const c = ` + field(n, label) + `; if (c.type === "checkbox") c.click(); else { c.value = ` + quoted(value) + `; c.dispatchEvent(new Event(c.tagName === "SELECT" ? "change" : "input", {bubbles: true})) } }`)))
	}
	set(1, "Field", "id")
	set(2, "Its language", "german")
	b.press("Add field")
	b.await(`document.activeElement === ` + field(3, "Field"))
	set(3, "Field", "brand")
	set(3, "Facet", "")
	b.press("Add field")
	set(4, "Field", "price")
	set(4, "Type", "float")
	b.press("Add field")
	set(5, "Field", "spare")
	b.press("Remove field spare")
	b.await(`document.querySelectorAll(".field-row").length === 4`)
	b.press("Some texts")
	set(1, "Embed", "")
	b.choose("Precision", "float32")
	b.submit()
	b.await(field(1, "Field") + `.parentElement.querySelector(".fault")?.innerText.startsWith("id needs no field")`)
	b.await(`!document.querySelector(".define .notice")`)
	b.inspect("search-define")
	set(1, "Field", "title")
	b.submit()
	b.await(`location.pathname === "/console/search/wares/documents"`)
	r.call("GET", "/v1/collections/wares", "", 200, `{"name":"title","type":"text","weight":2,"language":"english"},{"name":"text","type":"text","weight":1,"language":"german"},{"name":"brand","type":"keyword","facet":true},{"name":"price","type":"float"}]`,
		`"embed":["text"]`, `"precision":"float32"`, `"inferred":false`)
}

func useInfer(r *running, b *browser) {
	b.goTo("/console/search#form=define")
	b.fill("Name", "wares")
	b.press("Infer from the documents")
	b.press("Nothing")
	b.await(`!` + control("Precision"))
	b.expect("status of 409")
	b.submit()
	b.await(control("Name") + `.parentElement.querySelector(".fault")?.innerText.includes("another definition")`)
	b.fill("Name", "notes")
	b.submit()
	b.sees("No document yet")
	r.call("GET", "/v1/collections/notes", "", 200, `"inferred":true`, `"embed":[]`)

	b.goTo("/console/search#form=define")
	b.fill("Name", "own")
	b.await(`document.querySelectorAll(".field-row").length === 2`)
	b.press("Remove field text")
	b.choose("Type", "vector(n)")
	b.fill("Numbers", "3")
	b.sees("Documents bring their vectors in title")
	b.choose("Metric", "euclid")
	b.submit()
	b.await(`location.pathname === "/console/search/own/documents"`)
	r.call("GET", "/v1/collections/own", "", 200, `"type":"vector(3)"`, `"metric":"euclid"`)
	b.goTo("/console/search#form=define")
	b.press("Leave it")
	b.await(`!document.querySelector(".define") && location.hash === "" && document.activeElement.id === "title"`)
}

func useSlow(r *running, b *browser) {
	b.goTo("/console/search/notes/settings")
	b.sees("No search was slow")
	b.sees("500 ms where it is not set otherwise")
	r.call("POST", "/v1/collections/countries/search", `{"q":"reindeer in the snow","filter":"population > 1000","exact":true}`, 200)
	b.goTo("/console/search/countries/settings")
	slow := row("Slow searches", "reindeer in the snow")
	b.await(slow + `.innerText.includes("population > 1000") && ` + slow + `.innerText.includes("hybrid") && / ms/.test(` + slow + `.innerText)`)
}

func useSnapshots(r *running, b *browser) {
	b.goTo("/console/search/countries/settings")
	b.sees("No snapshot yet")
	b.do(step(chromedp.Evaluate[any](`{ const real = fetch; window.fetch = (path, init) => init?.method !== "POST" || !/snapshots$|restore$/.test(path) ? real(path, init)
		: new Promise(done => { window.signal = init.signal; window.release = () => done(real(path, init)) }) }`)))
	b.press("Make snapshot")
	b.await(`document.querySelector("progress[aria-label='A snapshot is being made']") && document.querySelector("button[aria-busy=true]").disabled`)
	b.do(step(chromedp.Evaluate[any](`release()`)))
	made := row("Snapshots", "258")
	b.await(made + `.cells[2].innerText.includes("iB") && !document.querySelector("progress")`)
	b.inspect("search-manage")

	// Its file, as the link fetches it, is restored under another name.
	link := ask[string](b, made+`.querySelector("a[download]").getAttribute("href")`)
	file := filepath.Join(b.t.TempDir(), "countries-20260101T000000Z.snapshot")
	if err := os.WriteFile(file, r.call("GET", link, "", 200), 0o600); err != nil {
		b.t.Fatal(err)
	}
	if status := ask[string](b, `fetch(`+quoted(link)+`).then(a => a.status + a.headers.get("Content-Disposition"))`); !strings.HasPrefix(status, `200attachment`) {
		b.t.Errorf("the link answers %s", status)
	}
	b.press("Restore from a file…")
	b.asked("Restore from a file")
	b.do(chromedp.SetUploadFiles("dialog[open] input[type=file]", []string{file}))
	b.await(control("New name") + `.value === "countries"`)
	b.expect("status of 409")
	b.confirm()
	b.await(`document.querySelector("dialog[open] progress")`)
	b.do(step(chromedp.Evaluate[any](`release()`)))
	b.await(`document.querySelector("dialog[open] .fault")`)
	b.inspect("search-restore")
	b.fill("New name", "lands")
	b.confirm()
	b.press("Cancel")
	b.await(`signal.aborted && !document.querySelector("dialog[open]")`)
	b.press("Restore from a file…")
	b.asked("Restore from a file")
	b.do(chromedp.SetUploadFiles("dialog[open] input[type=file]", []string{file}))
	b.await(control("New name") + `.value === "countries"`)
	b.fill("New name", "lands")
	b.confirm()
	b.do(step(chromedp.Poll[any](`document.querySelector("dialog[open] progress")`)), step(chromedp.Evaluate[any](`release()`)))
	b.await(`location.pathname === "/console/search/lands"`)
	r.call("GET", "/v1/collections/lands", "", 200, `"documents":258`)

	b.goTo("/console/search/countries/settings")
	b.await(made)
	b.do(step(chromedp.Evaluate[any](made + `.querySelector("[aria-label^=Restore]").click()`)))
	b.asked("countries stays as it is")
	b.confirm()
	b.await(`location.pathname === "/console/search/countries-restored"`)
	r.call("GET", "/v1/collections/countries-restored", "", 200, `"documents":258`)

	b.goTo("/console/search/countries/settings")
	b.await(made)
	b.do(step(chromedp.Evaluate[any](made + `.querySelector("[aria-label^=Delete]").click()`)))
	b.asked("cannot be restored from here any more")
	b.confirm()
	b.sees("No snapshot yet")
	r.call("GET", link, "", 404)
}

func useAliases(r *running, b *browser) {
	b.goTo("/console/search")
	b.sees("No alias yet")
	b.press("New alias…")
	b.asked("A name that no collection has.")
	b.fill("Alias", "countries")
	b.choose("Leads to", "countries")
	b.expect("status of 409")
	b.confirm()
	b.await(`document.querySelector("dialog[open] .fault")?.innerText.includes("has this name")`)
	b.fill("Alias", "atlas")
	b.confirm()
	atlas := row("Aliases", "atlas")
	b.await(atlas + `.cells[1].innerText === "countries"`)

	b.press("Move atlas")
	b.choose("To", "notes")
	b.asked("reads and writes the 0 documents of notes, no longer the 258 documents of countries, which stays")
	// Somebody else moves it meanwhile.
	ask[int](b, `fetch("/v1/aliases/atlas", {method: "PUT", headers: {"If-Match": "*", "Content-Type": "application/json"}, body: '{"collection":"resting"}'}).then(a => a.status)`)
	b.expect("status of 412")
	b.confirm()
	b.asked("etag_mismatch")
	r.call("GET", "/v1/aliases/atlas", "", 200, `"collection":"resting"`)
	b.press("Read it again")
	b.asked("no longer the 2 documents of resting")
	b.confirm()
	b.await(atlas + `.cells[1].innerText === "notes"`)
	r.call("GET", "/v1/aliases/atlas", "", 200, `"collection":"notes"`)

	b.press("Delete atlas")
	b.asked("The collection notes stays.")
	b.confirm()
	b.sees("No alias yet")
	r.call("GET", "/v1/aliases/atlas", "", 404)
}

// useReindex follows one that has much to embed, cancels it, and lets one end.
func useReindex(r *running, b *browser) {
	r.call("PUT", "/v1/collections/long", `{"fields":[{"name":"title","type":"text","weight":2},{"name":"text","type":"text"}],"embed":[]}`, 201)
	var lines []string
	for i := range 60 {
		text, _ := json.Marshal(strings.Repeat(fmt.Sprintf("The %d bicycles of the harbour stand in the rain. ", i), 1000))
		lines = append(lines, fmt.Sprintf(`{"id":"d%d","title":"Part %d","text":%s}`, i, i, text))
	}
	r.call("POST", "/v1/collections/long/documents", "["+strings.Join(lines, ",")+"]", 200)
	r.call("PUT", "/v1/aliases/books", `{"collection":"long"}`, 201)
	b.goTo("/console/search")
	books := row("Aliases", "books")
	b.press("Re-index books")
	b.await(control("New collection") + `.value === "long-v2" && JSON.parse(` + control("Definition") + `.value).embed.length === 0`)
	b.fill("Definition", `{"fields": [`)
	b.await(`document.querySelector("dialog[open] .fault")?.innerText.startsWith("This is no JSON")`)
	b.fill("Definition", `{"fields": [{"name": "title", "type": "text"}, {"name": "text", "type": "words"}]}`)
	b.expect("status of 422")
	b.confirm()
	b.await(`document.querySelector("dialog[open] .fault")?.innerText.startsWith("fields[1]: its type is text")`)
	b.inspect("search-reindex-fault")
	b.fill("Definition", `{"fields": [{"name": "title", "type": "text"}, {"name": "text", "type": "text"}], "embed": ["text"]}`)
	b.confirm()
	b.await(books + `.querySelector("progress").max === 60 && [...` + books + `.querySelectorAll("button")].filter(e => e.disabled).length === 3`)
	b.sees("of 60 documents in long-v2")
	b.inspect("search-reindex")
	b.press("Cancel the re-index behind books")
	b.asked("long-v2 is deleted. books leads to long, as before.")
	b.confirm()
	b.await(`!` + books + `.querySelector("progress")`)
	r.call("GET", "/v1/aliases/books", "", 200, `"collection":"long"`, `"reindex":null`)

	b.press("Re-index books")
	b.press("Delete long and its snapshots when the alias has moved")
	b.confirm()
	b.await(books + `.cells[1].innerText === "long-v2"`)
	b.await(`!` + row("Collections", "long\t") + ` && ` + row("Collections", "long-v2") + `.cells[1].innerText === "60"`)
	r.call("GET", "/v1/collections/long", "", 404)
}

// useFailedReindex is told which document does not fit.
func useFailedReindex(r *running, b *browser) {
	books := row("Aliases", "books")
	b.press("Re-index books")
	b.await(control("New collection") + `.value === "long-v3"`)
	b.fill("Definition", `{"fields": [{"name": "title", "type": "int"}]}`)
	b.confirm()
	b.await(`/long-v3 could not be made: .*title/.test(` + books + `.querySelector(".fault")?.innerText)`)
	b.press("Dismiss the re-index behind books")
	b.asked("The alias no longer tells why")
	b.confirm()
	b.await(`!` + books + `.querySelector(".fault")`)
	r.call("GET", "/v1/aliases/books", "", 200, `"collection":"long-v2"`, `"reindex":null`)
}

// submit presses the one button of the form on the page.
func (b *browser) submit() {
	b.t.Helper()
	button := `document.querySelector("main form button[type=submit]:not(:disabled)")`
	b.await(`(e => !!e && (e.click(), true))(` + button + `)`)
}
