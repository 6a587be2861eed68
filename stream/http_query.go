package stream

import (
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine/api"
)

// postQuery answers a query. It is no typed operation, because its answer is
// encoded by hand: points have members that the query names.
func (s *Streams) postQuery(c echo.Context) error {
	ctx := c.Request().Context()
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return err
	}
	var q Query
	if err := api.Decode(body, &q); err != nil {
		return err
	}
	answer, err := s.Query(ctx, tenantOf(ctx), c.Param("stream"), q)
	if err != nil {
		return err
	}
	return c.JSONBlob(http.StatusOK, answer)
}

// queryAnswer is what Query answers, for the document.
type queryAnswer struct {
	Step        string         `json:"step"`
	Series      []seriesAnswer `json:"series" doc:"Those with the most events first."`
	Omitted     int            `json:"omitted" doc:"Series beyond the limit."`
	Late        uint64         `json:"late" doc:"Events of the answer that came more than an hour (the setting stream.window) after their time."`
	Other       uint64         `json:"other" doc:"Events that the filter could not judge, because their stream had too many series."`
	Approximate []string       `json:"approximate" doc:"Values that are estimates; none in this release."`
}

type seriesAnswer struct {
	Group  map[string]*string `json:"group" doc:"The value of each dimension, null where events lack it."`
	Other  bool               `json:"other,omitempty" doc:"This stands for all series beyond the cap."`
	Points []map[string]any   `json:"points" doc:"Steps that have events, by time: time and each value of select, null where no event has the measure."`
}

func postQueryOperation(a huma.API) *huma.Operation {
	op := operation("query-stream", http.MethodPost, "/v1/streams/{stream}/query", "stream:read", "Query a stream",
		"Count, sum, min, max and avg of the events of each step, grouped by dimensions. An event is seen as soon as it was acknowledged, however late it came.")
	op.Parameters = []*huma.Param{pathParameter()}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{echo.MIMEApplicationJSON: {Schema: schemaOf[Query](a)}}}
	op.Responses = map[string]*huma.Response{"200": {
		Description: "The points.",
		Content:     map[string]*huma.MediaType{echo.MIMEApplicationJSON: {Schema: schemaOf[queryAnswer](a)}},
	}}
	return &op
}

// getLive sends frames until the client goes.
func (s *Streams) getLive(c echo.Context) error {
	ctx := c.Request().Context()
	sub, err := s.subscribe(tenantOf(ctx), c.Param("stream"), LiveQuery{
		Step: c.QueryParam("step"), GroupBy: listOf(c, "group_by"), Select: listOf(c, "select"),
		Filter: c.QueryParam("filter"), LastEventID: c.Request().Header.Get("Last-Event-ID"),
	})
	if err != nil {
		return err
	}
	sub.serve(ctx, api.OpenEvents(c.Response()))
	return nil
}

// listOf reads a parameter that holds names between commas.
func listOf(c echo.Context, name string) []string {
	text := c.QueryParam(name)
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func getLiveOperation() *huma.Operation {
	op := operation("live-stream", http.MethodGet, "/v1/streams/{stream}/live", "stream:read", "Follow a stream",
		"Server-sent events: each second in which events came, one event \"window\" says what they add to which points: add up counts and sums, take the least min and the greatest max. "+
			"Its id is the offset up to which that is true, and the tag of the log; sent back as Last-Event-ID it resumes without a gap. \"goodbye\" with a code comes before the server ends the connection.")
	op.Parameters = []*huma.Param{
		pathParameter(),
		parameter("query", "step", "Length of a point, in whole seconds; 1s without it.", huma.TypeString),
		parameter("query", "group_by", "Dimensions, between commas.", huma.TypeString),
		parameter("query", "select", "count, sum(m), min(m), max(m), between commas.", huma.TypeString),
		parameter("query", "filter", "As in a query.", huma.TypeString),
		parameter("header", "Last-Event-ID", "The id of the last event that was received.", huma.TypeString),
	}
	op.Responses = map[string]*huma.Response{"200": {
		Description: "Events, without end.",
		Content:     map[string]*huma.MediaType{api.MediaEvents: {Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
	return &op
}
