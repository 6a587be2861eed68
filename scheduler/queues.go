package scheduler

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// Queue is a queue as clients see it.
type Queue struct {
	Name       string         `json:"name"`
	State      QueueState     `json:"state" enum:"active,paused,draining" doc:"Paused: hands out no jobs. Draining: takes none."`
	Note       string         `json:"note,omitempty" doc:"Of whoever paused or drained it."`
	Jobs       map[string]int `json:"jobs" doc:"How many there are in each state. Finished ones are counted until they are removed."`
	Oldest     *time.Time     `json:"oldest" doc:"Since when the job that has waited longest is ready; null when none is."`
	PerSecond  QueueRates     `json:"per_second" doc:"Over the last minute."`
	Definition *QueueSpec     `json:"definition,omitempty" doc:"As PUT defined it; not in lists."`
}

// QueueRates is how much happens in a queue.
type QueueRates struct {
	Enqueued float64 `json:"enqueued"`
	Started  float64 `json:"started" doc:"Attempts."`
	Done     float64 `json:"done"`
	Dead     float64 `json:"dead"`
}

// queueStanding is what the board knows of a queue.
type queueStanding struct {
	name             string
	paused, draining bool
	note             string
	count            [states]int
	oldest           int64
	rates            [kindsLately]float64
}

func newQueue(c queueStanding) Queue {
	q := Queue{Name: c.name, State: Active, Note: c.note, Jobs: map[string]int{}}
	if c.paused {
		q.State = Paused
	} else if c.draining {
		q.State = Draining
	}
	for state := Scheduled; state < states; state++ {
		q.Jobs[state.String()] = c.count[state]
	}
	if c.oldest != 0 {
		at := clockTime(c.oldest)
		q.Oldest = &at
	}
	q.PerSecond = QueueRates{c.rates[enqueuedLately], c.rates[startedLately], c.rates[doneLately], c.rates[deadLately]}
	return q
}

// queues returns a page of the tenant's queues by name.
func (s *Scheduler) queues(t engine.Tenant, limit int, cursor []byte) api.List[Queue] {
	var list []Queue
	for _, c := range s.board.standings(t) {
		if c.name > string(cursor) && len(list) <= limit {
			list = append(list, newQueue(c))
		}
	}
	return api.NewList(list, limit, func(q Queue) []byte { return []byte(q.Name) })
}

// standing is what the board knows of one queue.
func (s *Scheduler) standing(t engine.Tenant, name string) (queueStanding, error) {
	for _, c := range s.board.standings(t) {
		if c.name == name {
			return c, nil
		}
	}
	return queueStanding{}, errQueueNotFound
}

// standings lists a tenant's queues by name.
func (b *board) standings(t engine.Tenant) []queueStanding {
	oldest := b.oldest()
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []queueStanding
	if tb := b.tenants[t.UID()]; tb != nil {
		for name, l := range tb.lines {
			if l.known {
				list = append(list, queueStanding{
					name, l.limits.paused, l.limits.draining, l.limits.note, l.count, oldest[l], l.recent.perSecond(b.elapsed()),
				})
			}
		}
	}
	slices.SortFunc(list, func(a, b queueStanding) int { return cmp.Compare(a.name, b.name) })
	return list
}

// names lists a tenant's queues.
func (b *board) names(t engine.Tenant) (names []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if tb := b.tenants[t.UID()]; tb != nil {
		for name, l := range tb.lines {
			if l.known {
				names = append(names, name)
			}
		}
	}
	return names
}

// limitsOf returns the limits of a queue, those of an undefined one if there
// is none.
func (b *board) limitsOf(t engine.Tenant, queue string) limits {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.lineOf(t, queue); l != nil {
		return l.limits
	}
	return limits{}
}

// ages is what was found when somebody last looked at every entry.
type ages struct {
	mu     sync.Mutex // before the board's
	found  map[*line]int64
	at     time.Duration // since the start
	chunks int           // how much there was to look at
}

// agesFor is how long ages hold where there is more than one chunk to look at:
// however many follow queues, the entries are looked at once a second.
const agesFor = time.Second

// oldest tells of each queue since when the job that has waited longest is
// ready. It looks at every entry, a chunk at a time, so that the committer
// waits for none but one chunk. The map is not to be changed.
func (b *board) oldest() map[*line]int64 {
	b.ages.mu.Lock()
	defer b.ages.mu.Unlock()
	if now := b.sinceStart(); b.ages.chunks <= 1 || now-b.ages.at >= agesFor {
		b.ages.found, b.ages.at, b.ages.chunks = map[*line]int64{}, now, 0
		for b.oldestIn(b.ages.chunks, b.ages.found) {
			b.ages.chunks++
		}
	}
	return b.ages.found
}

func (b *board) oldestIn(n int, oldest map[*line]int64) (more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n >= len(b.entries.chunks) {
		return false
	}
	for i := range b.entries.chunks[n] {
		e := &b.entries.chunks[n][i]
		if e.state != Ready {
			continue
		}
		l := b.groups[e.group].line
		if at, ok := oldest[l]; !ok || e.time < at {
			oldest[l] = e.time
		}
	}
	return true
}

// totals sums over all tenants and queues.
func (b *board) totals() (count [states]int, since int64) {
	for _, at := range b.oldest() {
		if since == 0 || at < since {
			since = at
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, tb := range b.tenants {
		for _, l := range tb.lines {
			for state, n := range l.count {
				count[state] += n
			}
		}
	}
	return count, since
}
