package search

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
)

// Purged answers a request to delete by a filter.
type Purged struct {
	Deleted *int `json:"deleted,omitempty" doc:"Documents that were deleted."`
	Matched *int `json:"matched,omitempty" doc:"With dry_run: documents that the filter admits."`
}

// deleteDocuments deletes what a filter admits.
func (s *Service) deleteDocuments(c echo.Context) error {
	dry, err := flag(c, "dry_run")
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	t, collection, filter := tenantOf(ctx), c.Param("collection"), c.QueryParam("filter")
	n, answer := 0, Purged{}
	if dry {
		n, err = s.Matching(ctx, t, collection, filter)
		answer.Matched = &n
	} else {
		n, err = s.Purge(ctx, t, collection, filter, patience(c))
		answer.Deleted = &n
	}
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, answer)
}

func deleteDocumentsOperation(a huma.API) *huma.Operation {
	op := operation("delete-documents", http.MethodDelete, "/v1/collections/{collection}/documents", "write", "Delete documents by a filter",
		"Those that the filter admits when the request comes; one that is written again meanwhile stays. No search finds them when it answers. They are deleted 80 at a time: a request that fails, or that the client ends, has deleted some, and can be sent again.")
	filter := filterParameter()
	filter.Required = true
	op.Parameters = []*huma.Param{pathParameter("collection"), filter, queryParameter("dry_run", huma.TypeBoolean, "Only counts them.", false)}
	op.Responses = map[string]*huma.Response{"200": {Description: "How many there were.", Content: content(echo.MIMEApplicationJSON, schemaOf[Purged](a))}}
	return &op
}
