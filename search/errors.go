package search

import (
	"errors"
	"fmt"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// What a caller may be told about a collection or a document.
var (
	errCollectionNotFound = &engine.Error{Kind: engine.NotFound, Code: "collection_not_found", Detail: "there is no such collection; PUT its definition first, {} is enough"}
	errCollectionExists   = &engine.Error{Kind: engine.Conflict, Code: "collection_exists", Detail: "a collection of this name has another definition; send If-Match with its ETag to replace it"}
	errCollectionFilled   = &engine.Error{Kind: engine.Conflict, Code: "collection_not_empty", Detail: "the collection has documents, which were read by its definition; delete them first, or make another collection and send them there"}
	errCollectionETag     = &engine.Error{Kind: engine.Precondition, Code: "etag_mismatch", Detail: "If-Match does not name the current definition of the collection; read it again"}
	errCollectionMoved    = &engine.Error{Kind: engine.Conflict, Code: "collection_changed", Detail: "the collection has changed in this very moment; try again"}
	errAliasNotFound      = &engine.Error{Kind: engine.NotFound, Code: "alias_not_found", Detail: "there is no such alias; PUT it first, with the collection that it leads to"}
	errAliasExists        = &engine.Error{Kind: engine.Conflict, Code: "alias_exists", Detail: "the alias leads to another collection; send If-Match with its ETag, or *, to move it"}
	errAliasETag          = &engine.Error{Kind: engine.Precondition, Code: "etag_mismatch", Detail: "If-Match does not name the current state of the alias; read it again"}
	errNameTaken          = &engine.Error{Kind: engine.Conflict, Code: "name_taken", Detail: "a collection or an alias has this name; take another one, or delete that first"}
	errReindexing         = &engine.Error{Kind: engine.Conflict, Code: "reindex_running", Detail: "a re-index runs here; wait for its end, or cancel it with DELETE /v1/aliases/{alias}/reindex"}
	errBeingMade          = &engine.Error{Kind: engine.Conflict, Code: "reindex_running", Detail: "this collection is being made by a re-index, which alone writes to it until the alias leads here; write through the alias, or cancel the re-index"}
	errReindexNotFound    = &engine.Error{Kind: engine.NotFound, Code: "reindex_not_found", Detail: "no re-index runs behind this alias"}
	errDocumentNotFound   = &engine.Error{Kind: engine.NotFound, Code: "document_not_found", Detail: "there is no such document in this collection"}
	errDocumentETag       = &engine.Error{Kind: engine.Precondition, Code: "etag_mismatch", Detail: "If-Match does not name the current version of the document; read it again"}
	errDocumentMoved      = &engine.Error{Kind: engine.Conflict, Code: "document_changed", Detail: "others change this document all the time; try again"}
	errDocumentExists     = &engine.Error{Kind: engine.Precondition, Code: "document_exists", Detail: "there is a document of this id already, and If-None-Match lets none be replaced; leave it out, or take another id"}
	errModelChanged       = &engine.Error{Kind: engine.Conflict, Code: "model_changed", Detail: "the vectors of this collection were made by another embedding model, which cannot be compared with the present one; keyword search goes on, for the rest re-index it behind an alias, or send the documents to a new collection"}
	errCursor             = &engine.Error{Kind: engine.Invalid, Code: "invalid_cursor", Detail: "the cursor is none that a search gave out; start again without it"}
	errNoFilter           = &engine.Error{Kind: engine.Invalid, Code: "filter_missing", Detail: "query.filter says which documents are deleted; to delete them all, delete the collection"}
	errNoVector           = &engine.Error{Kind: engine.Invalid, Code: "not_embedded", Detail: "this document has no vector: it brought none, or no text that the model knows"}
	errNoVectors          = &engine.Error{Kind: engine.Invalid, Code: "not_embedded", Detail: "this collection has no vectors: it embeds no field, and has no field of type vector(n); search it with mode keyword"}
)

// What a caller may be told when this process cannot serve just now.
var (
	errBehind     = &engine.Error{Kind: engine.Unavailable, Code: "search_behind", Detail: "the index has not caught up with what is stored; what was written is safe, try again shortly", RetryAfter: 2 * time.Second}
	errBroken     = errors.New("search: the index failed") // it is made anew
	errLoading    = &engine.Error{Kind: engine.Unavailable, Code: "index_loading", Detail: "the index of the collection is being loaded, as this is its first use for a while; try again shortly", RetryAfter: 5 * time.Second}
	errUnloadable = &engine.Error{Kind: engine.Unavailable, Code: "index_unavailable", Detail: "the index of the collection could not be made from what is stored; the server's log says why, and documents can be read by their ids", RetryAfter: retryLoad}
	errCrowded    = &engine.Error{Kind: engine.Full, Code: "index_memory_full", Detail: "the indexes take all the memory of the setting search.memory; raise it, or delete documents or collections"}
	errWaiting    = &engine.Error{Kind: engine.Busy, Code: "too_many_searches", Detail: "too many searches and documents of this tenant wait for the embedding model already; keyword search goes on, the rest try again shortly", RetryAfter: time.Second}
	errEmbedder   = &engine.Error{Kind: engine.Unavailable, Code: "embedding_failed", Detail: "the embedding model failed; keyword search goes on, try again"}
)

// invalid refuses one field of the input.
func invalid(location, format string, args ...any) *engine.Error {
	message := fmt.Sprintf(format, args...)
	return &engine.Error{
		Kind: engine.Invalid, Code: "validation_failed", Detail: location + ": " + message,
		Fields: []engine.FieldError{{Location: location, Message: message}},
	}
}

// errLimit refuses the number of hits that is asked for.
func errLimit(location string) *engine.Error {
	err := invalid(location, "is from 1 to %d", api.MaxLimit)
	err.Code = "invalid_limit"
	return err
}

// corrupt reports a stored value that cannot be read.
func corrupt(b engine.Bucket, format string, args ...any) error {
	return &engine.CorruptError{File: "store.db", Offset: -1, Key: string(b), Reason: fmt.Sprintf(format, args...)}
}

// location names a member of an item of a list, as in body.fields[2].type.
func location(list string, i int, member string) string {
	return fmt.Sprintf("%s[%d].%s", list, i, member)
}

// isAlias refuses to change a collection by a name that only leads to it.
func isAlias(alias, collection string) error {
	return engine.Errorf(engine.Conflict, "is_alias", "%s is an alias of the collection %s; name that one", alias, collection)
}
