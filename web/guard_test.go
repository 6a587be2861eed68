package web_test

import (
	"strings"
	"testing"

	"quintet/engine/telemetry"
)

func TestHostCheck(t *testing.T) {
	b := newBed(t, nil)
	_, port, _ := strings.Cut(b.Addr().String(), ":")
	var scenarios []scenario
	for _, host := range []string{"localhost", "LocalHost:" + port, "127.0.0.1", "127.8.9.10:1", "[::1]", "[::1]:" + port} {
		scenarios = append(scenarios, scenario{name: "OK/" + host, method: "GET", path: "/livez", headers: []string{"Host: " + host}, status: 200})
	}
	for _, host := range []string{"evil.example", "evil.example:" + port, "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "[fe80::1]", "0.0.0.0"} {
		scenarios = append(scenarios, scenario{name: "Err/" + host, method: "GET", path: "/livez", headers: []string{"Host: " + host}, status: 421, code: "host_not_allowed"})
	}
	runScenarios(t, b, scenarios)
}

func TestCrossOrigin(t *testing.T) {
	call := func(name, method, path string, status int, code string, headers ...string) scenario {
		return scenario{name: name, method: method, path: path, token: "writer", headers: headers, status: status, code: code}
	}
	runScenarios(t, newBed(t, nil), []scenario{
		call("ErrOtherSite", "POST", "/v1/fail/full", 403, "cross_origin", "Sec-Fetch-Site: cross-site"),
		call("ErrSameSite", "POST", "/v1/fail/full", 403, "cross_origin", "Sec-Fetch-Site: same-site"),
		call("ErrOldBrowser", "POST", "/v1/fail/full/raw", 403, "cross_origin", "Origin: https://evil.example"),
		call("ErrUnknownRoute", "PUT", "/v1/nothing", 403, "cross_origin", "Sec-Fetch-Site: cross-site"),
		call("OKSameOrigin", "POST", "/v1/fail/full", 507, "store_full", "Sec-Fetch-Site: same-origin"),
		call("OKNoBrowser", "POST", "/v1/fail/full", 507, "store_full"),
		call("OKReading", "GET", "/v1/notes/1", 200, "", "Sec-Fetch-Site: cross-site"),
	})
}

func TestSecurityHeaders(t *testing.T) {
	every := []string{"X-Content-Type-Options: nosniff", "Content-Security-Policy: default-src ", "Referrer-Policy: no-referrer", "X-Frame-Options: DENY", "Cross-Origin-Resource-Policy: same-origin"}
	runScenarios(t, newBed(t, nil), []scenario{
		{name: "OK", method: "GET", path: "/livez", status: 200, has: every, lacks: []string{"Access-Control", "Server:"}},
		{name: "Err", method: "GET", path: "/nothing", status: 404, code: "not_found", has: every, lacks: []string{"Access-Control"}},
		{name: "OKDocs", method: "GET", path: "/docs", status: 200, has: append(every, "default-src 'self'; style-src 'sha256-")},
	})
}

func TestRequestID(t *testing.T) {
	b := newBed(t, nil)
	for _, id := range []string{"a", "0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f", strings.Repeat("x", 128)} {
		if got := b.call(t, "GET", "/livez", "", "", "X-Request-Id: "+id).header.Get("X-Request-Id"); got != id {
			t.Errorf("sent %q, got %q", id, got)
		}
	}
	seen := map[string]bool{}
	for _, id := range []string{"", "", "a b", "a\"b", "ä", strings.Repeat("x", 129)} {
		got := b.call(t, "GET", "/nothing", "", "", "X-Request-Id: "+id).header.Get("X-Request-Id")
		if got == id || len(got) != 36 || seen[got] {
			t.Errorf("sent %q, got %q, want a new one", id, got)
		}
		seen[got] = true
	}
}

func TestTraceParent(t *testing.T) {
	b := newBed(t, nil)
	const sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	parent, _ := telemetry.ParseTraceParent(sent)
	got, err := telemetry.ParseTraceParent(b.call(t, "GET", "/livez", "", "", "Traceparent: "+sent).header.Get("Traceparent"))
	if err != nil || got.TraceID != parent.TraceID || got.SpanID == parent.SpanID || got.Flags != parent.Flags {
		t.Errorf("%v is no child of %v: %v", got, parent, err)
	}
	fresh, err := telemetry.ParseTraceParent(b.call(t, "GET", "/livez", "", "", "Traceparent: nonsense").header.Get("Traceparent"))
	if err != nil || fresh.TraceID == parent.TraceID {
		t.Errorf("%v: %v", fresh, err)
	}
	if log := b.access.String(); !strings.Contains(log, `"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"`) {
		t.Error(log)
	}
}
