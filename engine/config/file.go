package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Bounds of a configuration file.
const (
	MaxFileSize = 1 << 20 // bytes; also of a file that holds a secret
	maxDepth    = 16      // maps and lists inside each other
)

// ReadFile reads a file up to one byte more than MaxFileSize, which is how Load
// knows that it is too large. Pipes work.
func ReadFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxFileSize+1))
}

// node is one value of the file, whether YAML or JSON.
type node struct {
	line    int
	shape   shape
	text    string  // of a scalar, as the file writes it
	items   []node  // of a list
	entries []entry // of a map, in the order of the file
}

type entry struct {
	key   string
	line  int
	value node
}

type shape string

const (
	scalar  shape = "a value"
	list    shape = "a list"
	mapping shape = "nested keys"
	nothing shape = "nothing"
)

// syntaxProblem is a file that cannot be read as YAML or JSON; line 0 is unknown.
type syntaxProblem struct {
	line int
	what string
	hint string
}

// readConfigFile reads the file into values by the settings' names.
func readConfigFile(s *schema, path string, readFile func(string) ([]byte, error)) (map[string]given, []Problem) {
	content, err := readFile(path)
	if err != nil {
		return nil, []Problem{{Field: path, Problem: "cannot be read: " + err.Error(), Hint: "check --config and the file's permissions"}}
	}
	if len(content) > MaxFileSize {
		what := fmt.Sprintf("is larger than %s", Size(MaxFileSize))
		return nil, []Problem{{Field: path, Problem: what, Hint: "check --config: this is hardly a configuration file"}}
	}
	root, syntax := parseFile(path, content)
	if syntax != nil {
		return nil, []Problem{{Field: at(path, syntax.line), Problem: syntax.what, Hint: syntax.hint}}
	}
	w := &fileWalk{schema: s, path: path, values: map[string]given{}}
	w.section("", root)
	return w.values, w.problems
}

func parseFile(path string, content []byte) (node, *syntaxProblem) {
	if strings.EqualFold(filepath.Ext(path), ".json") {
		return parseJSON(content)
	}
	return parseYAML(content)
}

func at(path string, line int) string {
	if line == 0 {
		return path
	}
	return fmt.Sprintf("%s:%d", path, line)
}
