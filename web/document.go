package web

import (
	"encoding/json"
	"net/http"
	"reflect"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"quintet/engine/api"
)

const mediaOpenAPI = "application/openapi+json"

// text is the schema of an answer that is no JSON.
var text = &huma.Schema{Type: huma.TypeString}

// setHuma sets what huma keeps in globals. Nothing in it belongs to one server.
var setHuma = sync.OnceFunc(func() {
	huma.ValidateStrictCasing = true
	huma.NewError = newProblem
	huma.ErrorFormatter = formatFault
})

// newAPI returns huma on the server's router, without any route of huma's own.
func (s *Server) newAPI() huma.API {
	setHuma()
	config := huma.DefaultConfig("Quintet", s.options.Version)
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil
	config.RejectUnknownQueryParameters = true
	config.Formats = map[string]huma.Format{"application/json": strictJSON, "json": strictJSON}
	config.Transformers = []huma.Transformer{s.answerHuma}
	config.Info.Description = "Search, streams, identity, jobs and images behind one server."
	config.Tags = []*huma.Tag{{Name: "server", Description: "Health, metrics, this document, and what happens."}}
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		bearer: {Type: "http", Scheme: "bearer", Description: "An API key (qk_…) or an access token. The scopes of an operation are those that the credential needs, all of them. A browser that is signed in to the console sends its cookie instead."},
	}
	routes := humaecho.New(s.echo, config)
	addComponents(routes.OpenAPI())
	return routes
}

// addComponents adds what several operations refer to.
func addComponents(document *huma.OpenAPI) {
	schema := document.Components.Schemas.Schema(reflect.TypeFor[problem](), true, "")
	document.Components.Responses = map[string]*huma.Response{
		"Problem": {Description: "What went wrong", Content: map[string]*huma.MediaType{problemType: {Schema: schema}}},
	}
	shortest, longest := 1, 255
	document.Components.Parameters = map[string]*huma.Param{
		"IdempotencyKey": {
			Name: "Idempotency-Key", In: "header",
			Description: "Makes the request repeatable: for 24 hours a second one with the same key and body gets the first one's answer.",
			Schema:      &huma.Schema{Type: huma.TypeString, MinLength: &shortest, MaxLength: &longest},
		},
	}
}

// own describes a public GET of the server itself.
func own(id, path, summary string) *huma.Operation {
	return &huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: path, Summary: summary, Tags: []string{"server"},
		Security: api.Public(), Responses: map[string]*huma.Response{},
	}
}

// get registers a raw handler together with its operation.
func (s *Server) get(op *huma.Operation, media string, answer *huma.Schema, handler echo.HandlerFunc) {
	op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{media: {Schema: answer}}}
	s.echo.GET(op.Path, handler)
	s.api.OpenAPI().AddOperation(op)
}

// schema returns the reference to the schema of v's type.
func (s *Server) schema(v any) *huma.Schema {
	return s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(v), true, "")
}

// documentRoutes registers the document in its forms.
func (s *Server) documentRoutes() {
	s.get(own("openapi", "/openapi.json", "This document, OpenAPI 3.1"), mediaOpenAPI, &huma.Schema{Type: huma.TypeObject}, func(c echo.Context) error {
		return c.Blob(http.StatusOK, mediaOpenAPI, s.documents.v31)
	})
	s.get(own("openapi-3.0", "/openapi-3.0.json", "This document, OpenAPI 3.0"), mediaOpenAPI, &huma.Schema{Type: huma.TypeObject}, func(c echo.Context) error {
		return c.Blob(http.StatusOK, mediaOpenAPI, s.documents.v30)
	})
	s.get(own("docs", "/docs", "This document, as a page"), echo.MIMETextHTML, text, func(c echo.Context) error {
		c.Response().Header().Set("Content-Security-Policy", s.documents.policy)
		return c.HTMLBlob(http.StatusOK, s.documents.page)
	})
}

// documents are the forms of the document, as served.
type documents struct {
	v31, v30, page []byte
	policy         string // of the page
}

func newDocuments(document *huma.OpenAPI) (d documents, err error) {
	for _, op := range operations(document) {
		op.Responses["default"] = &huma.Response{Ref: "#/components/responses/Problem"}
	}
	if d.v31, err = json.MarshalIndent(document, "", "  "); err != nil {
		return d, err
	}
	if d.v30, err = downgrade(document); err != nil {
		return d, err
	}
	d.page, d.policy, err = docsPage(document)
	return d, err
}
