package telemetry_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"quintet/engine/telemetry"
)

// output collects the lines of a log that many goroutines write.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// lines parses the JSON lines written so far.
func (o *output) lines(t *testing.T) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for text := range strings.Lines(o.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("line %q: %v", text, err)
		}
		lines = append(lines, line)
	}
	return lines
}

// messages lists the messages written so far.
func (o *output) messages(t *testing.T) []string {
	t.Helper()
	var messages []string
	for _, line := range o.lines(t) {
		messages = append(messages, line["msg"].(string))
	}
	return messages
}

func (o *output) wantMessages(t *testing.T, want ...string) {
	t.Helper()
	if got := o.messages(t); !slices.Equal(got, want) {
		t.Errorf("messages %q, want %q", got, want)
	}
}

// newLog makes a log of JSON lines.
func newLog(t *testing.T, c telemetry.LogConfig) (*telemetry.Log, *output) {
	t.Helper()
	out := &output{}
	log, err := telemetry.NewLog(out, c)
	if err != nil {
		t.Fatal(err)
	}
	return log, out
}

func debugLog(t *testing.T) (*telemetry.Log, *output) {
	t.Helper()
	return newLog(t, telemetry.LogConfig{Level: slog.LevelDebug})
}

// newTracer draws the same ids in every run.
func newTracer() *telemetry.Tracer {
	return telemetry.NewTracer(rand.New(rand.NewPCG(1, 2)).Uint64)
}
