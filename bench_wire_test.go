package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestWire compares what the server of net/http gets and what comes back.
func TestWire(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 20_000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Authorization") != "Bearer qk_key" {
			t.Errorf("got %v with %v", err, r.Header)
		}
		w.Header().Set("X-Media", r.Header.Get("Content-Type"))
		switch r.URL.Path {
		case "/echo": // chunked where it is long
			_, _ = w.Write(body)
		case "/pieces":
			for range 3 {
				_, _ = w.Write(body)
				w.(http.Flusher).Flush()
			}
		case "/nothing":
			w.WriteHeader(http.StatusNoContent)
		case "/refused":
			http.Error(w, r.Method+" "+r.URL.RawQuery, http.StatusConflict)
		}
	}))
	defer server.Close()
	w, err := dialWire(t.Context(), server.Listener.Addr().String(), "qk_key")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, c := range []struct {
		method, path, body string
		status             int
		answer             string
	}{
		{"POST", "/echo", "short", 200, "short"},
		{"POST", "/echo", big, 200, big},
		{"GET", "/nothing", "", 204, ""},
		{"POST", "/pieces", "ab\r\n", 200, "ab\r\nab\r\nab\r\n"},
		{"POST", "/pieces", big, 200, big + big + big},
		{"DELETE", "/refused?a=b", "", 409, "DELETE a=b\n"},
		{"POST", "/echo", "again", 200, "again"},
	} {
		status, answer, err := w.do(c.method, c.path, "text/plain", []byte(c.body))
		if err != nil || status != c.status || !bytes.Equal(answer, []byte(c.answer)) {
			t.Errorf("%s %s: %d, %d bytes, %v; want %d and %d bytes", c.method, c.path, status, len(answer), err, c.status, len(c.answer))
		}
	}
	if _, err := w.want("GET", "/refused?x=1", ""); err == nil || !strings.Contains(err.Error(), "GET /refused?x=1: 409 GET x=1") {
		t.Errorf("a refusal is told as: %v", err)
	}
}

// TestWireRefuses reads what no server of ours sends.
func TestWireRefuses(t *testing.T) {
	for _, answer := range []string{
		"", "nonsense\r\n", "HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1234",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 20<<10) + "\r\n\r\n",
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			_, _ = conn.Read(make([]byte, 4<<10)) // what is left unread would reset the connection
			_, _ = conn.Write([]byte(answer))
		}()
		w, err := dialWire(t.Context(), l.Addr().String(), "k")
		if err != nil {
			t.Fatal(err)
		}
		if status, got, err := w.do("GET", "/", "", nil); err == nil {
			t.Errorf("%.60q was read as %d %q", answer, status, got)
		}
		w.Close()
		l.Close()
	}
}

// TestWireCancelled ends a call that the server does not answer.
func TestWireCancelled(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	w, err := dialWire(ctx, l.Addr().String(), "k")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	time.AfterFunc(time.Millisecond, cancel)
	if _, _, err := w.do("GET", "/", "", nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a cancelled call: %v; want that its connection is closed", err)
	}
}
