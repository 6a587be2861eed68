package search

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine"
)

const maxSearchesBody = 1 << 20

// Searches is the body of several searches.
type Searches struct {
	Searches []NamedQuery `json:"searches" minItems:"1" maxItems:"32" nullable:"false" doc:"Each as in a search of one collection. Their limits together are 1,000 at most."`
}

// SearchFault stands in the place of the answer of a search that failed.
type SearchFault struct {
	Error SearchProblem `json:"error"`
}

// SearchProblem is what the search alone would have been answered.
type SearchProblem struct {
	Status int           `json:"status" doc:"The HTTP status." example:"404"`
	Code   string        `json:"code" doc:"What went wrong, in stable snake_case." example:"collection_not_found"`
	Detail string        `json:"detail" doc:"What was wrong, and what to do."`
	Errors []SearchError `json:"errors,omitempty" nullable:"false" doc:"Each fault of the input."`
}

// SearchError locates one fault of the input.
type SearchError struct {
	Location string `json:"location" example:"body.searches[0].filter"`
	Message  string `json:"message"`
}

// postSearches answers several searches.
func (s *Service) postSearches(c echo.Context) error {
	var body Searches
	if err := decodeBody(c, maxSearchesBody, &body); err != nil {
		return err
	}
	if err := checkSearches(body.Searches); err != nil {
		return err
	}
	ctx := c.Request().Context()
	results := s.SearchAll(ctx, tenantOf(ctx), body.Searches)
	if err := ctx.Err(); err != nil {
		return err
	}
	var answer struct {
		Results []any `json:"results"`
	}
	for i, r := range results {
		if r.Err != nil {
			answer.Results = append(answer.Results, SearchFault{s.problemOf(r.Err, item("body.searches", i)+".")})
		} else {
			answer.Results = append(answer.Results, r.Answer)
		}
	}
	return writeJSON(c, http.StatusOK, answer)
}

// problemOf says of a search among others what the server says of one alone;
// at is where it stands in the body. What is our own fault is logged here.
func (s *Service) problemOf(err error, at string) SearchProblem {
	p := SearchProblem{Status: huma.NewError(http.StatusInternalServerError, "", err).GetStatus()}
	own, ok := errors.AsType[*engine.Error](err)
	if p.Status == http.StatusInternalServerError || !ok {
		s.log.Error("a search failed", "error", err)
		p.Code, p.Detail = "internal", "the search failed; see the server's log"
		return p
	}
	place := func(text string) string {
		if rest, below := strings.CutPrefix(text, "body."); below {
			return at + rest
		}
		return text
	}
	p.Code, p.Detail = own.Code, place(own.Detail)
	for _, f := range own.Fields {
		p.Errors = append(p.Errors, SearchError{place(f.Location), f.Message})
	}
	return p
}

func postSearchesOperation(a huma.API) *huma.Operation {
	op := operation("search-collections", http.MethodPost, "/v1/search", "read", "Search several times",
		fmt.Sprintf("Up to %d searches of any collections, answered in their order; the texts of all are embedded together. One that fails does not fail the others: its result is its error. Each sees the documents of one moment of its own. Their documents fill at most one answer of 8 MiB: a page that ends early has a next.", maxSearches))
	op.RequestBody = &huma.RequestBody{Required: true, Content: content(echo.MIMEApplicationJSON, schemaOf[Searches](a))}
	op.MaxBodyBytes = maxSearchesBody
	results := &huma.Schema{Type: huma.TypeObject, Required: []string{"results"}, Properties: map[string]*huma.Schema{
		"results": {Type: huma.TypeArray, Items: &huma.Schema{OneOf: []*huma.Schema{schemaOf[Answer](a), schemaOf[SearchFault](a)}}},
	}}
	op.Responses = map[string]*huma.Response{"200": {Description: "The results, in order.", Content: content(echo.MIMEApplicationJSON, results)}}
	return &op
}
