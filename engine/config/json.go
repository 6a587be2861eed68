package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// parseJSON reads one value token by token, because decoding into a map would
// lose duplicate keys, their order and their lines.
func parseJSON(content []byte) (node, *syntaxProblem) {
	r := &jsonReader{content: content, decoder: json.NewDecoder(bytes.NewReader(content))}
	r.decoder.UseNumber()
	if len(bytes.TrimSpace(content)) == 0 {
		return node{shape: nothing}, nil
	}
	root, err := r.value(0)
	if err != nil {
		return node{}, err
	}
	if _, err := r.decoder.Token(); !errors.Is(err, io.EOF) {
		return node{}, &syntaxProblem{r.line(), "has something after its JSON value", "keep one object in the file"}
	}
	return root, nil
}

type jsonReader struct {
	content []byte
	decoder *json.Decoder
	counted int64 // bytes of content whose line ends are in lines
	lines   int
}

// line is where the token that was read last ends.
func (r *jsonReader) line() int {
	end := r.decoder.InputOffset()
	r.lines += bytes.Count(r.content[r.counted:end], []byte("\n"))
	r.counted = end
	return r.lines + 1
}

func (r *jsonReader) token() (json.Token, *syntaxProblem) {
	token, err := r.decoder.Token()
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, &syntaxProblem{r.line(), "ends in the middle of its JSON", "close every brace and bracket"}
	case err != nil:
		return nil, &syntaxProblem{r.line(), "is not JSON: " + err.Error(), `write {"key": value}; JSON has no comments`}
	}
	return token, nil
}

func (r *jsonReader) value(depth int) (node, *syntaxProblem) {
	token, err := r.token()
	if err != nil {
		return node{}, err
	}
	n := node{line: r.line(), shape: scalar}
	if depth > maxDepth {
		return n, tooDeep(n.line)
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '[' {
			n.shape = list
			err = r.items(&n, depth)
		} else {
			n.shape = mapping
			err = r.entries(&n, depth)
		}
	case string:
		n.text = t
	case json.Number:
		n.text = t.String()
	case bool:
		n.text = "false"
		if t {
			n.text = "true"
		}
	case nil:
		n.shape = nothing
	}
	return n, err
}

func (r *jsonReader) items(n *node, depth int) *syntaxProblem {
	for r.decoder.More() {
		item, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	_, err := r.token() // the closing bracket
	return err
}

func (r *jsonReader) entries(n *node, depth int) *syntaxProblem {
	for r.decoder.More() {
		token, err := r.token()
		if err != nil {
			return err
		}
		key, _ := token.(string) // the decoder lets nothing else stand here
		line := r.line()
		value, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.entries = append(n.entries, entry{key: key, line: line, value: value})
	}
	_, err := r.token() // the closing brace
	return err
}
