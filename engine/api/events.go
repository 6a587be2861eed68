package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// MediaEvents is the media type of server-sent events.
const MediaEvents = "text/event-stream"

// eventTime is how long one write to a reader may take that stands still.
const eventTime = 10 * time.Second

// Events is an answer of server-sent events (HTML Living Standard §9.2). It is
// for one goroutine.
type Events struct {
	to      http.ResponseWriter
	control *http.ResponseController
}

// Goodbye is the data of the event "goodbye", which comes before the server
// ends a connection.
type Goodbye struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// OpenEvents begins the answer, so that the reader knows that it is connected.
func OpenEvents(to http.ResponseWriter) *Events {
	h := to.Header()
	h.Set("Content-Type", MediaEvents)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	to.WriteHeader(http.StatusOK)
	e := &Events{to, http.NewResponseController(inner(to))}
	_ = e.control.Flush() // where that fails the first event does, too
	return e
}

// inner is the writer that a router's own response stands around: that one
// flushes without telling whether it worked, and a reader that stands still
// would be noticed one event too late.
func inner(to http.ResponseWriter) http.ResponseWriter {
	if outer, ok := to.(interface{ Unwrap() http.ResponseWriter }); ok {
		return outer.Unwrap()
	}
	return to
}

// Send writes one event with v as its data.
func (e *Events) Send(event string, v any) error {
	data, err := json.Marshal(v) // without line breaks, which would end it
	if err != nil {
		return err
	}
	_, err = e.Write(fmt.Appendf(nil, "event: %s\ndata: %s\n\n", event, data))
	return err
}

// Comment writes a line that readers skip: it shows that the connection lives.
func (e *Events) Comment(text string) error {
	_, err := e.Write([]byte(": " + text + "\n\n"))
	return err
}

// Write writes whole events that are encoded already, and flushes them. A
// reader that stands still for 10 s is cut off.
func (e *Events) Write(p []byte) (int, error) {
	// A connection that takes no deadline is gone, and the write fails.
	_ = e.control.SetWriteDeadline(time.Now().Add(eventTime))
	n, err := e.to.Write(p)
	if err != nil {
		return n, err
	}
	return n, e.control.Flush()
}
