// Package column keeps the values of one field of a segment, row by row, and
// answers filters, facets and sorts from them.
//
// Its nouns:
//
//   - A row is a document of the segment, numbered from 0.
//   - A value is what one row has: any number of words, an integer, a float or
//     a boolean, by the [Kind] of the column. A row may lack a value.
//   - A word is a text that is compared as a whole and ordered by its bytes. The
//     dictionary of a column holds each of its words once.
//   - An ordinal is the number of a word in the dictionary.
//   - A [Column] answers. A [Builder] is a column in memory that still grows: it
//     answers by looking at every row.
//   - A sealed column was encoded and opened again. It has what a builder lacks:
//     for each word the rows that have it, for numbers the rows in their order.
//   - A [Key] is what rows are sorted by, in one segment and across segments.
//
// For example:
//
//	b := column.NewBuilder(column.Words)
//	b.Add(column.Value{Set: true, Words: []string{"red", "wool"}})
//	b.Add(column.Value{})
//	sealed, err := column.Open(b.Append(nil))
//	rows := column.Evaluate(filter, sealed.Rows(), sealed.Test)
//	sealed.Facets(rows, func(word string, n int) { … })
//
// A row without a value passes no test; so "not" is true of it. A row passes
// with any of its words. A date is an integer of milliseconds.
//
// The rows of a word that many have are a roaring bitmap (Lemire et al. 2018,
// "Roaring Bitmaps: Implementation of an Optimized Software Library"); those of
// a rare word are a list, as a bitmap costs more than it holds.
//
// Caveats:
//
//   - A sealed column takes up to 8 bytes for each word of a row, or 12 for a
//     number, 4 for each row, and the dictionary. It shares nothing with the bytes it was
//     opened from.
//   - Facets of numbers are meant for those with few values: each that differs
//     is a facet.
//   - All NaN are one number below every other, and -0 is 0.
//   - Open refuses bytes it cannot read. It does not see a value that was
//     changed into another: the file around a column has the checksum.
//
// FORMAT.md describes a sealed column, byte by byte.
package column
