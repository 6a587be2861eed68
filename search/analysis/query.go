package analysis

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is what a clause asks a text for.
type Kind uint8

// The kinds of clauses.
const (
	Term   Kind = iota // the term
	Prefix             // a word that begins with the word
	Phrase             // the terms, one behind the other
)

// Clause is one thing that a query asks for.
type Clause struct {
	Kind   Kind
	Terms  []PhraseTerm // at least two of a phrase, else one
	Weight float64      // how often the query has it
}

// PhraseTerm is a word of a query.
type PhraseTerm struct {
	Term string // "" of a prefix
	Word string // in lower case and without accents, as it first stands in the query
	// Gap is by how much its position is above that of the term before it in
	// its phrase: 1 when it follows directly, 2 with a stop word between. It is
	// 0 of the first.
	Gap int
}

const (
	maxTerms  = 256 // of all clauses of a query together
	maxPhrase = 64  // of one clause
)

// Query reads what a user typed. No text is wrong:
//
//   - A word asks for its term, in whatever order.
//   - Words in quotes, straight or “curled”, ask for a phrase. What begins
//     directly behind a word, like the inch of 19", is no quote; what never
//     ends, ends with the text.
//   - A word with * directly behind it asks for the words that begin with it.
//     It is not stemmed, and may be a stop word. In a phrase * only parts words.
//   - Whatever else stands there only parts words.
//
// Stop words ask for nothing; a query of nothing else has no clauses, for they
// are in no index. A phrase of one term is a term. Clauses stand in the order
// in which each is first asked for.
//
// The clauses have at most 256 terms together, and one phrase at most 64. A
// clause for which there is no room is left out, of a longer phrase its end;
// left is how many words that were, stop words not counted.
func (a *Analyzer) Query(q string) (clauses []Clause, left int) {
	r := reader{analyzer: a, places: map[string]int{}}
	for q != "" {
		words, phrase, rest := cutPhrase(q)
		r.words(words)
		r.phrase(phrase)
		q = rest
	}
	return r.clauses, r.left
}

const quotes = "\"“”„"

// cutPhrase cuts a query around its first phrase.
func cutPhrase(q string) (before, phrase, rest string) {
	last := ' '
	for i, r := range q {
		if strings.ContainsRune(quotes, r) && !partOfWord(last) {
			phrase = q[i+utf8.RuneLen(r):]
			if end := strings.IndexAny(phrase, quotes); end >= 0 {
				_, size := utf8.DecodeRuneInString(phrase[end:])
				phrase, rest = phrase[:end], phrase[end+size:]
			}
			return q[:i], phrase, rest
		}
		last = r
	}
	return q, "", ""
}

func partOfWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

// reader collects the clauses of a query.
type reader struct {
	analyzer *Analyzer
	clauses  []Clause
	places   map[string]int // key of a clause → its index
	terms    int            // of all clauses
	left     int
}

func (r *reader) words(text string) {
	r.analyzer.scan(text, func(t Token) bool {
		switch {
		case strings.HasPrefix(text[t.End:], "*"):
			r.add(Prefix, []PhraseTerm{{Word: t.Word}})
		case t.Term != "":
			r.add(Term, []PhraseTerm{{Term: t.Term, Word: t.Word}})
		}
		return true
	})
}

func (r *reader) phrase(text string) {
	var terms []PhraseTerm
	var last uint32
	r.analyzer.Tokens(text, func(t Token) bool {
		switch {
		case len(terms) == maxPhrase:
			r.left++
			return true
		case len(terms) == 0:
			last = t.Position
		}
		terms = append(terms, PhraseTerm{Term: t.Term, Word: t.Word, Gap: int(t.Position - last)})
		last = t.Position
		return true
	})
	switch len(terms) {
	case 0:
	case 1:
		r.add(Term, terms)
	default:
		r.add(Phrase, terms)
	}
}

// add counts a clause that is there, or appends it if there is room.
func (r *reader) add(kind Kind, terms []PhraseTerm) {
	key := clauseKey(kind, terms)
	at, known := r.places[key]
	switch {
	case known:
		r.clauses[at].Weight++
	case r.terms+len(terms) > maxTerms:
		r.left += len(terms)
	default:
		r.places[key] = len(r.clauses)
		r.terms += len(terms)
		r.clauses = append(r.clauses, Clause{Kind: kind, Terms: terms, Weight: 1})
	}
}

// clauseKey is what two clauses have in common that ask for the same. No term
// has a blank in it.
func clauseKey(kind Kind, terms []PhraseTerm) string {
	key := []byte{'0' + byte(kind)}
	for _, t := range terms {
		key = append(key, ' ')
		if kind == Prefix {
			key = append(key, t.Word...)
			continue
		}
		key = strconv.AppendInt(key, int64(t.Gap), 10)
		key = append(append(key, ' '), t.Term...)
	}
	return string(key)
}
