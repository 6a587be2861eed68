package search

import (
	"bytes"
	"cmp"
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
		var standing version
		if d, standing, err = s.standing(ctx, t, collection, id); errors.Is(err, errCollectionMoved) {
			err = s.catchUp(ctx, t)
			if err == nil {
				continue
			}
		}
		if err != nil {
			return d, err
		}
		if err := (Condition{IfMatch: ifMatch}).check(standing[:]); err != nil {
			return d, err
		}
		d, _, err = s.Put(ctx, t, collection, id, mergePatch(d.JSON, patch), Condition{IfMatch: d.ETag})
		if !errors.Is(err, errDocumentETag) {
			return d, err
		}
	}
	return d, errDocumentMoved
}

// standing reads a document that is to be changed, and its version.
func (s *Service) standing(ctx context.Context, t engine.Tenant, collection, id string) (d Document, v version, err error) {
	c, err := s.openToWrite(ctx, t, collection)
	if err != nil {
		return d, v, err
	}
	if err := api.CheckID("document", id); err != nil {
		return d, v, err
	}
	sc := c.schema.Load()
	err = s.e.Store.View(ctx, t, func(view *engine.View) error {
		found, at, err := loadDocument(sc.space, view, c.id, pointerKey(t, c.id, id))
		if err == errDocumentNotFound {
			return cmp.Or(leads(view, c.throughAlias(collection), c), err) // it may be where the alias leads now
		}
		if err == nil {
			d, v = Document{found.id, sc.withVector(found), etagOf(at)}, at
		}
		return err
	})
	return d, v, err
}

// mergePatch applies a patch to a value, nil for none, both valid JSON. The
// members keep their order; new ones come last.
func mergePatch(value, patch []byte) []byte {
	if !isObject(patch) {
		return patch
	}
	var own []member
	if isObject(value) {
		own = membersOf(value)
	}
	changes := membersOf(patch)
	merged := []byte{'{'}
	add := func(name string, value []byte) {
		if len(merged) > 1 {
			merged = append(merged, ',')
		}
		quoted, _ := json.Marshal(name) // a string marshals
		merged = append(append(append(merged, quoted...), ':'), value...)
	}
	patches := map[string]json.RawMessage{}
	for _, m := range changes {
		patches[m.name] = m.value
	}
	for _, m := range own {
		change, changed := patches[m.name]
		delete(patches, m.name)
		switch {
		case !changed:
			add(m.name, m.value)
		case !isNull(change):
			add(m.name, mergePatch(m.value, change))
		}
	}
	for _, m := range changes {
		if _, isNew := patches[m.name]; isNew && !isNull(m.value) {
			add(m.name, mergePatch(nil, m.value))
		}
	}
	return append(merged, '}')
}

// member is one of an object's.
type member struct {
	name  string
	value json.RawMessage
}

// membersOf returns the members of an object in their order.
func membersOf(object []byte) (all []member) {
	d := json.NewDecoder(bytes.NewReader(object))
	_, _ = d.Token()
	for d.More() {
		var m member
		name, err := d.Token()
		if err != nil || d.Decode(&m.value) != nil {
			return all // it was checked before
		}
		m.name = name.(string)
		all = append(all, m)
	}
	return all
}

func isObject(value []byte) bool {
	value = bytes.TrimLeft(value, " \t\r\n")
	return len(value) > 0 && value[0] == '{'
}
