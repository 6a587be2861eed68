package search

import (
	"encoding/json"
	"strings"

	"quintet/search/analysis"
	"quintet/search/inverted"
)

// snippetLength is how many characters of a text a highlight shows.
const snippetLength = 200

// marker knows the words that a search found documents by.
type marker struct {
	terms    map[string]bool
	prefixes []string
}

// newMarker takes the words from a query as it was expanded; nil has none.
func newMarker(p *inverted.Plan) *marker {
	m := &marker{terms: map[string]bool{}}
	if p == nil {
		return m
	}
	for _, c := range p.Clauses {
		if c.Kind == inverted.Prefix {
			m.prefixes = append(m.prefixes, c.Word)
			continue
		}
		for _, v := range c.Variants {
			m.terms[v.Term] = true
		}
		for _, place := range c.Places {
			for _, term := range place.Terms {
				m.terms[term] = true
			}
		}
	}
	return m
}

// marks reports whether a word of a text is one of them.
func (m *marker) marks(term, word string) bool {
	if m.terms[term] {
		return true
	}
	for _, prefix := range m.prefixes {
		if strings.HasPrefix(word, prefix) {
			return true
		}
	}
	return false
}

// highlights returns the text fields of a document in which a word stands.
func (m *marker) highlights(sc *schema, document []byte) map[string]string {
	var members map[string]json.RawMessage
	if json.Unmarshal(document, &members) != nil {
		return nil // the check reports it
	}
	all := map[string]string{}
	for i, f := range sc.fields {
		var text string
		if f.Type != Text || json.Unmarshal(members[f.Name], &text) != nil {
			continue
		}
		found := false
		html := sc.analyzers[i].Highlight(text, func(term, word string) bool {
			marked := m.marks(term, word)
			found = found || marked
			return marked
		}, analysis.Options{Length: snippetLength})
		if found {
			all[f.Name] = html
		}
	}
	return all
}
