package search

import (
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine"
	"quintet/engine/api"
)

// decodeBody reads a body of one JSON value.
func decodeBody(c echo.Context, limit int64, dst any) error {
	body, err := io.ReadAll(io.LimitReader(c.Request().Body, limit+1))
	if err != nil {
		return err
	}
	if int64(len(body)) > limit {
		return engine.Errorf(engine.TooLarge, "too_large", "the body may have %d bytes here", limit)
	}
	return api.Decode(body, dst)
}

// postSearch answers a search.
func (s *Service) postSearch(c echo.Context) error {
	var q Query
	if err := decodeBody(c, maxSearchBody, &q); err != nil {
		return err
	}
	ctx := c.Request().Context()
	answer, err := s.Search(ctx, tenantOf(ctx), c.Param("collection"), q)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, answer)
}

func postSearchOperation(a huma.API) *huma.Operation {
	op := operation("search-collection", http.MethodPost, "/v1/collections/{collection}/search", "read", "Search a collection",
		"By words (BM25), by meaning (vectors, by the collection's metric; of large collections through a graph), or by both, blended. A document is found as soon as it was acknowledged. "+
			"The filter that a key is bound by holds beside that of the search; where it does not fit the collection the answer is 409.")
	op.Parameters = []*huma.Param{pathParameter("collection")}
	op.RequestBody = &huma.RequestBody{Required: true, Content: content(echo.MIMEApplicationJSON, schemaOf[Query](a))}
	op.MaxBodyBytes = maxSearchBody
	op.Errors = append(op.Errors, http.StatusConflict)
	op.Responses = map[string]*huma.Response{"200": {Description: "The hits.", Content: content(echo.MIMEApplicationJSON, schemaOf[Answer](a))}}
	return &op
}

// postSimilar answers with the documents that are nearest to one.
func (s *Service) postSimilar(c echo.Context) error {
	var q SimilarQuery
	if err := decodeBody(c, maxSearchBody, &q); err != nil {
		return err
	}
	ctx := c.Request().Context()
	answer, err := s.Similar(ctx, tenantOf(ctx), c.Param("collection"), q)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, answer)
}

func postSimilarOperation(a huma.API) *huma.Operation {
	op := operation("similar-documents", http.MethodPost, "/v1/collections/{collection}/similar", "read", "Find similar documents",
		"The documents that are nearest to one, by the vectors that it has; of several passages the best score of a hit counts. The answer is that of a search of mode semantic. 422 not_embedded where the collection or the document has no vector.")
	op.Parameters = []*huma.Param{pathParameter("collection")}
	op.RequestBody = &huma.RequestBody{Required: true, Content: content(echo.MIMEApplicationJSON, schemaOf[SimilarQuery](a))}
	op.MaxBodyBytes = maxSearchBody
	op.Responses = map[string]*huma.Response{"200": {Description: "The hits.", Content: content(echo.MIMEApplicationJSON, schemaOf[Answer](a))}}
	return &op
}

// postEmbeddings embeds texts for whoever wants to keep vectors themselves.
func (s *Service) postEmbeddings(c echo.Context) error {
	var r EmbeddingsRequest
	if err := decodeBody(c, maxEmbedBody, &r); err != nil {
		return err
	}
	ctx := c.Request().Context()
	answer, err := s.Embeddings(ctx, tenantOf(ctx), r)
	if err != nil {
		return err
	}
	patience(c)() // 2,048 texts may take a slow machine longer than an answer has by itself
	return writeJSON(c, http.StatusOK, answer)
}

func postEmbeddingsOperation(a huma.API) *huma.Operation {
	op := operation("create-embeddings", http.MethodPost, "/v1/embeddings", "read", "Embed texts",
		"The vectors of texts, in the shape of OpenAI's embeddings API, so that its clients work unchanged with this server as their base_url.")
	op.RequestBody = &huma.RequestBody{Required: true, Content: content(echo.MIMEApplicationJSON, schemaOf[EmbeddingsRequest](a))}
	op.MaxBodyBytes = maxEmbedBody
	op.Responses = map[string]*huma.Response{"200": {Description: "A vector of 384 numbers for each text.", Content: content(echo.MIMEApplicationJSON, schemaOf[Embeddings](a))}}
	return &op
}
