package api_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"quintet/engine/api"
)

// TestEvents holds the bytes of an answer of events, and that each is sent at
// once.
func TestEvents(t *testing.T) {
	w := httptest.NewRecorder()
	e := api.OpenEvents(w)
	if !w.Flushed || w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/event-stream" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("flushed %v, status %d, header %v", w.Flushed, w.Code, w.Header())
	}
	for _, err := range []error{e.Comment("still here"), e.Send("goodbye", api.Goodbye{Code: "stopping", Detail: "two\nlines"})} {
		if err != nil {
			t.Error(err)
		}
	}
	if n, err := e.Write([]byte("data: 1\n\n")); n != 9 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	want := ": still here\n\nevent: goodbye\ndata: {\"code\":\"stopping\",\"detail\":\"two\\nlines\"}\n\ndata: 1\n\n"
	if got := w.Body.String(); got != want {
		t.Errorf("%q\nexpected %q", got, want)
	}
	if err := e.Send("bad", func() {}); err == nil {
		t.Error("a function was sent")
	}
}

// goneReader is a connection whose reader is gone.
type goneReader struct{ http.ResponseWriter }

var errGone = errors.New("gone")

func (goneReader) Write([]byte) (int, error) { return 0, errGone }

// silent flushes without an error, as the response of a router does.
type silent struct{ http.ResponseWriter }

func (silent) Flush()                        {}
func (s silent) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// stuck is a connection that takes bytes and never sends them.
type stuck struct{ http.ResponseWriter }

func (stuck) FlushError() error { return errGone }

// TestEventsOfStuckReader hears of a failed flush through a router's response.
func TestEventsOfStuckReader(t *testing.T) {
	e := api.OpenEvents(silent{stuck{httptest.NewRecorder()}})
	if err := e.Send("x", 1); !errors.Is(err, errGone) {
		t.Errorf("%v", err)
	}
}

func TestEventsOfGoneReader(t *testing.T) {
	e := api.OpenEvents(goneReader{httptest.NewRecorder()})
	if err := e.Send("x", 1); !errors.Is(err, errGone) {
		t.Errorf("%v", err)
	}
	if err := e.Comment("x"); !errors.Is(err, errGone) {
		t.Errorf("%v", err)
	}
}
