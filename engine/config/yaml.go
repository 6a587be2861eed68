package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parseYAML reads one document. Anchors, aliases, merge keys and explicit tags
// are refused: a configuration needs none of them, and aliases can make a small
// file huge. A scalar stays the text that the file has, so that "no" or 010
// means what the setting's kind makes of it and not what YAML would.
func parseYAML(content []byte) (node, *syntaxProblem) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return node{shape: nothing}, nil
	} else if err != nil {
		return node{}, yamlError(err)
	}
	var second yaml.Node
	if err := decoder.Decode(&second); err == nil {
		return node{}, &syntaxProblem{second.Line, "begins a second YAML document", "keep one document in the file"}
	} else if !errors.Is(err, io.EOF) {
		return node{}, yamlError(err)
	}
	return fromYAML(document.Content[0], 0)
}

func fromYAML(y *yaml.Node, depth int) (node, *syntaxProblem) {
	n := node{line: y.Line, shape: scalar, text: y.Value}
	switch {
	case depth > maxDepth:
		return n, tooDeep(y.Line)
	case y.Kind == yaml.AliasNode || y.Anchor != "" || y.ShortTag() == "!!merge":
		return n, &syntaxProblem{y.Line, "uses an anchor, alias or merge key", "write the value out"}
	case y.Style&yaml.TaggedStyle != 0:
		return n, &syntaxProblem{y.Line, "uses a YAML tag", "write the plain value"}
	case y.Kind == yaml.SequenceNode:
		n.shape = list
		err := n.addItems(y, depth)
		return n, err
	case y.Kind == yaml.MappingNode:
		n.shape = mapping
		err := n.addEntries(y, depth)
		return n, err
	case y.ShortTag() == "!!null":
		n.shape = nothing
	}
	return n, nil
}

func (n *node) addItems(y *yaml.Node, depth int) *syntaxProblem {
	for _, child := range y.Content {
		item, err := fromYAML(child, depth+1)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	return nil
}

// addEntries reads a map, whose content is keys and values in turn.
func (n *node) addEntries(y *yaml.Node, depth int) *syntaxProblem {
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, err := fromYAML(y.Content[i], depth+1)
		if err != nil {
			return err
		}
		if key.shape != scalar {
			return &syntaxProblem{key.line, fmt.Sprintf("has %s for a key", key.shape), "a key is the name of a setting"}
		}
		value, err := fromYAML(y.Content[i+1], depth+1)
		if err != nil {
			return err
		}
		n.entries = append(n.entries, entry{key: key.text, line: key.line, value: value})
	}
	return nil
}

// yamlError keeps the parser's words, which already name the line.
func yamlError(err error) *syntaxProblem {
	what := strings.TrimPrefix(err.Error(), "yaml: ")
	return &syntaxProblem{0, "is not YAML: " + what, "indent with spaces, and write key: value"}
}

func tooDeep(line int) *syntaxProblem {
	return &syntaxProblem{line, fmt.Sprintf("nests deeper than %d levels", maxDepth), "settings need two or three"}
}
