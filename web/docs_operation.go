package web

import (
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// docsOf is what the page says of one operation.
func docsOf(document *huma.OpenAPI, op *huma.Operation) docsOperation {
	d := docsOperation{
		ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, Description: op.Description,
		Access: docsAccess(op.Security),
	}
	for _, p := range op.Parameters {
		d.Parameters = append(d.Parameters, docsParameterOf(document, p))
	}
	if op.RequestBody != nil {
		d.Bodies = docsBodies("", op.RequestBody.Description, op.RequestBody.Content)
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		if r := op.Responses[status]; r.Ref == "" {
			d.Answers = append(d.Answers, docsBodies(status, r.Description, r.Content)...)
		}
	}
	return d
}

// docsAccess says who may call, as newRoute reads it.
func docsAccess(security []map[string][]string) string {
	if len(security) == 0 {
		return "public"
	}
	var ways []string
	for _, alternative := range security {
		scopes, credential := alternative[bearer]
		switch {
		case !credential:
			ways = append(ways, "public")
		case len(scopes) == 0:
			ways = append(ways, "any credential")
		default:
			ways = append(ways, strings.Join(scopes, " and "))
		}
	}
	return strings.Join(ways, ", or ")
}

func docsParameterOf(document *huma.OpenAPI, p *huma.Param) docsParameter {
	if name, ok := strings.CutPrefix(p.Ref, "#/components/parameters/"); ok && document.Components.Parameters[name] != nil {
		p = document.Components.Parameters[name]
	}
	d := docsParameter{Name: p.Name, In: p.In, Description: p.Description, Required: p.Required}
	if p.Schema != nil {
		d.Type = p.Schema.Type
		if d.Description == "" {
			d.Description = p.Schema.Description
		}
	}
	return d
}

func docsBodies(status, description string, content map[string]*huma.MediaType) []docsBody {
	if len(content) == 0 {
		return []docsBody{{Status: status, Description: description}}
	}
	var bodies []docsBody
	for _, media := range slices.Sorted(maps.Keys(content)) {
		b := docsBody{Status: status, Media: media, Description: description}
		if s := content[media].Schema; s != nil {
			b.Schema = strings.TrimPrefix(s.Ref, "#/components/schemas/")
		}
		bodies = append(bodies, b)
	}
	return bodies
}
