package search

import "sync"

// warm is the collections whose index is in memory, or on its way there: those
// that have to be looked at each second, among however many are cold. Safe for
// concurrent use.
//
// Its lock is taken before the residence of a collection.
type warm struct {
	mu  sync.Mutex
	set map[*collection]bool
}

// add is called when the index of a collection begins to be loaded.
func (w *warm) add(c *collection) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.set == nil {
		w.set = map[*collection]bool{}
	}
	w.set[c] = true
}

// list returns them, in no order, and forgets those that are cold again, or are
// not there any more.
func (w *warm) list(there func(*collection) bool) []*collection {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]*collection, 0, len(w.set))
	for c := range w.set {
		if c.cold() || !there(c) {
			delete(w.set, c)
		} else {
			list = append(list, c)
		}
	}
	return list
}

// warmed returns the collections whose index is in memory, or on its way there.
func (s *Service) warmed() []*collection { return s.warm.list(s.registry.has) }
