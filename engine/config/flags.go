package config

import (
	"fmt"
	"strings"
)

// commandLine is a command line taken apart.
type commandLine struct {
	schema   *schema
	values   map[string]given
	args     []string // what is not a flag
	problems []Problem
}

// parseFlags reads --name=value, --name value, and --name alone for a bool.
// After "--" everything is an argument. Its only error is ErrHelp.
func parseFlags(s *schema, args []string) (*commandLine, error) {
	c := &commandLine{schema: s, values: map[string]given{}}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "-h" || arg == "--help":
			return nil, ErrHelp
		case arg == "--":
			c.args = append(c.args, args...)
			return c, nil
		case strings.HasPrefix(arg, "--"):
			args = c.flag(arg[2:], args)
		case len(arg) > 1 && arg[0] == '-':
			c.shortFlag(arg)
		default:
			c.args = append(c.args, arg)
		}
	}
	return c, nil
}

// flag reads one flag and gives what is left of the arguments after it.
func (c *commandLine) flag(text string, rest []string) []string {
	name, value, hasValue := strings.Cut(text, "=")
	s, known := c.schema.byName[name]
	if !known {
		c.unknown(name)
		if !hasValue && followsValue(rest) && rest[0] != "-h" {
			return rest[1:] // most likely its value, and perhaps a secret: show it nowhere
		}
		return rest
	}
	if !hasValue {
		if _, isBool := s.target.(*bool); isBool {
			value = "true"
		} else if followsValue(rest) {
			value, rest = rest[0], rest[1:]
		} else {
			c.complain(name, "needs a value", fmt.Sprintf("write --%s=…", name))
			return rest
		}
	}
	c.give(s, value)
	return rest
}

// give stores a value; lists collect, anything else stands once.
func (c *commandLine) give(s *setting, value string) {
	g := given{text: value, source: "flag --" + s.name}
	before, twice := c.values[s.name]
	if _, isList := s.target.(*[]string); isList && twice {
		g.items = append(before.list(), g.list()...)
	} else if twice {
		c.complain(s.name, "is given twice", "keep one")
	}
	c.values[s.name] = g
}

func (c *commandLine) unknown(name string) {
	hint := "see --help"
	if near := nearest(name, 0, names(c.schema.byName)); near != "" {
		hint = "did you mean --" + near + "?"
	}
	c.complain(name, "is not a flag", hint)
}

func (c *commandLine) shortFlag(arg string) {
	name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	hint := "flags begin with two hyphens; see --help"
	if _, known := c.schema.byName[name]; known {
		hint = "write --" + name
	}
	c.problems = append(c.problems, Problem{Field: "-" + name, Problem: "is not a flag", Hint: hint})
}

func (c *commandLine) complain(name, what, hint string) {
	c.problems = append(c.problems, Problem{Field: "--" + name, Problem: what, Hint: hint})
}

// followsValue reports whether the next argument can be a flag's value.
func followsValue(rest []string) bool {
	return len(rest) > 0 && !strings.HasPrefix(rest[0], "--")
}

func strayArguments(args []string, most int) []Problem {
	var problems []Problem
	for _, arg := range args[min(most, len(args)):] {
		p := Problem{Field: "arguments", Value: arg, Problem: "is not expected here"}
		p.Hint = "remove it; settings are flags: --name=value"
		if _, err := parseBool(arg); err == nil {
			p.Hint = "write the value of a true-or-false flag with an equals sign: --name=" + arg
		}
		problems = append(problems, p)
	}
	return problems
}
