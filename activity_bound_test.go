package main

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestBoundActivity: the stream of what happens names nothing that is hidden.
func TestBoundActivity(t *testing.T) {
	r := boundServer(t)
	p := r.bound(`"search:read"`, `"collections":["shown"]`)["key"]
	q, err := http.NewRequest("GET", p.url+"/v1/activity", nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+p.key)
	answer, err := (&http.Client{Timeout: 20 * time.Second}).Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	lines.Scan() // connected
	r.call("POST", "/v1/collections/"+secret+"/search", `{}`, 200)
	r.call("POST", "/v1/collections/shown/search", `{}`, 200)
	for lines.Scan() && !strings.Contains(lines.Text(), `"shown"`) {
		if strings.Contains(lines.Text(), secret) {
			t.Fatalf("told is %s", lines.Text())
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}
