package web

import (
	"path"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// schemaName names a type in the document. Types of a capability begin with
// its name, for two capabilities may each have a Definition.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	pkg := t.PkgPath()
	if _, argument, generic := strings.Cut(t.Name(), "["); generic { // such as List[quintet/search.Hit]
		pkg = argument[:max(0, strings.LastIndexByte(argument, '.'))]
	}
	switch capability := path.Base(pkg); {
	case path.Dir(pkg) != "quintet" || capability == "web",
		strings.HasPrefix(strings.ToLower(name), capability):
		return name
	default:
		return strings.ToUpper(capability[:1]) + capability[1:] + name
	}
}
