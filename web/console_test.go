package web_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"quintet/engine"
	"quintet/gateway"
	"quintet/web"
)

// lobby lets in who brings the token "link" or the key "key", as the writer of
// credentials.
type lobby struct {
	mu  sync.Mutex
	out []string // secrets of those who signed out
}

func (l *lobby) let(got, want string) (gateway.Session, error) {
	if got != want {
		return gateway.Session{}, engine.Errorf(engine.Unauthenticated, "link_invalid", "no")
	}
	return gateway.Session{Secret: "writer", Expires: time.Now().Add(time.Hour)}, nil
}

func (l *lobby) SignInByLink(_ context.Context, token string) (gateway.Session, error) {
	return l.let(token, "link")
}

func (l *lobby) SignInByKey(_ context.Context, key string) (gateway.Session, error) {
	return l.let(key, "key")
}

func (l *lobby) SignOut(_ context.Context, secret string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out = append(l.out, secret)
	return nil
}

func withConsole(l *lobby) adjust { return func(_ *web.Options, h *web.House) { h.Sessions = l } }

const session = "/console/session"

func TestConsoleSession(t *testing.T) {
	l := &lobby{}
	b := newBed(t, withConsole(l))
	for name, test := range map[string]struct {
		body, want string
		status     int
	}{
		"OK/link":       {`{"token":"link"}`, "", 204},
		"OK/key":        {`{"key":"key"}`, "", 204},
		"Err/other":     {`{"token":"key"}`, "link_invalid", 401},
		"Err/both":      {`{"token":"link","key":"key"}`, "either token or key", 422},
		"Err/neither":   {`{}`, "either token or key", 422},
		"Err/unknown":   {`{"token":"link","tenant":"acme"}`, "tenant", 422},
		"Err/no JSON":   {`token=link`, "malformed_json", 400},
		"Err/too large": {`{"token":"` + strings.Repeat("x", 5<<10) + `"}`, "too_large", 413},
	} {
		t.Run(name, func(t *testing.T) {
			a := b.call(t, "POST", session, "", test.body)
			if a.status != test.status || !strings.Contains(a.body, test.want) {
				t.Errorf("%v; want %d %s", a, test.status, test.want)
			}
			cookie := a.header.Get("Set-Cookie")
			form := regexp.MustCompile(`^quintet_session=writer; Path=/; Max-Age=3(599|600); HttpOnly; SameSite=Strict$`)
			if let := test.status == 204; let != form.MatchString(cookie) || !let && cookie != "" {
				t.Errorf("cookie %q", cookie)
			}
		})
	}
	a := b.call(t, "POST", session, "", `{"token":"link"}`, "Sec-Fetch-Site: cross-site")
	if a.status != 403 || a.header.Get("Set-Cookie") != "" {
		t.Errorf("another site signs a browser in: %v", a)
	}
}

func TestConsoleCookie(t *testing.T) {
	l := &lobby{}
	b := newBed(t, withConsole(l))
	const good, bad = "Cookie: quintet_session=writer", "Cookie: quintet_session=nobody"
	for name, test := range map[string]struct {
		method, path, token string
		header, want        string
		status              int
	}{
		"OK":                           {"GET", "/v1/notes/a", "", good, "", 200},
		"OK/the credential goes first": {"GET", "/v1/notes/a", "reader", bad, "", 200},
		"Err/it does not help out":     {"GET", "/v1/notes/a", "wrong", good, "credential_invalid", 401},
		"Err/unknown":                  {"GET", "/v1/notes/a", "", bad, "credential_invalid", 401},
		"Err/empty":                    {"GET", "/v1/notes/a", "", "Cookie: quintet_session=", "credential_missing", 401},
		"OK/state":                     {"GET", session, "", good, `"signed_in":true`, 200},
		"OK/state of nobody":           {"GET", session, "", bad, `"signed_in":false`, 200},
		"OK/state without":             {"GET", session, "", "Accept: */*", `"signed_in":false`, 200},
	} {
		t.Run(name, func(t *testing.T) {
			a := b.call(t, test.method, test.path, test.token, "", test.header)
			if a.status != test.status || !strings.Contains(a.body, test.want) {
				t.Errorf("%v; want %d %s", a, test.status, test.want)
			}
		})
	}
	a := b.call(t, "DELETE", session, "", "", good)
	if a.status != 204 || !strings.Contains(a.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("signing out: %v, %v", a, a.header)
	}
	if b.call(t, "DELETE", session, "", "", good, "Sec-Fetch-Site: same-site").status != 403 {
		t.Error("another port of this machine signs a browser out")
	}
	if b.call(t, "DELETE", session, "", "").status != 204 {
		t.Error("who is not signed in cannot sign out")
	}
	if !slices.Equal(l.out, []string{"writer"}) {
		t.Errorf("signed out: %q", l.out)
	}
}

func TestConsoleCookieUnderTLS(t *testing.T) {
	b := newBed(t, func(o *web.Options, h *web.House) { o.SecureCookies, h.Sessions = true, &lobby{} })
	if got := b.call(t, "POST", session, "", `{"key":"key"}`).header.Get("Set-Cookie"); !strings.Contains(got, "; Secure") {
		t.Errorf("cookie %q", got)
	}
}

func TestConsoleFiles(t *testing.T) {
	b := newBed(t, withConsole(&lobby{}))
	const policy = "default-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
	shell := b.call(t, "GET", "/console", "", "")
	for path, media := range map[string]string{
		"/console": "text/html", "/console/": "text/html", "/console/jobs/1": "text/html", "/console/nowhere": "text/html",
		"/console/app.js": "text/javascript", "/console/style.css": "text/css", "/console/icon.svg": "image/svg+xml", "/console/vendor/uPlot.js": "text/javascript",
	} {
		a := b.call(t, "GET", path, "", "")
		if a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Type"), media) || media == "text/html" && a.body != shell.body {
			t.Errorf("%s: %d %s", path, a.status, a.header.Get("Content-Type"))
		}
		for name, want := range map[string]string{"Content-Security-Policy": policy, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %s is %q; want %q", path, name, got, want)
			}
		}
		again := b.call(t, "GET", path, "", "", "If-None-Match: "+a.header.Get("Etag"))
		if again.status != http.StatusNotModified || again.body != "" || again.header.Get("Etag") != a.header.Get("Etag") {
			t.Errorf("%s: %d again", path, again.status)
		}
	}
	for _, path := range []string{"/console/absent.js", "/console/vendor/vendor.sh", "/console/vendor/LICENSES.txt", "/console/../go.mod", "/console/%2e%2e/doc.go", "/console/app.js/"} {
		if a := b.call(t, "GET", path, "", ""); a.status != 404 {
			t.Errorf("%s: %v", path, a.status)
		}
	}
	public := []string{"DELETE /console/session", "GET /console", "GET /console/session", "GET /console/{path}", "POST /console/session"}
	for _, operation := range public {
		if !slices.Contains(parse(t, b.Document()).anonymous(), operation) {
			t.Errorf("%s is not public", operation)
		}
	}
}

// TestConsoleSource holds what the policy would only refuse in a browser, and
// that the vendored code is what VERSIONS says.
func TestConsoleSource(t *testing.T) {
	versions, err := os.ReadFile("static/vendor/VERSIONS")
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob("static/*.*")
	vendored, _ := filepath.Glob("static/vendor/*.[jc]s*")
	if len(files) < 15 || len(vendored) != 3 {
		t.Fatalf("found %v, %v", files, vendored)
	}
	for _, name := range vendored {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		if line := hex.EncodeToString(sum[:]) + "  " + filepath.Base(name); !strings.Contains(string(versions), line) {
			t.Errorf("%s is not the file that vendor.sh made: VERSIONS lacks %s", name, line)
		}
	}
	forbidden := regexp.MustCompile(`(?i)\sstyle=|\son\w+="|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|javascript:|unsafe-|https?://[a-z]`)
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(data), "http://www.w3.org/2000/svg", "")
		if found := forbidden.FindString(text); found != "" {
			t.Errorf("%s holds %q", name, found)
		}
	}
}
