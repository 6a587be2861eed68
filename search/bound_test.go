package search_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quintet/engine"
	"quintet/search"
)

// boundTo are the headers of a key that is bound.
func boundTo(collections string, filters ...string) []string {
	return []string{"Test-Key", "apikey:2", "Test-Collections", collections, "Test-Filters", strings.Join(filters, "\x00")}
}

// TestBoundToCollections: others are not there, whether they are or not.
func TestBoundToCollections(t *testing.T) {
	b := newBed(t)
	b.define("a", `{}`)
	b.define("b", `{}`)
	b.post("a", `{"id":"x","n":1}`)
	b.post("b", `{"id":"x","n":1}`)
	key := boundTo("a new")
	b.run(t, []scenario{
		{"OKList", "GET", "collections", "", key, 200, []string{`"name":"a"`, `!"name":"b"`, `"documents":1`, `"next":null`}},
		{"OKListBehind", "GET", "collections?cursor=YQ", "", key, 200, []string{`"items":[]`}},
		{"OKGet", "GET", "collections/a", "", key, 200, nil},
		{"OKSearch", "POST", "collections/a/search", `{"explain":true}`, key, 200, []string{`"found":1`, "explain"}},
		{"OKDocument", "GET", "collections/a/documents/x", "", key, 200, nil},
		{"OKPut", "PUT", "collections/a/documents/y", `{"n":2}`, key, 201, nil},
		{"OKDelete", "DELETE", "collections/a/documents/y", "", key, 204, nil},
		{"OKDefine", "PUT", "collections/new", `{}`, key, 201, nil},
		{"OKDrop", "DELETE", "collections/new", "", key, 204, nil},
		{"OKDefineAgain", "PUT", "collections/new", `{}`, key, 201, nil},
	})
	for _, name := range []string{"b", "absent"} {
		b.run(t, []scenario{
			{"ErrGet/" + name, "GET", "collections/" + name, "", key, 404, []string{"collection_not_found"}},
			{"ErrSearch/" + name, "POST", "collections/" + name + "/search", `{}`, key, 404, []string{"collection_not_found"}},
			{"ErrBadSearch/" + name, "POST", "collections/" + name + "/search", `{"filter":"x ="}`, key, 404, []string{"collection_not_found"}},
			{"ErrDocument/" + name, "GET", "collections/" + name + "/documents/x", "", key, 404, []string{"collection_not_found"}},
			{"ErrPut/" + name, "PUT", "collections/" + name + "/documents/x", `{"n":7}`, key, 404, []string{"collection_not_found"}},
			{"ErrImport/" + name, "POST", "collections/" + name + "/documents", `{"n":7}`, append(key, lines...), 404, []string{"collection_not_found"}},
			{"ErrDelete/" + name, "DELETE", "collections/" + name + "/documents/x", "", key, 404, []string{"collection_not_found"}},
			{"ErrDefine/" + name, "PUT", "collections/" + name, `{}`, key, 404, []string{"collection_not_found"}},
			{"ErrRedefine/" + name, "PUT", "collections/" + name, `{"fields":[{"name":"n","type":"int"}]}`, append(key, ifMatch("*")...), 404, []string{"collection_not_found"}},
			{"ErrDrop/" + name, "DELETE", "collections/" + name, "", key, 404, []string{"collection_not_found"}},
		})
	}
	b.do("GET", "/v1/collections/b/documents/x", "").want(200, `"n":1`)
	b.do("GET", "/v1/collections/absent", "").want(404)
	ctx := engine.WithPrincipal(background, engine.Principal{Tenant: b.acme, Binding: engine.Binding{Collections: []string{"a"}}})
	if _, err := b.s.Prepare(ctx, b.acme, "b", []byte(`{}`)); problemOf(err).Code != "collection_not_found" {
		t.Errorf("a put in a transaction: %v", err)
	}
	if _, err := b.s.PrepareDelete(ctx, b.acme, "b", "x"); problemOf(err).Code != "collection_not_found" {
		t.Errorf("a delete in a transaction: %v", err)
	}
}

const owned = `{"fields":[{"name":"title","type":"text"},{"name":"owner","type":"keyword"},{"name":"n","type":"int"}]}`

// TestBoundByFilter: what the filter hides is nowhere, and nothing is written.
func TestBoundByFilter(t *testing.T) {
	b := newBed(t)
	b.define("a", owned)
	b.post("a", `{"id":"mine","title":"winter coat","owner":"u1","n":1}`, `{"id":"theirs","title":"winter secret","owner":"u2","n":2}`, `{"id":"nobody","title":"winter"}`)
	b.define("other", `{"fields":[{"name":"owner","type":"int"}]}`)
	b.post("other", `{"id":"x","owner":1}`)
	b.define("none", `{"fields":[{"name":"n","type":"int"}]}`)
	b.post("none", `{"id":"x","n":1}`)
	key := boundTo("", "owner = 'u1'")
	const c = "collections/a/"
	b.run(t, []scenario{
		{"OKAll", "POST", c + "search", `{"facets":["owner","n"]}`, key, 200, []string{`"found":1`, `"mine"`, `"facets":{"n":[{"value":1,"count":1}],"owner":[{"value":"u1","count":1}]}`, "!theirs", "!secret", "!u2"}},
		{"OKOr", "POST", c + "search", `{"filter":"owner = 'u2' or owner = 'u1' or n = 2"}`, key, 200, []string{`"found":1`, "!theirs"}},
		{"OKBrackets", "POST", c + "search", `{"filter":"not (owner = 'u1')"}`, key, 200, []string{`"found":0`}},
		{"OKHidden", "POST", c + "search", `{"q":"secret","mode":"hybrid","highlight":true}`, key, 200, []string{"!theirs", "!nobody"}},
		{"OKTwo", "POST", c + "search", `{}`, boundTo("a", "owner in ['u1', 'u2']", "n > 1"), 200, []string{`"found":1`, `"theirs"`}},
		{"ErrExplain", "POST", c + "search", `{"q":"secret","explain":true}`, key, 403, []string{"key_explains_nothing"}},
		{"ErrOwnFilter", "POST", c + "search", `{"filter":"yeer = 1"}`, key, 422, []string{"invalid_filter", "body.filter"}},
		{"OKDocument", "GET", c + "documents/mine", "", key, 200, []string{"coat"}},
		{"ErrDocument", "GET", c + "documents/theirs", "", key, 404, []string{"document_not_found"}},
		{"ErrNoValue", "GET", c + "documents/nobody", "", key, 404, []string{"document_not_found"}},
		{"ErrAbsent", "GET", c + "documents/absent", "", key, 404, []string{"document_not_found"}},
		{"OKInfo", "GET", "collections/a", "", key, 200, []string{`"documents":1,"vectors":1,`, `"memory":0,"segments":0`}},
		{"OKList", "GET", "collections", "", key, 200, []string{`"documents":1,`, `"documents":0,`, `!"documents":3`}},
		{"OKEmbeddings", "POST", "embeddings", `{"model":"minilm","input":"a"}`, key, 200, nil},

		{"ErrOfAnotherKind", "POST", "collections/other/search", `{}`, key, 409, []string{"key_filter_misfit", "!u2"}},
		{"ErrNoField", "POST", "collections/none/search", `{}`, key, 409, []string{"key_filter_misfit", "owner"}},
		{"ErrNoFieldNegated", "POST", "collections/none/search", `{}`, boundTo("", "not (secret = true)"), 409, []string{"key_filter_misfit"}},
		{"ErrOneOfTwo", "POST", "collections/none/search", `{}`, boundTo("", "n = 1", "owner = 'u1'"), 409, []string{"key_filter_misfit"}},
		{"ErrBlank", "POST", "collections/none/search", `{}`, boundTo("", " "), 409, []string{"key_filter_misfit"}},
		{"ErrDocumentMisfit", "GET", "collections/none/documents/x", "", key, 409, []string{"key_filter_misfit"}},
		{"ErrAbsentMisfit", "GET", "collections/none/documents/absent", "", key, 409, []string{"key_filter_misfit"}},
		{"OKInfoMisfit", "GET", "collections/none", "", key, 200, []string{`"documents":0,"vectors":0,"bytes":0`}},

		{"ErrPut", "PUT", c + "documents/mine", `{"owner":"u1"}`, key, 403, []string{"key_reads_only"}},
		{"ErrImport", "POST", c + "documents", `{"owner":"u1"}`, append(key, lines...), 403, []string{"key_reads_only"}},
		{"ErrDelete", "DELETE", c + "documents/mine", "", key, 403, []string{"key_reads_only"}},
		{"ErrDeleteTheirs", "DELETE", c + "documents/theirs", "", key, 403, []string{"key_reads_only"}},
		{"ErrDefine", "PUT", "collections/a", owned, key, 403, []string{"key_reads_only"}},
		{"ErrDrop", "DELETE", "collections/a", "", key, 403, []string{"key_reads_only"}},
		{"ErrDefineNew", "PUT", "collections/fresh", `{}`, key, 403, []string{"key_reads_only"}},
	})
	b.check()
}

// TestBoundCursor: a cursor continues under the key alone that got it.
func TestBoundCursor(t *testing.T) {
	b := newBed(t)
	b.define("a", owned)
	b.post("a", `{"id":"1","owner":"u1"}`, `{"id":"2","owner":"u2"}`, `{"id":"3","owner":"u1"}`, `{"id":"4","owner":"u2"}`)
	keys := [][]string{nil, boundTo("", "owner = 'u1'"), boundTo("", "owner = 'u2'"), boundTo("a")}
	for i := range keys[1:] {
		keys[i+1][1] += string(rune('a' + i))
	}
	for i, from := range keys {
		var first found
		b.do("POST", "/v1/collections/a/search", `{"limit":1}`, from...).want(200).into(&first)
		for j, to := range keys {
			status := 422
			if i == j {
				status = 200
			}
			b.do("POST", "/v1/collections/a/search", `{"limit":1,"cursor":"`+*first.Next+`"}`, to...).want(status)
		}
	}
}

// TestBoundIsFiltered holds that whoever is bound by filters finds what
// everybody finds who asks with these, and reads the documents that pass.
func TestBoundIsFiltered(t *testing.T) {
	b := &bed{t: t, dir: memory(t) + "/data", model: &fake{}, options: search.Options{FlushRows: 5}}
	b.open()
	t.Cleanup(b.close)
	rapid.Check(t, func(rt *rapid.T) {
		b.do("DELETE", "/v1/collections/c", "")
		b.define("c", modelDefinition)
		documents := map[string]map[string]any{}
		for range rapid.IntRange(1, 12).Draw(rt, "documents") {
			m := drawDocument(rt)
			documents[m["id"].(string)] = m
			b.post("c", jsonOf(m))
		}
		if rapid.Bool().Draw(rt, "sealed") {
			must(t, b.s.Merge(background, b.acme, "c"))
		}
		bound, own := drawCondition(rt, 2), drawCondition(rt, 1)
		filters := []string{bound.text}
		if rapid.Bool().Draw(rt, "two") {
			other := drawCondition(rt, 1)
			first := bound.pass
			filters, bound.pass = append(filters, other.text), func(m map[string]any) bool { return first(m) && other.pass(m) }
		}
		query := map[string]any{
			"q": strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 3).Draw(rt, "q"), " "), "highlight": true,
			"mode": rapid.SampledFrom([]string{"keyword", "semantic", "hybrid"}).Draw(rt, "mode"), "facets": []string{"color", "tags", "year", "new"},
		}
		all := "(" + strings.Join(append(filters, own.text), ") and (") + ")"
		query["filter"] = own.text
		got := b.answerOf(query, boundTo("", filters...))
		query["filter"] = all
		if want := b.answerOf(query, nil); got != want {
			rt.Fatalf("%s bound by %q finds\n%s\nand whoever asks with these\n%s", jsonOf(query), filters, got, want)
		}
		passing := 0
		for id, m := range documents {
			status := 404
			if bound.pass(m) {
				status = 200
				passing++
			}
			b.do("GET", "/v1/collections/c/documents/"+id, "", boundTo("", filters...)...).want(status)
		}
		var info struct{ Documents int }
		b.do("GET", "/v1/collections/c", "", boundTo("", filters...)...).want(200).into(&info)
		if info.Documents != passing {
			rt.Fatalf("bound by %q it has %d documents, expected was %d", filters, info.Documents, passing)
		}
	})
}

// answerOf is an answer without its time.
func (b *bed) answerOf(query map[string]any, headers []string) string {
	b.t.Helper()
	var a map[string]json.RawMessage
	b.do("POST", "/v1/collections/c/search", jsonOf(query), headers...).want(200).into(&a)
	delete(a, "took_ms")
	return jsonOf(a)
}

// meddling does something while a query is embedded.
type meddling struct {
	search.Embedder
	meddle func()
}

func (m *meddling) Embed(ctx context.Context, texts []string) ([][]float32, []int, error) {
	if texts[0] == "now" {
		m.meddle()
	}
	return m.Embedder.Embed(ctx, texts)
}

// TestBoundWhileReplaced: what a filter means is not asked of one collection
// and told of another that takes its name meanwhile.
func TestBoundWhileReplaced(t *testing.T) {
	b := &bed{t: t, dir: memory(t) + "/data"}
	b.options.Embedder = &meddling{&fake{}, func() {
		b.do("DELETE", "/v1/collections/a", "").want(204)
		b.define("a", `{"fields":[{"name":"title","type":"text"}],"embed":[]}`)
		b.post("a", `{"id":"x","title":"now","closed":true}`)
	}}
	b.open()
	t.Cleanup(b.close)
	b.define("a", `{"fields":[{"name":"title","type":"text"},{"name":"closed","type":"bool"}]}`)
	b.do("POST", "/v1/collections/a/search", `{"q":"now"}`, boundTo("", "not closed = true")...).want(409, "collection_changed", "!title")
}
