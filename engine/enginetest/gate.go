package enginetest

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
)

// Gate holds back the operations of a [Disk] until a driver lets them pass,
// one at a time. A driver inside a synctest bubble that passes one only when
// all goroutines are idle makes a seed fix the order of everything:
//
//	gate := new(enginetest.Gate)
//	disk.OnOp(gate.Enter)
//	go func() { … use the disk … }()
//	for passed := true; passed; {
//		synctest.Wait()
//		passed = gate.Pass(rng)
//	}
type Gate struct {
	mu      sync.Mutex
	failure error
	waiting []*visitor
}

type visitor struct {
	what string
	pass chan error
}

// Enter waits to be passed. It is made for Disk.OnOp.
func (g *Gate) Enter(op, name string) error {
	v := &visitor{what: name + " " + op, pass: make(chan error)}
	g.mu.Lock()
	g.waiting = append(g.waiting, v)
	g.mu.Unlock()
	return <-v.pass
}

// Fail makes every operation that passes from now on fail with err.
func (g *Gate) Fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failure = err
}

// Pass lets one waiting operation through and reports whether any waited.
func (g *Gate) Pass(rng *rand.Rand) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		return false
	}
	slices.SortStableFunc(g.waiting, func(a, b *visitor) int { return strings.Compare(a.what, b.what) })
	i := rng.IntN(len(g.waiting))
	v := g.waiting[i]
	g.waiting = slices.Delete(g.waiting, i, i+1)
	v.pass <- g.failure
	return true
}
