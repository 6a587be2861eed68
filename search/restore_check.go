package search

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"time"

	"quintet/engine"
	"quintet/engine/api"
	"quintet/search/binary16"
)

// What stands in a snapshot was made elsewhere, by who knows what. It is stored
// only where a client of this place could have written it.

// record makes the record of a collection that is restored, or says what is
// wrong with the head.
func (h *snapshotHead) record(id engine.ID, model string, now time.Time) (r *record, reason string) {
	if h.Infer != (h.Fields == nil) {
		return nil, "the head has neither fields nor that they are inferred, or both"
	}
	d, err := Definition{Fields: h.Fields, Embed: h.Embed, EmbedAll: h.EmbedAll, Metric: h.Metric, Language: h.Language}.normal()
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
	m, err := parseDocument(d.json)
	if err != nil {
		return "", reasonOf(err)
	}
	if own, err := m.id(); err != nil || own != d.id || api.CheckID("document", d.id) != nil {
		return "", "a document has another id than its own, or none"
	}
	if text, err := s.compact(d.json, m, d.id); err != nil || !bytes.Equal(text, d.json) {
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
	halves, err := d.halves(passages)
	if err != nil {
		return "the passages of a document are not in the form in which they are stored"
	}
	if d.more {
		places, _, _ := decodePassages(passages)
		for _, p := range places {
			if p.start >= p.end || p.end > len(d.json) {
				return "a passage of a document lies outside of its text"
			}
		}
	}
	if !s.space.holds(halves, s.embeds()) {
		return "a vector of a document is not as it is stored: its numbers are finite, and its length is 1 where the angle counts"
	}
	return ""
}

// holds reports whether vectors may stand in the space: their numbers are
// finite, and their length is 1 where it has to be.
func (s space) holds(halves []byte, unit bool) bool {
	one := make([]float32, s.dimensions)
	for ; len(halves) > 0; halves = halves[s.bytes():] {
		binary16.Floats(one, halves[:s.bytes()])
		n := norm(one)
		if math.IsNaN(n) || math.IsInf(n, 0) || (unit || cmp.Or(s.metric, Cosine) == Cosine) && !(math.Abs(n-1) < 0.01) {
			return false
		}
	}
	return true
}
