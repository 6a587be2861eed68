package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
)

//go:embed static
var static embed.FS

// consolePolicy lets a page of the console load what this server delivers, and
// nothing else: no inline script or style, no frame, no other origin.
const consolePolicy = "default-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

// shell is the one page of the console. Which of its views is shown stands in
// the path, so every path that names no file answers it.
const shell = "index.html"

// staticFile is one file of the console, with the validator that its content
// gives it.
type staticFile struct {
	media string
	etag  string
	data  []byte
}

// mediaTypes of the console's files. A file of another kind is not served:
// licences, versions, the script that fetches the vendored code.
var mediaTypes = map[string]string{
	".html": echo.MIMETextHTMLCharsetUTF8,
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// readStatic reads the files of the console by their path.
func readStatic(files fs.FS) (map[string]staticFile, error) {
	all := map[string]staticFile{}
	files, err := fs.Sub(files, "static")
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		media := mediaTypes[path.Ext(name)]
		if err != nil || d.IsDir() || media == "" {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		all[name] = staticFile{media, `"` + hex.EncodeToString(sum[:12]) + `"`, data}
		return nil
	})
	if err == nil && all[shell].data == nil {
		err = fmt.Errorf("the console has no %s", shell)
	}
	return all, err
}

// consoleFiles registers the console's page and what it loads.
func (s *Server) consoleFiles() {
	page := own("console", "/console", "The console")
	page.Description = "A page for people. It is a client of the routes in this document, and can do nothing that they do not allow."
	s.get(page, echo.MIMETextHTML, text, func(c echo.Context) error { return s.sendFile(c, shell) })

	files := own("console-file", "/console/{path}", "A view of the console, or a file that it loads")
	files.Parameters = []*huma.Param{{Name: "path", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}}
	files.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{"*/*": {Schema: text}}}
	files.Responses["304"] = &huma.Response{Description: "What If-None-Match names is current"}
	s.echo.GET("/console/*", func(c echo.Context) error { return s.sendFile(c, c.Param("*")) })
	s.api.OpenAPI().AddOperation(files)
}

// sendFile answers a file, and the shell for what names none. A name with a
// dot is meant as a file.
func (s *Server) sendFile(c echo.Context, name string) error {
	file, ok := s.static[name]
	if !ok {
		if strings.Contains(name, ".") {
			return refusal(http.StatusNotFound)
		}
		file = s.static[shell]
	}
	h := c.Response().Header()
	h.Set("Content-Security-Policy", consolePolicy)
	h.Set("Cache-Control", "no-cache") // keep it, and ask each time whether it is current
	h.Set("Etag", file.etag)
	if c.Request().Header.Get("If-None-Match") == file.etag {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, file.media, file.data)
}
