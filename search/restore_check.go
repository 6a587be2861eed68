package search

import (
	"bytes"
	"fmt"
	"math"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// What stands in a snapshot was made elsewhere, by who knows what. It is stored
// only where a client of this place could have written it.

// record makes the record of a collection that is restored, or says what is
// wrong with the head.
func (h *snapshotHead) record(id engine.ID, model string, now time.Time) (r *record, reason string) {
	if h.Infer != (h.Fields == nil) {
		return nil, "the head has neither fields nor that they are inferred, or both"
	}
	d, err := Definition{Fields: h.Fields, Embed: h.Embed, EmbedAll: h.EmbedAll, Metric: h.Metric, Precision: h.Precision, Language: h.Language}.normal()
	if err != nil {
		return nil, "the head has no definition: " + reasonOf(err)
	}
	r = newRecord(id, d, model, now)
	if len(h.Inferred) > 0 && !h.Infer || len(h.Inferred) > maxFields {
		return nil, fmt.Sprintf("the head has %d inferred fields", len(h.Inferred))
	}
	known := map[string]bool{}
	for _, f := range h.Inferred {
		if !inferable(f) || known[f.Name] {
			return nil, fmt.Sprintf("the head has the inferred field %q, which no document brings", f.Name)
		}
		known[f.Name] = true
	}
	r.Inferred = h.Inferred
	return r, ""
}

// inferable reports whether a field is as [inferField] makes it.
func inferable(f Field) bool {
	if !mayBeField(f.Name) {
		return false
	}
	switch f.Type {
	case Text:
		return f == Field{Name: f.Name, Type: Text, Weight: 1}
	case Float, Bool, Keywords:
		return f == Field{Name: f.Name, Type: f.Type}
	}
	return false
}

// reasonOf is what an error tells a user.
func reasonOf(err error) string {
	if own, ok := err.(*engine.Error); ok {
		return own.Detail
	}
	return err.Error()
}

// fault says what is wrong with a document as it is stored, "" for nothing, and
// returns its id. Whether its vector is the model's cannot be told, as little
// as of one that an import brings.
func (s *schema) fault(p put) (id, reason string) {
	d, err := decodeDocument(s.space, p.value)
	if err != nil || len(p.value) > maxStoredBytes || !bytes.Equal(d.encode(), p.value) {
		return "", "a document is not in the form in which it is stored"
	}
	m, compact, err := parseCompact(d.json)
	if err != nil {
		return "", reasonOf(err)
	}
	if own, err := m.id(); err != nil || own != d.id || api.CheckID("document", d.id) != nil {
		return "", "a document has another id than its own, or none"
	}
	if text, err := s.compact(d.json, compact, m, d.id); err != nil || !bytes.Equal(text, d.json) {
		return "", "a document is not in the form in which it is stored"
	}
	if _, err := s.values(m); err != nil && !s.Infer { // it may be older than the field
		return "", reasonOf(err)
	}
	return d.id, s.vectorFault(d, p.passages)
}

// vectorFault says what is wrong with the vectors of a document.
func (s *schema) vectorFault(d stored, passages []byte) string {
	if (len(d.vector) > 0 && s.embeds()) != (d.hash != [16]byte{}) {
		return "a document has a vector without a text, or the other way round"
	}
	if d.more != (passages != nil) || d.more && !s.embeds() {
		return "a document has passages and does not say so, or the other way round"
	}
	numbers, err := d.numbers(s.space, passages)
	if err != nil {
		return "the passages of a document are not in the form in which they are stored"
	}
	if d.more {
		places, _, _ := decodePassages(s.space, passages)
		for _, p := range places {
			if p.start >= p.end || p.end > len(d.json) {
				return "a passage of a document lies outside of its text"
			}
		}
	}
	if !s.space.holds(numbers, s.embeds()) {
		return "a vector of a document is not as it is stored: its numbers are finite, and its length is 1 where the angle counts"
	}
	return ""
}

// holds reports whether vectors may stand in the space: what [space.check] lets
// pass, rounded.
func (s space) holds(numbers []byte, model bool) bool {
	one := make([]float32, s.dimensions)
	for ; len(numbers) > 0; numbers = numbers[s.bytes():] {
		s.floats(one, numbers[:s.bytes()])
		sum := norm(one)
		switch {
		case !(sum <= longest*longest): // nor is it, where a number is none
			return false
		case (model || s.metric == Cosine) && math.Abs(sum-1) >= 0.01:
			return false
		}
	}
	return true
}
