package search

import (
	"encoding/json"
	"maps"
	"slices"
)

// infer returns the fields that a document adds to a collection whose fields
// are inferred, by name: a string is text, a number float, true and false are
// bool, an array of strings is keyword[]. Whatever else a member is, and what
// comes after maxFields, is kept and not searched. A field's type is that of
// its first value; later values have to follow it.
//
// Numbers are float because the first value says nothing about the second: a
// price of 3 may be followed by one of 2.5. Strings are text because a short
// first title may be followed by a long one; a filter compares them too.
func (s *schema) infer(m members) (added []Field) {
	if !s.Infer {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if _, known := s.index[name]; known || !mayBeField(name) || len(s.fields)+len(added) >= maxFields {
			continue
		}
		if f, ok := inferField(name, m[name]); ok {
			added = append(added, f)
		}
	}
	return added
}

func inferField(name string, raw json.RawMessage) (Field, bool) {
	f := Field{Name: name}
	switch raw[0] {
	case '"':
		f.Type, f.Weight = Text, 1
	case 't', 'f':
		f.Type = Bool
	case '[':
		var words []*string
		if json.Unmarshal(raw, &words) != nil || len(words) == 0 || slices.Contains(words, nil) {
			return f, false
		}
		f.Type = Keywords
		if _, message := f.read(raw); message != "" {
			return f, false
		}
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		f.Type = Float
	default:
		return f, false
	}
	return f, true
}
