package search

import (
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
)

// getDocuments lists documents.
func (s *Service) getDocuments(c echo.Context) error {
	limit := 0
	if text := c.QueryParam("limit"); text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil {
			return invalid("query.limit", "is a whole number")
		}
	}
	ctx := c.Request().Context()
	page, err := s.Documents(ctx, tenantOf(ctx), c.Param("collection"), c.QueryParam("filter"), limit, c.QueryParam("cursor"))
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, page)
}

func getDocumentsOperation() *huma.Operation {
	op := operation("list-documents", http.MethodGet, "/v1/collections/{collection}/documents", "read", "List documents",
		"Those that the filter admits, all without one, the newest first, without the vectors that they brought. A page of more than 8 MiB ends early.")
	op.Parameters = []*huma.Param{
		pathParameter("collection"), filterParameter(),
		queryParameter("limit", huma.TypeInteger, "Up to 1,000; 50 without it.", 50),
		queryParameter("cursor", huma.TypeString, "The next of the page before, of the same filter.", nil),
	}
	document := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
	page := &huma.Schema{Type: huma.TypeObject, Required: []string{"items", "next"}, Properties: map[string]*huma.Schema{
		"items": {Type: huma.TypeArray, Items: document},
		"next":  {Type: huma.TypeString, Nullable: true},
	}}
	op.Responses = map[string]*huma.Response{"200": {Description: "A page.", Content: content(echo.MIMEApplicationJSON, page)}}
	return &op
}

func filterParameter() *huma.Param {
	return queryParameter("filter", huma.TypeString, "As in a search.", "year < 2020")
}

// getExport writes all documents, as lines or as a graph.
func (s *Service) getExport(c echo.Context) error {
	switch c.QueryParam("format") {
	case "", "ndjson":
	case "hnsw":
		return s.getGraph(c)
	default:
		return invalid("query.format", "is ndjson or hnsw")
	}
	vectors, err := flag(c, "vectors")
	if err != nil {
		return err
	}
	ctx, send := c.Request().Context(), sending(c, ndjson)
	return s.Export(ctx, tenantOf(ctx), c.Param("collection"), c.QueryParam("filter"), vectors, send)
}

// sending returns what sends some of a long answer. Before it is called first,
// an error can still be the answer.
func sending(c echo.Context, media string) func([]byte) error {
	wait := patience(c)
	return func(some []byte) error {
		if !c.Response().Committed {
			c.Response().Header().Set(echo.HeaderContentType, media)
			c.Response().WriteHeader(http.StatusOK)
		}
		wait()
		_, err := c.Response().Write(some)
		return err
	}
}

func getExportOperation() *huma.Operation {
	op := operation("export-documents", http.MethodGet, "/v1/collections/{collection}/export", "read", "Export documents",
		"All documents that the filter admits, each a line of JSON as POST …/documents takes it, in no order. A document that is there all the time comes exactly once, as it was at some moment of the export; one that comes or goes meanwhile may be among them or not. "+
			"With vectors, a vector stands under the name of its field, and those that the model made under "+memberVector+", with the hashes of the model and of the text: at an import with the same model and the same text they are taken over, and embedded anew else. "+
			"With format=hnsw the answer is a file that coder/hnsw loads (SavedGraph, or Graph.Import, with keys of type string): ids and vectors of the documents that have one, those of one moment, of several passages the first, with links between neighbours; not where the metric is dot, and one at a time. "+
			"An export that fails on its way ends with a connection that is cut.")
	format := queryParameter("format", huma.TypeString, "ndjson without it.", "ndjson")
	format.Schema.Enum = []any{"ndjson", "hnsw"}
	op.Parameters = []*huma.Param{pathParameter("collection"), filterParameter(), queryParameter("vectors", huma.TypeBoolean, "Adds the vectors, to lines.", true), format}
	op.Responses = map[string]*huma.Response{"200": {Description: "The documents.", Content: map[string]*huma.MediaType{ndjson: {Schema: &huma.Schema{Type: huma.TypeString}}, mediaGraph: {Schema: opaque()}}}}
	return &op
}
