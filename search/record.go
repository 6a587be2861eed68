package search

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"quintet/engine"
	"quintet/search/analysis"
)

// record is a collection as it is stored, JSON in bucketCollections under the
// collection's name. The id begins the keys of its documents, so that a
// collection of the same name begins anew after a delete.
type record struct {
	ID       engine.ID `json:"id"`
	Version  uint64    `json:"version"` // of the declared definition, counted from 1
	Declared []Field   `json:"declared,omitempty"`
	Inferred []Field   `json:"inferred,omitempty"` // in the order in which documents brought them
	Infer    bool      `json:"infer,omitempty"`
	Embed    []string  `json:"embed,omitempty"`
	EmbedAll bool      `json:"embed_all,omitempty"`
	Metric   Metric    `json:"metric,omitempty"` // "" = cosine
	// Precision of vectors, where there are any; "" = int8.
	Precision Precision `json:"precision,omitempty"`
	Language  string    `json:"language,omitempty"` // of inferred fields; "" = english
	Model     string    `json:"model,omitempty"`    // hash of the embedding model, where there are vectors
	Created   time.Time `json:"created"`
	Updated   time.Time `json:"updated"`
	Follower  engine.ID `json:"follower,omitzero"`  // id of the collection that a re-index makes of this one
	MadeFor   string    `json:"made_for,omitempty"` // the alias whose re-index makes this one
}

func newRecord(id engine.ID, d Definition, model string, now time.Time) *record {
	r := &record{ID: id, Version: 1, Declared: d.Fields, Infer: d.Fields == nil, Embed: d.Embed, EmbedAll: d.EmbedAll, Metric: d.Metric, Precision: d.Precision, Language: d.Language, Created: now, Updated: now}
	if d.embeds() {
		r.Model = model
	}
	return r
}

func (r *record) etag() string { return etagOfLife(r.Version, r.ID) }

// definition is what a client declared.
func (r *record) definition() Definition {
	d := Definition{Fields: r.Declared, Embed: r.Embed, EmbedAll: r.EmbedAll, Metric: cmp.Or(r.Metric, Cosine), Language: cmp.Or(r.Language, english)}
	if r.Infer {
		d.Fields = nil
	}
	if d.hasVectors() {
		d.Precision = cmp.Or(r.Precision, Int8)
	}
	d.Fields = slices.Clone(d.Fields)
	for i := range d.Fields { // an older release wrote none
		if f := &d.Fields[i]; f.Type == Text {
			f.Language = cmp.Or(f.Language, d.Language)
		}
	}
	return d
}

// encode returns a value of the store that is JSON.
func encode(record any) []byte {
	data, err := json.Marshal(record)
	if err != nil {
		panic(err) // our own types marshal
	}
	return data
}

// decode reads what encode wrote; what says for an error what it is.
func decode[T any](b engine.Bucket, what string, value []byte) (*T, error) {
	record := new(T)
	if err := json.Unmarshal(value, record); err != nil {
		return nil, corrupt(b, "%s cannot be read: %v", what, err)
	}
	return record, nil
}

func decodeRecord(value []byte) (*record, error) {
	return decode[record](bucketCollections, "a collection", value)
}

// schema is a record in the form in which documents are read by it. It never
// changes; a schema that grows is another one.
type schema struct {
	*record
	fields    []Field
	index     map[string]int       // name → place in fields
	embed     []int                // fields whose texts are embedded, in order
	given     int                  // the field whose values are vectors, -1 for none
	space     space                // of the vectors, the zero value where there are none
	analyzers []*analysis.Analyzer // of text fields, by their place
	languages []*analysis.Analyzer // each of those once
}

// english is the language of texts that name none.
const english = "english"

func newSchema(r *record) *schema {
	s := &schema{record: r, index: map[string]int{}, given: -1}
	s.fields = append(append(s.fields, r.Declared...), r.Inferred...)
	s.analyzers = make([]*analysis.Analyzer, len(s.fields))
	for i, f := range s.fields {
		s.index[f.Name] = i
		if n := f.Type.dimensions(); n > 0 {
			s.given, s.space = i, space{n, cmp.Or(r.Metric, Cosine), cmp.Or(r.Precision, Int8)}
		}
		if f.Type != Text {
			continue
		}
		if r.EmbedAll {
			s.embed = append(s.embed, i)
		}
		a, ok := analysis.For(cmp.Or(f.Language, r.Language))
		if !ok {
			a, _ = analysis.For(english) // a record of a newer release
		}
		if s.analyzers[i] = a; !slices.Contains(s.languages, a) {
			s.languages = append(s.languages, a)
		}
	}
	for _, name := range r.Embed {
		if i, ok := s.index[name]; ok && s.fields[i].Type == Text {
			s.embed = append(s.embed, i)
		}
	}
	if s.embeds() {
		s.space = space{Dimensions, cmp.Or(r.Metric, Cosine), cmp.Or(r.Precision, Int8)}
	}
	return s
}

// hasVectors reports whether documents have vectors, of the model or their own.
func (s *schema) hasVectors() bool { return s.space.dimensions > 0 }

// embeds reports whether the model makes the vectors.
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
