package stream

import (
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine"
	"quintet/engine/api"
)

// postEvents appends the events of a body.
func (s *Streams) postEvents(c echo.Context) error {
	in, err := inputOf(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	answer, err := s.Append(ctx, tenantOf(ctx), c.Param("stream"), in)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, answer)
}

// inputOf reads everything of a request but its body.
func inputOf(c echo.Context) (Input, error) {
	r := c.Request()
	in := Input{Body: r.Body, Length: r.ContentLength}
	switch media, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType)); {
	case err == nil && media == echo.MIMEApplicationJSON:
		in.OneValue = true
	case err != nil || media != ndjson:
		return in, engine.Errorf(engine.Invalid, "content_type_missing", "say in Content-Type whether this is %s or %s", ndjson, echo.MIMEApplicationJSON)
	}
	if partial := c.QueryParam("partial"); partial != "" {
		var err error
		if in.Partial, err = strconv.ParseBool(partial); err != nil {
			return in, invalid("query.partial", "is true or false")
		}
	}
	return in, producerOf(r.Header, &in)
}

// producerOf reads the two headers that make a request repeatable.
func producerOf(h http.Header, in *Input) error {
	id, sequence := h.Get("Producer-Id"), h.Get("Producer-Seq")
	if id == "" && sequence == "" {
		return nil
	}
	n, err := strconv.ParseUint(sequence, 10, 63)
	if id == "" || err != nil || n == 0 {
		return engine.Errorf(engine.Invalid, "invalid_producer", "Producer-Id and Producer-Seq go together, and the second is a whole number from 1 on that rises with each batch")
	}
	in.Producer, in.Sequence = id, n
	return api.CheckID("producer", id)
}

func (s *Streams) postEventsOperation(a huma.API) *huma.Operation {
	op := operation("append-events", http.MethodPost, "/v1/streams/{stream}/events", "stream:write", "Append events",
		"Up to 10,000 events as lines, as an array, or one object; all of them are on disk when it answers. A bad event refuses all, unless partial=true. "+
			"A stream that is not defined is defined by its first events: ts is the time, members that are always numbers are measures, members with texts are dimensions, up to 16 of each. "+
			"Repeated with the same Producer-Id and Producer-Seq it gives the answer of the first attempt with \"duplicate\": true; a producer's last 64 batches are remembered for a day.")
	op.Parameters = []*huma.Param{
		pathParameter(),
		parameter("query", "partial", "Keep the good events where some are bad.", huma.TypeBoolean),
		parameter("header", "Producer-Id", "Who sends; makes the request repeatable.", huma.TypeString),
		parameter("header", "Producer-Seq", "Number of the batch by the producer's count, from 1 on, rising.", huma.TypeInteger),
	}
	event := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		ndjson:                   {Schema: &huma.Schema{Type: huma.TypeString}},
		echo.MIMEApplicationJSON: {Schema: &huma.Schema{OneOf: []*huma.Schema{event, {Type: huma.TypeArray, Items: event}}}},
	}}
	op.MaxBodyBytes, op.BodyReadTimeout = maxBody, bodyTime
	op.Responses = map[string]*huma.Response{"200": {
		Description: "The events are stored and counted.",
		Content:     map[string]*huma.MediaType{echo.MIMEApplicationJSON: {Schema: schemaOf[Answer](a)}},
	}}
	return &op
}

// getEvents reads events back. The status is sent with the first of them, so
// that what is wrong with the question is still a problem.
func (s *Streams) getEvents(c echo.Context) error {
	limit, err := limitOf(c)
	if err != nil {
		return err
	}
	w := &lineWriter{c: c, control: http.NewResponseController(c.Response())}
	ctx := c.Request().Context()
	return s.Replay(ctx, tenantOf(ctx), c.Param("stream"), c.QueryParam("from"), limit, w.write)
}

func limitOf(c echo.Context) (int, error) {
	text := c.QueryParam("limit")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, invalid("query.limit", "is a whole number from 1 on")
	}
	return n, nil
}

// writeLimit is how long one write of lines may take.
const writeLimit = 10 * time.Second

// lineWriter sends lines to a client that must keep up.
type lineWriter struct {
	c       echo.Context
	control *http.ResponseController
}

func (w *lineWriter) write(lines []byte) error {
	if !w.c.Response().Committed {
		w.c.Response().Header().Set(echo.HeaderContentType, ndjson)
		w.c.Response().WriteHeader(http.StatusOK)
	}
	// A connection that takes no deadline is gone, and the write fails.
	_ = w.control.SetWriteDeadline(time.Now().Add(writeLimit))
	_, err := w.c.Response().Write(lines)
	return err
}

func getEventsOperation() *huma.Operation {
	op := operation("read-events", http.MethodGet, "/v1/streams/{stream}/events", "stream:read", "Read events back",
		"Stored events as lines, in the order of their arrival, each as it was sent and with its offset as \"_offset\". To go on, ask from the last offset plus 1.")
	op.Parameters = []*huma.Param{
		pathParameter(),
		parameter("query", "from", "An offset; or a time, as RFC 3339 or as in -15m, for the events of that time or later. The oldest event that is kept without it.", huma.TypeString),
		parameter("query", "limit", "Events to read, up to 10,000; 1,000 without it.", huma.TypeInteger),
	}
	op.Responses = map[string]*huma.Response{"200": {
		Description: "Events, one a line.",
		Content:     map[string]*huma.MediaType{ndjson: {Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
	return &op
}
