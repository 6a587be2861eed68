package config

import (
	"fmt"
	"io"
	"strings"
)

const (
	usageIndent = "      "
	usageWidth  = 80 // columns
)

// Usage writes the flags as help text for a terminal, in the order of the
// struct that dst points to. Only its tags count, not its values.
func Usage(w io.Writer, dst any) error {
	schema, err := bind(dst)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, sec := range schema.sections {
		rows := schema.settingsOf(sec)
		if sec.name != "" && len(rows) > 0 {
			fmt.Fprintf(&b, "%s\n", strings.TrimSpace(sec.name+": "+sec.doc))
		}
		for _, s := range rows {
			usageFlag(&b, s)
		}
	}
	_, err = io.WriteString(w, b.String())
	return err
}

func usageFlag(b *strings.Builder, s *setting) {
	fmt.Fprintf(b, "  --%s (%s)\n", s.name, s.kind())
	text := s.doc
	if s.reload {
		text += " " + reloadNote
	}
	if s.preset != "" {
		text += " Default: " + s.preset + "."
	}
	wrap(b, text+" Variable: "+s.env+".")
}

// wrap writes a paragraph in lines of at most usageWidth columns.
func wrap(b *strings.Builder, text string) {
	line := usageIndent
	for _, word := range strings.Fields(text) {
		if line != usageIndent && len(line)+len(word) >= usageWidth {
			b.WriteString(line + "\n")
			line = usageIndent
		}
		if line != usageIndent {
			line += " "
		}
		line += word
	}
	b.WriteString(line + "\n")
}
