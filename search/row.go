package search

import (
	"slices"

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

// meanWord is about how many bytes of a text there are for each word that is no
// stop word.
const meanWord = 7

// reading is what a row has of the members of its document.
type reading struct {
	schema *schema // by which it was read
	values []value
	tokens []inverted.Token
}

// read finds the words of a document's values. It leaves the texts where they
// are.
func (s *schema) read(values []value) *reading {
	r := &reading{schema: s, values: values}
	position := uint32(0)
	for i, f := range s.fields {
		if f.Type != Text || !values[i].Set {
			continue
		}
		next := position
		r.tokens = slices.Grow(r.tokens, len(values[i].text)/meanWord)
		s.analyzers[i].Tokens(values[i].text, func(t analysis.Token) bool {
			next = position + t.Position + 1
			r.tokens = append(r.tokens, inverted.Token{Term: t.Term, Word: t.Word, Position: next, Weight: float32(f.Weight)})
			return true
		})
		position = next + fieldGap
	}
	return r
}

// newRow reads a stored document.
func (s *schema) newRow(p put) (*row, error) {
	d, err := decodeDocument(s.space, p.value)
	if err != nil {
		return nil, err
	}
	numbers, err := d.numbers(s.space, p.passages)
	if err != nil {
		return nil, err
	}
	r := p.reading
	if r == nil || !s.extends(r.schema) {
		m, err := parseDocument(d.json)
		if err != nil {
			return nil, corrupt(bucketDocuments, "a document cannot be read: %v", err)
		}
		values, _ := s.values(m) // it was checked before it was stored
		r = s.read(values)
	}
	return &row{version: p.version, bytes: len(p.value), values: r.values, tokens: r.tokens, numbers: numbers}, nil
}

// extends reports whether s is the other schema, or that with more fields.
func (s *schema) extends(other *schema) bool {
	n := len(other.fields)
	return s.ID == other.ID && n <= len(s.fields) && slices.Equal(other.fields, s.fields[:n])
}
