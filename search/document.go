package search

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"quintet/engine"
	"quintet/engine/api"
	"quintet/engine/filter"
	"quintet/search/column"
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

// parseDocument reads one JSON object. Its members share raw's bytes.
func parseDocument(raw []byte) (members, error) {
	m, _, err := parseCompact(raw)
	return m, err
}

// parseCompact also reports whether the object is compact as it stands.
func parseCompact(raw []byte) (m members, compact bool, err error) {
	o, err := api.ParseObject(raw)
	if err != nil {
		return nil, false, engine.Errorf(engine.Malformed, "malformed_json", "%s", err)
	}
	if o == nil {
		return nil, false, engine.Errorf(engine.Invalid, "invalid_document", "a document is a JSON object")
	}
	m = make(members, len(o.Members))
	for _, one := range o.Members {
		m[one.Name] = one.Value
	}
	return m, o.Compact, nil
}

// id returns the document's own id, "" where it has none.
func (m members) id() (string, error) {
	raw, ok := m[fieldID]
	if !ok {
		return "", nil
	}
	var id string
	if isNull(raw) || !readText(raw, &id) {
		return "", engine.Errorf(engine.Invalid, "invalid_document", "the id of a document is a string")
	}
	return id, api.CheckID("document", id)
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

// readText reads a string. Most have no escapes, and are as they stand.
func readText(raw json.RawMessage, text *string) bool {
	if len(raw) > 1 && raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0 {
		*text = string(raw[1 : len(raw)-1])
		return true
	}
	return json.Unmarshal(raw, text) == nil
}

// compact returns a document as it is stored: compact, as it may be already,
// and with an id. It may share raw's bytes.
func (s *schema) compact(raw []byte, compact bool, m members, id string) ([]byte, error) {
	var b bytes.Buffer
	if compact {
		b = *bytes.NewBuffer(raw[:len(raw):len(raw)])
	} else if err := json.Compact(&b, raw); err != nil {
		return nil, err
	}
	most := MaxDocument
	if s.hasVectors() {
		most = min(most, maxStored-s.space.bytes())
	}
	if s.given >= 0 {
		b = *bytes.NewBuffer(cutMember(b.Bytes(), s.fields[s.given].Name))
	}
	if _, has := m[memberVector]; has && s.embeds() {
		b = *bytes.NewBuffer(cutMember(b.Bytes(), memberVector))
	}
	if _, ok := m[fieldID]; !ok {
		rest := b.Bytes()[1:]
		b = bytes.Buffer{}
		fmt.Fprintf(&b, `{"id":%q`, id)
		if len(rest) > 1 {
			b.WriteByte(',')
		}
		b.Write(rest)
	}
	if b.Len() > most {
		return nil, engine.Errorf(engine.TooLarge, "document_too_large", "a document may have %d bytes and this one has %d; keep the long parts elsewhere, with the document naming them", most, b.Len())
	}
	return b.Bytes(), nil
}

// maxStored is what a document and its vector have together, so that they fit
// into one value of the store.
const maxStored = MaxDocument + 2*Dimensions

// cutMember removes every member of a name from a compact JSON object.
func cutMember(b []byte, name string) []byte {
	decoder := json.NewDecoder(bytes.NewReader(b))
	_, _ = decoder.Token()
	kept := []byte{'{'}
	for from := decoder.InputOffset(); decoder.More(); from = decoder.InputOffset() {
		key, _ := decoder.Token()
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return b // it was checked before
		}
		if key == name {
			continue
		}
		if len(kept) > 1 {
			kept = append(kept, ',')
		}
		kept = append(kept, bytes.TrimPrefix(b[from:decoder.InputOffset()], []byte{','})...)
	}
	return append(kept, '}')
}

// givenVector reads the vector that a document brings, nil where it brings none.
func (s *schema) givenVector(m members) ([]byte, error) {
	if s.given < 0 {
		return nil, nil
	}
	name := s.fields[s.given].Name
	raw, has := m[name]
	if !has || isNull(raw) {
		return nil, nil
	}
	var v []float32
	if json.Unmarshal(raw, &v) != nil || bytes.Contains(raw, []byte("null")) { // which is read as 0
		return nil, engine.Errorf(engine.Invalid, "invalid_document", "the member %s is a vector and should be an array of %d numbers", name, s.space.dimensions)
	}
	checked, err := s.space.check(name, v)
	if err != nil {
		return nil, err
	}
	return s.space.append(nil, checked), nil
}

// withVector puts the vector that a document brought back into it, as it is
// kept.
func (s *schema) withVector(d stored) []byte {
	if s.given < 0 || len(d.vector) == 0 {
		return d.json
	}
	v := make([]float32, s.space.dimensions)
	s.space.floats(v, d.vector)
	list, err := json.Marshal(v)
	if err != nil {
		panic(err) // only finite numbers are kept
	}
	b := append(bytes.Clone(d.json[:len(d.json)-1]), fmt.Sprintf(",%q:", s.fields[s.given].Name)...)
	return append(append(b, list...), '}')
}

// value is one member in the form of its field. A member that is missing or
// null has no value. A text has words of a column where it is short enough to
// be compared as a whole.
type value struct {
	column.Value
	text string
}

// values reads the members of a document by its fields, in their order. It
// says what is wrong with the first that it cannot read; that one, like all
// others, has no value. A document that was stored before a field was inferred
// may hold such a member.
func (s *schema) values(m members) (all []value, err error) {
	all = make([]value, len(s.fields))
	for i, f := range s.fields {
		raw, ok := m[f.Name]
		if !ok || isNull(raw) || f.Type.isVector() {
			continue
		}
		v, message := f.read(raw)
		if message != "" {
			if err == nil {
				err = engine.Errorf(engine.Invalid, "invalid_document", "the member %s %s", f.Name, message)
			}
			continue
		}
		v.Set = f.Type != Keywords || len(v.Words) > 0
		all[i] = v
	}
	return all, err
}

// read reads a value of the field, JSON, or says what is wrong with it.
func (f Field) read(raw json.RawMessage) (v value, message string) {
	var err error
	switch f.Type {
	case Text:
		if !readText(raw, &v.text) {
			return v, "is a text field and should be a string"
		}
		if len(v.text) <= maxWhole {
			v.Words = []string{v.text}
		}
	case Keyword:
		v.Words = make([]string, 1)
		if !readText(raw, &v.Words[0]) {
			return v, "is a keyword and should be a string"
		}
		return v, checkKeywords(v.Words)
	case Keywords:
		var words []*string // a pointer tells null from ""
		if json.Unmarshal(raw, &words) != nil {
			return v, "is a list of keywords and should be an array of strings"
		}
		for _, w := range words {
			if w == nil {
				return v, "is a list of keywords and should be an array of strings"
			}
			v.Words = append(v.Words, *w)
		}
		return v, checkKeywords(v.Words)
	case Int:
		if v.Int, err = strconv.ParseInt(string(raw), 10, 64); err != nil {
			return v, "is an int and should be a whole number of at most 64 bits"
		}
	case Float:
		if v.Float, err = strconv.ParseFloat(string(raw), 64); err != nil || math.IsInf(v.Float, 0) {
			return v, "is a float and should be a number"
		}
	case Bool:
		if json.Unmarshal(raw, &v.Bool) != nil {
			return v, "is a bool and should be true or false"
		}
	case Date:
		var text string
		if json.Unmarshal(raw, &text) == nil {
			var ok bool
			if v.Int, ok = filter.ParseTime(text); ok {
				return v, ""
			}
		}
		return v, "is a date and should be a string like 2024-01-31T08:00:00Z, with its zone"
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
	vector []byte   // of the first passage, as the space stores it; empty where there is none
	more   bool     // there are further passages
	json   []byte
}

const (
	formatDocument = 1
	flagVector     = 1
	flagPassages   = 2
	documentHead   = 1 + 1 + 16 + 1
)

func (d stored) encode() []byte {
	b := make([]byte, 0, documentHead+len(d.id)+len(d.vector)+len(d.json))
	flags := byte(0)
	if len(d.vector) > 0 {
		flags = flagVector
	}
	if d.more {
		flags |= flagPassages
	}
	b = append(b, formatDocument, flags)
	b = append(b, d.hash[:]...)
	b = append(b, byte(len(d.id)))
	b = append(b, d.id...)
	b = append(b, d.vector...)
	return append(b, d.json...)
}

// hasPassages reports whether a stored document has several.
func hasPassages(b []byte) bool { return len(b) > 1 && b[1]&flagPassages != 0 }

// decodeDocument reads a stored document of a space, whose parts share b's bytes.
func decodeDocument(s space, b []byte) (d stored, err error) {
	if len(b) < documentHead || b[0] != formatDocument || b[1]&^(flagVector|flagPassages) != 0 || b[1] == flagPassages {
		return d, corrupt(bucketDocuments, "a document of %d bytes cannot be read", len(b))
	}
	end := documentHead + int(b[documentHead-1])
	vector := 0
	if b[1]&flagVector != 0 {
		vector = s.bytes()
	}
	if len(b) < end+vector {
		return d, corrupt(bucketDocuments, "a document of %d bytes is cut off", len(b))
	}
	d.more = b[1]&flagPassages != 0
	copy(d.hash[:], b[2:])
	d.id, d.vector, d.json = string(b[documentHead:end]), b[end:end+vector], b[end+vector:]
	return d, nil
}
