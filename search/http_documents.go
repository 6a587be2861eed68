package search

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine"
	"quintet/engine/api"
)

// postDocuments stores many documents.
func (s *Service) postDocuments(c echo.Context) error {
	media, _, err := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType))
	if err != nil || media != ndjson && media != echo.MIMEApplicationJSON {
		return engine.Errorf(engine.Invalid, "content_type_missing", "say in Content-Type whether this is %s or %s", ndjson, echo.MIMEApplicationJSON)
	}
	body, err := listed(media, bufio.NewReader(c.Request().Body))
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	answer, err := s.Import(ctx, tenantOf(ctx), c.Param("collection"), body, patience(c))
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, answer)
}

// listed makes a single document of type application/json a list of one,
// however many lines it has. Behind it the body must end.
func listed(media string, body *bufio.Reader) (io.Reader, error) {
	if media != echo.MIMEApplicationJSON {
		return body, nil
	}
	first, err := firstByte(body)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if first == '[' {
		return body, nil
	}
	raw, err := readDocument(body)
	if err != nil {
		return nil, err
	}
	if !json.Valid(raw) {
		return nil, engine.Errorf(engine.Malformed, "malformed_json", "the body is not one JSON object or array; send documents as an array, or one a line as %s", ndjson)
	}
	return io.MultiReader(strings.NewReader("["), bytes.NewReader(raw), strings.NewReader("]")), nil
}

// firstByte passes white space over and returns what stands behind it.
func firstByte(body *bufio.Reader) (byte, error) {
	for {
		switch c, err := body.ReadByte(); {
		case err != nil:
			return 0, err
		case c != ' ' && c != '\t' && c != '\r' && c != '\n':
			return c, body.UnreadByte()
		}
	}
}

// readDocument reads a body of one document.
func readDocument(body io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(body, maxLine+1))
	if err == nil && len(raw) > maxLine {
		err = engine.Errorf(engine.TooLarge, "document_too_large", "a document may have %d bytes; keep the long parts elsewhere, with the document naming them", MaxDocument)
	}
	return raw, err
}

func postDocumentsOperation(a huma.API) *huma.Operation {
	op := operation("put-documents", http.MethodPost, "/v1/collections/{collection}/documents", "write", "Store documents",
		"Up to 10,000 documents as lines or as an array, each taken for itself, of up to 63 KiB. A document replaces the one of the same id; one without an id gets one, and then the answer has the ids in line order. "+
			"They are on disk and found when it answers. A text that is the same as before is not embedded again.")
	op.Parameters = []*huma.Param{pathParameter("collection")}
	document := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		ndjson:                   {Schema: &huma.Schema{Type: huma.TypeString}},
		echo.MIMEApplicationJSON: {Schema: &huma.Schema{OneOf: []*huma.Schema{document, {Type: huma.TypeArray, Items: document}}}},
	}}
	op.MaxBodyBytes, op.BodyReadTimeout = maxImport, importTime
	op.Responses = map[string]*huma.Response{"200": {Description: "What became of each.", Content: content(echo.MIMEApplicationJSON, schemaOf[api.Bulk](a))}}
	return &op
}

// putDocument stores one document under the id of the path.
func (s *Service) putDocument(c echo.Context) error {
	raw, err := readDocument(c.Request().Body)
	if err != nil {
		return err
	}
	condition, err := conditionOf(c.Request().Header)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	d, replaced, err := s.Put(ctx, tenantOf(ctx), c.Param("collection"), c.Param("id"), raw, condition)
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if replaced {
		status = http.StatusOK
	}
	d.send(c, status)
	return nil
}

// send answers with a document as it was sent.
func (d Document) send(c echo.Context, status int) {
	c.Response().Header().Set("ETag", d.ETag)
	write(c, status, d.JSON)
}

func documentOperation(id, method, scope, summary, description string) *huma.Operation {
	op := operation(id, method, "/v1/collections/{collection}/documents/{id}", scope, summary, description)
	op.Parameters = []*huma.Param{pathParameter("collection"), pathParameter("id")}
	document := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
	etag := map[string]*huma.Param{"ETag": {Schema: &huma.Schema{Type: huma.TypeString}}}
	op.Responses = map[string]*huma.Response{"200": {Description: "The document.", Headers: etag, Content: content(echo.MIMEApplicationJSON, document)}}
	return &op
}

func putDocumentOperation() *huma.Operation {
	op := documentOperation("put-document", http.MethodPut, "write", "Store a document", "201 when there was none of this id, 200 when it replaces one. It is on disk and found when it answers.")
	header := func(name, description string) *huma.Param {
		return &huma.Param{Name: name, In: "header", Description: description, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	op.Parameters = append(op.Parameters,
		header("If-Match", "The ETag of the document to replace, or several of which it has one; * for any."),
		header("If-None-Match", "* = store the document only where there is none of this id; others are not supported yet."))
	op.RequestBody = &huma.RequestBody{Required: true, Content: content(echo.MIMEApplicationJSON, &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true})}
	op.MaxBodyBytes = maxLine
	op.Errors = append(op.Errors, http.StatusPreconditionFailed)
	op.Responses["201"] = op.Responses["200"]
	return op
}

const mergePatchJSON = "application/merge-patch+json"

// patchDocument changes one document.
func (s *Service) patchDocument(c echo.Context) error {
	patch, err := readDocument(c.Request().Body)
	if err != nil {
		return err
	}
	ifMatch, err := ifMatchOf(c.Request().Header)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	d, err := s.Patch(ctx, tenantOf(ctx), c.Param("collection"), c.Param("id"), patch, ifMatch)
	if err != nil {
		return err
	}
	d.send(c, http.StatusOK)
	return nil
}

func patchDocumentOperation() *huma.Operation {
	op := documentOperation("patch-document", http.MethodPatch, "write", "Change a document",
		"The members that are sent take the place of the document's own, and null removes one (JSON Merge Patch, RFC 7396). The change is on disk and found when it answers. A text that stays the same is not embedded again.")
	op.Parameters = append(op.Parameters, &huma.Param{Name: "If-Match", In: "header", Description: "The ETag of the document to change, or several of which it has one; * for any.", Schema: &huma.Schema{Type: huma.TypeString}})
	patch := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{mergePatchJSON: {Schema: patch}, echo.MIMEApplicationJSON: {Schema: patch}}}
	op.MaxBodyBytes = maxLine
	op.Errors = append(op.Errors, http.StatusConflict, http.StatusPreconditionFailed)
	return op
}

// getDocument returns one document.
func (s *Service) getDocument(c echo.Context) error {
	ctx := c.Request().Context()
	d, err := s.Document(ctx, tenantOf(ctx), c.Param("collection"), c.Param("id"))
	if err != nil {
		return err
	}
	d.send(c, http.StatusOK)
	return nil
}

func getDocumentOperation() *huma.Operation {
	return documentOperation("get-document", http.MethodGet, "read", "Get a document", "The document as it was sent, with its id.")
}
