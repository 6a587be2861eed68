package search

import (
	"encoding/json"
	"fmt"
	"time"

	"quintet/engine"
)

// record is a collection as it is stored, JSON in bucketCollections under the
// collection's name. The id begins the keys of its documents, so that a
// collection of the same name begins anew after a delete.
type record struct {
	ID       engine.ID `json:"id"`
	Version  uint64    `json:"version"` // of the declared definition, counted from 1; the ETag
	Declared []Field   `json:"declared,omitempty"`
	Inferred []Field   `json:"inferred,omitempty"` // in the order in which documents brought them
	Infer    bool      `json:"infer,omitempty"`
	Embed    []string  `json:"embed,omitempty"`
	EmbedAll bool      `json:"embed_all,omitempty"`
	Model    string    `json:"model,omitempty"` // hash of the embedding model, where there are vectors
	Created  time.Time `json:"created"`
	Updated  time.Time `json:"updated"`
}

func newRecord(id engine.ID, d Definition, model string, now time.Time) *record {
	r := &record{ID: id, Version: 1, Declared: d.Fields, Infer: d.Fields == nil, Embed: d.Embed, EmbedAll: d.EmbedAll, Created: now, Updated: now}
	if d.embeds() {
		r.Model = model
	}
	return r
}

func (r *record) etag() string { return fmt.Sprintf(`"%d"`, r.Version) }

// definition is what a client declared.
func (r *record) definition() Definition {
	d := Definition{Fields: r.Declared, Embed: r.Embed, EmbedAll: r.EmbedAll}
	if r.Infer {
		d.Fields = nil
	}
	return d
}

func (r *record) encode() []byte {
	data, err := json.Marshal(r)
	if err != nil {
		panic(err) // our own type marshals
	}
	return data
}

func decodeRecord(value []byte) (*record, error) {
	var r record
	if err := json.Unmarshal(value, &r); err != nil {
		return nil, corrupt(bucketCollections, "a collection cannot be read: %v", err)
	}
	return &r, nil
}

// schema is a record in the form in which documents are read by it. It never
// changes; a schema that grows is another one.
type schema struct {
	*record
	fields []Field
	index  map[string]int // name → place in fields
	embed  []int          // fields whose texts are embedded, in order
}

func newSchema(r *record) *schema {
	s := &schema{record: r, index: map[string]int{}}
	s.fields = append(append(s.fields, r.Declared...), r.Inferred...)
	for i, f := range s.fields {
		s.index[f.Name] = i
		if r.EmbedAll && f.Type == Text {
			s.embed = append(s.embed, i)
		}
	}
	for _, name := range r.Embed {
		if i, ok := s.index[name]; ok && s.fields[i].Type == Text {
			s.embed = append(s.embed, i)
		}
	}
	return s
}

// embeds reports whether the collection has vectors at all.
func (s *schema) embeds() bool { return s.EmbedAll || len(s.Embed) > 0 }

// with returns a schema that has more fields.
func (s *schema) with(more []Field) *schema {
	if len(more) == 0 {
		return s
	}
	r := *s.record
	r.Inferred = append(append([]Field{}, r.Inferred...), more...)
	return newSchema(&r)
}

// field returns a field by its name.
func (s *schema) field(name string) (f Field, ok bool) {
	i, ok := s.index[name]
	if ok {
		f = s.fields[i]
	}
	return f, ok
}
