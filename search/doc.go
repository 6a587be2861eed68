// Package search keeps documents and finds them by their words and by what
// they mean.
//
// Its nouns:
//
//   - A collection belongs to a tenant and has a [Definition]: which members of
//     a document are text to be searched, which are keywords, numbers,
//     booleans or dates to filter, count and sort by, and what its vectors are: of the
//     texts that the model embeds, or of the documents' own. An empty
//     definition is inferred from the documents.
//   - A document is one JSON object of at most 63 KiB with an id. It is kept as
//     it was sent. Every write of it is a version with a name of its own.
//   - A vector points where a text means; the [Embedder] makes them, once for
//     each text. A text that is longer than the model reads has several, one
//     for each passage, and the nearest counts.
//   - A term is a word as the analysis of its language leaves it (package
//     analysis): lower case, no accents, its stem.
//   - A part is the index of some documents, row by row: an inverted index
//     (package inverted), a column for each field (package column), vectors and
//     a graph over them (package graph). One part of a collection grows in
//     memory. The others are sealed: they never change, but for rows that die,
//     and have a file, a segment.
//   - An alias is a second name of a collection, and can be moved to another one
//     in one commit.
//   - A mode says how a search ranks: keyword by BM25, semantic by vectors,
//     hybrid by both.
//
// The service beneath the routes, as a request uses it:
//
//	s := search.New(e, search.Options{Embedder: model})
//	err := s.Start(ctx)
//	_, _, err = s.Define(ctx, tenant, "products", search.Definition{EmbedAll: true}, "")
//	document, _, err := s.Put(ctx, tenant, "products", "", []byte(`{"title":"Warm winter coat"}`), search.Condition{})
//	answer, err := s.Search(ctx, tenant, "products", search.Query{Q: "clothes for the cold"})
//
// A write is made like everywhere on the engine. Prepare reads the document by
// its collection, draws a version and embeds; the update writes the document,
// lets the pointer of its id lead to it and deletes the version before; the
// index follows the commit, and only then is the write answered. A search
// pins the index, takes a snapshot of the store, waits until the index has
// followed just that far, and looks: so it sees a document before a change or
// after it, never both and never neither (pin.go).
//
// The part that grows is frozen at 5,000 documents or after 30 seconds. One
// goroutine for all collections seals what is frozen, another merges what is
// sealed, a third where that is much, for one tenant after the other. It is always
// the same step: the live rows of some parts become one sealed part, without
// their documents being read again where few rows are dead (merge.go); its file
// is made durable; one commit puts its record in the place of theirs; one step
// shows it. Left alone, a collection becomes one segment.
//
// A collection is cold until it is used, and then its index is loaded. The keys
// of the store say which documents live. What a segment has and the store has
// not is dead; what the store has and no segment is indexed again, from its
// stored vectors. So segments are never the only copy, and one that is missing,
// damaged or old costs time and nothing else. Where the indexes take more memory
// than they may, those that were not used for the longest time are cold again
// (residence.go, room.go).
//
// A semantic search of a large part walks the graph over codes of one byte, and
// compares the best by their numbers; in a collection of float32 it walks over
// the numbers themselves. A filter is a set of rows before that: few are scanned,
// many are walked over (near.go has the plan, and a search that explains itself
// tells which way was taken). There are always as many hits as were asked for,
// where so many match.
//
// A snapshot is a collection in one file, as of one commit: its definition, its
// documents as they are stored, their vectors. Restoring it makes a collection of
// it, here or elsewhere, that answers the same. Either is written under a note
// that it is not whole, which the last commit takes away (unfinished.go).
//
// A re-index makes another collection of the documents behind an alias. From the
// commit that begins it, what is written and deleted goes into a journal too; a
// few goroutines copy what was there before, then what the journal tells; and the
// commit that leaves nothing to follow moves the alias. A write through an alias
// holds in its update that the alias still leads there (reindex.go, alias_lead.go).
//
// The model is shared: tenants have its places in turn, queries before imports.
// A tenant may have 64 queries and single documents waiting for it.
//
// Lock order: the definitions of a tenant, room, the list of warm collections, the
// residence of a collection, the queue of its index, its segment. Nothing is
// called under the last two, nor under the gate of the model. A search holds the
// segment lock for reading while it looks; what seals and merges holds it for as
// long as it takes to swap two slices.
//
// Caveats:
//
//   - A keyword score counts deleted documents (N, df and lengths) until their
//     segment is written anew. Pages of one search may see different counts.
//   - A word that deleted documents alone had may be completed to and corrected
//     to for a while, as long as others have its stem.
//   - A word that no document has is searched as a typo of others; with none of
//     those either it finds nothing, and the other words of the query count.
//   - The definition of a collection that has documents cannot be changed; a
//     re-index makes one of another definition.
//   - Vectors of another model cannot be compared. After a change of the model
//     hybrid search answers by keywords and says so; a re-index embeds anew.
//   - Words that no text of the model's language holds are found by keyword
//     search alone; the model reads English, and of each text 32 passages.
//   - A vector that a document brings is kept in binary16, or in a collection of
//     float32 as it is, of length 1 where the angle counts; a search leaves it out
//     of the documents that it shows.
//
// Graphs that coder/hnsw has saved come in as documents, and documents go out as
// such a graph, which is made for the purpose (hnsw_import.go, hnsw_export.go).
//
// FORMAT.md describes what is stored, byte by byte.
package search
