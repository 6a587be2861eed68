package search

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"quintet/engine/api"
)

// IfMatch is the version that a change relies on.
type IfMatch struct {
	IfMatch string `header:"If-Match" doc:"The ETag of what is changed, or several of which it has one; * for any."`
}

// Resolve implements huma.Resolver. Huma itself takes an empty header for none,
// and the first of several.
func (m *IfMatch) Resolve(ctx huma.Context) []error {
	sent := http.Header{}
	ctx.EachHeader(sent.Add)
	var err error
	if m.IfMatch, err = ifMatchOf(sent); err != nil {
		return []error{err}
	}
	return nil
}

// ifMatchOf returns If-Match, "" where it was not sent. An empty one is
// refused: whoever lost the ETag on the way must not overwrite unasked.
func ifMatchOf(h http.Header) (string, error) {
	sent := h.Values("If-Match")
	ifMatch := strings.TrimSpace(strings.Join(sent, ", "))
	if len(sent) > 0 && ifMatch == "" {
		return "", invalid("header.If-Match", "is empty; send an ETag or *, or leave it out")
	}
	return ifMatch, nil
}

// conditionOf reads the conditions of a PUT of a document.
func conditionOf(h http.Header) (c Condition, err error) {
	if c.IfMatch, err = ifMatchOf(h); err != nil {
		return c, err
	}
	sent := h.Values("If-None-Match")
	if c.Absent = len(sent) == 1 && strings.TrimSpace(sent[0]) == "*"; len(sent) > 0 && !c.Absent {
		return c, api.NotSupported("header.If-None-Match")
	}
	return c, nil
}
