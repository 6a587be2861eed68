package search

import (
	"quintet/engine"
)

// Buckets. FORMAT.md has their keys and values byte by byte.
const (
	bucketCollections engine.Bucket = "search.collections" // name → record
	bucketDocuments   engine.Bucket = "search.documents"   // collection, version → document
	bucketIDs         engine.Bucket = "search.ids"         // collection, hash of the document's id → version
	bucketPassages    engine.Bucket = "search.passages"    // collection, version → its passages, where there are several
	bucketSegments    engine.Bucket = "search.segments"    // collection, segment → segmentRecord
	bucketSnapshots   engine.Bucket = "search.snapshots"   // name of the collection, 0, snapshot → snapshotRecord
	bucketParts       engine.Bucket = "search.parts"       // snapshot, number → snapshotPart
	bucketDropped     engine.Bucket = "search.dropped"     // id of what was deleted, or is not whole yet → nothing
	bucketAliases     engine.Bucket = "search.aliases"     // name → aliasRecord
	bucketReindexes   engine.Bucket = "search.reindexes"   // alias → reindexRecord
	bucketJournal     engine.Bucket = "search.journal"     // collection that is being made, hash of a document's id → what was written in the one that it follows
)

// version names one state of one document for ever: every write of a document
// draws a new one, and they rise with time.
type version = engine.ID

func documentKey(collection engine.ID, v version) []byte {
	return append(append(make([]byte, 0, 32), collection[:]...), v[:]...)
}

func segmentKey(collection, segment engine.ID) []byte {
	return append(append(make([]byte, 0, 32), collection[:]...), segment[:]...)
}

// pointerKey hides the id, which a client chose.
func pointerKey(t engine.Tenant, collection engine.ID, id string) []byte {
	hash := t.Hash("search.document", id)
	return append(append(make([]byte, 0, 32), collection[:]...), hash[:]...)
}

// after returns the smallest key behind all that begin with an id, nil where
// there is none.
func after(id engine.ID) []byte {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i]++; id[i] != 0 {
			return id[:i+1]
		}
	}
	return nil
}

// splitDocumentKey returns the two halves of a key of bucketDocuments.
func splitDocumentKey(key []byte) (collection engine.ID, v version, ok bool) {
	if len(key) != 32 {
		return collection, v, false
	}
	return engine.ID(key[:16]), engine.ID(key[16:]), true
}
