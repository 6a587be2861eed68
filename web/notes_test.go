package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine"
	"quintet/engine/api"
)

// notes is a capability as small as one can be: typed operations, a raw one, a
// wildcard, a public one, and one that fails in every way there is.
type notes struct {
	waiting chan struct{} // told when the slow handler waits
	extra   func(api huma.API, e *echo.Echo)
}

type note struct {
	Text     string   `json:"text" minLength:"1" maxLength:"100"`
	Priority int      `json:"priority,omitempty" minimum:"0" maximum:"9"`
	Tags     []string `json:"tags,omitempty"`
	Inner    any      `json:"inner,omitempty"`
	Due      string   `json:"due,omitempty" format:"uuid"`
}

type (
	noteInput struct {
		Key  string `header:"Idempotency-Key" maxLength:"255"`
		Body note
	}
	noteOutput struct{ Body note }
	noteQuery  struct {
		ID    string `path:"id" pattern:"^[A-Za-z0-9._~ -]{1,128}$"`
		Limit int    `query:"limit" minimum:"1" maximum:"100"`
	}
	failInput struct {
		How string `path:"how"`
	}
	pollInput struct{ Body *note }
)

func secured(scopes ...string) []map[string][]string {
	return []map[string][]string{{"bearer": scopes}}
}

func operation(id, method, path string, security api.Security) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Tags: []string{"notes"}, Security: security}
}

func (n *notes) Routes(a huma.API, e *echo.Echo) {
	post := operation("create-note", http.MethodPost, "/v1/notes", secured("notes:write"))
	post.DefaultStatus = http.StatusCreated
	huma.Register(a, post, func(_ context.Context, in *noteInput) (*noteOutput, error) { return &noteOutput{in.Body}, nil })
	huma.Register(a, operation("get-note", http.MethodGet, "/v1/notes/{id}", secured("notes:read")), n.get)
	huma.Register(a, operation("fail", http.MethodPost, "/v1/fail/{how}", secured()), n.fail)

	huma.Register(a, operation("poll", http.MethodPost, "/v1/poll", secured()), n.poll)

	lines := operation("add-lines", http.MethodPost, "/v1/notes/{id}/lines", secured("notes:write"))
	lines.MaxBodyBytes = 100
	lines.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{"application/x-ndjson": {}, "image/*": {}}}
	lines.Parameters = []*huma.Param{{Ref: "#/components/parameters/IdempotencyKey"}}
	lines.Responses = map[string]*huma.Response{"200": {Description: "OK"}}
	e.POST("/v1/notes/:id/lines", n.lines)
	a.OpenAPI().AddOperation(&lines)

	raw := operation("fail-raw", http.MethodPost, "/v1/fail/{how}/raw", secured())
	raw.Responses = map[string]*huma.Response{}
	e.POST("/v1/fail/:how/raw", func(c echo.Context) error {
		if c.Param("how") == "half" {
			_ = c.String(http.StatusOK, "the first half")
		}
		return failure(c.Request().Context(), c.Param("how"), n.waiting)
	})
	a.OpenAPI().AddOperation(&raw)

	files := operation("get-file", http.MethodGet, "/files/{tenant}/{source}", api.Public())
	files.Responses = map[string]*huma.Response{"200": {Description: "OK"}}
	e.GET("/files/:tenant/*", func(c echo.Context) error { return c.String(http.StatusOK, c.Param("tenant")+"|"+c.Param("*")) })
	a.OpenAPI().AddOperation(&files)
	if n.extra != nil {
		n.extra(a, e)
	}
}

func (n *notes) get(_ context.Context, in *noteQuery) (*noteOutput, error) {
	if in.ID == "missing" {
		return nil, engine.Errorf(engine.NotFound, "note_not_found", "there is no note %q", in.ID)
	}
	return &noteOutput{note{Text: in.ID, Priority: in.Limit}}, nil
}

// poll waits for a minute, as long as a long poll may.
func (n *notes) poll(ctx context.Context, _ *pollInput) (*noteOutput, error) {
	select {
	case <-time.After(time.Minute):
		return &noteOutput{}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (n *notes) lines(c echo.Context) error {
	data, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return fmt.Errorf("read lines: %w", err)
	}
	return c.JSON(http.StatusOK, map[string]int{"bytes": len(data)})
}

func (n *notes) fail(ctx context.Context, in *failInput) (*noteOutput, error) {
	return nil, failure(ctx, in.How, n.waiting)
}

// failure fails as asked.
func failure(ctx context.Context, how string, waiting chan struct{}) error {
	secret := errors.New("hunter2 in /secret/path")
	switch how {
	case "panic":
		panic(secret)
	case "busy":
		return &engine.Error{Kind: engine.Busy, Code: "too_busy", Detail: "slow down", RetryAfter: 2500 * time.Millisecond}
	case "poisoned":
		return fmt.Errorf("store: %w", engine.ErrPoisoned.With(secret))
	case "full":
		return engine.ErrFull
	case "fields":
		return &engine.Error{Kind: engine.Invalid, Code: "bad_lines", Detail: "two lines are wrong", Fields: []engine.FieldError{{Location: "line 7", Message: "has no id"}}}
	case "conflict":
		return engine.ErrInFlight
	case "wait":
		waiting <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	case "kind":
		return engine.Errorf(engine.Internal, "hunter2_code", "hunter2").With(secret)
	}
	return secret
}
