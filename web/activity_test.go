package web_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"quintet/engine"
)

// reader reads server-sent events as they come.
type reader struct{ lines *bufio.Reader }

// follow opens the stream of activity as token's principal and reads its first
// comment.
func follow(t *testing.T, conn net.Conn, token string) *reader {
	t.Helper()
	send(t, conn, "GET /v1/activity HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "+token+"\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || got != "text/event-stream" {
		t.Fatalf("%d %s", response.StatusCode, got)
	}
	r := &reader{bufio.NewReader(response.Body)}
	r.want(t, ": connected")
	return r
}

// want reads one block and compares it.
func (r *reader) want(t *testing.T, want string) {
	t.Helper()
	var block strings.Builder
	for {
		line, err := r.lines.ReadString('\n')
		if err != nil {
			t.Fatalf("%v after %q, want %q", err, block.String(), want)
		}
		if line == "\n" {
			break
		}
		block.WriteString(line)
	}
	if got := strings.TrimSuffix(block.String(), "\n"); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func event(t engine.Tenant, subject string) engine.Event {
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	return engine.Event{Tenant: t, Time: at, Capability: "notes", Type: "note.made", Subject: subject, Count: 1}
}

func block(subject string) string {
	return fmt.Sprintf("event: activity\ndata: {\"time\":\"2030-01-02T03:04:05Z\",\"capability\":\"notes\",\"type\":\"note.made\",\"subject\":%q,\"count\":1}", subject)
}

func TestActivity(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, b *bed, dial func() net.Conn) {
		conn := dial()
		r := follow(t, conn, "reader")
		b.bus.Publish(event(globex, "not for acme"))
		b.bus.Publish(event(acme, "first\nline"))
		r.want(t, block("first\nline"))

		began := time.Now()
		r.want(t, ": still here")
		if quiet := time.Since(began); quiet != 15*time.Second {
			t.Errorf("a sign of life after %v", quiet)
		}

		b.stops.Go(func() { b.stop(t, time.Minute) })
		r.want(t, "event: goodbye\ndata: {\"code\":\"stopping\",\"detail\":\"the server is shutting down; connect again shortly\"}")
		conn.Close()
	})
}

func TestActivityCutsSlowReader(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, b *bed, dial func() net.Conn) {
		conn := dial()
		defer conn.Close()
		follow(t, conn, "reader")
		b.bus.Publish(event(acme, "that nobody reads"))
		time.Sleep(20 * time.Second) // of the bubble's time
		synctest.Wait()
		if text := b.log.String(); !strings.Contains(text, "a reader of the activity was cut off") {
			t.Errorf("not in the log: %s", text)
		}
		if text := b.access.String(); !strings.Contains(text, `"route":"/v1/activity","status":200`) {
			t.Errorf("the request has not ended: %s", text)
		}
	})
}

func TestActivityNeedsCredential(t *testing.T) {
	runScenarios(t, newBed(t, nil), []scenario{
		{name: "ErrNone", method: "GET", path: "/v1/activity", status: 401, code: "credential_missing"},
		{name: "ErrBad", method: "GET", path: "/v1/activity", token: "bad", status: 401, code: "credential_invalid"},
	})
}
