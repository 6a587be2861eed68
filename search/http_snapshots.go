package search

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine"
	"quintet/engine/api"
)

const (
	maxSnapshotBody = 64 << 30
	maxRestoreJSON  = 4 << 10
)

// snapshotRoutes registers the routes of snapshots.
func (s *Service) snapshotRoutes(a huma.API, e *echo.Echo) {
	const all, one = "/v1/collections/{collection}/snapshots", "/v1/collections/{collection}/snapshots/{id}"
	document := a.OpenAPI()
	e.POST("/v1/collections/:collection/snapshots", s.postSnapshot)
	document.AddOperation(postSnapshotOperation(a))
	huma.Register(a, operation("list-snapshots", http.MethodGet, all, "read", "List snapshots", "Those of the collection that are kept on this server, the newest first."), s.getSnapshots)
	e.GET("/v1/collections/:collection/snapshots/:id", s.getSnapshot)
	document.AddOperation(getSnapshotOperation())
	gone := operation("delete-snapshot", http.MethodDelete, one, "admin", "Delete a snapshot", "Its file leaves the disk in the background.")
	gone.DefaultStatus = http.StatusNoContent
	huma.Register(a, gone, s.deleteSnapshot)
	e.POST("/v1/collections/:collection/restore", s.postRestore)
	document.AddOperation(postRestoreOperation(a))
}

// postSnapshot makes a snapshot.
func (s *Service) postSnapshot(c echo.Context) error {
	ctx := c.Request().Context()
	info, err := s.Snapshot(ctx, tenantOf(ctx), c.Param("collection"), patience(c))
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusCreated, info)
}

func postSnapshotOperation(a huma.API) *huma.Operation {
	op := operation("create-snapshot", http.MethodPost, "/v1/collections/{collection}/snapshots", "write", "Make a snapshot",
		"All of the collection as it is at one moment – its definition, its documents, their vectors – in a file that is kept on this server until it is deleted, or the collection is. "+
			"It is there when it answers, which takes a second for some 50 MB; a request that ends before leaves nothing. A collection has at most 10 and a tenant 100.")
	op.Parameters = []*huma.Param{pathParameter("collection")}
	op.Errors = append(op.Errors, http.StatusConflict, http.StatusServiceUnavailable)
	op.Responses = map[string]*huma.Response{"201": {Description: "The snapshot.", Content: content(echo.MIMEApplicationJSON, schemaOf[SnapshotInfo](a))}}
	return &op
}

func (s *Service) getSnapshots(ctx context.Context, in *struct {
	CollectionPath
	Limit  int    `query:"limit" doc:"Up to 1,000; 50 without it."`
	Cursor string `query:"cursor" doc:"The next of the page before."`
}) (*struct{ Body api.List[SnapshotInfo] }, error) {
	list, err := s.Snapshots(ctx, tenantOf(ctx), in.Collection, in.Limit, in.Cursor)
	return &struct{ Body api.List[SnapshotInfo] }{list}, err
}

func (s *Service) deleteSnapshot(ctx context.Context, in *struct {
	CollectionPath
	ID string `path:"id"`
}) (*struct{}, error) {
	return nil, s.DeleteSnapshot(ctx, tenantOf(ctx), in.Collection, in.ID)
}

// getSnapshot sends the file of a snapshot.
func (s *Service) getSnapshot(c echo.Context) error {
	ctx := c.Request().Context()
	f, err := s.OpenSnapshot(ctx, tenantOf(ctx), c.Param("collection"), c.Param("id"))
	if err != nil {
		return err
	}
	defer f.Close()
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, echo.MIMEOctetStream)
	h.Set(echo.HeaderContentLength, strconv.FormatInt(f.Bytes, 10))
	h.Set(echo.HeaderContentDisposition, fmt.Sprintf(`attachment; filename="%s-%s.snapshot"`, f.Collection, f.CreatedAt.Format("20060102T150405Z")))
	c.Response().WriteHeader(http.StatusOK)
	_, err = io.CopyBuffer(patientWriter{c.Response(), patience(c)}, struct{ io.Reader }{f}, make([]byte, 256<<10))
	return err
}

// patientWriter gives each write time of its own.
type patientWriter struct {
	io.Writer
	wait func()
}

func (w patientWriter) Write(b []byte) (int, error) {
	w.wait()
	return w.Writer.Write(b)
}

func getSnapshotOperation() *huma.Operation {
	op := operation("get-snapshot", http.MethodGet, "/v1/collections/{collection}/snapshots/{id}", "read", "Fetch a snapshot",
		"Its file, which POST …/restore takes here or elsewhere. One that fails on its way ends with a connection that is cut; the file has checksums.")
	op.Parameters = []*huma.Param{pathParameter("collection"), pathParameter("id")}
	op.Responses = map[string]*huma.Response{"200": {Description: "The file.", Content: content(echo.MIMEOctetStream, opaque())}}
	return &op
}

// RestoreBody names a snapshot that is kept here.
type RestoreBody struct {
	Snapshot   string `json:"snapshot" doc:"Its id."`
	Collection string `json:"collection,omitempty" doc:"Whose it is; without it, of the collection that is restored."`
}

// postRestore makes a collection of a snapshot.
func (s *Service) postRestore(c echo.Context) error {
	media, _, err := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType))
	ctx, name := c.Request().Context(), c.Param("collection")
	var info CollectionInfo
	switch {
	case err == nil && media == echo.MIMEOctetStream:
		info, err = s.Restore(ctx, tenantOf(ctx), name, c.Request().Body, bodyPatience(c))
	case err == nil && media == echo.MIMEApplicationJSON:
		var body RestoreBody
		if err = decodeBody(c, maxRestoreJSON, &body); err == nil {
			info, err = s.RestoreFrom(ctx, tenantOf(ctx), name, cmp.Or(body.Collection, name), body.Snapshot, patience(c))
		}
	default:
		err = engine.Errorf(engine.Invalid, "content_type_missing", "say in Content-Type whether this is a file, %s, or names a snapshot, %s", echo.MIMEOctetStream, echo.MIMEApplicationJSON)
	}
	if err != nil {
		return err
	}
	c.Response().Header().Set("ETag", info.ETag)
	return writeJSON(c, http.StatusCreated, info)
}

// bodyPatience returns what gives the client time, from then on, to send more
// and to read the answer.
func bodyPatience(c echo.Context) func() {
	control, wait := http.NewResponseController(c.Response()), patience(c)
	return func() {
		_ = control.SetReadDeadline(time.Now().Add(clientTime))
		wait()
	}
}

func postRestoreOperation(a huma.API) *huma.Operation {
	op := operation("restore-collection", http.MethodPost, "/v1/collections/{collection}/restore", "write", "Restore a collection",
		"Makes this collection, which must not be there yet, of a snapshot: of the file that is sent, from wherever it comes, or of one that is kept here. Nothing is embedded again. "+
			"The collection is there, whole, when it answers 201, and never before; a file that is damaged, a request that ends before, a crash leave nothing. It takes snapshots of the embedding model of this server alone.")
	op.Parameters = []*huma.Param{pathParameter("collection")}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		echo.MIMEOctetStream:     {Schema: opaque()},
		echo.MIMEApplicationJSON: {Schema: schemaOf[RestoreBody](a)},
	}}
	op.MaxBodyBytes, op.BodyReadTimeout = maxSnapshotBody, clientTime
	op.Errors = append(op.Errors, http.StatusConflict, http.StatusInsufficientStorage)
	etag := map[string]*huma.Param{"ETag": {Schema: &huma.Schema{Type: huma.TypeString}}}
	op.Responses = map[string]*huma.Response{"201": {Description: "The collection.", Headers: etag, Content: content(echo.MIMEApplicationJSON, schemaOf[CollectionInfo](a))}}
	return &op
}
