package config

import (
	"fmt"
	"io"
	"strings"
)

// Print writes the configuration as it runs: YAML that Load reads again, each
// setting with the source of its value behind it. src points to the root
// struct; sources comes from Load. A secret shows as its reference, or redacted.
func Print(w io.Writer, src any, sources Sources) error {
	schema, err := bindValues(src)
	if err != nil {
		return err
	}
	var b strings.Builder
	open := "" // the section whose keys are being written
	for _, s := range schema.settings {
		section, key := split(s.name)
		openSections(&b, open, section)
		open = section
		fmt.Fprintf(&b, "%s%s: %s  # %s\n", indent(section), key, s.literal(), sources[s.name])
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// openSections writes the headings that lead from one section to the next.
func openSections(b *strings.Builder, from, to string) {
	if to == "" {
		return
	}
	parent, key := split(to)
	if from == to || strings.HasPrefix(from, to+".") {
		return
	}
	openSections(b, from, parent)
	fmt.Fprintf(b, "%s%s:\n", indent(parent), key)
}

// split cuts a dotted name into its section and its last part.
func split(name string) (section, key string) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return "", name
	}
	return name[:i], name[i+1:]
}

// indent is two spaces for each level at which the section's keys stand.
func indent(section string) string {
	if section == "" {
		return ""
	}
	return strings.Repeat("  ", 1+strings.Count(section, "."))
}
