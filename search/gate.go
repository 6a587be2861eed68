package search

import (
	"context"
	"slices"
	"sync"

	"quintet/engine"
)

// gate lets as many embeddings run as there are processors. Who waits is let
// in by turns: one embedding of each tenant after the other, queries before
// imports. Imports leave one place free, and come in small units, so that a
// query hardly waits for them.
type gate struct {
	places int // that there are
	bulk   int // of them that imports may take

	mu        sync.Mutex // guards what follows
	running   int
	importing int // of those that run
	passed    int // queries that were let in since an import could have been
	queries   line
	imports   line
}

const (
	maxWaiting = 64 // queries of one tenant
	maxPassed  = 16 // queries that go before an import that waits
)

func newGate(places int) *gate {
	return &gate{places: places, bulk: max(1, places-1), queries: newLine(), imports: newLine()}
}

// enter waits for a place and returns how to leave it. Errors: errWaiting, the
// cause of ctx.
func (g *gate) enter(ctx context.Context, t engine.Tenant, bulk bool) (leave func(), err error) {
	turn, l := make(chan struct{}), &g.queries
	if bulk {
		l = &g.imports
	}
	g.mu.Lock()
	if !bulk && len(l.turns[t]) >= maxWaiting {
		g.mu.Unlock()
		return nil, errWaiting
	}
	l.add(t, turn)
	g.admit()
	g.mu.Unlock()
	select {
	case <-turn:
		return func() { g.leave(bulk) }, nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	waited := l.remove(t, turn)
	g.mu.Unlock()
	if !waited { // the place was given in this very moment
		g.leave(bulk)
	}
	return nil, context.Cause(ctx)
}

func (g *gate) leave(bulk bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	if bulk {
		g.importing--
	}
	g.admit()
}

// admit gives the free places away. It is called under mu.
func (g *gate) admit() {
	for ; g.running < g.places; g.running++ {
		query, bulk := len(g.queries.tenants) > 0, len(g.imports.tenants) > 0 && g.importing < g.bulk
		switch {
		case bulk && (!query || g.passed >= maxPassed):
			g.passed = 0
			g.importing++
			close(g.imports.next())
		case query:
			if bulk {
				g.passed++
			}
			close(g.queries.next())
		default:
			return
		}
	}
}

// line is who waits. Between two turns of a tenant every other one that waits
// has one.
type line struct {
	turns   map[engine.Tenant][]chan struct{} // of a tenant, in the order in which they came
	tenants []engine.Tenant                   // that wait, by their turns
	last    engine.Tenant                     // whose turn was the last
}

func newLine() line { return line{turns: map[engine.Tenant][]chan struct{}{}} }

func (l *line) add(t engine.Tenant, turn chan struct{}) {
	if len(l.turns[t]) == 0 {
		l.tenants = append(l.tenants, t)
	}
	l.turns[t] = append(l.turns[t], turn)
}

// next takes the turn out that comes next. A tenant that came after the last
// turn of another goes before that one's next.
func (l *line) next() chan struct{} {
	if l.tenants[0] == l.last {
		l.tenants = append(l.tenants[1:], l.last)
	}
	l.last = l.tenants[0]
	turn := l.turns[l.last][0]
	if l.remove(l.last, turn); len(l.turns[l.last]) > 0 {
		l.tenants = append(l.tenants[1:], l.last)
	}
	return turn
}

// remove takes a turn out, and reports whether it was still waiting.
func (l *line) remove(t engine.Tenant, turn chan struct{}) bool {
	at := slices.Index(l.turns[t], turn)
	if at < 0 {
		return false
	}
	if l.turns[t] = slices.Delete(l.turns[t], at, at+1); len(l.turns[t]) == 0 {
		delete(l.turns, t)
		l.tenants = slices.DeleteFunc(l.tenants, func(one engine.Tenant) bool { return one == t })
	}
	return true
}
