package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write testdata/openapi.json anew")

// running is a real server in a folder of its own.
type running struct {
	t   *testing.T
	url string
	key string
}

// startServer runs the program over the folder data until the test ends.
func startServer(t *testing.T, args ...string) *running {
	t.Helper()
	return startServerIn(t, "data", args...)
}

// startServerIn runs the program over a folder until the test ends.
func startServerIn(t *testing.T, dir string, args ...string) *running {
	t.Helper()
	args = append(args, "--data", dir, "--listen", "127.0.0.1:0")
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan int, 1)
	stderr := &output{until: `"msg":"ready"`, then: func() { close(ready) }}
	go func() {
		ended <- Main(ctx, Terminal{Args: args, Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: stderr})
	}()
	select {
	case <-ready:
	case code := <-ended:
		t.Fatalf("the server ended with %d before it was ready:\n%s", code, stderr)
	}
	t.Cleanup(func() {
		cancel()
		if code := <-ended; code != exitOK {
			t.Errorf("the server ended with %d:\n%s", code, stderr)
		}
	})
	key, err := os.ReadFile(filepath.Join(dir, "demo.key"))
	if err != nil {
		t.Fatal(err)
	}
	url := regexp.MustCompile(`"url":"([^"]+)"`).FindStringSubmatch(stderr.String())
	return &running{t: t, url: url[1], key: strings.TrimSpace(string(key))}
}

// call sends a request of the demo tenant and compares status, 0 for any, and
// answer.
func (r *running) call(method, path, body string, status int, contains ...string) []byte {
	r.t.Helper()
	q, err := http.NewRequest(method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+r.key)
	if body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if status != 0 && answer.StatusCode != status {
		r.t.Errorf("%s %s: %s; want %d\n%s", method, path, answer.Status, status, got)
	}
	for _, want := range contains {
		if !bytes.Contains(got, []byte(want)) {
			r.t.Errorf("%s %s answers\n%s\nwant %s in it", method, path, got, want)
		}
	}
	return got
}

func TestServe(t *testing.T) {
	t.Chdir(t.TempDir())
	r := startServer(t, "--demo-traffic", "off")
	r.call("GET", "/livez", "", 200)
	r.call("GET", "/readyz", "", 200)
	r.call("GET", "/v1/whoami", "", 200, `"tenant":"demo"`, "stream:write")
	r.call("GET", "/v1/tenants", "", 403, "platform:admin")
	r.call("GET", "/v1/nothing", "", 404, `"code":"not_found"`)

	now := time.Now().UTC().Format(time.RFC3339)
	r.call("POST", "/v1/streams/clicks/events", `[{"ts":"`+now+`","page":"a","ms":5},{"ts":"`+now+`","page":"a","ms":7}]`, 200, `"accepted":2`)
	r.call("POST", "/v1/streams/clicks/query", `{"from":"-5m","to":"now","step":"1m","group_by":["page"],"select":["count","sum(ms)"]}`, 200, `"count":2`, `"sum(ms)":12`)

	var job struct{ ID string }
	if err := json.Unmarshal(r.call("POST", "/v1/queues/mail/jobs", `{"payload":{"to":"a"}}`, 201, `"state":"ready"`), &job); err != nil {
		t.Fatal(err)
	}
	var leased struct {
		Jobs []struct{ ID, Token string }
	}
	if err := json.Unmarshal(r.call("POST", "/v1/queues/mail/lease", `{}`, 200, job.ID), &leased); err != nil || len(leased.Jobs) != 1 {
		t.Fatalf("leased %v, %v", leased, err)
	}
	r.call("POST", "/v1/jobs/"+job.ID+"/complete", `{"token":"`+leased.Jobs[0].Token+`","output":{"sent":true}}`, 200, `"state":"done"`)
	r.call("GET", "/v1/jobs/"+job.ID, "", 200, `"timeline":[`)
}

// The document is the contract: every change of it shows in a review.
func TestOpenAPIGolden(t *testing.T) {
	golden, err := os.ReadFile("testdata/openapi.json")
	if err != nil && !*update {
		t.Fatal(err)
	}
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	r := startServer(t, "--demo-traffic", "off")
	got := r.call("GET", "/openapi.json", "", 200)
	got = bytes.Replace(got, []byte(`"version": "`+Version()+`"`), []byte(`"version": "0"`), 1)
	if *update {
		if err := os.MkdirAll(root+"/testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(root+"/testdata/openapi.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(got, golden) {
		t.Error("the OpenAPI document has changed; if that is meant: go test -run OpenAPI . -update")
	}
}
