package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed docs.html
var docsSource string

//go:embed docs.css
var docsStyle string

// docs is what the page shows: the document, grouped by capability.
type docs struct {
	Title, Version, Description string
	Style                       template.CSS
	Groups                      []docsGroup
	Schemas                     []docsSchema
}

type docsGroup struct {
	Name, Description string
	Operations        []docsOperation
}

type docsOperation struct {
	ID, Method, Path, Summary, Description, Access string
	Parameters                                     []docsParameter
	Bodies, Answers                                []docsBody
}

type docsParameter struct {
	Name, In, Type, Description string
	Required                    bool
}

// docsBody is one form of a request's or an answer's body.
type docsBody struct {
	Status, Media, Description string
	Schema                     string // name of a schema of the page, or ""
}

type docsSchema struct{ Name, Text string }

// docsPage renders the document as one page without scripts, together with the
// policy that lets the page's one style through and nothing else.
func docsPage(document *huma.OpenAPI) (page []byte, policy string, err error) {
	t, err := template.New("docs").Parse(docsSource)
	if err != nil {
		return nil, "", err
	}
	view := docs{
		Title: document.Info.Title, Version: document.Info.Version, Description: document.Info.Description,
		Style: template.CSS(docsStyle), Groups: docsGroups(document),
	}
	schemas := document.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		text, err := json.MarshalIndent(schemas[name], "", "  ")
		if err != nil {
			return nil, "", err
		}
		view.Schemas = append(view.Schemas, docsSchema{name, string(text)})
	}
	var b bytes.Buffer
	if err := t.Execute(&b, view); err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256([]byte(docsStyle))
	policy = fmt.Sprintf("default-src 'self'; style-src 'sha256-%s'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
		base64.StdEncoding.EncodeToString(sum[:]))
	return b.Bytes(), policy, nil
}

// docsGroups puts each operation under its first tag, in the order of the
// document's tags; capabilities that describe none follow by name.
func docsGroups(document *huma.OpenAPI) []docsGroup {
	byTag := map[string][]docsOperation{}
	for _, op := range operations(document) {
		byTag[op.Tags[0]] = append(byTag[op.Tags[0]], docsOf(document, op))
	}
	var groups []docsGroup
	for _, tag := range document.Tags {
		groups = append(groups, docsGroup{tag.Name, tag.Description, byTag[tag.Name]})
		delete(byTag, tag.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(byTag)) {
		groups = append(groups, docsGroup{Name: name, Operations: byTag[name]})
	}
	return groups
}
