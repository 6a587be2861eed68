package main_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// capabilities know neither each other nor what stands above them.
var capabilities = []string{"search", "stream", "gateway", "scheduler", "imaging"}

// storey is how high a room stands: imports point downwards only.
func storey(room string) int {
	switch {
	case room == "engine", room == "client":
		return 0
	case slices.Contains(capabilities, room):
		return 1
	case room == "web":
		return 2
	default: // main, and whatever else stands in the root
		return 3
	}
}

const longestFile = 800 // lines

// source is one Go file of the module.
type source struct {
	path    string // from the root, with slashes
	text    []byte
	syntax  *ast.File
	imports []string
}

func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

// room is the folder under the root that a file stands in, "" for the root.
func (s source) room() string {
	room, _, below := strings.Cut(s.path, "/")
	if !below {
		return ""
	}
	return room
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && file != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "data") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(file) != ".go" {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ParseComments)
		if err != nil {
			return err
		}
		s := source{path: filepath.ToSlash(file), text: text, syntax: syntax}
		for _, i := range syntax.Imports {
			s.imports = append(s.imports, strings.Trim(i.Path.Value, `"`))
		}
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestArrows holds main → web → capabilities → engine. Within a room every
// package may import every other, but for imaging/pixel: it also builds where
// nothing else of ours does, in a browser. The client stands beside the house:
// it knows the server by its HTTP alone, and only tests know the client.
func TestArrows(t *testing.T) {
	for _, s := range sources(t) {
		for _, i := range s.imports {
			target, ours := strings.CutPrefix(i, "quintet/")
			if !ours {
				continue
			}
			room, _, _ := strings.Cut(target, "/")
			if room == "client" && !s.test() && s.room() != "client" {
				t.Errorf("%s imports %s", s.path, i)
			}
			if strings.HasPrefix(s.path, "imaging/pixel/") && !s.test() {
				t.Errorf("%s imports %s", s.path, i)
			}
			if room != s.room() && storey(room) >= storey(s.room()) {
				t.Errorf("%s imports %s", s.path, i)
			}
		}
	}
}

// TestHTTPStaysAtTheEdge holds that only web, and a capability's http*.go,
// know the router and huma. A capability's tests may bring a router of their
// own to serve its routes.
func TestHTTPStaysAtTheEdge(t *testing.T) {
	for _, s := range sources(t) {
		atEdge := s.room() == "web" || slices.Contains(capabilities, s.room()) && (s.test() || strings.HasPrefix(path.Base(s.path), "http"))
		for _, i := range s.imports {
			if !atEdge && (strings.HasPrefix(i, "github.com/labstack/") || strings.HasPrefix(i, "github.com/danielgtaylor/huma/")) {
				t.Errorf("%s imports %s", s.path, i)
			}
		}
	}
}

// TestPackageComments holds that each package is introduced exactly once.
func TestPackageComments(t *testing.T) {
	comments := map[string][]string{} // folder → files with a package comment
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		folder := path.Dir(s.path)
		comments[folder] = append(comments[folder], nil...)
		if s.syntax.Doc != nil {
			comments[folder] = append(comments[folder], s.path)
		}
	}
	for folder, files := range comments {
		if len(files) != 1 {
			t.Errorf("%s has %d package comments: %v", folder, len(files), files)
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	for _, s := range sources(t) {
		if lines := bytes.Count(s.text, []byte("\n")); lines > longestFile {
			t.Errorf("%s has %d lines, more than %d", s.path, lines, longestFile)
		}
	}
}

func TestModuleReplacesNothing(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] == "replace" {
			t.Errorf("go.mod: %s", strings.TrimSpace(line))
		}
	}
}
