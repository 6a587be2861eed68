// Package analysis turns texts into the terms they are searched by, and shows
// where in a text those stand.
//
// Its nouns:
//
//   - A word is a run of letters and digits. Han, Hiragana and Katakana are
//     written without blanks, so each of their characters is a word.
//   - A term is what a word is searched by: its stem, without accents.
//   - A stop word is so frequent that it has no term, but a position.
//   - A [Token] is a word where it stands, with its term.
//   - A [Clause] is one thing that a query asks for: a term, a phrase, or what
//     words begin with.
//   - A snippet is the part of a text that shows best why it was found.
//
// Documents and queries go through one [Analyzer], that of their language:
//
//	english, _ := analysis.For("en")
//	english.Tokens("The warm coats", func(t analysis.Token) bool { … }) // warm at 1, coat at 2
//	clauses, _ := english.Query(`"warm coats" wint*`)
//	html := english.Highlight(text, match, analysis.Options{Length: 200})
//
// What happens to a word, in order:
//
//  1. Compatibility forms are decomposed (Unicode's NFKD): ﬁ is f and i, ½ is
//     the words 1 and 2. What is then neither letter, number nor accent parts
//     words, so do bytes that are not UTF-8.
//  2. It is written in lower case. In Turkish I becomes ı, and İ i.
//  3. English and "simple" drop its accents. The other languages keep them,
//     composed (NFC), for é and e are two letters to their stemmers. Russian
//     writes е for ё, Romanian ş and ţ for ș and ț. So a text has the same
//     terms however its accents are encoded.
//  4. A stop word ends here.
//  5. Snowball's stemmer of the language takes its ending off, if it has only
//     letters that the stemmer knows, and three bytes or more. "simple" stems
//     nothing and stops nothing.
//  6. The languages that kept accents drop them now, and write ss for ß, ae for
//     æ, oe for œ, o for ø, d for đ and ð, th for þ, l for ł, i for ı.
//  7. It is cut to 64 bytes. A word that is longer is not stemmed.
//
// [Token.Word] is the word without steps 4 and 5.
//
// Caveats:
//
//   - What a stemmer does with "cafe" and with "café" may differ, as endings
//     with an accent are others than those without.
//   - German ä is found by a, not by ae.
//   - Stop words are not indexed: "to be or not to be" asks for nothing.
//   - The marks that spell vowels in Indic scripts part words or are dropped,
//     but for Tamil in its own language.
//   - Korean and Thai are not cut into words, but where they have blanks.
package analysis

// Version counts the changes after which a text has other terms: an index of an
// earlier one has to be made anew. 2: the English stop words are whole.
const Version = 2
