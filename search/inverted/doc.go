// Package inverted finds rows by the words in them and ranks them: the inverted
// index of a segment.
//
// Its nouns:
//
//   - A row is a number from 0 on. What it stands for, and which rows are
//     deleted, the caller knows: here deleted rows stay and count.
//   - A [Token] is a word of a row: the term that is searched, the surface word
//     that it comes from, its position and the weight of its field.
//   - A posting is that a row has a term, with tf, the sum of the weights of
//     its tokens there. The length of a row is the sum over all its tokens.
//   - A segment is a number of rows: a [Memory], which grows, or an [Index],
//     which is encoded bytes and never changes. [Merge] makes one index of several
//     segments.
//   - A [Clause] is a term, the beginning of a word or a phrase; a query is a
//     list of them, and a row matches that matches one.
//   - A [Plan] is a query with what all segments together know of it.
//   - A [Matcher] runs a plan on one segment.
//
// For example:
//
//	m := inverted.NewMemory()
//	row, err := m.Add([]inverted.Token{{Term: "coat", Word: "coats", Position: 0, Weight: 1}})
//	x, err := inverted.Open(m.Encode())
//	plan := inverted.NewPlan([]inverted.Clause{{Kind: inverted.Term, Terms: []string{"coat"}, Weight: 1}}, x, other)
//	found := plan.In(x)
//	first := found.Top(10, live, nil)
//	count := found.Matches().CountBoth(live)
//
// The score is that of BM25 (Robertson and Zaragoza 2009), in its simple form
// for fields (Robertson, Zaragoza and Taylor 2004), with k1 = 1.2 and b = 0.75:
//
//	Σ weight · ln(1 + (N − df + ½)/(df + ½)) · tf · (k1 + 1)/(tf + k1 · (1 − b + b · length/average))
//
// over the clauses of the query; N, df and the average are those of all
// segments of the plan. Each addend is rounded to a multiple of 2⁻³², at least
// one: then sums are exact, and a row has the same score, bit for bit, in a
// Memory and in an Index, alone or beside others, looked up or found as one of
// the best.
//
// Several terms that one clause may be found by, as those of a prefix, count as
// one term, of the summed tf and the largest df. A term of a misspelt word adds
// 0.8 of its tf, or 0.64. The df of a phrase is that of its rarest word.
//
// Caveats:
//
//   - A word is searched with typos only if no segment of the plan has it, from
//     5 letters on with one, from 9 on with two; never its first letter, never
//     a word with a digit, and never a phrase.
//   - All that begins with one letter takes milliseconds to collect, of a large
//     vocabulary.
//   - Memory unpacks the postings it searches, so a search takes as long as
//     there are postings; Index passes over those that cannot be among the best.
//   - Where a merge leaves rows out, a word that they alone had still leads to
//     its term, while other rows have that.
//   - The sum of all lengths is exact as long as it has less than 2⁵³ units of
//     the smallest weight's last bit; beyond, scores may differ in their last
//     digits between two ways to spread rows over segments.
//
// FORMAT.md describes the encoded bytes.
package inverted
