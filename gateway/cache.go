package gateway

import (
	"sync"
	"time"

	"quintet/engine"
)

// rememberFor bounds how long a credential is taken at its word; revocation
// does not wait for it.
const rememberFor = time.Minute

// verified is the outcome of one verification, which counts as long as it is
// current.
type verified struct {
	principal engine.Principal
	tenant    *tenantState
	epoch     uint64    // of the tenant, read before the store was
	until     time.Time // its own end, or a minute after the verification
}

// current reports whether nothing that the verification relied on has changed:
// the time, the life of the tenant, any of its credentials or keys.
func (v *verified) current(now time.Time) bool {
	return now.Before(v.until) && v.epoch == v.tenant.epoch.Load() && !v.tenant.gone.Load()
}

// shards of the cache, a power of two.
const shards = 64

// cache remembers verified credentials under their SHA-256. It is bounded by
// bytes and forgets what was not used since the hand last passed (second
// chance, also called CLOCK). Refusals are never remembered: whoever guesses
// would fill it.
type cache struct {
	shards [shards]shard
}

type shard struct {
	mu    sync.Mutex
	index map[[32]byte]*remembered
	ring  []*remembered
	hand  int
	bytes int
	limit int
}

type remembered struct {
	hash [32]byte
	verified
	bytes int
	used  bool
}

func newCache(bytes int) *cache {
	c := &cache{}
	for i := range c.shards {
		c.shards[i] = shard{index: map[[32]byte]*remembered{}, limit: bytes / shards}
	}
	return c
}

func (c *cache) shard(hash [32]byte) *shard { return &c.shards[hash[0]%shards] }

// get returns what is remembered and current.
func (c *cache) get(hash [32]byte, now time.Time) (engine.Principal, bool) {
	s := c.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.index[hash]
	if r == nil || !r.current(now) {
		return engine.Principal{}, false
	}
	r.used = true
	return r.principal, true
}

// put remembers v in place of whatever stood under the hash.
func (c *cache) put(hash [32]byte, v verified) {
	size := sizeOf(&v)
	s := c.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	if size > s.limit {
		return
	}
	if r := s.index[hash]; r != nil {
		s.bytes += size - r.bytes
		r.verified, r.bytes = v, size
	} else {
		r := &remembered{hash: hash, verified: v, bytes: size}
		s.index[hash] = r
		s.ring = append(s.ring, r)
		s.bytes += size
	}
	for s.bytes > s.limit {
		s.evict()
	}
}

// evict moves the hand up to one that was not used since it last passed.
func (s *shard) evict() {
	for ; ; s.hand++ {
		if s.hand >= len(s.ring) {
			s.hand = 0
		}
		r := s.ring[s.hand]
		if r.used {
			r.used = false
			continue
		}
		last := len(s.ring) - 1
		s.ring[s.hand], s.ring[last] = s.ring[last], nil
		s.ring = s.ring[:last]
		delete(s.index, r.hash)
		s.bytes -= r.bytes
		return
	}
}

// sizeOf estimates the bytes that a remembered credential takes, the map's and
// ring's share included.
func sizeOf(v *verified) int {
	const fixed = 400
	size := fixed + len(v.principal.Subject)
	for _, texts := range [][]string{v.principal.Scopes, v.principal.Collections, v.principal.Filters} {
		for _, text := range texts {
			size += 16 + len(text)
		}
	}
	return size
}

// size tells what the cache holds.
func (c *cache) size() (entries, bytes int) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		entries, bytes = entries+len(s.index), bytes+s.bytes
		s.mu.Unlock()
	}
	return entries, bytes
}
