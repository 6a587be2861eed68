package search

import (
	"testing"

	"quintet/engine"
)

// TestAhead holds that what was read ahead is handed out once, that nothing of
// it is left behind its update, and that more than fits is not kept.
func TestAhead(t *testing.T) {
	sc := newSchema(&record{Declared: []Field{{Name: "t", Type: Text, Weight: 1}}})
	a := ahead{readings: map[version]*reading{}}
	puts := func(first byte, size int) (list []*Put) {
		for i := range byte(3) {
			values, err := sc.values(members{"t": []byte(`"warm coats"`)})
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, &Put{schema: sc, version: engine.ID{first, i}, values: values, document: stored{json: make([]byte, size)}})
		}
		return list
	}
	first, second := puts(1, maxAhead/4), puts(2, maxAhead/4)
	release := a.read(first)
	a.read(second)()
	if a.take(second[0].version) != nil {
		t.Error("more is kept than fits")
	}
	if r := a.take(first[1].version); r == nil || len(r.tokens) != 2 || r.tokens[1].Term != "coat" {
		t.Errorf("read ahead was %+v", r)
	}
	if a.take(first[1].version) != nil {
		t.Error("it is handed out twice")
	}
	release()
	if a.bytes != 0 || a.take(first[0].version) != nil {
		t.Errorf("%d bytes are left behind an update", a.bytes)
	}
	release = a.read(puts(3, maxAhead)) // alone anything fits
	defer release()
	if a.take(version{3, 2}) == nil {
		t.Error("a large document is not read ahead")
	}
}
