package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestDemoTraffic watches the demo until each capability has done something.
func TestDemoTraffic(t *testing.T) {
	t.Chdir(t.TempDir())
	r := startServer(t)
	q, err := http.NewRequestWithContext(t.Context(), "GET", r.url+"/v1/activity", nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+r.key)
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	awaited := map[string]bool{"search": true, "stream": true, "scheduler": true, "imaging": true, "gateway": true}
	r.call("POST", "/v1/console/links", "", 201) // nothing in the traffic is gateway's
	lines := bufio.NewScanner(answer.Body)
	for len(awaited) > 0 && lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			var event struct{ Capability string }
			if err := json.Unmarshal([]byte(data), &event); err != nil {
				t.Fatal(err)
			}
			delete(awaited, event.Capability)
		}
	}
	if len(awaited) > 0 {
		t.Errorf("nothing was heard of %v: %v", awaited, lines.Err())
	}
}
