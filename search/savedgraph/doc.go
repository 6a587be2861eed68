// Package savedgraph reads and writes the files of coder/hnsw, a Go library for
// approximate nearest neighbours (github.com/coder/hnsw, tried with v0.6.1):
// what its Graph.Export and SavedGraph.Save write. It is how its users move
// here and back.
//
// Its nouns:
//
//   - A Head is what stands before the nodes: the settings of the graph.
//   - A layer is a list of nodes. The lowest comes first and has all of them;
//     those above have fewer and fewer, which the lower layers have again.
//   - A node is a key, a vector, and the keys of its neighbours in its layer.
//
// To read one:
//
//	r, err := savedgraph.NewReader(file, savedgraph.Limits{Dimensions: 100, Nodes: 1_000_000})
//	for {
//		key, vector, err := r.Next()
//		if err == io.EOF { … }
//	}
//
// A Reader gives the nodes of the lowest layer, which are all there are, and
// checks the form of what follows. It looks at no neighbours: whoever wants a
// graph builds it anew. The library's own reader allocates by whatever lengths a
// file claims; this one allocates a key and a vector of the length it was told.
//
// Caveats:
//
//   - The file does not say what its keys are. Strings and ints are read; other
//     kinds of key, which the library takes too, are not.
//   - It has no checksum. What was changed within a vector is not seen.
//
// FORMAT.md describes the file, byte by byte.
package savedgraph
