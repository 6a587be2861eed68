package search_test

import (
	"bytes"
	"strings"
	"testing"

	"quintet/engine"
)

// TestCheckFinds damages what is stored in every way that the check knows, and
// demands that it says so, and of a sound folder nothing.
func TestCheckFinds(t *testing.T) {
	f := func(name, want string, damage func(tx *engine.Tx, document, pointer, collection []byte)) {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			b.define("c", `{}`)
			b.post("c", `{"id":"a","title":"winter"}`)
			b.check()
			b.close()
			b.openEngine() // nothing follows the damage
			must(t, b.e.Store.Update(background, b.acme, func(tx *engine.Tx) error {
				damage(tx, first(tx, "search.documents"), first(tx, "search.ids"), tx.Get("search.collections", []byte("c")))
				return nil
			}))
			problems, err := b.e.Check(background, func(string, int64, int64) {})
			must(t, err)
			if !strings.Contains(strings.Join(problems, "\n"), want) {
				t.Errorf("the check finds %q, expected was %q", problems, want)
			}
		})
	}
	f("ErrPointerGone", "1 documents have 0 pointers", func(tx *engine.Tx, _, pointer, _ []byte) { tx.Delete("search.ids", pointer) })
	f("ErrPointerElsewhere", "leads elsewhere", func(tx *engine.Tx, _, pointer, _ []byte) { tx.Put("search.ids", pointer, make([]byte, 16)) })
	f("ErrPointerShort", "a pointer cannot be read", func(tx *engine.Tx, _, pointer, _ []byte) { tx.Put("search.ids", pointer, []byte{1}) })
	f("ErrDocumentGone", "0 documents have 1 pointers", func(tx *engine.Tx, document, _, _ []byte) { tx.Delete("search.documents", document) })
	f("ErrDocumentCut", "cut off", func(tx *engine.Tx, document, _, _ []byte) {
		tx.Put("search.documents", document, tx.Get("search.documents", document)[:100])
	})
	f("ErrDocumentFormat", "cannot be read", func(tx *engine.Tx, document, _, _ []byte) {
		tx.Put("search.documents", document, append([]byte{9}, tx.Get("search.documents", document)[1:]...))
	})
	f("ErrDocumentID", "another id than its own", func(tx *engine.Tx, document, _, _ []byte) {
		tx.Put("search.documents", document, bytes.Replace(tx.Get("search.documents", document), []byte(`"id":"a"`), []byte(`"id":"b"`), 1))
	})
	f("ErrVectorWithoutText", "a vector without a text", func(tx *engine.Tx, document, _, _ []byte) {
		value := tx.Get("search.documents", document)
		clear(value[2:18])
		tx.Put("search.documents", document, value)
	})
	f("ErrKey", "a key of a document cannot be read", func(tx *engine.Tx, document, _, _ []byte) { tx.Put("search.documents", document[:20], []byte{1}) })
	f("ErrNoCollection", "belongs to no collection", func(tx *engine.Tx, _, _, _ []byte) { tx.Delete("search.collections", []byte("c")) })
	f("ErrTwoCollections", "has the id of another", func(tx *engine.Tx, _, _, collection []byte) {
		tx.Put("search.collections", []byte("d"), collection)
	})
	f("ErrCollection", "a collection cannot be read", func(tx *engine.Tx, _, _, _ []byte) { tx.Put("search.collections", []byte("d"), []byte("{")) })
	f("ErrDropped", "noted as deleted", func(tx *engine.Tx, document, _, _ []byte) { tx.Put("search.dropped", document[:16], []byte{1}) })
	aliased := []byte(`{"collection":"c","version":1}`)
	f("ErrAlias", "an alias cannot be read", func(tx *engine.Tx, _, _, _ []byte) { tx.Put("search.aliases", []byte("a"), []byte("{")) })
	f("ErrAliasToNone", "leads to no collection", func(tx *engine.Tx, _, _, _ []byte) {
		tx.Put("search.aliases", []byte("a"), []byte(`{"collection":"d","version":1}`))
	})
	f("ErrAliasOfTakenName", "has the name of a collection", func(tx *engine.Tx, _, _, _ []byte) { tx.Put("search.aliases", []byte("c"), aliased) })
	f("ErrReindex", "a re-index cannot be read", func(tx *engine.Tx, _, _, _ []byte) { tx.Put("search.reindexes", []byte("a"), []byte("{")) })
	f("ErrReindexOfNoAlias", "a re-index belongs to no alias", func(tx *engine.Tx, _, _, _ []byte) { tx.Put("search.reindexes", []byte("a"), []byte("{}")) })
	f("ErrReindexOfNothing", "has no collections", func(tx *engine.Tx, _, _, _ []byte) {
		tx.Put("search.aliases", []byte("a"), aliased)
		tx.Put("search.reindexes", []byte("a"), []byte(`{"source":"c","target":"d"}`))
	})
	f("ErrReindexGone", "part of a re-index that is not there", func(tx *engine.Tx, _, _, collection []byte) {
		tx.Put("search.collections", []byte("c"), bytes.Replace(collection, []byte(`{`), []byte(`{"made_for":"a",`), 1))
	})
	f("ErrJournal", "an entry of 1 and 1 bytes", func(tx *engine.Tx, _, _, _ []byte) { tx.Put("search.journal", []byte{1}, []byte{1}) })
	f("ErrJournalOfNone", "belongs to no re-index", func(tx *engine.Tx, _, _, _ []byte) { tx.Put("search.journal", make([]byte, 32), []byte{1}) })
	f("ErrDroppedNote", "a note of a deleted collection", func(tx *engine.Tx, _, _, _ []byte) { tx.Put("search.dropped", []byte{1}, []byte{1}) })
}

// first returns the first key of a bucket.
func first(tx *engine.Tx, b engine.Bucket) []byte {
	for key := range tx.Keys(b, nil, nil) {
		return key
	}
	return nil
}

// TestDamagedDocument holds that a document that cannot be read keeps its
// collection from being searched, instead of going missing, and no other one.
func TestDamagedDocument(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.post("c", `{"id":"a","title":"winter"}`)
	b.define("d", `{}`)
	b.post("d", `{"id":"b","title":"winter"}`)
	b.close()
	b.openEngine()
	must(t, b.e.Store.Update(background, b.acme, func(tx *engine.Tx) error {
		tx.Put("search.documents", first(tx, "search.documents"), []byte("damaged"))
		return nil
	}))
	must(t, b.s.Start(background))
	for range 2 {
		b.do("POST", "/v1/collections/c/search", `{"q":"winter"}`).want(503, "index_unavailable")
	}
	b.do("POST", "/v1/collections/c/documents", `{"id":"b","title":"winter"}`, "Content-Type", "application/json").want(503, "index_unavailable")
	b.wantIDs("d", `{"q":"winter"}`, "b")
	b.do("GET", "/v1/collections/c", "").want(200, `"loaded":false`, `"documents":1`)
	b.do("DELETE", "/v1/collections/c", "").want(204)
}
