package search

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"quintet/engine"
	"quintet/engine/api"
	"quintet/engine/filter"
	"quintet/search/analysis"
)

// Kind is the type of a field's values.
type Kind string

// The kinds of field, beside vector(n). Text is searched by its words; every
// kind but a vector can be filtered.
const (
	Text     Kind = "text"
	Keyword  Kind = "keyword"
	Keywords Kind = "keyword[]"
	Int      Kind = "int"
	Float    Kind = "float"
	Bool     Kind = "bool"
	Date     Kind = "date" // an instant, as RFC 3339 writes it; milliseconds count
)

var kinds = []Kind{Text, Keyword, Keywords, Int, Float, Bool, Date}

// isVector reports whether k is vector(n).
func (k Kind) isVector() bool { return strings.HasPrefix(string(k), "vector(") }

// dimensions is the n of vector(n), 0 for what is none.
func (k Kind) dimensions() int {
	text, opened := strings.CutPrefix(string(k), "vector(")
	text, closed := strings.CutSuffix(text, ")")
	n, err := strconv.ParseUint(text, 10, 16)
	if !opened || !closed || err != nil || n > maxDimensions || string(k) != fmt.Sprintf("vector(%d)", n) {
		return 0
	}
	return int(n)
}

// Field says what one member of the documents means.
type Field struct {
	Name     string  `json:"name"`
	Type     Kind    `json:"type" doc:"text, keyword, keyword[], int, float, bool, date or vector(n)."`
	Weight   float64 `json:"weight,omitempty" doc:"Of a text field: how many times its words count in keyword search; 1 without it."`
	Language string  `json:"language,omitempty" doc:"Of a text field: whose words are brought to their stem, and whose stop words are left out."`
	Facet    bool    `json:"facet,omitempty" doc:"Every field but a text or a vector can be counted; this says that it is meant to be."`
}

// Definition says how the documents of a collection are read. Members that it
// does not name are kept with the document and not searched.
type Definition struct {
	Fields []Field // nil = inferred from the documents
	Embed  []string
	// EmbedAll embeds every text field; Embed is nil then.
	EmbedAll bool
	Metric   Metric // "" = cosine
	// Precision of vectors; "" = int8, and none where there are no vectors.
	Precision Precision
	Language  string // of text fields that name none; "" = english
}

// Limits of a definition.
const (
	maxFields     = 64
	minWeight     = 0.001
	maxWeight     = 100.0
	maxDimensions = 4_096
	maxVectorText = maxDimensions * 26 // bytes of JSON: a number of 64 bits has up to 24, and there is a blank
)

const fieldID = "id"

var memberName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,62}$`)

// mayBeField reports whether a member can be named in a filter.
func mayBeField(name string) bool {
	return name != fieldID && name != memberVector && memberName.MatchString(name) && !filter.Reserved(name)
}

// faults collects what is wrong with a definition.
type faults []engine.FieldError

func (f *faults) add(location, format string, args ...any) {
	*f = append(*f, engine.FieldError{Location: location, Message: fmt.Sprintf(format, args...)})
}

func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return &engine.Error{Kind: engine.Invalid, Code: "invalid_definition", Detail: f[0].Location + " " + f[0].Message, Fields: f}
}

// normal fills in the defaults of d and refuses what cannot be a definition.
func (d Definition) normal() (Definition, error) {
	var wrong faults
	if d.Fields != nil && len(d.Fields) == 0 || len(d.Fields) > maxFields {
		wrong.add("body.fields", "has 1 to %d fields; without it they are inferred from the documents", maxFields)
	}
	d.Fields = slices.Clone(d.Fields)
	if d.Metric == "" {
		d.Metric = Cosine
	}
	if !slices.Contains([]Metric{Cosine, Dot, Euclid}, d.Metric) {
		wrong.add("body.metric", "is %s, %s or %s", Cosine, Dot, Euclid)
	}
	d.Language = wrong.language("body.language", d.Language)
	if err := d.normalFields(&wrong); err != nil {
		return d, err
	}
	if err := d.normalVectors(&wrong); err != nil {
		return d, err
	}
	d.normalPrecision(&wrong)
	return d, wrong.err()
}

// normalPrecision refuses a precision of vectors where there are none.
func (d *Definition) normalPrecision(wrong *faults) {
	switch {
	case !d.hasVectors() && d.Precision != "":
		wrong.add("body.precision", "is that of vectors, and this collection has none: it embeds nothing, and no field is a vector")
	case !d.hasVectors():
	case d.Precision == "":
		d.Precision = Int8
	case d.Precision != Int8 && d.Precision != Float32:
		wrong.add("body.precision", "is %s or %s", Int8, Float32)
	}
}

// language returns the name of a language, given its name or code.
func (f *faults) language(location, name string) string {
	a, ok := analysis.For(name)
	if !ok {
		var names []string
		for _, l := range analysis.Languages() {
			names = append(names, l.Name)
		}
		f.add(location, "is one of %s", strings.Join(names, ", "))
		return name
	}
	return a.Language()
}

func (d *Definition) normalFields(wrong *faults) error {
	seen := map[string]bool{}
	for i := range d.Fields {
		f := &d.Fields[i]
		at := item("body.fields", i)
		if f.Type == "geo" {
			return api.NotSupported(at + ".type")
		}
		if message := f.fault(); message != "" {
			wrong.add(at, "%s", message)
			continue
		}
		if seen[f.Name] {
			wrong.add(at+".name", "names %q a second time", f.Name)
		}
		seen[f.Name] = true
		if f.Type != Text {
			continue
		}
		if f.Weight == 0 {
			f.Weight = 1
		}
		if f.Language == "" {
			f.Language = d.Language
		} else {
			f.Language = wrong.language(at+".language", f.Language)
		}
	}
	return nil
}

// normalVectors sees to it that there is one vector at most.
func (d *Definition) normalVectors(wrong *faults) error {
	given := -1
	for i, f := range d.Fields {
		if f.Type.dimensions() == 0 {
			continue
		}
		if given >= 0 {
			return api.NotSupported(item("body.fields", i) + ".type")
		}
		given = i
	}
	if given >= 0 && d.EmbedAll {
		d.EmbedAll, d.Embed = false, []string{}
	}
	if given >= 0 && len(d.Embed) > 0 {
		return api.NotSupported("body.embed")
	}
	for i, name := range d.Embed {
		isText := slices.ContainsFunc(d.Fields, func(f Field) bool { return f.Name == name && f.Type == Text })
		switch {
		case slices.Contains(d.Embed[:i], name):
			wrong.add(item("body.embed", i), "names %q a second time", name)
		case d.Fields != nil && !isText, !mayBeField(name):
			wrong.add(item("body.embed", i), "%.70q is no text field of this collection", name)
		}
	}
	return nil
}

// fault says what is wrong with a field, "" for nothing.
func (f *Field) fault() string {
	switch {
	case f.Name == fieldID:
		return "id needs no field, every document has one"
	case f.Name == memberVector:
		return "its name is kept for the vectors of an export"
	case !mayBeField(f.Name):
		return "its name has 1 to 63 of A-Z, a-z, 0-9, _, . and -, begins with a letter or _, and is no word of the filter language"
	case f.Type.isVector() && f.Type.dimensions() == 0:
		return fmt.Sprintf("a vector has 1 to %d dimensions, as in vector(384)", maxDimensions)
	case !f.Type.isVector() && !slices.Contains(kinds, f.Type):
		return "its type is text, keyword, keyword[], int, float, bool, date or vector(n)"
	case f.Type != Text && f.Weight != 0:
		return "only a text field has a weight"
	case f.Type != Text && f.Language != "":
		return "only a text field has a language"
	case f.Facet && (f.Type == Text || f.Type.isVector()):
		return "the values of a " + string(f.Type) + " are not counted; a keyword is a facet"
	case f.Weight != 0 && !(f.Weight >= minWeight && f.Weight <= maxWeight):
		return fmt.Sprintf("its weight is from %v to %v", minWeight, maxWeight)
	}
	return ""
}

func (d Definition) equal(other Definition) bool {
	return (d.Fields == nil) == (other.Fields == nil) && slices.Equal(d.Fields, other.Fields) &&
		d.EmbedAll == other.EmbedAll && slices.Equal(d.Embed, other.Embed) && d.Metric == other.Metric && d.Precision == other.Precision && d.Language == other.Language
}

// embeds reports whether documents get vectors from the model.
func (d Definition) embeds() bool { return d.EmbedAll || len(d.Embed) > 0 }

// hasVectors reports whether documents have vectors, of the model or their own.
func (d Definition) hasVectors() bool {
	return d.embeds() || slices.ContainsFunc(d.Fields, func(f Field) bool { return f.Type.isVector() })
}
