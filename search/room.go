package search

import (
	"context"
	"time"

	"quintet/engine"
)

// evictAfter is how long a collection is not used before it has to give its
// memory for others to grow. For others to be loaded it gives it at once.
const evictAfter = 10 * time.Second

// trimAlways trims until ctx ends.
func (s *Service) trimAlways(ctx context.Context) {
	tick := time.NewTicker(maintainEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.trim()
		}
	}
}

// trim makes collections cold until the indexes take no more than they may. Where
// that is not enough, the tenants that take more than their share have to wait
// with more documents.
func (s *Service) trim() {
	s.room.Lock()
	defer s.room.Unlock()
	var crowded map[engine.UID]bool
	if s.makeRoom(0, time.Now().Add(-evictAfter)) < 0 {
		crowded = overShare(s.memoryByTenant(), s.options.Memory)
	}
	s.crowded.Store(&crowded)
}

// mayGrow refuses documents of a tenant that there is no memory to index.
func (s *Service) mayGrow(t engine.Tenant) error {
	if crowded := s.crowded.Load(); crowded != nil && (*crowded)[t.UID()] {
		return errCrowded
	}
	return nil
}

// memoryByTenant tells what the indexes of each tenant take, those too that are
// being loaded.
func (s *Service) memoryByTenant() map[engine.UID]int64 {
	taken := map[engine.UID]int64{}
	for _, c := range s.warmed() {
		if n := c.memory(); n > 0 {
			taken[c.tenant.UID()] += n
		}
	}
	return taken
}

// overShare returns the tenants that take more than an equal share of so many
// bytes.
func overShare(taken map[engine.UID]int64, bytes int64) map[engine.UID]bool {
	over := map[engine.UID]bool{}
	for t, n := range taken {
		over[t] = n > bytes/int64(len(taken))
	}
	return over
}

// admitIndex makes room for an index of about so many bytes, which is being
// loaded. A tenant has its share also while others take more than theirs.
func (s *Service) admitIndex(c *collection, bytes int64) error {
	s.room.Lock()
	defer s.room.Unlock()
	more := bytes - c.memory()
	left, taken := s.makeRoom(more, time.Now()), s.memoryByTenant()
	taken[c.tenant.UID()] += more
	if left < 0 && overShare(taken, s.options.Memory)[c.tenant.UID()] {
		return engine.Errorf(engine.Full, "index_memory_full", "the index of collection %s takes about %d MB, and the setting search.memory leaves %d MB for it; raise that, or delete other collections",
			c.name, bytes>>20+1, max(0, bytes+left)>>20)
	}
	c.expect(bytes)
	return nil
}

// admitGrown does so where an index that is being loaded takes more by now than
// it was expected to.
func (s *Service) admitGrown(c *collection, x *index) error {
	if bytes := x.memory(); bytes > c.memory() {
		return s.admitIndex(c, bytes)
	}
	return nil
}

// makeRoom makes collections cold that were not used since, until there is room
// for so many bytes more: those of tenants that take more than their share
// before others, and the longest unused first. It returns how much is left then.
// What is not sealed yet is sealed soon.
func (s *Service) makeRoom(bytes int64, since time.Time) (left int64) {
	taken := s.memoryByTenant()
	left = s.options.Memory - bytes
	for _, n := range taken {
		left -= n
	}
	all := s.warmed()
	for left < 0 {
		c := leastUsed(all, since, overShare(taken, s.options.Memory))
		if c == nil {
			return left
		}
		memory := c.memory()
		if c.evict() {
			left, taken[c.tenant.UID()] = left+memory, taken[c.tenant.UID()]-memory
			s.metrics.evicted.Inc()
			s.log.Debug("a collection gave its memory to others", "collection", c.name, "tenant", c.tenant, "bytes", memory)
			continue
		}
		c.seal()
		all = without(all, c)
	}
	return left
}

// leastUsed returns the collection in memory that was not used for the longest
// time, of one of these tenants if there is any, nil where all were used since.
func leastUsed(all []*collection, since time.Time, first map[engine.UID]bool) (least *collection) {
	var used time.Time
	for _, c := range all {
		c.mu.Lock()
		candidate := c.index != nil && !c.used.After(since)
		if candidate && (least == nil || before(c, least, first, used)) {
			least, used = c, c.used
		}
		c.mu.Unlock()
	}
	return least
}

// before reports whether a goes before b, which was used then.
func before(a, b *collection, first map[engine.UID]bool, used time.Time) bool {
	if x, y := first[a.tenant.UID()], first[b.tenant.UID()]; x != y {
		return x
	}
	return a.used.Before(used)
}

func without(all []*collection, c *collection) (others []*collection) {
	for _, other := range all {
		if other != c {
			others = append(others, other)
		}
	}
	return others
}

// seal has the part that grows sealed, whatever its age. Where a search looks at
// it, that is left to who looks for room next.
func (c *collection) seal() {
	x, release := c.loaded()
	defer release()
	if x == nil || !x.segment.TryLock() {
		return
	}
	defer x.segment.Unlock()
	if x.current.rows() > 0 && !time.Now().Before(x.resume) {
		x.freeze()
	}
}
