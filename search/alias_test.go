package search_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"quintet/engine"
	"quintet/search"
	"quintet/search/embed"
)

// led has the collections c1 and c2 with a document each, and an alias that
// leads to c1.
func led(t *testing.T) *bed {
	t.Helper()
	b := newBed(t)
	b.define("c1", `{}`)
	b.define("c2", `{}`)
	b.post("c1", `{"id":"x","title":"first coat","n":1}`)
	b.post("c2", `{"id":"x","title":"second coat","n":2}`)
	b.do("PUT", "/v1/aliases/a", `{"collection":"c1"}`).want(201, `"name":"a"`, `"collection":"c1"`, `"reindex":null`)
	return b
}

// TestAliasRoutes walks through the life of an alias.
func TestAliasRoutes(t *testing.T) {
	b := led(t)
	const a = "aliases/a"
	b.run(t, []scenario{
		{"OKGet", "GET", a, "", nil, 200, []string{`"collection":"c1"`}},
		{"OKSame", "PUT", a, `{"collection":"c1"}`, nil, 200, []string{`"collection":"c1"`}},
		{"ErrOther", "PUT", a, `{"collection":"c2"}`, nil, 409, []string{"alias_exists"}},
		{"ErrETag", "PUT", a, `{"collection":"c2"}`, ifMatch(`"2"`), 412, []string{"etag_mismatch"}},
		{"ErrETagOfNone", "PUT", "aliases/b", `{"collection":"c2"}`, ifMatch("*"), 412, []string{"etag_mismatch"}},
		{"OKMove", "PUT", a, `{"collection":"c2"}`, ifMatch(current), 200, []string{`"collection":"c2"`}},
		{"OKMoveBack", "PUT", a, `{"collection":"c1"}`, ifMatch("*"), 200, []string{`"collection":"c1"`}},
		{"ErrTargetAbsent", "PUT", a, `{"collection":"c9"}`, ifMatch("*"), 404, []string{"collection_not_found"}},
		{"ErrToAlias", "PUT", "aliases/b", `{"collection":"a"}`, nil, 409, []string{"is_alias", "c1"}},
		{"ErrNameOfCollection", "PUT", "aliases/c2", `{"collection":"c1"}`, nil, 409, []string{"name_taken"}},
		{"ErrName", "PUT", "aliases/B", `{"collection":"c1"}`, nil, 422, []string{"invalid_name"}},
		{"ErrNoCollection", "PUT", "aliases/b", `{}`, nil, 422, nil},
		{"ErrUnknownMember", "PUT", "aliases/b", `{"collection":"c1","x":1}`, nil, 422, nil},
		{"ErrCollectionOfAliasName", "PUT", "collections/a", `{}`, nil, 409, []string{"is_alias", "c1"}},
		{"ErrCollectionOfAliasNameMatched", "PUT", "collections/a", `{}`, ifMatch("*"), 409, []string{"is_alias"}},
		{"ErrDropThroughAlias", "DELETE", "collections/a", "", nil, 409, []string{"is_alias", "c1"}},
		{"ErrDropLed", "DELETE", "collections/c1", "", nil, 409, []string{"collection_has_aliases", ": a;"}},
		{"ErrAbsent", "GET", "aliases/c1", "", nil, 404, []string{"alias_not_found"}},
		{"ErrDeleteETag", "DELETE", a, "", ifMatch(`"1"`), 412, []string{"etag_mismatch"}},
		{"ErrDeleteAbsent", "DELETE", "aliases/b", "", nil, 404, []string{"alias_not_found"}},
		{"ErrOtherTenant", "GET", a, "", []string{"Test-Tenant", "globex"}, 404, []string{"alias_not_found"}},
		{"OKSecond", "PUT", "aliases/b", `{"collection":"c1"}`, nil, 201, nil},
		{"ErrDropLedTwice", "DELETE", "collections/c1", "", nil, 409, []string{": a, b;"}},
		{"OKList", "GET", "aliases", "", nil, 200, []string{`"name":"a"`, `"name":"b"`, `"next":null`}},
		{"OKFirstPage", "GET", "aliases?limit=1", "", nil, 200, []string{`"name":"a"`, `!"name":"b"`, `"next":"YQ"`}},
		{"OKSecondPage", "GET", "aliases?limit=1&cursor=YQ", "", nil, 200, []string{`!"name":"a"`, `"name":"b"`, `"next":null`}},
		{"OKNoneInList", "GET", "collections", "", nil, 200, []string{`!"name":"a"`}},
		{"OKDelete", "DELETE", a, "", ifMatch(current), 204, nil},
		{"ErrGone", "GET", "collections/a", "", nil, 404, []string{"collection_not_found"}},
		{"OKDeleteSecond", "DELETE", "aliases/b", "", nil, 204, nil},
		{"OKDrop", "DELETE", "collections/c1", "", nil, 204, nil},
		{"OKNameIsFree", "PUT", "collections/a", `{}`, nil, 201, nil},
	})
	b.check()
}

// TestThroughAlias names an alias wherever a collection can be named.
func TestThroughAlias(t *testing.T) {
	b := led(t)
	const c = "collections/a"
	b.run(t, []scenario{
		{"OKInfo", "GET", c, "", nil, 200, []string{`"name":"c1"`}},
		{"OKSearch", "POST", c + "/search", `{"q":"coat"}`, nil, 200, []string{"first coat", "!second"}},
		{"OKSearches", "POST", "search", `{"searches":[{"collection":"a","q":"coat"},{"collection":"c2"}]}`, nil, 200, []string{"first coat", "second coat"}},
		{"OKPut", "PUT", c + "/documents/y", `{"title":"coat y"}`, nil, 201, nil},
		{"OKImport", "POST", c + "/documents", `{"id":"z","title":"coat z"}`, lines, 200, []string{`"accepted":1`}},
		{"OKPatch", "PATCH", c + "/documents/y", `{"n":3}`, []string{"Content-Type", "application/merge-patch+json"}, 200, []string{"coat y", `"n":3`}},
		{"OKSnapshot", "POST", c + "/snapshots", "", nil, 201, []string{`"collection":"c1"`}},
		{"OKSnapshots", "GET", c + "/snapshots", "", nil, 200, []string{`"collection":"c1"`}},
		{"ErrRestoreOverAlias", "POST", c + "/restore", `{"collection":"c1","snapshot":"x"}`, nil, 409, []string{"collection_exists"}},
		{"OKSimilar", "POST", c + "/similar", `{"id":"y"}`, nil, 200, []string{`"id":"z"`, `"found":2`}},
		{"OKGet", "GET", c + "/documents/y", "", nil, 200, []string{"coat y"}},
		{"OKList", "GET", c + "/documents", "", nil, 200, []string{"coat y", "coat z", "first coat"}},
		{"OKExport", "GET", c + "/export", "", nil, 200, []string{"coat y", "coat z", "first coat"}},
		{"OKSlow", "GET", c + "/slow-searches", "", nil, 200, nil},
		{"OKCount", "DELETE", c + "/documents?filter=title%20%3D%20%22coat%20y%22&dry_run=true", "", nil, 200, []string{`"matched":1`}},
		{"OKPurge", "DELETE", c + "/documents?filter=title%20%3D%20%22coat%20y%22", "", nil, 200, []string{`"deleted":1`}},
		{"OKDelete", "DELETE", c + "/documents/z", "", nil, 204, nil},
		{"OKLeft", "GET", "collections/c1/documents", "", nil, 200, []string{"first coat", "!coat y", "!coat z"}},
		{"OKOther", "GET", "collections/c2/documents", "", nil, 200, []string{"second coat", "!coat y", "!coat z"}},
		{"OKMove", "PUT", "aliases/a", `{"collection":"c2"}`, ifMatch("*"), 200, nil},
		{"OKSearchMoved", "POST", c + "/search", `{"q":"coat"}`, nil, 200, []string{"second coat", "!first"}},
	})
	b.reopen()
	b.do("GET", "/v1/collections/a/documents/x", "").want(200, "second coat")
	b.check()
}

// TestAliasLimit: a tenant has as many aliases as collections at most.
func TestAliasLimit(t *testing.T) {
	b := &bed{t: t, dir: filepath.Join(memory(t), "data"), model: &fake{}, options: search.Options{Collections: 2}}
	b.open()
	t.Cleanup(b.close)
	b.define("c", `{}`)
	b.do("PUT", "/v1/aliases/a1", `{"collection":"c"}`).want(201)
	b.do("PUT", "/v1/aliases/a2", `{"collection":"c"}`).want(201)
	b.do("PUT", "/v1/aliases/a3", `{"collection":"c"}`).want(409, "too_many_aliases")
	b.define("d", `{}`)
	b.do("POST", "/v1/aliases/a1/reindex", `{"collection":"e"}`).want(409, "too_many_collections")
}

// meddlingPassages does something while a document is embedded.
type meddlingPassages struct {
	*fake
	meddle func()
}

func (m *meddlingPassages) Embed(ctx context.Context, texts []string) ([][]float32, []int, error) {
	for _, text := range texts {
		if strings.Contains(text, "now") {
			meddle := m.meddle
			m.meddle = func() {}
			meddle()
		}
	}
	return m.fake.Embed(ctx, texts)
}

func (m *meddlingPassages) EmbedPassages(ctx context.Context, passages []embed.Passage) ([][]float32, error) {
	vectors, _, err := m.Embed(ctx, textsOf(passages))
	return vectors, err
}

// TestAliasMovesMeanwhile moves an alias, and deletes the collection that it
// led to, while requests through it are under way: what is acknowledged is in
// the collection that it leads to then, and what is there is found.
func TestAliasMovesMeanwhile(t *testing.T) {
	for name, call := range map[string]func(b *bed){
		"OKPut": func(b *bed) { b.do("PUT", "/v1/collections/a/documents/new", `{"title":"now"}`).want(201) },
		"OKReplace": func(b *bed) {
			b.do("PUT", "/v1/collections/a/documents/x", `{"title":"now"}`).want(200)
			b.do("PUT", "/v1/collections/a/documents/new", `{"title":"x"}`).want(201)
		},
		"OKImport": func(b *bed) { b.post("a", `{"id":"new","title":"now"}`, `{"id":"x","title":"first coat"}`) },
		"OKPatch": func(b *bed) {
			b.do("PATCH", "/v1/collections/a/documents/x", `{"title":"now"}`, "Content-Type", "application/merge-patch+json").want(200, `"kept":"c2"`)
			b.post("a", `{"id":"new"}`)
		},
		"OKSearch": func(b *bed) {
			f := b.search("a", `{"q":"now","mode":"semantic"}`)
			if f.ids() != "x" || f.Hits[0].Document["title"] != "second coat" {
				b.t.Errorf("found is %s", jsonOf(f))
			}
			b.post("a", `{"id":"new"}`)
		},
		"ErrTransaction": func(b *bed) {
			p, err := b.s.Prepare(background, b.acme, "a", []byte(`{"id":"new","title":"now"}`))
			must(b.t, err)
			err = b.e.Store.Update(background, b.acme, func(tx *engine.Tx) error { return b.s.PutTx(tx, p) })
			if own, ok := errors.AsType[*engine.Error](err); !ok || own.Code != "collection_changed" {
				b.t.Errorf("the transaction ends with %v", err)
			}
			b.post("a", `{"id":"new"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bed{t: t, dir: filepath.Join(memory(t), "data")}
			b.options.Embedder = &meddlingPassages{&fake{}, func() {
				b.do("PUT", "/v1/aliases/a", `{"collection":"c2"}`, ifMatch("*")...).want(200)
				b.do("DELETE", "/v1/collections/c1", "").want(204)
				must(t, b.s.Sweep(background))
			}}
			b.open()
			t.Cleanup(b.close)
			b.define("c1", `{}`)
			b.define("c2", `{}`)
			b.post("c1", `{"id":"x","title":"first coat"}`)
			b.post("c2", `{"id":"x","title":"second coat","kept":"c2"}`)
			b.do("PUT", "/v1/aliases/a", `{"collection":"c1"}`).want(201)
			call(b)
			b.do("GET", "/v1/collections/c1", "").want(404)
			b.do("GET", "/v1/collections/c2/documents/new", "").want(200)
			b.check()
		})
	}
}

// TestRemovalMovesMeanwhile: a delete that was prepared through an alias is not
// done in a collection that the alias led to.
func TestRemovalMovesMeanwhile(t *testing.T) {
	b := led(t)
	r, err := b.s.PrepareDelete(background, b.acme, "a", "x")
	must(t, err)
	b.do("PUT", "/v1/aliases/a", `{"collection":"c2"}`, ifMatch("*")...).want(200)
	err = b.e.Store.Update(background, b.acme, func(tx *engine.Tx) error { return b.s.DeleteTx(tx, r) })
	if problemOf(err).Code != "collection_changed" {
		t.Errorf("the delete ends with %v", err)
	}
	b.do("GET", "/v1/collections/c1/documents/x", "").want(200)
	b.do("DELETE", "/v1/collections/a/documents/x", "").want(204)
	b.do("GET", "/v1/collections/c1/documents/x", "").want(200)
	b.do("GET", "/v1/collections/c2/documents/x", "").want(404)
}

// TestBoundToAlias: either name admits to read and write, and both are needed to
// change the alias.
func TestBoundToAlias(t *testing.T) {
	b := led(t)
	byAlias, byCollection, both, filtered := boundTo("a"), boundTo("c1"), boundTo("a c1"), boundTo("", "n = 1")
	const moved = `{"collection":"c2"}`
	b.run(t, []scenario{
		{"OKByAlias", "POST", "collections/a/search", `{}`, byAlias, 200, []string{"first coat"}},
		{"ErrByAliasDirectly", "POST", "collections/c1/search", `{}`, byAlias, 404, []string{"collection_not_found"}},
		{"OKByAliasPut", "PUT", "collections/a/documents/y", `{}`, byAlias, 201, nil},
		{"OKByAliasSees", "GET", "aliases/a", "", byAlias, 200, nil},
		{"ErrByAliasMoves", "PUT", "aliases/a", moved, append(byAlias, ifMatch("*")...), 403, []string{"key_bound"}},
		{"ErrByAliasDeletes", "DELETE", "aliases/a", "", byAlias, 403, []string{"key_bound"}},
		{"ErrByAliasReindexes", "POST", "aliases/a/reindex", moved, byAlias, 403, []string{"key_bound"}},
		{"OKByCollection", "POST", "collections/a/search", `{}`, byCollection, 200, []string{"first coat"}},
		{"OKByCollectionSees", "GET", "aliases", "", byCollection, 200, []string{`"name":"a"`}},
		{"ErrByCollectionMoves", "PUT", "aliases/a", moved, append(byCollection, ifMatch("*")...), 403, []string{"key_bound"}},
		{"ErrByCollectionNew", "PUT", "aliases/new", `{"collection":"c1"}`, byCollection, 404, []string{"alias_not_found"}},
		{"ErrBothMoveElsewhere", "PUT", "aliases/a", moved, append(both, ifMatch("*")...), 404, []string{"collection_not_found"}},
		{"ErrBothReindexElsewhere", "POST", "aliases/a/reindex", `{"collection":"c3"}`, both, 404, []string{"collection_not_found"}},
		{"ErrBothDropAlias", "DELETE", "collections/a", "", both, 409, []string{"is_alias"}},
		{"ErrOther", "POST", "collections/a/search", `{}`, boundTo("c2"), 404, []string{"collection_not_found"}},
		{"ErrOtherSees", "GET", "aliases/a", "", boundTo("c2"), 404, []string{"alias_not_found"}},
		{"OKOtherList", "GET", "aliases", "", boundTo("c2"), 200, []string{`"items":[]`}},
		{"ErrOtherMoves", "PUT", "aliases/a", moved, boundTo("c2"), 404, []string{"alias_not_found"}},
		{"ErrOtherMovesAbsent", "PUT", "aliases/zz", moved, boundTo("c2"), 404, []string{"alias_not_found"}},
		{"ErrOtherDeletes", "DELETE", "aliases/a", "", boundTo("c2"), 404, []string{"alias_not_found"}},
		{"OKFiltered", "POST", "collections/a/search", `{}`, filtered, 200, []string{`"found":1`, "!\"id\":\"y\""}},
		{"ErrFilteredPuts", "PUT", "collections/a/documents/y", `{}`, filtered, 403, []string{"key_reads_only"}},
		{"ErrFilteredSnapshot", "POST", "collections/a/snapshots", "", boundTo("c1", "n = 1"), 403, []string{"key_reads_documents"}},
		{"ErrFilteredPatch", "PATCH", "collections/a/documents/x", `{}`, append(boundTo("c1", "n = 1"), "Content-Type", "application/merge-patch+json"), 403, []string{"key_reads_only"}},
		{"ErrFilteredExplains", "POST", "collections/a/search", `{"explain":true}`, boundTo("c1", "n = 1"), 403, []string{"key_explains_nothing"}},
		{"ErrFilteredSlow", "GET", "collections/a/slow-searches", "", boundTo("c1", "n = 1"), 403, []string{"key_reads_documents"}},
		{"ErrFilteredMoves", "PUT", "aliases/a", moved, append(filtered, ifMatch("*")...), 403, []string{"key_reads_only"}},
		{"ErrFilteredNew", "PUT", "aliases/new", moved, filtered, 403, []string{"key_reads_only"}},
		{"ErrFilteredDeletes", "DELETE", "aliases/a", "", filtered, 403, []string{"key_reads_only"}},
		{"ErrFilteredReindexes", "POST", "aliases/a/reindex", `{"collection":"c3"}`, filtered, 403, []string{"key_reads_only"}},
		{"ErrFilteredCancels", "DELETE", "aliases/a/reindex", "", filtered, 403, []string{"key_reads_only"}},
		{"OKReindex", "POST", "aliases/a/reindex", `{"collection":"c3"}`, boundTo("a c1 c3"), 202, nil},
		{"OKFilteredSeesNoCounts", "GET", "aliases/a", "", filtered, 200, []string{`"reindex":null`}},
		{"OKAll", "DELETE", "aliases/a/reindex", "", both, 204, nil},
		{"OKMoves", "PUT", "aliases/a", moved, append(boundTo("a c1 c2"), ifMatch("*")...), 200, nil},
		{"ErrNoMore", "POST", "collections/a/search", `{}`, byCollection, 404, []string{"collection_not_found"}},
	})
	b.check()
}

// TestExportThroughMovingAlias: an export is of the collection that it began with.
func TestExportThroughMovingAlias(t *testing.T) {
	b := led(t)
	var all bytes.Buffer
	must(t, b.s.Export(background, b.acme, "a", "", false, func(lines []byte) error {
		if all.Len() == 0 {
			b.do("PUT", "/v1/aliases/a", `{"collection":"c2"}`, ifMatch("*")...).want(200)
		}
		all.Write(lines)
		return nil
	}))
	if got := all.String(); !strings.Contains(got, "first coat") || strings.Contains(got, "second") {
		t.Errorf("the export has %s", got)
	}
}

// TestPurgeMovesMeanwhile: a purge does not take for deleted what was swept
// behind the alias.
func TestPurgeMovesMeanwhile(t *testing.T) {
	b := led(t)
	b.fill("c1", 200)
	moves := 0
	n, err := b.s.Purge(background, b.acme, "a", "k >= 0", func() {
		if moves++; moves > 1 {
			return
		}
		b.do("PUT", "/v1/aliases/a", `{"collection":"c2"}`, ifMatch("*")...).want(200)
		b.do("DELETE", "/v1/collections/c1", "").want(204)
		must(t, b.s.Sweep(background))
	})
	if n != 80 || problemOf(err).Code != "collection_changed" {
		t.Errorf("%d were deleted, and then %v", n, err)
	}
	b.check()
}
