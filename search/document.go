package search

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"quintet/engine"
	"quintet/engine/api"
)

// MaxDocument is the greatest size of a document as compact JSON: with its
// vector it fits into one value of the store.
const MaxDocument = 63 << 10

// Limits of the values that are compared as a whole.
const (
	maxKeyword  = 256 // bytes of a keyword
	maxKeywords = 256 // keywords of one member
	// maxWhole is how long a text may be, in bytes, that a filter compares.
	maxWhole = 64
)

// members of a document, each as raw JSON.
type members map[string]json.RawMessage

// parseDocument reads one JSON object.
func parseDocument(raw []byte) (members, error) {
	if err := api.CheckJSON(raw); err != nil {
		return nil, engine.Errorf(engine.Malformed, "malformed_json", "%s", err)
	}
	var m members
	if err := json.Unmarshal(raw, &m); err != nil || m == nil {
		return nil, engine.Errorf(engine.Invalid, "invalid_document", "a document is a JSON object")
	}
	return m, nil
}

// id returns the document's own id, "" where it has none.
func (m members) id() (string, error) {
	raw, ok := m[fieldID]
	if !ok {
		return "", nil
	}
	var id string
	if isNull(raw) || json.Unmarshal(raw, &id) != nil {
		return "", engine.Errorf(engine.Invalid, "invalid_document", "the id of a document is a string")
	}
	return id, api.CheckID("document", id)
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

// compact returns a document as it is stored: compact, and with an id.
func compact(raw []byte, m members, id string) ([]byte, error) {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return nil, err
	}
	if _, ok := m[fieldID]; !ok {
		rest := bytes.Clone(b.Bytes()[1:])
		b.Reset()
		fmt.Fprintf(&b, `{"id":%q`, id)
		if len(m) > 0 {
			b.WriteByte(',')
		}
		b.Write(rest)
	}
	if b.Len() > MaxDocument {
		return nil, engine.Errorf(engine.TooLarge, "document_too_large", "a document may have %d bytes and this one has %d; keep the long parts elsewhere, with the document naming them", MaxDocument, b.Len())
	}
	return b.Bytes(), nil
}

// value is one member in the form of its field. A member that is missing or
// null has no value.
type value struct {
	set    bool
	text   string   // text
	words  []string // keyword, keyword[]; a text that is short enough to be compared
	number int64    // int; bool as 0 and 1
	float  float64
}

// values reads the members of a document by its fields, in their order. It
// says what is wrong with the first that it cannot read; that one, like all
// others, has no value. A document that was stored before a field was inferred
// may hold such a member.
func (s *schema) values(m members) (all []value, err error) {
	all = make([]value, len(s.fields))
	for i, f := range s.fields {
		raw, ok := m[f.Name]
		if !ok || isNull(raw) {
			continue
		}
		v, message := f.read(raw)
		if message != "" {
			if err == nil {
				err = engine.Errorf(engine.Invalid, "invalid_document", "the member %s %s", f.Name, message)
			}
			continue
		}
		v.set = f.Type != Keywords || len(v.words) > 0
		all[i] = v
	}
	return all, err
}

// read reads a value of the field, or says what is wrong with it.
func (f Field) read(raw json.RawMessage) (v value, message string) {
	switch f.Type {
	case Text:
		if json.Unmarshal(raw, &v.text) != nil {
			return v, "is a text field and should be a string"
		}
		if len(v.text) <= maxWhole {
			v.words = []string{v.text}
		}
	case Keyword:
		v.words = make([]string, 1)
		if json.Unmarshal(raw, &v.words[0]) != nil {
			return v, "is a keyword and should be a string"
		}
		return v, checkKeywords(v.words)
	case Keywords:
		var words []*string // a pointer tells null from ""
		if json.Unmarshal(raw, &words) != nil {
			return v, "is a list of keywords and should be an array of strings"
		}
		for _, w := range words {
			if w == nil {
				return v, "is a list of keywords and should be an array of strings"
			}
			v.words = append(v.words, *w)
		}
		return v, checkKeywords(v.words)
	case Int:
		if json.Unmarshal(raw, &v.number) != nil {
			return v, "is an int and should be a whole number of at most 64 bits"
		}
	case Float:
		if json.Unmarshal(raw, &v.float) != nil || math.IsInf(v.float, 0) {
			return v, "is a float and should be a number"
		}
	case Bool:
		var truth bool
		if json.Unmarshal(raw, &truth) != nil {
			return v, "is a bool and should be true or false"
		}
		if truth {
			v.number = 1
		}
	}
	return v, ""
}

func checkKeywords(words []string) string {
	if len(words) > maxKeywords {
		return fmt.Sprintf("has %d keywords and may have %d", len(words), maxKeywords)
	}
	for _, w := range words {
		if len(w) > maxKeyword {
			return fmt.Sprintf("has a keyword of %d bytes and may have %d; make it a text field", len(w), maxKeyword)
		}
	}
	return ""
}

// embedText is the text whose meaning the document's vector stands for: its
// embedded fields, one a line.
func (s *schema) embedText(values []value) string {
	var b strings.Builder
	for _, i := range s.embed {
		if text := strings.TrimSpace(values[i].text); text != "" {
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(text)
		}
	}
	return b.String()
}

// contentHash tells whether an embedded text has changed.
func contentHash(text string) (h [16]byte) {
	sum := sha256.Sum256([]byte(text))
	copy(h[:], sum[:])
	return h
}

// stored is a document as it stands in bucketDocuments.
type stored struct {
	id     string
	hash   [16]byte // of the embedded text; zero without a vector
	vector []byte   // binary16, empty where nothing was embedded
	json   []byte
}

const (
	formatDocument = 1
	flagVector     = 1
	documentHead   = 1 + 1 + 16 + 1
)

func (d stored) encode() []byte {
	b := make([]byte, 0, documentHead+len(d.id)+len(d.vector)+len(d.json))
	flags := byte(0)
	if len(d.vector) > 0 {
		flags = flagVector
	}
	b = append(b, formatDocument, flags)
	b = append(b, d.hash[:]...)
	b = append(b, byte(len(d.id)))
	b = append(b, d.id...)
	b = append(b, d.vector...)
	return append(b, d.json...)
}

// decodeDocument reads a stored document, whose parts share b's bytes.
func decodeDocument(b []byte) (d stored, err error) {
	if len(b) < documentHead || b[0] != formatDocument || b[1]&^flagVector != 0 {
		return d, corrupt(bucketDocuments, "a document of %d bytes cannot be read", len(b))
	}
	end := documentHead + int(b[documentHead-1])
	vector := 0
	if b[1]&flagVector != 0 {
		vector = vectorBytes
	}
	if len(b) < end+vector {
		return d, corrupt(bucketDocuments, "a document of %d bytes is cut off", len(b))
	}
	copy(d.hash[:], b[2:])
	d.id, d.vector, d.json = string(b[documentHead:end]), b[end:end+vector], b[end+vector:]
	return d, nil
}
