package search

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine"
	"quintet/engine/api"
)

const ndjson = "application/x-ndjson"

// Limits of a body in bytes, of the time in which it comes – an import reads on
// only when what came before is embedded – and of that in which what was
// embedded is read.
const (
	maxImport     = 64 << 20
	maxSearchBody = 64<<10 + maxVectorText
	maxEmbedBody  = 8 << 20
	importTime    = time.Hour
	clientTime    = 2 * time.Minute // after each slice of an import too
)

// Routes registers the routes of search and their operations. Those whose
// bodies are not of one shape are plain echo handlers, and their operation is
// written out beside them.
func (s *Service) Routes(a huma.API, e *echo.Echo) {
	document := a.OpenAPI()
	document.Tags = append(document.Tags, &huma.Tag{Name: s.Name(), Description: "Collections of documents, searched by words and by meaning."})
	const collection, document1 = "/v1/collections/{collection}", "/v1/collections/{collection}/documents/{id}"

	huma.Register(a, operation("list-collections", http.MethodGet, "/v1/collections", "read", "List collections", "The tenant's collections by name."), s.getCollections)
	huma.Register(a, operation("get-collection", http.MethodGet, collection, "read", "Get a collection", "Its definition, and how much is in it."), s.getCollection)
	huma.Register(a, operation("list-slow-searches", http.MethodGet, collection+"/slow-searches", "read", "List slow searches", "The newest 100 that took longer than the setting search.slow since the start, the newest first."), s.getSlowSearches)
	put := operation("define-collection", http.MethodPut, collection, "write", "Define a collection",
		"201 when the collection is new, 200 when the definition is the current one or If-Match allows the change, which needs a collection without documents. "+
			"{} infers the fields from the documents – a string is text, a number float, an array of strings keyword[] – and embeds every text field.")
	put.Errors = append(put.Errors, http.StatusConflict, http.StatusPreconditionFailed)
	huma.Register(a, put, s.putCollection)
	del := operation("delete-collection", http.MethodDelete, collection, "admin", "Delete a collection", "Its documents are found no more at once, and leave the disk in the background.")
	del.DefaultStatus = http.StatusNoContent
	huma.Register(a, del, s.deleteCollection)

	e.POST("/v1/collections/:collection/documents", s.postDocuments)
	document.AddOperation(postDocumentsOperation(a))
	e.GET("/v1/collections/:collection/documents", s.getDocuments)
	document.AddOperation(getDocumentsOperation())
	e.GET("/v1/collections/:collection/export", s.getExport)
	document.AddOperation(getExportOperation())
	e.POST("/v1/collections/:collection/import", s.postGraph)
	document.AddOperation(postGraphOperation(a))
	e.DELETE("/v1/collections/:collection/documents", s.deleteDocuments)
	document.AddOperation(deleteDocumentsOperation(a))
	e.PUT("/v1/collections/:collection/documents/:id", s.putDocument)
	document.AddOperation(putDocumentOperation())
	e.PATCH("/v1/collections/:collection/documents/:id", s.patchDocument)
	document.AddOperation(patchDocumentOperation())
	e.GET("/v1/collections/:collection/documents/:id", s.getDocument)
	document.AddOperation(getDocumentOperation())
	gone := operation("delete-document", http.MethodDelete, document1, "write", "Delete a document", "No search finds it when it answers.")
	gone.DefaultStatus = http.StatusNoContent
	gone.Errors = append(gone.Errors, http.StatusPreconditionFailed)
	huma.Register(a, gone, s.deleteDocument)

	s.snapshotRoutes(a, e)
	e.POST("/v1/collections/:collection/search", s.postSearch)
	document.AddOperation(postSearchOperation(a))
	e.POST("/v1/collections/:collection/similar", s.postSimilar)
	document.AddOperation(postSimilarOperation(a))
	e.POST("/v1/search", s.postSearches)
	document.AddOperation(postSearchesOperation(a))
	s.aliasRoutes(a)
	e.POST("/v1/embeddings", s.postEmbeddings)
	document.AddOperation(postEmbeddingsOperation(a))
}

func operation(id, method, path, scope, summary, description string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: path, Tags: []string{"search"},
		Summary: summary, Description: description, Security: api.Scope("search:" + scope),
		Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity},
	}
}

// tenantOf returns the tenant of a request; the server lets none in without.
func tenantOf(ctx context.Context) engine.Tenant {
	p, _ := engine.PrincipalFrom(ctx)
	return p.Tenant
}

// schemaOf adds a type to the document and returns the reference to it.
func schemaOf[T any](a huma.API) *huma.Schema {
	t := reflect.TypeFor[T]()
	return a.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
}

func pathParameter(name string) *huma.Param {
	return &huma.Param{Name: name, In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}
}

func queryParameter(name, kind, description string, example any) *huma.Param {
	return &huma.Param{Name: name, In: "query", Description: description, Example: example, Schema: &huma.Schema{Type: kind}}
}

// flag reads a query parameter that is true or false, false without it.
func flag(c echo.Context, name string) (bool, error) {
	switch c.QueryParam(name) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, invalid("query."+name, "is true or false")
}

// opaque is a body that is not text.
func opaque() *huma.Schema { return &huma.Schema{Type: huma.TypeString, Format: "binary"} }

func content(media string, schema *huma.Schema) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{media: {Schema: schema}}
}

// writeJSON writes like huma does: without escapes that only HTML needs. It
// fails only where v is no JSON.
func writeJSON(c echo.Context, status int, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	write(c, status, b.Bytes())
	return nil
}

// write answers with JSON. A client that went away is not a fault of the
// request.
func write(c echo.Context, status int, body []byte) {
	c.Response().Header().Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
	c.Response().WriteHeader(status)
	_, _ = c.Response().Write(body)
}

// patience returns what gives the client time, from then on, to read what is
// written. A connection that takes no deadline is gone, and its writes fail.
func patience(c echo.Context) func() {
	control := http.NewResponseController(c.Response())
	return func() { _ = control.SetWriteDeadline(time.Now().Add(clientTime)) }
}
