package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// link asks the server for a link that opens the console.
func (r *running) link() string {
	r.t.Helper()
	var made struct{ Token string }
	if err := json.Unmarshal(r.call("POST", "/v1/console/links", "", 201), &made); err != nil {
		r.t.Fatal(err)
	}
	return "/console#" + made.Token
}

// openConsole starts a server and a browser that is signed in to it.
func openConsole(t *testing.T) (*running, *browser) {
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	findChromium(t)
	t.Chdir(t.TempDir())
	r := startServer(t, "--demo-traffic", "off")
	b := newBrowser(t, root, r.url)
	return r, b
}

// visits sends events that reach a quarter of an hour back.
func (r *running) visits() {
	var lines []byte
	now := time.Now()
	for i := range 600 {
		kind := []string{"view", "view", "view", "signup", "view", "purchase"}[(i*7)%6]
		event := map[string]any{
			"ts": now.Add(-time.Duration(i) * 1500 * time.Millisecond).UnixMilli(), "type": kind,
			"country": []string{"DE", "FR", "US", "BR", "JP"}[(i*i)%5], "duration_ms": 40 + (i*37)%360,
		}
		for range 1 + (i/40)%4 {
			line, _ := json.Marshal(event)
			lines = append(append(lines, line...), ',')
		}
	}
	r.call("POST", "/v1/streams/visits/events", "["+strings.TrimSuffix(string(lines), ",")+"]", 200)
}

// view sends one event of now.
func (r *running) view() {
	r.t.Helper()
	r.call("POST", "/v1/streams/visits/events", fmt.Sprintf(`{"ts":%d,"type":"view","country":"DE","duration_ms":5}`, time.Now().UnixMilli()), 200)
}

// bustle makes something happen; for pictures to look at it takes its time.
func (r *running) bustle() {
	rounds, pause := 2, time.Duration(0)
	if os.Getenv("QUINTET_SCREENSHOTS") != "" {
		rounds, pause = 100, 150*time.Millisecond
	}
	for i := range rounds {
		for range 1 + (i*i/9)%5 {
			r.view()
		}
		if i%6 == 0 {
			r.call("POST", "/v1/queues/demo/jobs", `{"payload":{"task":"report"}}`, 201)
		}
		if i%40 == 20 {
			r.call("POST", "/v1/queues/demo/jobs", `{"payload":{"task":"broken"},"max_attempts":1}`, 201)
			r.call("POST", "/v1/console/links", "", 201)
		}
		time.Sleep(pause)
	}
}

func TestConsoleSignIn(t *testing.T) {
	r, b := openConsole(t)
	b.expect("401")
	b.goTo("/console")
	b.sees("API key")
	b.inspect("signin")

	b.fill("API key", "qk_demo_wrong"+kb.Enter)
	b.sees("credential_invalid")
	b.fill("API key", r.key+kb.Enter)
	b.sees("What the five capabilities hold")
	b.press("Sign out")
	b.sees("You are signed out.")

	link := r.link()
	b.goTo(link)
	b.sees("What the five capabilities hold")
	if at := ask[string](b, `location.href`); at != r.url+"/console" {
		t.Errorf("the address bar shows %s", at)
	}
	if seen := ask[string](b, `document.cookie`); seen != "" {
		t.Errorf("a script can read the cookie: %s", seen)
	}
	b.press("Sign out")
	b.goTo("/console/nowhere")
	b.goTo(link)
	b.sees("a link counts once")
	b.inspect("signin-expired")
}

// TestConsoleEmpty: a tenant that has nothing yet is told how to begin.
func TestConsoleEmpty(t *testing.T) {
	r, b := openConsole(t)
	admin, err := os.ReadFile("data/admin.key")
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ Key string }
	r.key = strings.TrimSpace(string(admin))
	if err := json.Unmarshal(r.call("POST", "/v1/tenants", `{"id":"acme","name":"Acme"}`, 201), &made); err != nil {
		t.Fatal(err)
	}
	r.key = made.Key
	b.goTo(r.link())
	for _, page := range []struct{ name, shows string }{
		{"Overview", "Quiet so far"}, {"Search", "No collection yet"}, {"Stream", "No stream yet"},
		{"Gateway", "A key is shown once"}, {"Jobs", "No jobs yet"}, {"Images", "No images yet"},
	} {
		b.press(page.name)
		b.sees(page.shows)
		b.inspect(strings.ToLower(page.name) + "-empty")
	}
}

func TestConsolePages(t *testing.T) {
	r, b := openConsole(t)
	b.goTo(r.link())
	b.sees("What the five capabilities hold")
	r.visits()
	r.bustle()
	b.sees("events.accepted")
	b.sees("taken in by 1 stream")
	b.await(`document.querySelector(".chart canvas")`)
	b.await(`[...document.querySelectorAll(".card-number b")].every(e => e.innerText !== "")`)
	b.inspect("overview")

	t.Run("stream", func(t *testing.T) { b.t = t; useStream(r, b) })
	t.Run("gateway", func(t *testing.T) { b.t = t; useGateway(r, b) })
	t.Run("jobs", func(t *testing.T) { b.t = t; useJobs(r, b) })
	t.Run("search", func(t *testing.T) { b.t = t; useSearch(r, b) })
	t.Run("images", func(t *testing.T) { b.t = t; useImages(r, b) })
	b.t = t
}

func useStream(r *running, b *browser) {
	b.goTo("/console/stream#group=type")
	b.sees("purchase")
	b.choose("Value", "avg(duration_ms)")
	b.fill("Filter", "country in ['DE', 'FR']")
	b.press("Run query")
	b.await(`document.querySelector(".call pre").innerText.includes("avg(duration_ms)")`)
	b.await(`document.querySelectorAll(".result tbody tr").length >= 2 && !document.querySelector(".result th:nth-child(5)")`)
	b.choose("Value", "count")
	b.fill("Filter", " ")
	b.press("Run query")
	b.await(`document.querySelector(".result th:nth-child(5)")`)
	b.inspect("stream")

	b.press("Live")
	b.sees("live ·")
	before := ask[string](b, `document.querySelector(".result tbody td.num").innerText`)
	r.view()
	b.await(`document.querySelector(".result tbody td.num").innerText !== ` + quoted(before))
	b.press("Live")

	b.expect("status of 422")
	b.fill("Filter", "country ~ 3")
	b.press("Run query")
	b.sees("The query was refused")
	b.inspect("stream-refused")
}

func useGateway(r *running, b *browser) {
	b.goTo("/console/gateway")
	b.sees("first key")
	b.fill("Name", "ci of the shop")
	b.press("search:read")
	b.press("stream:write")
	b.choose("Lives", "7d")
	b.press("Create key")
	b.sees("Copy the key now.")
	key := ask[string](b, `document.getElementById("new-key").innerText`)
	b.sees("ci of the shop")
	b.press("Copy key") // not every browser lets it; then the key is selected
	b.await(`/Copied|Selected/.test(document.querySelector(".secret").innerText)`)
	if got := ask[string](b, `document.querySelector(".secret").innerText.includes("Copied") ? "" : getSelection().toString()`); got != "" && got != key {
		r.t.Errorf("selected is %q", got)
	}
	b.inspect("gateway")
	admin := r.key
	r.key = key
	r.call("GET", "/v1/whoami", "", 200, `"scopes":["search:read","stream:write"]`)
	b.press("Revoke ci of the shop")
	b.sees("Its calls fail at once")
	b.press("Revoke ci of the shop")
	b.await(`!document.querySelector(".rows").innerText.includes("ci of the shop")`)
	r.call("GET", "/v1/whoami", "", 401)
	r.key = admin
}

func useImages(r *running, b *browser) {
	b.goTo("/console/images")
	b.sees("No image yet")
	file := filepath.Join(r.t.TempDir(), "picture.png")
	drawPicture(r.t, file)
	b.do(chromedp.SetUploadFiles("input[type=file]", []string{file}))
	b.sees("picture.png")
	b.fill("Width", "320")
	b.fill("Height", "200")
	b.press("Upload and render")
	b.await(`document.getElementById("rendition")?.naturalWidth === 320`)
	b.sees("1200 × 800")
	b.press("Sign")
	b.await(`document.getElementById("signed-url")`)
	signed := ask[string](b, `document.getElementById("signed-url").innerText`)
	if got := ask[int](b, `fetch(`+quoted(signed)+`, {credentials: "omit"}).then(r => r.status)`); got != 200 {
		r.t.Errorf("%s answers %d", signed, got)
	}
	b.await(`document.querySelector(".thumbs img").naturalWidth > 0`)
	b.inspect("images")
	b.choose("Fit", "contain")
	b.press("Render")
	b.await(`document.getElementById("rendition").naturalWidth === 300`)
	b.do(chromedp.Reload())
	b.await(`document.getElementById("rendition")?.naturalWidth === 300`)
	b.expect("status of 422")
	b.fill("Width", "0")
	b.do(step(chromedp.Evaluate[any](control("Width") + `.removeAttribute("min")`)))
	b.press("Render")
	b.sees("This cannot be rendered")
}

// drawPicture makes a picture in which an eye sees what was cut off.
func drawPicture(t *testing.T, file string) {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 1200, 800))
	for y := range 800 {
		for x := range 1200 {
			dx, dy := float64(x-760), float64(y-380)
			c := color.RGBA{uint8(60 + x/9), uint8(40 + y/6), uint8(150 + (x-y)/14), 255}
			if r := math.Hypot(dx, dy); r < 210 {
				c = color.RGBA{250, uint8(210 - r/3), uint8(120 + r/4), 255}
			} else if y > 560+int(70*math.Sin(float64(x)/130)) {
				c = color.RGBA{30, uint8(50 + x/20), uint8(70 + y/12), 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(png.Encode(f, m), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestConsoleScopes: who may do little sees what is missing, and whose key is
// revoked is signed out.
func TestConsoleScopes(t *testing.T) {
	r, b := openConsole(t)
	var made struct{ ID, Key string }
	if err := json.Unmarshal(r.call("POST", "/v1/apikeys", `{"name":"x","scopes":["search:read"]}`, 201), &made); err != nil {
		t.Fatal(err)
	}
	b.goTo("/console/jobs")
	b.fill("API key", made.Key+kb.Enter)
	b.sees("Your credential lacks scheduler:read and scheduler:write")
	b.await(`[...document.querySelectorAll("button.act")].every(e => e.disabled)`)
	b.inspect("jobs-lacking")
	b.press("Overview")
	b.sees("needs imaging:read")
	r.call("DELETE", "/v1/apikeys/"+made.ID, "", 204)
	b.expect("401")
	// The page may notice by itself before anybody presses anything.
	b.await(`document.body.innerText.includes("Your session has ended") || [...document.querySelectorAll("nav a")].some(e => e.innerText.trim() === "Search" && e.click())`)

	admin, err := os.ReadFile("data/admin.key")
	if err != nil {
		t.Fatal(err)
	}
	b.goTo("/console/gateway")
	b.fill("API key", strings.TrimSpace(string(admin))+kb.Enter)
	b.sees("platform:admin")
	b.fill("Name", "second administrator")
	b.press("Create key")
	b.sees("qk__platform_")
	b.inspect("gateway-platform")
}

// TestConsoleKeyboard walks the jobs page from the top by Tab alone, and
// enqueues a job by Enter.
func TestConsoleKeyboard(t *testing.T) {
	r, b := openConsole(t)
	b.goTo(r.link())
	b.sees("What the five")
	r.call("POST", "/v1/queues/demo/jobs", `{"payload":{"task":"report"}}`, 201)
	b.goTo("/console/jobs")
	b.sees("Recent jobs")
	b.await(`!document.querySelector("main .skeleton")`)
	var path []string
	for range 28 {
		b.do(chromedp.KeyEvent(kb.Tab))
		path = append(path, ask[string](b, `(e => (e.labels?.[0]?.innerText ?? e.getAttribute("aria-label") ?? e.innerText ?? e.tagName).trim())(document.activeElement)`))
		if outline := ask[string](b, `getComputedStyle(document.activeElement).outlineStyle`); outline == "none" {
			t.Errorf("focus on %q cannot be seen", path[len(path)-1])
		}
	}
	want := []string{
		"Skip to content", "Quintet", "Overview", "Search", "Stream", "Gateway", "Jobs", "Images", "API reference", "Use the dark theme", "Sign out",
		"Queues", "All jobs", "Dead letters", "Schedules", "Queues", "demo", "Pause demo", "Drain demo",
		"Queue", "Payload", "Delay", "Priority", "Attempts", "Key, unique key and tags", "Enqueue job", "Copy as curl", "Command",
	}
	if !slices.Equal(path, want) {
		t.Errorf("Tab leads along\n%q; want\n%q", path, want)
	}
	b.do(step(chromedp.Evaluate[any](control("Queue")+`.focus()`)), chromedp.KeyEvent(kb.Enter))
	b.sees("completed")
	job := ask[string](b, `document.querySelector(".facts code").innerText`)

	palette := chromedp.KeyEvent("k", chromedp.KeyModifiers(chromedp.ModifierCtrl))
	b.do(palette, chromedp.KeyEvent("keyword"))
	b.await(`document.querySelectorAll(".palette li").length === 1`)
	b.inspect("palette")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.sees("Ask in your own words")
	b.do(palette, chromedp.KeyEvent(kb.ArrowDown+kb.ArrowDown+kb.Enter))
	b.await(`location.pathname === "/console/stream" && document.activeElement.id === "title"`)
	b.do(palette, chromedp.KeyEvent(job+kb.Enter))
	b.sees(job)
}
