package log_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
)

// gate holds operations of the disk back until the driver lets them pass.
type gate struct {
	mu      sync.Mutex
	failed  error // what they get when they pass
	waiting []*visitor
}

type visitor struct {
	what string
	pass chan error
}

func (g *gate) enter(op, name string) error {
	v := &visitor{what: name + op, pass: make(chan error)}
	g.mu.Lock()
	g.waiting = append(g.waiting, v)
	g.mu.Unlock()
	return <-v.pass
}

// pass lets one operation through and reports whether any waited.
func (g *gate) pass(rng *rand.Rand) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		return false
	}
	slices.SortFunc(g.waiting, func(a, b *visitor) int { return strings.Compare(a.what, b.what) })
	i := rng.IntN(len(g.waiting))
	v := g.waiting[i]
	g.waiting = slices.Delete(g.waiting, i, i+1)
	v.pass <- g.failed
	return true
}
