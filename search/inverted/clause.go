package inverted

// Kind is what a clause looks for.
type Kind uint8

const (
	// Term finds the rows with any of Terms. If no segment has one of them,
	// those with a word that Word is a typo of.
	Term Kind = iota
	// Prefix finds the rows with a word that begins with Word.
	Prefix
	// Phrase finds the rows in which each of Places is at its offset.
	Phrase
)

// A Clause is one part of a query. A row matches a query when it matches any
// of its clauses, and its score is the sum over all.
type Clause struct {
	Kind   Kind
	Weight float64 // above 0, at most MaxWeight; a clause of any other is left out
	Word   string  // lower-cased, for Term and Prefix; a Term without one has no typos
	Terms  []string
	Places []Place
}

// A Place is a word of a phrase, as any of several terms: one for each analysis
// that the searched fields have.
type Place struct {
	Terms  []string
	Offset uint32 // in words from the beginning; stop words leave gaps
}

// The limits of a query. What goes beyond them is cut; [Plan] says how much.
const (
	MaxClauses  = 256
	MaxExpanded = 16    // clauses of a query that are expanded by prefix or typo
	MaxPlaces   = 64    // of a phrase; a longer one is searched by its beginning
	MaxPrefixed = 1_024 // terms of a prefix, the most frequent
	MaxTypos    = 64    // terms of a typo, the nearest, and of those the most frequent
)
