package gateway

import (
	"fmt"
	"slices"
	"strings"

	"quintet/engine"
	"quintet/engine/api"
	"quintet/engine/filter"
)

// maxFilter is how many bytes the filters of one key may have together.
const maxFilter = 4096

// Bound is what a credential is bound to, as the API shows it.
type Bound struct {
	Collections []string `json:"collections,omitempty" nullable:"false" doc:"Beside which it finds none; all without."`
	Filter      string   `json:"filter,omitempty" doc:"Holds of every document that it finds."`
}

func boundView(b engine.Binding) Bound {
	v := Bound{Collections: b.Collections}
	switch len(b.Filters) {
	case 0:
	case 1:
		v.Filter = b.Filters[0]
	default:
		v.Filter = "(" + strings.Join(b.Filters, ") and (") + ")"
	}
	return v
}

// bind makes a minted key a bound one.
func (k *mintedKey) bind(b engine.Binding) {
	k.record.Binding = b
	v := boundView(b)
	if v.Collections != nil {
		k.audit.Details["collections"] = strings.Join(v.Collections, " ")
	}
	if v.Filter != "" {
		k.audit.Details["filter"] = v.Filter
	}
}

// binding is what the key is bound to that p asks for: within what p is bound
// to itself.
func (r newKeyRequest) binding(p engine.Principal) (engine.Binding, error) {
	b := engine.Binding{Collections: p.Collections, Filters: slices.Clone(p.Filters)}
	if (r.Collections != nil || r.Filter != nil) && !slices.ContainsFunc(r.Scopes, ofSearch) {
		return b, refuseBinding("body.scopes", "collections and a filter bind searches, and no scope of search is among them")
	}
	if r.Collections != nil {
		if err := checkCollections(r.Collections, p.Binding); err != nil {
			return b, err
		}
		b.Collections = r.Collections
	}
	if r.Filter != nil {
		if err := checkFilter(*r.Filter); err != nil {
			return b, err
		}
		b.Filters = append(b.Filters, *r.Filter)
	}
	if len(strings.Join(b.Filters, "")) > maxFilter {
		return b, refuseBinding("body.filter", "it and your own filter have more than 4096 bytes together")
	}
	if len(b.Filters) > 0 && (slices.Contains(r.Scopes, "search:write") || slices.Contains(r.Scopes, "search:admin")) {
		return b, refuseBinding("body.scopes", "a key with a filter reads only: leave search:write and search:admin out")
	}
	return b, nil
}

func ofSearch(scope string) bool { return strings.HasPrefix(scope, "search:") }

func refuseBinding(location, message string) error {
	return &engine.Error{
		Kind: engine.Invalid, Code: "invalid_binding", Detail: location + ": " + message,
		Fields: []engine.FieldError{{Location: location, Message: message}},
	}
}

// checkCollections refuses what names no collection, and what whoever grants it
// does not find.
func checkCollections(names []string, own engine.Binding) error {
	if len(names) == 0 {
		return refuseBinding("body.collections", "names none, which would mean all; leave it out for that")
	}
	for i, name := range names {
		location := fmt.Sprintf("body.collections[%d]", i)
		if api.CheckName("collection", name) != nil {
			return refuseBinding(location, "is no name of a collection")
		}
		if slices.Contains(names[:i], name) {
			return refuseBinding(location, "stands twice")
		}
		if !own.Admits(name) {
			return engine.Errorf(engine.Forbidden, "collection_not_held", "you can grant only collections that you are bound to, and %s is not among them", name)
		}
	}
	return nil
}

// maxFilterFields is how many fields a collection has at most.
const maxFilterFields = 64

// checkFilter refuses what no collection could take for a filter, whichever
// fields it has: of each field that is named, every kind is tried in turn.
func checkFilter(text string) error {
	kinds := map[string]filter.Kind{}
	field := "" // that was read last
	var farthest error
	for {
		e, err := filter.Parse(text, filter.Fields{Location: "body.filter", Noun: "the name of a field", Kind: func(name string) filter.Kind {
			if field = name; kinds[name] == filter.None {
				kinds[name], farthest = filter.Text, nil
			}
			return kinds[name]
		}})
		switch {
		case err == nil && e == nil:
			return refuseBinding("body.filter", "is blank; leave it out for a key without one")
		case err == nil:
			return nil
		case len(kinds) > maxFilterFields:
			return refuseBinding("body.filter", "tests more fields than a collection has")
		}
		if farthest == nil || place(err) > place(farthest) {
			farthest = err
		}
		switch kinds[field] {
		case filter.Text:
			kinds[field] = filter.Number
		case filter.Number:
			kinds[field] = filter.Bool
		default:
			return farthest
		}
	}
}

// place is the character at which filter.Parse found a fault, 0 for no one.
func place(fault error) (at int) {
	_, from, _ := strings.Cut(fault.Error(), "at character ")
	_, _ = fmt.Sscan(from, &at)
	return at
}
