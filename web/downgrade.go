package web

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
)

// downgrade writes OpenAPI 3.0: what huma makes of it, less what only 3.1 has.
func downgrade(document *huma.OpenAPI) ([]byte, error) {
	data, err := document.Downgrade()
	if err != nil {
		return nil, err
	}
	var whole map[string]any
	if err := json.Unmarshal(data, &whole); err != nil {
		return nil, err
	}
	paths, _ := whole["paths"].(map[string]any)
	for _, item := range paths {
		item, _ := item.(map[string]any)
		for _, op := range item {
			op, _ := op.(map[string]any)
			dropScopes(op["security"])
		}
	}
	dropContentMediaType(whole)
	return json.MarshalIndent(whole, "", "  ")
}

// dropScopes empties the lists of scopes: in 3.0 only OAuth2 may have them.
func dropScopes(security any) {
	alternatives, _ := security.([]any)
	for _, a := range alternatives {
		a, _ := a.(map[string]any)
		for scheme := range a {
			a[scheme] = []any{}
		}
	}
}

// dropContentMediaType removes it wherever format says binary, as 3.0 does.
func dropContentMediaType(v any) {
	switch v := v.(type) {
	case map[string]any:
		if v["format"] == "binary" {
			delete(v, "contentMediaType")
		}
		for _, member := range v {
			dropContentMediaType(member)
		}
	case []any:
		for _, item := range v {
			dropContentMediaType(item)
		}
	}
}
