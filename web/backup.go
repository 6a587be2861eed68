package web

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine"
	"quintet/engine/api"
)

const mediaTar = "application/x-tar"

// Backup writes a consistent copy of everything.
type Backup interface {
	// Backup writes to w while everything goes on, and ends with ctx.
	Backup(ctx context.Context, w io.Writer, progress engine.Progress) error
}

// backupRoutes registers the download of a backup.
func (s *Server) backupRoutes() {
	op := own("create-backup", "/v1/backups", "A backup of everything, as a tar")
	op.Method = http.MethodPost
	op.Description = "The command `restore` fills an empty data folder from it. It holds the keyring, which opens all the rest: keep it as you would keep the keys themselves."
	op.Security = api.Scope("platform:admin")
	op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{
		mediaTar: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}
	s.echo.POST(op.Path, s.backup)
	s.api.OpenAPI().AddOperation(op)
}

// backup fails before its first byte with a problem, and after it by cutting
// the connection.
func (s *Server) backup(c echo.Context) error {
	h := c.Response().Header()
	h.Set("Content-Type", mediaTar)
	h.Set("Content-Disposition", `attachment; filename="quintet-`+time.Now().UTC().Format("20060102T150405Z")+`.tar"`)
	return s.house.Backup.Backup(c.Request().Context(), newPatientWriter(c.Response()), func(string, int64, int64) {})
}
