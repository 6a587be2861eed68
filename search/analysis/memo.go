package analysis

import (
	"hash/maphash"
	"sync/atomic"
)

// entry is what a spelt word becomes.
type entry struct {
	key  string // as spelt
	word string // without accents
	term string // "" for a stop word
}

const (
	memoSets = 16384
	memoWays = 2
)

// memo remembers words, for a text has few different ones and a stemmer is
// slow. A word has one set, by its hash, and pushes out the older of the two
// that are there.
type memo [memoSets][memoWays]atomic.Pointer[entry]

var memoSeed = maphash.MakeSeed()

// lookup returns the entry of a spelt word. Words with a digit are not
// remembered: there are too many, and nothing is derived for them.
func (a *Analyzer) lookup(key []byte) entry {
	set := &a.memo[maphash.Bytes(memoSeed, key)%memoSets]
	for i := range set {
		if e := set[i].Load(); e != nil && e.key == string(key) {
			return *e
		}
	}
	e := a.derive(string(key))
	if e.key != "" && !hasDigit(e.key) {
		// Of two goroutines that do this at once one may lose its word, no more.
		kept := e
		set[1].Store(set[0].Load())
		set[0].Store(&kept)
	}
	return e
}

func hasDigit(word string) bool {
	for i := range len(word) {
		if c := word[i]; '0' <= c && c <= '9' {
			return true
		}
	}
	return false
}
