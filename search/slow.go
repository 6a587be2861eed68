package search

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// SlowSearch is a search that took long. Its tenant may read what was asked;
// the log says only how long it took.
type SlowSearch struct {
	Time   time.Time `json:"time"`
	TookMS float64   `json:"took_ms"`
	Mode   string    `json:"mode"`
	Q      string    `json:"q,omitempty" doc:"The first 256 bytes."`
	Filter string    `json:"filter,omitempty" doc:"The first 256 bytes."`
	Limit  int       `json:"limit"`
	Found  int       `json:"found"`
}

const (
	defaultSlow = 500 * time.Millisecond
	slowKept    = 100 // of a collection, the newest
	slowText    = 256
	slowLogged  = time.Second // at most one line in so long
)

// slowSearches are the newest of one collection.
type slowSearches struct {
	mu   sync.Mutex
	list []SlowSearch // a ring
	at   int
}

func (l *slowSearches) add(one SlowSearch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) < slowKept {
		l.list = append(l.list, one)
		return
	}
	l.list[l.at] = one
	l.at = (l.at + 1) % slowKept
}

// newest returns them, the newest first.
func (l *slowSearches) newest() []SlowSearch {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]SlowSearch, 0, len(l.list))
	for i := range l.list {
		list = append(list, l.list[(l.at+2*len(l.list)-1-i)%len(l.list)])
	}
	return list
}

// noteSlow keeps a search that took longer than it should, and logs it unless
// another one was a moment ago.
func (s *Service) noteSlow(c *collection, q *Query, a *Answer, took time.Duration) {
	if took < s.options.SlowSearch {
		return
	}
	now := s.e.Clock.Now()
	s.metrics.slow.Inc()
	c.slow.add(SlowSearch{
		Time: now.UTC(), TookMS: a.TookMS, Mode: a.Mode, Q: beginning(q.Q), Filter: beginning(q.Filter),
		Limit: cmp.Or(int(q.Limit), defaultLimit), Found: a.Found,
	})
	if last := s.slowLogged.Load(); now.UnixNano()-last >= int64(slowLogged) && s.slowLogged.CompareAndSwap(last, now.UnixNano()) {
		s.log.Warn("a search was slow", "collection", c.name, "tenant", c.tenant, "mode", a.Mode, "took", took, "found", a.Found)
	}
}

// beginning is that of a text, as a copy: the whole of it is not kept.
func beginning(text string) string {
	return strings.Clone(strings.ToValidUTF8(text[:min(len(text), slowText)], "")) // a letter may be cut through
}

// SlowSearches lists the newest searches of a collection that took long since
// the start, the newest first.
func (s *Service) SlowSearches(ctx context.Context, t engine.Tenant, collection string) ([]SlowSearch, error) {
	c, err := s.open(ctx, t, collection)
	if err != nil {
		return nil, err
	}
	if len(callerOf(ctx).Filters) > 0 {
		return nil, errBoundSlow
	}
	return c.slow.newest(), nil
}

func (s *Service) getSlowSearches(ctx context.Context, in *CollectionPath) (*struct{ Body api.List[SlowSearch] }, error) {
	list, err := s.SlowSearches(ctx, tenantOf(ctx), in.Collection)
	if err != nil {
		return nil, err
	}
	return &struct{ Body api.List[SlowSearch] }{api.List[SlowSearch]{Items: list}}, nil
}
