package stream

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine"
	"quintet/engine/api"
)

const ndjson = "application/x-ndjson"

// Routes registers the routes of the streams and their operations. Those that
// are hot or stream are plain echo handlers, and their operation is written
// out beside them.
func (s *Streams) Routes(a huma.API, e *echo.Echo) {
	const one = "/v1/streams/{stream}"
	huma.Register(a, operation("list-streams", http.MethodGet, "/v1/streams", "stream:read", "List streams", "The tenant's streams by name."), s.getList)
	huma.Register(a, operation("get-stream", http.MethodGet, one, "stream:read", "Get a stream", "The definition of a stream, and how much is in it."), s.getOne)
	put := operation("define-stream", http.MethodPut, one, "stream:write", "Define a stream", "201 when the stream is new, 200 when the definition is the current one or If-Match allows the change. Windows are counted anew under another definition.")
	put.Errors = []int{http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity}
	huma.Register(a, put, s.putOne)
	del := operation("delete-stream", http.MethodDelete, one, "stream:admin", "Delete a stream", "Its events can be read no more at once, and leave the disk when the log is trimmed.")
	del.DefaultStatus = http.StatusNoContent
	huma.Register(a, del, s.deleteOne)

	e.POST("/v1/streams/:stream/events", s.postEvents)
	a.OpenAPI().AddOperation(s.postEventsOperation(a))
	e.GET("/v1/streams/:stream/events", s.getEvents)
	a.OpenAPI().AddOperation(getEventsOperation())
	e.POST("/v1/streams/:stream/query", s.postQuery)
	a.OpenAPI().AddOperation(postQueryOperation(a))
	e.GET("/v1/streams/:stream/live", s.getLive)
	a.OpenAPI().AddOperation(getLiveOperation())
}

func operation(id, method, path, scope, summary, description string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: path, Tags: []string{"stream"},
		Summary: summary, Description: description, Security: api.Scope(scope),
		Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity},
	}
}

// tenantOf returns the tenant of a request; the server lets none in without.
func tenantOf(ctx context.Context) engine.Tenant {
	p, _ := engine.PrincipalFrom(ctx)
	return p.Tenant
}

// definitionBody is a definition as a client writes it. What the contract names
// and this release lacks is refused, not ignored.
type definitionBody struct {
	Time       string            `json:"time,omitempty" doc:"The member that holds the time of an event: RFC 3339, or an integer since 1970 in s, ms, µs or ns, told apart by its size." default:"ts"`
	Dimensions []string          `json:"dimensions,omitempty" nullable:"false" doc:"Members to group and filter by: texts, numbers or booleans. Up to 16."`
	Measures   []string          `json:"measures,omitempty" nullable:"false" doc:"Members that are numbers to be added up. Up to 16."`
	Retention  map[string]string `json:"retention,omitempty" doc:"How long what is kept; raw = the events, 7d without it, at least 1d." example:"{\"raw\":\"7d\"}"`
	Distinct   []string          `json:"distinct,omitempty" nullable:"false" doc:"Not supported yet."`
	Top        []string          `json:"top,omitempty" nullable:"false" doc:"Not supported yet."`
	Lateness   string            `json:"lateness,omitempty" doc:"Not supported yet: events of any age are taken and counted."`
}

func (b *definitionBody) definition() (Definition, error) {
	for location, asked := range map[string]bool{"body.distinct": b.Distinct != nil, "body.top": b.Top != nil, "body.lateness": b.Lateness != ""} {
		if asked {
			return Definition{}, api.NotSupported(location)
		}
	}
	d := Definition{Time: b.Time, Dimensions: b.Dimensions, Measures: b.Measures}
	for name, text := range b.Retention {
		if name != "raw" {
			return d, api.NotSupported("body.retention." + name)
		}
		raw, err := api.ParseDuration(text)
		if err != nil {
			return d, engine.Errorf(engine.Invalid, "invalid_definition", "body.retention.raw: %v", err)
		}
		if raw == 0 {
			return d, engine.Errorf(engine.Invalid, "invalid_definition", "body.retention.raw is at least %s", api.Duration(shortestRaw))
		}
		d.Retention.Raw = raw
	}
	return d, nil
}

type infoOutput struct {
	Status int
	ETag   string `header:"ETag"`
	Body   Info
}

func (s *Streams) putOne(ctx context.Context, in *struct {
	Stream  string `path:"stream"`
	IfMatch string `header:"If-Match" doc:"The ETag of the definition to replace."`
	Body    definitionBody
}) (*infoOutput, error) {
	d, err := in.Body.definition()
	if err != nil {
		return nil, err
	}
	info, isNew, err := s.Define(ctx, tenantOf(ctx), in.Stream, d, in.IfMatch)
	if err != nil {
		return nil, err
	}
	out := &infoOutput{Status: http.StatusOK, ETag: info.ETag, Body: info}
	if isNew {
		out.Status = http.StatusCreated
	}
	return out, nil
}

func (s *Streams) getOne(ctx context.Context, in *struct {
	Stream string `path:"stream"`
}) (*infoOutput, error) {
	info, err := s.Get(tenantOf(ctx), in.Stream)
	if err != nil {
		return nil, err
	}
	return &infoOutput{Status: http.StatusOK, ETag: info.ETag, Body: info}, nil
}

func (s *Streams) getList(ctx context.Context, in *struct {
	Limit  int    `query:"limit" doc:"Up to 1,000; 50 without it."`
	Cursor string `query:"cursor" doc:"The next of the page before."`
}) (*struct{ Body api.List[Info] }, error) {
	list, err := s.List(tenantOf(ctx), in.Limit, in.Cursor)
	return &struct{ Body api.List[Info] }{list}, err
}

func (s *Streams) deleteOne(ctx context.Context, in *struct {
	Stream  string `path:"stream"`
	IfMatch string `header:"If-Match"`
}) (*struct{}, error) {
	return nil, s.Delete(ctx, tenantOf(ctx), in.Stream, in.IfMatch)
}

// schemaOf adds a type to the document and returns the reference to it.
func schemaOf[T any](a huma.API) *huma.Schema {
	t := reflect.TypeFor[T]()
	return a.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
}

func pathParameter() *huma.Param {
	return &huma.Param{Name: "stream", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}
}

func parameter(in, name, description, kind string) *huma.Param {
	return &huma.Param{Name: name, In: in, Description: description, Schema: &huma.Schema{Type: kind}}
}

const bodyTime = time.Minute // for 8 MiB of events
