package search

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine/api"
)

// mediaGraph is a file of coder/hnsw.
const mediaGraph = "application/vnd.coder.hnsw"

// maxGraph is how many bytes such a file has. Nothing of it is held but the
// documents that are just being stored.
const maxGraph = 8 << 30

// getGraph writes all documents that have a vector as a graph.
func (s *Service) getGraph(c echo.Context) error {
	ctx, send := c.Request().Context(), sending(c, mediaGraph)
	return s.ExportGraph(ctx, tenantOf(ctx), c.Param("collection"), c.QueryParam("filter"), send)
}

// postGraph stores the nodes of a graph.
func (s *Service) postGraph(c echo.Context) error {
	intKeys := false
	switch c.QueryParam("keys") {
	case "", "string":
	case "int":
		intKeys = true
	default:
		return invalid("query.keys", "is string or int")
	}
	ctx := c.Request().Context()
	answer, err := s.ImportGraph(ctx, tenantOf(ctx), c.Param("collection"), c.Request().Body, intKeys, patience(c))
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, answer)
}

func postGraphOperation(a huma.API) *huma.Operation {
	op := operation("import-graph", http.MethodPost, "/v1/collections/{collection}/import", "write", "Import a graph of coder/hnsw",
		"What Graph.Export or SavedGraph.Save of github.com/coder/hnsw has written, for a collection with a field of type vector(n): each node becomes a document of its key, as the id, and its vector, and replaces the one of the same id as a whole. "+
			"The distance must be the collection's metric. The links between the nodes are not taken over; the index makes its own. Errors count the nodes of the lowest layer from 1. They are stored 80 at a time: where a file cannot be read to its end, those before are stored.")
	keys := queryParameter("keys", huma.TypeString, "What the keys of the graph are, which the file does not say: string, or int for whole numbers, which become ids in decimal.", "string")
	keys.Schema.Enum = []any{"string", "int"}
	op.Parameters = []*huma.Param{pathParameter("collection"), keys}
	op.RequestBody = &huma.RequestBody{Required: true, Content: content(mediaGraph, opaque())}
	op.MaxBodyBytes, op.BodyReadTimeout = maxGraph, importTime
	op.Responses = map[string]*huma.Response{"200": {Description: "What became of each node.", Content: content(echo.MIMEApplicationJSON, schemaOf[api.Bulk](a))}}
	return &op
}
