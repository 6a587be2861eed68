package config

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxShown bounds, in bytes, how much of a wrong value an error repeats.
const maxShown = 80

// Problem is one thing that is wrong with the configuration.
type Problem struct {
	Field   string // the setting's name, such as stream.max-in-flight; or a flag, variable or file
	Value   string // what it was; redacted for a secret; "" when it is not known or not safe to show
	Source  string // where the value came from, as in Sources
	Problem string // what is wrong, as the rest of a sentence: "is not a duration"
	Hint    string // what to do
}

// validator is what a section's struct may implement. Fields are named
// relative to the section; Value and Source of a setting are filled in by Load.
type validator interface {
	Validate() []Problem
}

// Error is all that is wrong with one configuration, in this order: command
// line, file, values, environment, validation. It prints as one block.
type Error struct {
	Problems []Problem
}

func (e *Error) Error() string {
	var b strings.Builder
	noun := "problems"
	if len(e.Problems) == 1 {
		noun = "problem"
	}
	fmt.Fprintf(&b, "configuration: %d %s", len(e.Problems), noun)
	for _, p := range e.Problems {
		p.print(&b)
	}
	return b.String()
}

func (p Problem) print(b *strings.Builder) {
	fmt.Fprintf(b, "\n  %s", printable(p.Field))
	if p.Value != "" {
		fmt.Fprintf(b, " = %q", shorten(p.Value))
	}
	if p.Source != "" {
		fmt.Fprintf(b, " (%s)", p.Source)
	}
	fmt.Fprintf(b, "\n    %s", p.Problem)
	if p.Hint != "" {
		fmt.Fprintf(b, "\n    hint: %s", p.Hint)
	}
}

// printable quotes a misspelt name that would upset the terminal.
func printable(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}

func shorten(text string) string {
	if len(text) <= maxShown {
		return text
	}
	cut := maxShown
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// complaint is why a text is not a value: what is wrong and what to do.
type complaint struct {
	what, hint string
}

func (c *complaint) Error() string { return c.what + ": " + c.hint }
