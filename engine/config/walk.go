package config

import (
	"fmt"
	"strings"
)

// fileWalk lays the file's tree over the schema.
type fileWalk struct {
	schema   *schema
	path     string
	values   map[string]given
	problems []Problem
}

// section walks the map that stands for the section of that name.
func (w *fileWalk) section(name string, n node) {
	if n.shape == nothing {
		return
	}
	if n.shape != mapping {
		field := name
		if field == "" {
			field = w.path
		}
		w.complain(field, n.line, fmt.Sprintf("is %s, not %s", n.shape, mapping), "write its settings below it, one key each")
		return
	}
	seen := map[string]int{}
	for _, e := range n.entries {
		full := join(name, e.key)
		if first, twice := seen[e.key]; twice {
			w.complain(full, e.line, fmt.Sprintf("stands twice, first on line %d", first), "keep one")
			continue
		}
		seen[e.key] = e.line
		w.entry(full, e)
	}
}

func (w *fileWalk) entry(full string, e entry) {
	s, known := w.schema.byName[full]
	switch {
	case strings.Contains(e.key, "."):
		w.complain(full, e.line, "has a dot in its key", "nest the keys: the name before the dot, and below it the one after")
	case s == w.schema.file:
		w.complain(full, e.line, "cannot stand in the file", "a configuration file cannot name another one")
	case known:
		w.value(s, e)
	case w.schema.hasSection(full):
		w.section(full, e.value)
	default:
		hint := "remove it; config print lists what there is"
		if near := nearest(full, len(full)-len(e.key), names(w.schema.byName)); near != "" {
			hint = "did you mean " + near + "?"
		}
		w.complain(full, e.line, "is not a setting", hint)
	}
}

func (w *fileWalk) value(s *setting, e entry) {
	g := given{text: e.value.text, source: "file " + at(w.path, e.line)}
	switch e.value.shape {
	case nothing:
		w.complain(s.name, e.line, "has no value", `remove the key for the default, or write ""`)
		return
	case mapping:
		w.complain(s.name, e.line, "is nested keys, not a value", "write its value after the colon")
		return
	case list:
		g.items = []string{}
		for _, item := range e.value.items {
			if item.shape != scalar {
				w.complain(s.name, item.line, fmt.Sprintf("has %s inside its list", item.shape), "a list holds plain values")
				return
			}
			g.items = append(g.items, item.text)
		}
	}
	w.values[s.name] = g
}

func (w *fileWalk) complain(field string, line int, what, hint string) {
	w.problems = append(w.problems, Problem{Field: field, Source: "file " + at(w.path, line), Problem: what, Hint: hint})
}
