package web

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"
)

const mediaEvents = "text/event-stream"

// events writes server-sent events (HTML Living Standard §9.2).
type events struct{ to patientWriter }

// openEvents begins the answer, so that the reader knows that it is connected.
func openEvents(to *echo.Response) (events, error) {
	to.Header().Set("Content-Type", mediaEvents)
	to.Header().Set("X-Accel-Buffering", "no") // a proxy must not hold events back
	to.WriteHeader(http.StatusOK)
	e := events{newPatientWriter(to)}
	return e, e.comment("connected")
}

// send writes one event with v as its data.
func (e events) send(event string, v any) error {
	data, err := json.Marshal(v) // without line breaks, which would end it
	if err != nil {
		return err
	}
	return e.write(fmt.Sprintf("event: %s\ndata: %s\n\n", event, data))
}

// comment writes a line that readers skip.
func (e events) comment(text string) error { return e.write(": " + text + "\n\n") }

func (e events) write(block string) error {
	if _, err := e.to.Write([]byte(block)); err != nil {
		return err
	}
	return e.to.ctrl.Flush()
}
