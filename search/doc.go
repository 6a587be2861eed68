// Package search keeps documents and finds them by their words and by what
// they mean.
//
// Its nouns:
//
//   - A collection belongs to a tenant and has a [Definition]: which members of
//     a document are text to be searched, which are keywords, numbers, booleans
//     or dates to filter by, and which texts are embedded. An empty definition
//     is inferred from the documents.
//   - A document is one JSON object of at most 63 KiB with an id. It is kept as
//     it was sent. Every write of it is a version with a name of its own.
//   - A vector is 384 numbers that point where a text means; the [Embedder]
//     makes them, once for each text.
//   - A term is a word as the analysis leaves it: lower case, no accents, the
//     stem of an English word.
//   - A segment is the index of a collection in memory: for each term the rows
//     in which it stands, for each field a column, for each vector 384 bytes.
//     It is derived from the store and never the only copy.
//   - A mode says how a search ranks: keyword by BM25, semantic by cosine,
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
// takes a snapshot of the store, waits until the index has followed it, and
// looks: so it sees a document before a change or after it, never both and
// never neither.
//
// The model is shared: tenants have its places in turn, queries before imports.
// A tenant may have 64 queries and single documents waiting for it.
//
// Lock order: defining, then the queue of an index, then its segment. Nothing
// is called under the last two, nor under the gate of the model.
//
// Caveats:
//
//   - Semantic search compares the query with every vector, so its time grows
//     with the collection: less than 1 ms for 10,000 documents on one core.
//   - Quotes and a trailing asterisk in a query only part words.
//   - The definition of a collection that has documents cannot be changed.
//   - Vectors of another model cannot be compared. After a change of the model
//     hybrid search answers by keywords and says so; the documents have to be
//     sent to a new collection.
//   - Words that no text of the model's language holds are found by keyword
//     search alone; the model reads English, and of each text 256 tokens.
//
// FORMAT.md describes what is stored, byte by byte.
package search
