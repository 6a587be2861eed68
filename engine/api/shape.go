package api

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// shape is what the scan knows of a Go type. A nil shape is any value: a scalar
// or a type that reads itself.
type shape struct {
	members map[string]*shape // of a struct, exactly as they are spelt
	of      *shape            // of each value in an array or a map
	bare    bool              // a scalar for which null, which encoding/json passes over, stands for nothing
}

// element returns the shape of the values inside an array or a map.
func (s *shape) element() *shape {
	if s == nil {
		return nil
	}
	return s.of
}

// shapes remembers them by their reflect.Type, as encoding/json does: they are
// as many as there are types of bodies.
var shapes sync.Map

// shapeOf derives the shape of a type.
func shapeOf(t reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape)
	}
	s := newShape(t, map[reflect.Type]*shape{})
	shapes.Store(t, s)
	return s
}

// newShape derives a shape; made are those around it, since a type may contain
// itself.
func newShape(t reflect.Type, made map[reflect.Type]*shape) *shape {
	if t.Kind() == reflect.Pointer {
		return newShape(t.Elem(), made)
	}
	if s, ok := made[t]; ok || readsItself(t) {
		return s
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		s := &shape{}
		made[t] = s
		s.of = newShape(t.Elem(), made)
		if s.of == nil && isBare(t.Elem()) {
			s.of = &shape{bare: true}
		}
		return s
	case reflect.Struct:
		s := &shape{members: map[string]*shape{}}
		made[t] = s
		for _, f := range reflect.VisibleFields(t) {
			if name := memberName(f); name != "" {
				s.members[name] = newShape(f.Type, made)
			}
		}
		return s
	}
	return nil
}

// isBare reports whether a type is a scalar that encoding/json reads.
func isBare(t reflect.Type) bool {
	switch k := t.Kind(); {
	case readsItself(t):
		return false
	default:
		return reflect.Bool <= k && k <= reflect.Float64 || k == reflect.String
	}
}

// memberName returns how a field is spelt in JSON, "" where it is no member.
func memberName(f reflect.StructField) string {
	tag := f.Tag.Get("json")
	name, _, _ := strings.Cut(tag, ",")
	switch {
	case !f.IsExported() || tag == "-" || f.Anonymous && name == "":
		return ""
	case name == "":
		return f.Name
	}
	return name
}

func readsItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}
