package search

// row is a document in the form in which an index takes it up. Making one
// needs nothing but its schema and its stored form, so that an index built at
// the start equals one that grew.
type row struct {
	version version
	bytes   int // of the stored document
	values  []value
	terms   map[string]float64 // weighted frequencies
	length  float64            // their sum
	codes   []int8             // nil = without a vector
	scale   float32
}

// newRow reads a stored document.
func (s *schema) newRow(v version, encoded []byte) (*row, error) {
	d, err := decodeDocument(encoded)
	if err != nil {
		return nil, err
	}
	m, err := parseDocument(d.json)
	if err != nil {
		return nil, corrupt(bucketDocuments, "a document cannot be read: %v", err)
	}
	r := &row{version: v, bytes: len(encoded), terms: map[string]float64{}}
	r.values, _ = s.values(m) // it was checked before it was stored
	for i, f := range s.fields {
		if f.Type != Text || !r.values[i].set {
			continue
		}
		analyse(r.values[i].text, func(term string) {
			r.terms[term] += f.Weight
			r.length += f.Weight
		})
		r.values[i].text = ""
	}
	if len(d.vector) > 0 {
		v, err := storedVector(d.vector)
		if err != nil {
			return nil, err
		}
		r.codes, r.scale = quantise(v)
	}
	return r, nil
}
