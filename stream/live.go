package stream

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"quintet/engine"
)

// LiveQuery asks for frames of what comes in.
type LiveQuery struct {
	Step        string
	GroupBy     []string
	Select      []string
	Filter      string
	LastEventID string // "" = from now on
}

// queued is how many frames a subscriber may be behind.
const queued = 16

// subscriber is one live connection. The tick puts frames into its queue and
// never waits; one that is full ends the subscription.
type subscriber struct {
	frames chan *frame
	once   sync.Once
	ended  chan struct{} // closed after why is set
	why    goodbye
}

func newSubscriber() *subscriber {
	return &subscriber{frames: make(chan *frame, queued), ended: make(chan struct{})}
}

func (sub *subscriber) end(why goodbye) {
	sub.once.Do(func() {
		sub.why = why
		close(sub.ended)
	})
}

// hub counts live connections, and knows when there shall be no more.
type hub struct {
	limit, tenantLimit int

	mu     sync.Mutex
	total  int
	tenant map[engine.Tenant]int
	closed bool
}

func (h *hub) init(c Config) {
	h.limit, h.tenantLimit, h.tenant = c.Subscribers, c.SubscribersTenant, map[engine.Tenant]int{}
}

var errSubscribers = &engine.Error{Kind: engine.Busy, Code: "too_many_subscribers", Detail: "too many live connections are open; close some", RetryAfter: 5 * time.Second}

// enter counts a connection until leave is called.
func (h *hub) enter(t engine.Tenant) (leave func(), err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return nil, engine.ErrClosed
	case h.total >= h.limit || h.tenant[t] >= h.tenantLimit:
		return nil, errSubscribers
	}
	h.total++
	h.tenant[t]++
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.total--
		if h.tenant[t]--; h.tenant[t] == 0 {
			delete(h.tenant, t)
		}
	}, nil
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
}

// ended says goodbye to a subscriber that joined after the others were told.
func (h *hub) ended(sub *subscriber) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		sub.end(goodbyeStopping)
	}
}

func (h *hub) size() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.total
}

// tick sends every feed what came since the last tick.
func (s *Streams) tick() {
	for _, st := range s.registry.all() {
		for _, f := range st.feedList() {
			s.send(st, f)
		}
	}
}

func (st *stream) feedList() (feeds []*feed) {
	st.mu.RLock()
	defer st.mu.RUnlock()
	for _, f := range st.feeds {
		feeds = append(feeds, f)
	}
	return feeds
}

// send encodes a feed's frame once, outside the lock, for those who subscribe
// at the moment of the take: who comes later begins behind it.
func (s *Streams) send(st *stream, f *feed) {
	f.sending.Lock()
	defer f.sending.Unlock()
	st.mu.Lock()
	r, first, last := f.take(st.next)
	subscribers := make([]*subscriber, 0, len(f.subscribers))
	for sub := range f.subscribers {
		subscribers = append(subscribers, sub)
	}
	st.mu.Unlock()
	if r == nil {
		return
	}
	fr := r.frame(s.tag(st), first, last)
	for _, sub := range subscribers {
		select {
		case sub.frames <- fr:
		default:
			s.metrics.dropped.Inc()
			sub.end(goodbyeSlow)
		}
	}
}

// feedKey is equal for questions that get equal frames.
func (q LiveQuery) feedKey(version uint64) string {
	return fmt.Sprintf("%d %q %q %q %q", version, q.Step, q.Filter, q.GroupBy, q.Select)
}

// join makes sub a subscriber of a question's feed, if the feed has told
// exactly the events up to told, or told is joinNow. Where it has told others,
// the subscriber has to read on by itself, or the feed to tell more.
func (st *stream) join(sub *subscriber, p *plan, key string, told uint64) (f *feed, at uint64, joined bool, err error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	f = st.feeds[key]
	switch {
	case st.gone || p.shape != st.shape:
		sub.end(goodbyeRedefined)
		return nil, told, true, nil
	case f == nil && len(st.feeds) >= maxFeeds:
		return nil, 0, false, errFeeds
	case f == nil:
		f = newFeed(p, st.next-1)
		st.feeds[key] = f
	}
	if joined = told == joinNow || told == f.told; joined {
		f.subscribers[sub] = struct{}{}
	}
	return f, f.told, joined, nil
}

// joinNow joins wherever the feed is.
const joinNow = ^uint64(0)

var errFeeds = &engine.Error{Kind: engine.Busy, Code: "too_many_live_queries", Detail: "too many different live queries are open on this stream; ask what others ask, or query", RetryAfter: 5 * time.Second}

// leave ends a subscription; the last one takes its feed along.
func (st *stream) leave(sub *subscriber, key string) {
	st.mu.Lock()
	defer st.mu.Unlock()
	f := st.feeds[key]
	if f == nil {
		return
	}
	delete(f.subscribers, sub)
	if len(f.subscribers) == 0 {
		delete(st.feeds, key)
	}
}

func (q LiveQuery) question() question {
	return question{step: cmp.Or(q.Step, "1s"), groupBy: q.GroupBy, sel: q.Select, filter: q.Filter, where: "query."}
}
