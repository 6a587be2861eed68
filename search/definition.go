package search

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"quintet/engine"
	"quintet/engine/api"
	"quintet/engine/filter"
)

// Kind is the type of a field's values.
type Kind string

// The kinds of field. Text is searched by its words; every kind can be
// filtered.
const (
	Text     Kind = "text"
	Keyword  Kind = "keyword"
	Keywords Kind = "keyword[]"
	Int      Kind = "int"
	Float    Kind = "float"
	Bool     Kind = "bool"
)

// Field says what one member of the documents means.
type Field struct {
	Name   string  `json:"name"`
	Type   Kind    `json:"type" enum:"text,keyword,keyword[],int,float,bool"`
	Weight float64 `json:"weight,omitempty" doc:"Of a text field: how many times its words count in keyword search; 1 without it."`
}

// Definition says how the documents of a collection are read. Members that it
// does not name are kept with the document and not searched.
type Definition struct {
	Fields []Field // nil = inferred from the documents
	Embed  []string
	// EmbedAll embeds every text field; Embed is nil then.
	EmbedAll bool
}

// Limits of a definition.
const (
	maxFields = 64
	maxWeight = 100.0
)

const fieldID = "id"

var memberName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,62}$`)

// mayBeField reports whether a member can be named in a filter.
func mayBeField(name string) bool {
	return name != fieldID && memberName.MatchString(name) && !filter.Reserved(name)
}

// normal fills in the defaults of d and refuses what cannot be a definition.
func (d Definition) normal() (Definition, error) {
	var faults []engine.FieldError
	fault := func(location, format string, args ...any) {
		faults = append(faults, engine.FieldError{Location: location, Message: fmt.Sprintf(format, args...)})
	}
	if d.Fields != nil && len(d.Fields) == 0 || len(d.Fields) > maxFields {
		fault("body.fields", "has 1 to %d fields; without it they are inferred from the documents", maxFields)
	}
	kinds := map[string]Kind{}
	for i, f := range d.Fields {
		at := fmt.Sprintf("body.fields[%d]", i)
		if err := notYet(at, f.Type); err != nil {
			return d, err
		}
		if message := f.fault(); message != "" {
			fault(at, "%s", message)
		} else if kinds[f.Name] != "" {
			fault(at+".name", "names %q a second time", f.Name)
		}
		if kinds[f.Name] = f.Type; f.Type == Text && f.Weight == 0 {
			d.Fields = slices.Clone(d.Fields)
			d.Fields[i].Weight = 1
		}
	}
	for i, name := range d.Embed {
		at := fmt.Sprintf("body.embed[%d]", i)
		switch {
		case slices.Contains(d.Embed[:i], name):
			fault(at, "names %q a second time", name)
		case d.Fields != nil && kinds[name] != Text, !mayBeField(name):
			fault(at, "%.70q is no text field of this collection", name)
		}
	}
	if len(faults) > 0 {
		return d, &engine.Error{Kind: engine.Invalid, Code: "invalid_definition", Detail: faults[0].Location + " " + faults[0].Message, Fields: faults}
	}
	return d, nil
}

// notYet refuses the kinds of field that are described and not there yet.
func notYet(at string, k Kind) error {
	if k == "date" || k == "geo" || strings.HasPrefix(string(k), "vector(") {
		return api.NotSupported(at + ".type")
	}
	return nil
}

// fault says what is wrong with a field, "" for nothing.
func (f Field) fault() string {
	switch {
	case f.Name == fieldID:
		return "id needs no field, every document has one"
	case !mayBeField(f.Name):
		return "its name has 1 to 63 of A-Z, a-z, 0-9, _, . and -, begins with a letter or _, and is no word of the filter language"
	case !slices.Contains([]Kind{Text, Keyword, Keywords, Int, Float, Bool}, f.Type):
		return "its type is text, keyword, keyword[], int, float or bool"
	case f.Type != Text && f.Weight != 0:
		return "only a text field has a weight"
	case f.Weight < 0 || f.Weight > maxWeight || f.Weight != f.Weight:
		return fmt.Sprintf("its weight is above 0 and at most %v", maxWeight)
	}
	return ""
}

func (d Definition) equal(other Definition) bool {
	return (d.Fields == nil) == (other.Fields == nil) && slices.Equal(d.Fields, other.Fields) &&
		d.EmbedAll == other.EmbedAll && slices.Equal(d.Embed, other.Embed)
}

// embeds reports whether documents get vectors.
func (d Definition) embeds() bool { return d.EmbedAll || len(d.Embed) > 0 }
