package search

import (
	"encoding/json"

	"quintet/search/analysis"
	"quintet/search/inverted"
)

// row is a document in the form in which an index takes it up. Making one
// needs nothing but its schema and its stored form, so that an index built at
// the start equals one that grew.
type row struct {
	version version
	bytes   int // of the stored document
	values  []value
	tokens  []inverted.Token
	numbers []byte // of its vectors, as they are stored
}

// fieldGap is so far apart that no phrase reaches from one field to the next.
const fieldGap = 1_000

// newRow reads a stored document.
func (s *schema) newRow(p put) (*row, error) {
	d, err := decodeDocument(s.space, p.value)
	if err != nil {
		return nil, err
	}
	var m members
	if err := json.Unmarshal(d.json, &m); err != nil {
		return nil, corrupt(bucketDocuments, "a document cannot be read: %v", err)
	}
	r := &row{version: p.version, bytes: len(p.value)}
	if r.numbers, err = d.numbers(s.space, p.passages); err != nil {
		return nil, err
	}
	r.values, _ = s.values(m) // it was checked before it was stored
	position := uint32(0)
	for i, f := range s.fields {
		if f.Type != Text || !r.values[i].Set {
			continue
		}
		next := position
		s.analyzers[i].Tokens(r.values[i].text, func(t analysis.Token) bool {
			next = position + t.Position + 1
			r.tokens = append(r.tokens, inverted.Token{Term: t.Term, Word: t.Word, Position: next, Weight: float32(f.Weight)})
			return true
		})
		position = next + fieldGap
		r.values[i].text = ""
	}
	return r, nil
}
