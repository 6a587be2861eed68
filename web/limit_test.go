package web_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"quintet/engine"
	"quintet/web"
)

func TestBodyLimit(t *testing.T) {
	b := newBed(t, nil)
	// 100 bytes is what the raw route declares, 1 MiB what a typed one has.
	text := func(n int) string { return `{"text":"a","inner":"` + strings.Repeat("x", n-23) + `"}` }
	runScenarios(t, b, []scenario{
		{name: "OKRaw", method: "POST", path: "/v1/notes/1/lines", token: "writer", body: strings.Repeat("x", 100), headers: []string{"Content-Type: application/x-ndjson"}, status: 200, has: []string{`"bytes":100`}},
		{name: "ErrRaw", method: "POST", path: "/v1/notes/1/lines", token: "writer", body: strings.Repeat("x", 101), headers: []string{"Content-Type: application/x-ndjson"}, status: 413, code: "too_large", has: []string{"100 bytes"}},
		{name: "OKTyped", method: "POST", path: "/v1/notes", token: "writer", body: text(1 << 20), status: 201},
		{name: "ErrTyped", method: "POST", path: "/v1/notes", token: "writer", body: text(1<<20 + 1), status: 413, code: "too_large"},
	})
	for path, size := range map[string]int{"/v1/notes/1/lines": 101, "/v1/notes": 1<<20 + 1} {
		t.Run("ErrUnannounced"+path, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url(path), io.MultiReader(strings.NewReader(text(size))))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer writer")
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, _ := io.ReadAll(response.Body)
			a := answer{response.StatusCode, response.Header, string(body)}
			if a.status != http.StatusRequestEntityTooLarge {
				t.Fatal(a)
			}
			checkProblem(t, a, "too_large")
		})
	}
}

// TestBodyCannotBeRead: what is wrong with a body is not the server's failure.
func TestBodyCannotBeRead(t *testing.T) {
	b := newBed(t, nil)
	f := func(name, sent, code string) {
		for _, path := range []string{"/v1/notes", "/v1/notes/1/lines"} {
			t.Run(name+path, func(t *testing.T) {
				conn, err := net.Dial("tcp", b.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				send(t, conn, "POST "+path+" HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer writer\r\n"+sent)
				if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
					t.Fatal(err)
				}
				response, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(response.Body)
				a := answer{response.StatusCode, response.Header, string(body)}
				if a.status != http.StatusBadRequest {
					t.Fatal(a)
				}
				checkProblem(t, a, code)
			})
		}
	}
	f("Err/early", "Content-Length: 50\r\n\r\n{", "body_incomplete")
	f("Err/chunk", "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", "malformed_body")
}

func TestHeaderLimit(t *testing.T) {
	b := newBed(t, nil)
	if a := b.call(t, "GET", "/livez", "", "", "X-Long: "+strings.Repeat("x", 30<<10)); a.status != http.StatusOK {
		t.Errorf("30 KiB: %v", a)
	}
	if a := b.call(t, "GET", "/livez", "", "", "X-Long: "+strings.Repeat("x", 40<<10)); a.status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("40 KiB: %v", a)
	}
}

func TestTenantRateLimit(t *testing.T) {
	b := newBed(t, func(_ *web.Options, h *web.House) {
		h.Limiter = &allowance{left: map[engine.Tenant]int{acme: 2, globex: 1}}
	})
	runScenarios(t, b, []scenario{
		{name: "OKPublic", method: "GET", path: "/livez", status: 200, lacks: []string{"Ratelimit"}},
		{name: "OK", method: "GET", path: "/v1/notes/1", token: "reader", status: 200, has: []string{`Ratelimit: "tenant";r=1;t=2`, `Ratelimit-Policy: "tenant";q=5000;w=1`}},
		{name: "ErrScopeCountsToo", method: "POST", path: "/v1/notes", token: "reader", status: 403, code: "scope_missing", has: []string{"r=0"}},
		{name: "ErrTenant", method: "GET", path: "/v1/notes/1", token: "writer", status: 429, code: "rate_limited", has: []string{"Retry-After: 2", "5000 requests a second"}},
		{name: "OKOtherTenant", method: "POST", path: "/v1/fail/full", token: "other", status: 507, code: "store_full"},
	})
}

// TestSlowBody holds a body back until its time is over, on a clock that stands
// still until everybody waits.
func TestSlowBody(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, b *bed, dial func() net.Conn) {
		began, conn := time.Now(), dial()
		defer conn.Close()
		send(t, conn, "POST /v1/notes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer writer\r\nContent-Length: 50\r\n\r\n{")
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		checkProblem(t, answer{response.StatusCode, response.Header, string(body)}, "body_timeout")
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("after %v", took)
		}
	})
}

func TestLongPollOutlivesBodyTime(t *testing.T) {
	for name, body := range map[string]string{"OKBody": `{"text":"a"}`, "OKNoBody": ""} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, _ *bed, dial func() net.Conn) {
				conn := dial()
				defer conn.Close()
				send(t, conn, fmt.Sprintf("POST /v1/poll HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer reader\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
				response, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				if body, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusOK {
					t.Errorf("%d %s", response.StatusCode, body)
				}
			})
		})
	}
}
