package web_test

import (
	"context"
	"encoding/json"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"quintet/web"
)

func TestAccessLog(t *testing.T) {
	b := newBed(t, nil)
	b.call(t, "GET", "/v1/notes/private-id?limit=77", "reader", "")
	b.call(t, "GET", "/v1/notes/private-id?limit=77", "private-key", "")
	b.call(t, "GET", "/private/path?q=private-query", "", "")
	b.call(t, "POST", "/v1/fail/panic", "reader", "")
	var lines []map[string]any
	for text := range strings.Lines(b.access.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	for i, want := range []map[string]any{
		{"level": "INFO", "route": "/v1/notes/:id", "status": 200.0, "tenant": "acme", "subject": "apikey:reader", "capability": "notes"},
		{"level": "WARN", "route": "/v1/notes/:id", "status": 401.0, "tenant": nil, "subject": nil},
		{"level": "WARN", "route": "unmatched", "status": 404.0},
		{"level": "ERROR", "route": "/v1/fail/:how", "status": 500.0, "method": "POST", "msg": "request", "remote": "127.0.0.1"},
	} {
		for name, value := range want {
			if lines[i][name] != value {
				t.Errorf("line %d: %s = %v, want %v", i, name, lines[i][name], value)
			}
		}
	}
	for _, secret := range []string{"private", "limit=77", "hunter2"} {
		if strings.Contains(b.access.String(), secret) {
			t.Errorf("%q is in the access log: %s", secret, b.access)
		}
	}
}

// A client that is gone before its answer is no fault of the server's.
func TestAccessLogOfTheAbandoned(t *testing.T) {
	b := newBed(t, nil)
	b.notes.waiting = make(chan struct{})
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		r, err := http.NewRequestWithContext(ctx, "POST", b.url("/v1/fail/wait"), nil)
		if err != nil {
			panic(err)
		}
		r.Header.Set("Authorization", "Bearer reader")
		_, err = http.DefaultClient.Do(r)
		gone <- err
	}()
	<-b.notes.waiting
	leave()
	if err := <-gone; err == nil {
		t.Error("the request was answered")
	}
	for b.access.String() == "" {
		runtime.Gosched() // the server has yet to notice
	}
	if line := b.access.String(); !strings.Contains(line, `"status":499`) || !strings.Contains(line, `"level":"WARN"`) {
		t.Errorf("the access log says %s", line)
	}
	if log := b.log.String(); strings.Contains(log, `"level":"ERROR"`) {
		t.Errorf("the log says %s", log)
	}
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	b := newBed(t, func(o *web.Options, _ *web.House) { o.Registry = registry })
	b.call(t, "GET", "/livez", "", "")
	b.call(t, "BREW", "/a", "", "")
	b.call(t, "SIP", "/b", "", "")
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
	text := b.call(t, "GET", "/metrics", "", "").body
	for _, want := range []string{
		`quintet_web_request_seconds_count{method="GET",route="/livez",status="200"} 1`,
		`quintet_web_request_seconds_count{method="other",route="unmatched",status="404"} 2`,
		`quintet_web_response_bytes_total{route="/livez"} 16`,
		`quintet_web_requests_in_flight 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
}

// TestHalfAnswer holds that an answer which fails on the way never looks whole.
func TestHalfAnswer(t *testing.T) {
	b := newBed(t, nil)
	if text, err := wholeAnswer(t, b, "/v1/fail/half/raw", "reader"); err == nil {
		t.Errorf("%q looks whole", text)
	}
	if log := b.log.String(); strings.Count(log, "a request failed") != 1 {
		t.Error(log)
	}
}
