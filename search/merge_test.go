package search_test

import (
	"fmt"
	"testing"
	"time"

	"quintet/search"
)

// TestMergeFewDead seals and merges parts of which few rows are dead, some of
// them in fields that came later: nothing tells the segment from one that was
// made of the documents (check holds that).
func TestMergeFewDead(t *testing.T) {
	b := newBed(t)
	b.close()
	b.options = search.Options{FlushRows: 60}
	b.open()
	b.define("c", `{}`)
	for part := range 3 {
		var docs []string
		for i := range 60 {
			later := ""
			if part > 0 {
				later = fmt.Sprintf(`,"tags":["even%d","all"],"price":%d.5`, i%2, i)
			}
			docs = append(docs, fmt.Sprintf(`{"id":"%d-%d","title":"winter coats number n%d","note":"%d"%s}`, part, i, i, part, later))
		}
		b.post("c", docs...)
		b.do("DELETE", fmt.Sprintf("/v1/collections/c/documents/%d-7", part), "").want(204)
		if part == 1 {
			_, err := b.s.Maintain(background, 0) // seals these
			must(t, err)
			b.check()
		}
		b.do("DELETE", fmt.Sprintf("/v1/collections/c/documents/%d-8", part), "").want(204)
	}
	hold := func() {
		t.Helper()
		b.check()
		b.wantIDs("c", `{"q":"n3","mode":"keyword"}`, "2-3 1-3 0-3")
		b.wantIDs("c", `{"q":"n7","mode":"keyword"}`, "")
		b.wantIDs("c", `{"q":"\"coats number n8\"","mode":"keyword"}`, "")
		b.wantIDs("c", `{"q":"coat n5","mode":"keyword","filter":"tags = 'even1' and price < 6"}`, "2-5 1-5 2-3 2-1 1-3 1-1")
	}
	hold()
	_, err := b.s.Maintain(background, time.Hour)
	must(t, err)
	if n := b.s.Segments(b.acme, "c"); n != 1 {
		t.Errorf("%d segments", n)
	}
	if n := b.s.Rows(b.acme, "c"); n != 174 {
		t.Errorf("%d rows of 174 documents", n)
	}
	hold()
	b.reopen()
	hold()
}
