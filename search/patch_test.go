package search_test

import (
	"fmt"
	"sync"
	"testing"
)

// TestMergePatch holds patches against the examples of RFC 7396, appendix A,
// that are objects in the end, as members of a document.
func TestMergePatch(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"y","type":"int"}]}`)
	for i, one := range []struct{ value, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		path := fmt.Sprintf("/v1/collections/c/documents/%d", i)
		b.do("PUT", path, fmt.Sprintf(`{"x":%s,"y":1}`, one.value)).want(201)
		got := b.do("PATCH", path, fmt.Sprintf(`{ "x" : %s }`, one.patch)).want(200)
		if want := fmt.Sprintf(`{"id":"%d","x":%s,"y":1}`, i, one.want); string(got.body) != want {
			t.Errorf("%s patched by %s is %s, expected was %s", one.value, one.patch, got.body, want)
		}
		if read := b.do("GET", path, "").want(200); string(read.body) != string(got.body) || read.header.Get("ETag") != got.header.Get("ETag") {
			t.Errorf("it was answered %s and is %s", got.body, read.body)
		}
	}
}

// TestPatch holds that a patched document is found as it is then, that its text
// is not embedded again without a change, and what is refused.
func TestPatch(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"t","type":"text"},{"name":"n","type":"int"}]}`)
	b.post("c", `{"id":"a","t":"winter coat","n":1}`)
	const path = "/v1/collections/c/documents/a"
	before := b.model.texts.Load()
	etag := b.do("PATCH", path, `{"n":2}`).want(200, `"n":2`, "winter").header.Get("ETag")
	if n := b.model.texts.Load() - before; n != 0 {
		t.Errorf("%d texts were embedded for a number", n)
	}
	b.wantIDs("c", `{"filter":"n = 2","q":"winter"}`, "a")
	b.do("PATCH", path, `{"t":"summer hat"}`, "If-Match", `"0"`).want(412, "etag_mismatch")
	b.do("PATCH", path, `{"t":"summer hat"}`, "If-Match", etag).want(200)
	b.wantIDs("c", `{"q":"winter","mode":"keyword"}`, "")
	b.wantIDs("c", `{"q":"summer","mode":"keyword"}`, "a")
	b.do("PATCH", path, `{"n":"x"}`).want(422, "member n")
	b.do("PATCH", path, `{"id":"b"}`).want(422, "body.id")
	b.do("PATCH", path, `[]`).want(422, "a document is a JSON object")
	b.do("PATCH", path, `{"n":1,"n":2}`).want(400, "malformed_json")
	b.do("PATCH", "/v1/collections/c/documents/b", `{"n":1}`).want(404, "document_not_found")
	b.do("PATCH", "/v1/collections/d/documents/b", `{"n":1}`).want(404, "collection_not_found")
	b.do("PATCH", path, `{"n":1}`, "Test-Filters", "n = 2").want(403)

	b.define("v", `{"fields":[{"name":"v","type":"vector(2)"}]}`)
	b.post("v", `{"id":"a","v":[3,4]}`)
	b.do("PATCH", "/v1/collections/v/documents/a", `{"x":1}`).want(200)
	b.do("GET", "/v1/collections/v/documents/a", "").want(200, `"v":[0.6`, `"x":1`)
	b.check()
}

// TestPatchTogether lets many change one document: no change is lost.
func TestPatchTogether(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"embed":[]}`)
	b.post("c", `{"id":"a"}`)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for {
				r := b.do("PATCH", "/v1/collections/c/documents/a", fmt.Sprintf(`{"n%d":1}`, i))
				if r.status != 409 { // the others were quicker each time
					r.want(200)
					return
				}
			}
		})
	}
	all.Wait()
	r := b.do("GET", "/v1/collections/c/documents/a", "")
	for i := range 8 {
		r.want(200, fmt.Sprintf(`"n%d":1`, i))
	}
}
