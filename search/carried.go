package search

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"

	"quintet/engine"
	"quintet/search/binary32"
)

// A document that was exported with the vectors that the model made of it
// carries them, with what they were made of and by. Where both are the same at
// its import, and the precision too, they are taken over, and embedded anew else.

// memberVector is the member in which they stand, in collections that embed.
const memberVector = "_vector"

type carried struct {
	Model    string `json:"model"`              // its hash
	Text     string `json:"text"`               // hash of the embedded text, in hex
	Vector   []byte `json:"vector"`             // of the first passage, as it is stored
	Passages []byte `json:"passages,omitempty"` // as in bucketPassages, where there are several
}

// withCarried puts the vectors of a document into it.
func (s *schema) withCarried(d stored, passages []byte) []byte {
	member, err := json.Marshal(carried{Model: s.Model, Text: hex.EncodeToString(d.hash[:]), Vector: d.vector, Passages: passages})
	if err != nil {
		panic(err) // texts marshal
	}
	return fmt.Appendf(nil, `%s,%q:%s}`, d.json[:len(d.json)-1], memberVector, member)
}

// carriedBy reads what a document carries, nil where that is nothing.
func (s *schema) carriedBy(m members) (*carried, error) {
	raw, has := m[memberVector]
	if !has || isNull(raw) || !s.embeds() {
		return nil, nil
	}
	c := &carried{}
	if err := json.Unmarshal(raw, c); err != nil || !c.sound() {
		return nil, engine.Errorf(engine.Invalid, "invalid_document", "the member %s is not as an export wrote it; leave it out, and the text is embedded", memberVector)
	}
	return c, nil
}

// precision is that of the collection which the vectors come from.
func (c *carried) precision() Precision {
	if len(c.Vector) == binary32.Size*Dimensions {
		return Float32
	}
	return Int8
}

// sound reports whether there are unit vectors, as the model makes them.
func (c *carried) sound() bool {
	s := space{dimensions: Dimensions, precision: c.precision()}
	numbers := c.Vector
	if c.Passages != nil {
		_, further, err := decodePassages(s, c.Passages)
		if err != nil {
			return false
		}
		numbers = append(numbers[:len(numbers):len(numbers)], further...)
	}
	if len(c.Vector) != s.bytes() {
		return false
	}
	one := make([]float32, Dimensions)
	for ; len(numbers) > 0; numbers = numbers[s.bytes():] {
		s.floats(one, numbers[:s.bytes()])
		if !(math.Abs(norm(one)-1) < 0.01) { // nor is it, where a number is none
			return false
		}
	}
	return true
}

// carry takes the vectors over that p carries, and reports whether they are of
// the model and of its text, and as exact as the collection's.
func (p *Put) carry(model string) bool {
	c := p.carried
	if c == nil || c.precision() != p.schema.space.precision || c.Model != model || c.Text != hex.EncodeToString(p.document.hash[:]) {
		return false
	}
	p.document.vector, p.document.more, p.passages = c.Vector, c.Passages != nil, c.Passages
	return true
}
