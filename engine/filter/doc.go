// Package filter reads the filter language of the HTTP contract, which
// searches and queries share:
//
//	or    = and { "or" and }
//	and   = not { "and" not }
//	not   = "not" not | "(" or ")" | test
//	test  = field ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
//	      | field [ "not" ] "in" "[" value { "," value } "]"
//	      | field [ "not" ] "exists"
//	value = number | "true" | "false" | text
//
// A text stands in single or double quotes, a quote inside doubled; so does a
// time, as RFC 3339 writes it, or as a day alone. The words
// of the language count in whatever case, names of fields only in their own.
//
// [Parse] gives a tree of [And], [Or], [Not] and [Test], and [Compile] makes it a function. Which
// fields there are, and of which [Kind], the caller says; what a test means
// for a field without a value, or with many, is also the caller's:
//
//	e, err := filter.Parse("year >= 2020 and not (color in ['red', 'blue'])", filter.Fields{
//		Location: "body.filter", Noun: "a field of the collection", Kind: kindOf,
//	})
//
// A filter has at most 4,096 bytes and nests at most 32 deep; so the tree is
// no deeper than that, and its tests and values are fewer than its bytes.
package filter
