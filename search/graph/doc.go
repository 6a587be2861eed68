// Package graph finds the nearest of many vectors without comparing all of them:
// a hierarchical navigable small world graph (Malkov and Yashunin, IEEE TPAMI
// 2018, arXiv:1603.09320) over vectors of one byte a dimension, or of float32. It
// knows nothing of documents.
//
// Its nouns:
//
//   - A row is a vector's number, from 0 on.
//   - Vectors are the rows' codes, one after another, and the ways to score them:
//     in sequence, or those of given rows. A score is an exact dot product of
//     codes, and more is nearer. A Form says where they are numbers instead:
//     numbers.go.
//   - A Graph leads from each row to some that are near it in all directions. At
//     level 0 stands every row; one in Links reaches the next level, where steps
//     are longer. It does not change; Grow makes a larger one of it.
//   - A beam is the best rows a search has met so far. It follows them up to its
//     horizon, which lies the farther the greater the breadth. Breadth buys recall
//     with time.
//   - A Scratch is the memory of a search, to be kept for the next.
//
// A search for the ten nearest of what a filter admits:
//
//	g, err := graph.Build(ctx, vectors, graph.Options{})
//	var s graph.Scratch
//	found := g.Search(&s, query, 60, admitted)
//	found = rescored(found[:min(24, len(found))])[:10]
//
// The codes are all it sees. Two vectors whose codes score alike are told apart
// by whoever has the vectors: taking some more than are wanted, and scoring these
// anew, loses nothing against a graph over float32.
//
// Caveats:
//
//   - The answer is approximate: a row may be missed, and a rare query misses
//     most. Only Vectors.Nearest is exact.
//   - A row that is gone stays in the graph, and out of the admitted, until Grow
//     leaves it out.
//   - A filter that takes away just the rows around a query leaves a shell of
//     rows that score alike: of these a filtered search finds few of the best.
//   - On amd64 with AVX-512 VNNI or AVX2 the inner loops are assembly, elsewhere
//     plain Go, with the same scores to the last bit.
//
// FORMAT.md describes what Append writes, byte by byte.
package graph
