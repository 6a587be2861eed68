package imaging

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine"
	"quintet/engine/api"
)

// What caches may do with an answer that needed a credential: keep it, and ask
// each time whether it is still there.
const cachePrivate = "private, no-cache"

// deliveryPolicy keeps whatever a client uploaded from doing anything in a
// browser but being shown.
const deliveryPolicy = "sandbox; default-src 'none'"

// deliver sets the headers of an image, and answers 304 where the client has
// it. It reports whether the body is still to be sent.
func deliver(c echo.Context, etag, media, caching string) (send bool, err error) {
	h := c.Response().Header()
	h.Set("ETag", etag)
	h.Set(echo.HeaderCacheControl, caching)
	h.Set("Content-Security-Policy", deliveryPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	if hasETag(c.Request().Header.Values("If-None-Match"), etag) {
		return false, c.NoContent(http.StatusNotModified)
	}
	h.Set(echo.HeaderContentType, media)
	return true, nil
}

// hasETag compares as RFC 9110 §13.1.2 has it: weakly.
func hasETag(sent []string, etag string) bool {
	for _, list := range sent {
		for tag := range strings.SplitSeq(list, ",") {
			if tag = strings.TrimSpace(tag); tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
				return true
			}
		}
	}
	return false
}

// getOriginal sends a file as it was uploaded.
func (s *Images) getOriginal(c echo.Context) error {
	ctx := c.Request().Context()
	t := tenantOf(ctx)
	id, err := ParseID(c.Param("id"))
	if err != nil {
		return err
	}
	r, err := s.find(ctx, t, id)
	if err != nil {
		return err
	}
	if send, err := deliver(c, r.etag(), r.header.Format.MediaType(), cachePrivate); err != nil || !send {
		return err
	}
	return s.sendOriginal(ctx, t, r, c.Response())
}

func (s *Images) sendOriginal(ctx context.Context, t engine.Tenant, r *record, w *echo.Response) error {
	release, err := s.originals.take(ctx, t, 1)
	if err != nil {
		return s.refused(err)
	}
	defer release()
	blob, err := s.engine.Blobs.Open(ctx, t, r.blob)
	if err != nil {
		return err
	}
	defer blob.Close()
	w.Header().Set(echo.HeaderContentLength, strconv.FormatInt(blob.Size(), 10))
	w.WriteHeader(http.StatusOK)
	_, err = io.Copy(w, blob)
	return err
}

func (s *Images) getRendition(c echo.Context) error {
	id, err := ParseID(c.Param("id"))
	if err != nil {
		return err
	}
	return s.sendRendition(c, tenantOf(c.Request().Context()), id, c.Param("operations"), cachePrivate)
}

// getSigned proves the signature before anything else.
func (s *Images) getSigned(c echo.Context) error {
	t, until, err := s.verify(signature{
		tenant: c.Param("tenant"), operations: c.Param("operations"), source: c.Param("source"),
		exp: c.QueryParam("exp"), kid: c.QueryParam("kid"), sig: c.QueryParam("sig"),
	})
	if err != nil {
		return err
	}
	id, err := ParseID(c.Param("source"))
	if err != nil {
		return err
	}
	// Any page may show what has a public URL.
	c.Response().Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	seconds := int64(until.Sub(s.engine.Clock.Now()) / time.Second)
	return s.sendRendition(c, t, id, c.Param("operations"), fmt.Sprintf("public, max-age=%d", seconds))
}

func (s *Images) sendRendition(c echo.Context, t engine.Tenant, id ID, operations, caching string) error {
	ops, err := ParseOperations(operations)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	o, err := s.order(ctx, t, id, ops)
	if err != nil {
		return err
	}
	if hasETag(c.Request().Header.Values("If-None-Match"), o.etag) {
		_, err := deliver(c, o.etag, "", caching)
		return err
	}
	r, err := s.fulfil(ctx, t, o)
	if err != nil {
		return err
	}
	if _, err := deliver(c, r.ETag, r.Format.MediaType(), caching); err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentLength, strconv.Itoa(len(r.Body)))
	return c.Blob(http.StatusOK, r.Format.MediaType(), r.Body)
}

const operationsText = "name=value pairs between commas: w and h (pixels), fit=contain|cover|fill, gravity=center, format=jpeg|png, q=1…100 (JPEG, 80 without it). " +
	"contain shows the whole image within w and h, of which one may be missing, and never enlarges; cover fills them and cuts off at the centre; fill distorts."

func getOriginalOperation() *huma.Operation {
	op := operation("get-original", http.MethodGet, onePath, "imaging:read", "Get the original", "The file as it was uploaded, with everything in it.")
	op.Parameters = []*huma.Param{pathParameter("id", "")}
	op.Responses = imageResponses("jpeg", "png", "webp", "gif", "tiff", "bmp")
	return &op
}

func getRenditionOperation() *huma.Operation {
	op := operation("get-rendition", http.MethodGet, renditionPath, "imaging:read", "Get a rendition",
		"The image in another size or format, turned upright, without its metadata. JPEG has white where the image is transparent; without format it is PNG for what may be transparent and for PNG, GIF and BMP, else JPEG.")
	op.Parameters = []*huma.Param{pathParameter("id", ""), pathParameter("operations", operationsText)}
	op.Responses = imageResponses("jpeg", "png")
	op.Errors = append(op.Errors, http.StatusServiceUnavailable)
	return &op
}

func getSignedOperation() *huma.Operation {
	op := operation("get-signed-rendition", http.MethodGet, signedPath, "", "Get a rendition by a signed URL",
		"Public: the signature stands for a credential. sig = base64url(HMAC-SHA256(key[kid], tenant \\n operations \\n source \\n exp)), exp in Unix seconds; POST /v1/images/{id}/sign makes it. Any change of the URL is answered 403.")
	op.Security = api.Public()
	op.Errors = append(op.Errors, http.StatusForbidden, http.StatusServiceUnavailable)
	op.Parameters = []*huma.Param{
		pathParameter("tenant", ""), pathParameter("operations", "As they were signed."), pathParameter("source", "The id of the image."),
		queryParameter("exp", "When the URL expires, in Unix seconds."), queryParameter("kid", "The key that signed it."), queryParameter("sig", "The signature."),
	}
	op.Responses = imageResponses("jpeg", "png")
	return &op
}

func imageResponses(formats ...string) map[string]*huma.Response {
	content := map[string]*huma.MediaType{}
	for _, f := range formats {
		content["image/"+f] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	return map[string]*huma.Response{"200": {Description: "The image.", Content: content}, "304": {Description: "The client has it, by its ETag."}}
}
