package search

import (
	"context"
	"encoding/json"
	"errors"

	"quintet/engine"
	"quintet/engine/api"
)

// Patch changes members of one document: those of the patch take the place of
// its own, and null removes one (JSON Merge Patch, RFC 7396). It changes the
// document as it stands, whoever else writes it; with an If-Match, that version
// alone. It returns once searches find the document. Errors: document_not_found,
// etag_mismatch, those of Put.
func (s *Service) Patch(ctx context.Context, t engine.Tenant, collection, id string, patch []byte, ifMatch string) (d Document, err error) {
	if _, err := parseDocument(patch); err != nil {
		return d, err
	}
	for range maxAttempts {
		c, err := s.openToWrite(ctx, t, collection)
		if err != nil {
			return d, err
		}
		d, err = s.document(ctx, c, c.throughAlias(collection), id)
		switch {
		case errors.Is(err, errCollectionMoved):
			continue
		case err == nil && ifMatch != "" && !names(ifMatch, d.ETag):
			return d, errDocumentETag
		case err != nil:
			return d, err
		}
		d, _, err = s.Put(ctx, t, collection, id, mergePatch(d.JSON, patch), Condition{IfMatch: d.ETag})
		if !errors.Is(err, errDocumentETag) {
			return d, err
		}
	}
	return d, errDocumentMoved
}

// mergePatch applies a patch to a value, nil for none, both valid JSON. The
// members keep their order; new ones come last.
func mergePatch(value, patch []byte) []byte {
	changes := membersOf(patch)
	if changes == nil {
		return patch
	}
	merged := []byte{'{'}
	add := func(name string, value []byte) {
		if len(merged) > 1 {
			merged = append(merged, ',')
		}
		quoted, _ := json.Marshal(name) // a string marshals
		merged = append(append(append(merged, quoted...), ':'), value...)
	}
	left := map[string]json.RawMessage{}
	for _, m := range changes {
		left[m.Name] = m.Value
	}
	for _, m := range membersOf(value) {
		change, changed := left[m.Name]
		delete(left, m.Name)
		switch {
		case !changed:
			add(m.Name, m.Value)
		case !isNull(change):
			add(m.Name, mergePatch(m.Value, change))
		}
	}
	for _, m := range changes {
		if _, isNew := left[m.Name]; isNew && !isNull(m.Value) {
			add(m.Name, mergePatch(nil, m.Value))
		}
	}
	return append(merged, '}')
}

// membersOf returns the members of an object, nil for another value.
func membersOf(value []byte) []api.Member {
	object, err := api.ParseObject(value)
	if err != nil || object == nil {
		return nil
	}
	return append([]api.Member{}, object.Members...) // {} has none, and is one
}
