package config

import (
	"fmt"
	"io"
	"strings"
)

// Docs writes the reference of all settings in Markdown: one heading and one
// table for the root and for each section below it. Only the tags of the struct
// that dst points to count, not its values.
func Docs(w io.Writer, dst any) error {
	schema, err := bind(dst)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, sec := range schema.sections {
		rows := schema.settingsOf(sec)
		if len(rows) == 0 {
			continue
		}
		docsHeading(&b, sec)
		b.WriteString("| Setting | Variable | Kind | Default | Meaning |\n|---|---|---|---|---|\n")
		for _, s := range rows {
			docsRow(&b, s)
		}
		b.WriteString("\n")
	}
	_, err = io.WriteString(w, strings.TrimSuffix(b.String(), "\n"))
	return err
}

func docsHeading(b *strings.Builder, sec *section) {
	if sec.name == "" {
		b.WriteString("## General\n\n")
		return
	}
	fmt.Fprintf(b, "## %s\n\n", sec.name)
	if sec.doc != "" {
		fmt.Fprintf(b, "%s\n\n", sec.doc)
	}
}

func docsRow(b *strings.Builder, s *setting) {
	preset := ""
	if s.preset != "" {
		preset = "`" + s.preset + "`"
	}
	meaning := s.doc
	if s.reload {
		meaning += " " + reloadNote
	}
	fmt.Fprintf(b, "| `--%s` | `%s` | %s | %s | %s |\n",
		s.name, s.env, s.kind(), cell(preset), cell(strings.TrimSpace(meaning)))
}

const reloadNote = "Changes on reload (SIGHUP)."

// cell makes a text fit between two bars of a Markdown table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text)
}

// settingsOf lists the settings that stand in the section itself; --config
// comes first in the root.
func (s *schema) settingsOf(sec *section) []*setting {
	var found []*setting
	if sec.name == "" {
		found = append(found, s.file)
	}
	for _, one := range s.settings {
		if in, _ := split(one.name); in == sec.name {
			found = append(found, one)
		}
	}
	return found
}
