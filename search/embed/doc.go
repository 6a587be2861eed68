// Package embed turns text into vectors with a language model of its own, in
// the process, without a network or a foreign library.
//
// Its nouns:
//
//   - A text is what a caller hands in, of any length and in any encoding.
//   - A token is a piece of a word that the model knows, an id below 30,522.
//     A text is [CLS], its tokens and [SEP], at most [MaxTokens] together.
//   - A passage is a part of a longer text, with its place and its tokens.
//     Passages overlap, so that what stands on a border is whole in one of them.
//   - The pass is the computation from the tokens of one text to its vector:
//     six layers of attention and feed-forward.
//   - A vector is [Dim] float32 of length 1. The dot product of two says how
//     near in meaning their texts are.
//   - A matrix is int8 weights, packed as the kernels want to read them.
//   - Activations are the numbers between two matrices, rounded to uint8 with
//     a scale and a zero point for each token, so that the sums are exact
//     integers.
//   - Kernels are the inner loops, as a set: "avx512-vnni", "avx2" or "go". The
//     best that the processor and the operating system carry is chosen once.
//
// For example:
//
//	m, err := embed.Open()
//	vectors, tokens, err := m.Embed(ctx, []string{"How do I reset my password?"})
//
//	passages, cut := m.Passages(chapter)
//	vectors, err = m.EmbedPassages(ctx, passages)
//
// The model is all-MiniLM-L6-v2 of sentence-transformers (Apache-2.0, data/LICENCE
// and data/PROVENANCE.md): MiniLM (Wang et al. 2020) with 6 layers, width 384
// and 12 heads, trained as a sentence encoder (Reimers and Gurevych 2019).
// Weights and vocabulary are part of the executable; FORMAT.md describes them
// byte by byte. The word embeddings are read in place, the matrices are packed
// at the first text. A text takes one core. Batches bring nothing but the use
// of the other cores.
//
// Caveats:
//
//   - English only. Other scripts become single letters or [UNK]; texts of
//     [UNK] alone resemble each other whatever they say. Search by keyword has
//     to carry those.
//   - A text is cut at 256 tokens. How many were used is returned beside the
//     vector; [Model.Passages] divides longer texts.
//   - An empty text has a vector, which means nothing.
//   - Vectors of different kernels agree to a cosine of at least .9997, not bit
//     for bit. On one kernel a text's vector is always the same, bit by bit.
//   - Vectors of models with another [Model.Hash] cannot be compared.
//   - The kernel "go" takes some 2 to 4 ms for each token, more than ten times
//     as long as "avx2": time-outs and progress have to reckon with
//     [Model.Kernel].
//   - Dot products are not calibrated: they order the answers to one query and
//     are no probability.
package embed
