package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestConsoleSearchReadOnly: who may only read searches, and meets no button
// that would be refused.
func TestConsoleSearchReadOnly(t *testing.T) {
	r, b := openConsole(t)
	var made struct{ Key string }
	if err := json.Unmarshal(r.call("POST", "/v1/apikeys", `{"name":"x","scopes":["search:read"]}`, 201), &made); err != nil {
		t.Fatal(err)
	}
	b.goTo("/console/search")
	b.fill("API key", made.Key+kb.Enter)
	b.sees("258")
	b.sees("No alias yet")
	b.await(`![...document.querySelectorAll("main button")].some(e => /Define|Restore|alias/.test(e.innerText))`)
	b.goTo("/console/search/countries#q=island")
	b.listed("Hybrid")
	for path, shows := range map[string]string{"/documents": "258 documents", "/settings": "cosine"} {
		b.goTo("/console/search/countries" + path)
		b.sees(shows)
		b.await(`!document.querySelector("main .skeleton")`)
		b.await(`![...document.querySelectorAll("main button")].some(e => /Add|Edit|Delete|Make|Restore|Needs/.test(e.innerText + e.title))`)
		b.inspect("search-readonly" + strings.ReplaceAll(path, "/", "-"))
	}
	b.goTo("/console/search/countries/documents")
	b.await(`document.querySelector("[aria-label^='Show ']")`)
	b.do(step(chromedp.Evaluate[any](`document.querySelector("[aria-label^='Show ']").click()`)))
	b.asked(`"population"`)
	b.await(`!document.querySelector("dialog[open] textarea")`)

	if err := json.Unmarshal(r.call("POST", "/v1/apikeys", `{"name":"y","scopes":["stream:read"]}`, 201), &made); err != nil {
		t.Fatal(err)
	}
	b.press("Close")
	b.press("Sign out")
	b.sees("You are signed out.")
	b.fill("API key", made.Key+kb.Enter)
	b.sees("Your credential lacks search:read")
}

// TestConsoleSearchKeyboard searches, filters and explains without a mouse.
func TestConsoleSearchKeyboard(t *testing.T) {
	r, b := openConsole(t)
	b.goTo(r.link())
	b.goTo("/console/search")
	b.sees("258")
	b.goTo("/console/search/countries")
	b.sees("The newest")
	focused := `(e => (e.getAttribute("aria-label") ?? e.labels?.[0]?.innerText ?? e.innerText ?? e.tagName).trim())(document.activeElement)`
	// tab goes on to the control of a name.
	tab := func(name string) {
		t.Helper()
		for range 120 {
			b.do(chromedp.KeyEvent(kb.Tab))
			if outline := ask[string](b, `getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement.nextElementSibling ?? document.activeElement).outlineStyle`); outline == "nonenone" {
				t.Errorf("focus on %q cannot be seen", ask[string](b, focused))
			}
			if strings.HasPrefix(ask[string](b, focused), name) {
				return
			}
		}
		t.Fatalf("Tab does not lead to %s", name)
	}
	tab("Query")
	b.do(chromedp.KeyEvent("volcano"))
	b.listed("Hybrid")
	b.settled()
	tab("Filter")
	b.expect("status of 422") // of a filter that is typed slowly
	b.do(chromedp.KeyEvent("population > 1000"))
	b.await(`document.querySelector(".call pre").innerText.includes("population > 1000")`)
	b.settled()
	tab("region:")
	b.do(chromedp.KeyEvent(" "))
	b.await(control("Filter") + `.value.startsWith("population > 1000 and region in [")`)
	b.settled()
	tab("Explain ")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.await(`document.querySelector("dialog[open].drawer")`)
	b.do(chromedp.KeyEvent(kb.Escape))
	b.await(`!document.querySelector("dialog[open]") && document.activeElement.innerText === "Explain"`)

	b.goTo("/console/search")
	b.sees("No alias yet")
	tab("Define a collection")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.await(`document.activeElement === ` + control("Name"))
	b.do(chromedp.KeyEvent("typed"))
	tab("Add field")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.await(`document.querySelectorAll(".field-row").length === 3 && document.activeElement.closest(".field-row")?.innerText.includes("Facet")`)
	b.do(chromedp.KeyEvent("brand" + kb.Enter))
	b.await(`location.pathname === "/console/search/typed/documents" && document.activeElement.id === "title"`)
	r.call("GET", "/v1/collections/typed", "", 200, `{"name":"brand","type":"keyword"}`)
}
