package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a real Chromium at a real server. At the end of its test it
// reports every message of the console that was not expected, which includes
// every violation of the Content-Security-Policy.
type browser struct {
	t    *testing.T
	ctx  context.Context
	url  string
	root string // the module's folder
	axe  string // source of axe-core

	messages chan string
	expected []*regexp.Regexp
}

// Names of the browser as distributions have it, Debian's first.
var chromiums = []string{"chromium-headless-shell", "headless-shell", "chromium", "google-chrome"}

// newBrowser starts a browser, or skips the test where there is none. With
// QUINTET_BROWSER=required its absence is a failure.
func newBrowser(t *testing.T, root, url string) *browser {
	t.Helper()
	b := &browser{t: t, url: url, root: root, messages: make(chan string, 10_000)}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(findChromium(t)), chromedp.Flag("lang", "en"))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	b.ctx = ctx
	messages := chromedp.Console(ctx)
	b.do(chromedp.EmulateViewport(1280, 900))
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			b.messages <- fmt.Sprintf("%s %s %s %s", m.Type, m.Source, m.Text, m.URL)
		}
	}()
	t.Cleanup(b.report)
	return b
}

func findChromium(t *testing.T) string {
	for _, name := range chromiums {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("QUINTET_BROWSER") == "required" {
		t.Fatalf("no browser is installed: none of %v is in PATH", chromiums)
	}
	t.Skipf("the console is not tested: no browser is installed, none of %v is in PATH; on Debian: apt-get install chromium-headless-shell", chromiums)
	return ""
}

// report waits for a last message of our own, so that all before it are here.
func (b *browser) report() {
	last := fmt.Sprintf("the last of %d", time.Now().UnixNano())
	b.do(step(chromedp.Evaluate[any](`void console.log("` + last + `")`)))
	for {
		select {
		case m := <-b.messages:
			if strings.Contains(m, last) {
				return
			}
			if !b.isExpected(m) {
				b.t.Errorf("console: %s", m)
			}
		case <-time.After(30 * time.Second):
			b.t.Error("the browser's console does not tell what it is told")
			return
		}
	}
}

func (b *browser) isExpected(message string) bool {
	for _, form := range b.expected {
		if form.MatchString(message) {
			return true
		}
	}
	return false
}

// expect lets messages pass: browsers report each answer of 400 and up.
func (b *browser) expect(form string) { b.expected = append(b.expected, regexp.MustCompile(form)) }

// step makes an action of one whose value does not matter.
func step[T any](a chromedp.Action[T]) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := a(ctx, t)
		return err
	})
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *browser) goTo(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.url + path))
}

// ask evaluates an expression, and waits for it where it is a promise.
func ask[T any](b *browser, expression string) T {
	b.t.Helper()
	wait := true
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, func(p *runtime.EvaluateParams) { p.AwaitPromise = &wait }))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// await waits until an expression is true. One that fails is not yet: what it
// asks of may be about to be drawn.
func (b *browser) await(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, step(chromedp.Poll[any](`(() => { try { return `+expression+` } catch { return false } })()`))); err != nil {
		b.t.Fatalf("%s never was true: %v\n%s", expression, err, ask[string](b, `document.body.innerText`))
	}
}

// sees waits until the page's main part shows a text.
func (b *browser) sees(text string) {
	b.t.Helper()
	b.await(`document.querySelector("main")?.innerText.includes(` + quoted(text) + `)`)
}

func quoted(text string) string { data, _ := json.Marshal(text); return string(data) }

// control is an expression for the control with a label.
func control(label string) string {
	return `[...document.querySelectorAll("label")].find(l => l.innerText.trim() === ` + quoted(label) + `)?.control`
}

// fill types into the field with a label, in place of what it holds.
func (b *browser) fill(label, text string) {
	b.t.Helper()
	b.await(control(label))
	b.do(step(chromedp.Evaluate[any](`{ const c = `+control(label)+`; c.focus(); c.select() }`)), chromedp.KeyEvent(text))
}

// choose takes an option of a select.
func (b *browser) choose(label, value string) {
	b.t.Helper()
	b.await(control(label))
	b.do(step(chromedp.Evaluate[any](`{ const c = ` + control(label) + `; c.value = ` + quoted(value) + `; c.dispatchEvent(new Event("change", {bubbles: true})) }`)))
}

// press clicks what has a text or a name, once it can be.
func (b *browser) press(name string) {
	b.t.Helper()
	found := `[...document.querySelectorAll("button, a, input")].find(e => !e.disabled && (e.innerText?.trim() === ` + quoted(name) + ` || [e.getAttribute("aria-label"), e.labels?.[0]?.innerText.trim()].includes(` + quoted(name) + `)))`
	b.await(`(e => !!e && (e.click(), true))(` + found + `)`) // in one step: what is found must not go before it is pressed
}

// colours emulates the system's theme.
func (b *browser) colours(scheme string) {
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		})
		return err
	}))
}

// inspect checks the page as it stands, in both themes and on a narrow screen:
// no serious fault that axe-core finds, nothing wider than the screen. Where
// QUINTET_SCREENSHOTS names a folder it keeps pictures to look at.
func (b *browser) inspect(name string) {
	b.t.Helper()
	for _, look := range []struct {
		name, scheme string
		width        int64
	}{{"light", "light", 1280}, {"dark", "dark", 1280}, {"narrow", "light", 375}} {
		b.do(chromedp.EmulateViewport(look.width, 900))
		b.colours(look.scheme)
		b.await(`new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`) // it is laid out anew
		b.picture(name + "-" + look.name)
		if wide := ask[int64](b, `document.documentElement.scrollWidth`); wide > look.width {
			b.t.Errorf("%s is %d wide on a screen of %d: %s", name, wide, look.width, ask[string](b,
				`[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth && !e.closest(".table-wrap")).slice(0, 5).map(e => e.outerHTML.slice(0, 120)).join("\n")`))
		}
		if look.name == "dark" {
			continue // its colours are checked on the narrow screen: each run takes a fifth of a second
		}
		if look.name == "narrow" {
			b.colours("dark")
		}
		for _, fault := range b.axeFaults() {
			b.t.Errorf("%s, %s: %s", name, look.name, fault)
		}
	}
	b.do(chromedp.EmulateViewport(1280, 900))
	b.colours("light")
}

func (b *browser) picture(name string) {
	dir := os.Getenv("QUINTET_SCREENSHOTS")
	if dir == "" {
		return
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(b.root, dir)
	}
	data, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), data, 0o644)
	}
	if err != nil {
		b.t.Error(err)
	}
}

// axeFaults runs axe-core over the page.
func (b *browser) axeFaults() []string {
	if b.axe == "" {
		b.axe = readAxe(b.t, b.root)
	}
	if !ask[bool](b, `typeof axe === "object"`) {
		b.do(step(chromedp.Evaluate[any](b.axe + `; undefined`)))
	}
	return ask[[]string](b, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations
		.filter(v => v.impact === "serious" || v.impact === "critical")
		.map(v => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + " " + (n.any[0]?.message ?? "")).join(" | ")))`)
}

func readAxe(t *testing.T, root string) string {
	t.Helper()
	f, err := os.Open(filepath.Join(root, "testdata/axe/axe.min.js.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	source, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}
