package scheduler

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"quintet/engine"
)

// QueueSpec is a queue as a client defines it. What is left out is no limit.
type QueueSpec struct {
	Concurrency *int      `json:"concurrency,omitempty" doc:"How many of its jobs run at once, from 1 to 100,000." example:"50"`
	PerKey      *int      `json:"per_key,omitempty" doc:"How many jobs of one key run at once, from 1 to 100,000." example:"1"`
	StrictOrder bool      `json:"strict_order,omitempty" doc:"Jobs of one key run one after the other, by priority and then in the order of their enqueue. One that runs, retries or is snoozed holds back those behind it; one that is done, dead or cancelled does not."`
	Rate        *RateSpec `json:"rate,omitempty" doc:"How often jobs start."`
	Defaults    *Defaults `json:"defaults,omitempty" doc:"Of its jobs, where they do not say otherwise."`
}

// RateSpec is a token bucket that starts empty with the server.
type RateSpec struct {
	Limit int    `json:"limit" doc:"How many jobs start in the time of per, and at most at once: from 1 to 1,000,000." example:"100"`
	Per   string `json:"per" doc:"From 100ms to 1d." example:"1s"`
	ByKey bool   `json:"by_key,omitempty" doc:"Each key has a bucket of its own; jobs without a key have no limit."`
}

// Defaults are of the jobs of one queue.
type Defaults struct {
	Priority    *int     `json:"priority,omitempty"`
	MaxAttempts *int     `json:"max_attempts,omitempty"`
	Timeout     string   `json:"timeout,omitempty"`
	Backoff     []string `json:"backoff,omitempty" nullable:"false"`
	Retention   string   `json:"retention,omitempty"`
}

const (
	maxConcurrency = 100_000
	maxRate        = 1_000_000
	leastPer       = 100 * time.Millisecond
	mostPer        = 24 * time.Hour
)

// limits checks a definition and turns it into what the board needs.
func (q *QueueSpec) limits() (l limits, err error) {
	if l.concurrency, err = atMost("body.concurrency", q.Concurrency, maxConcurrency); err != nil {
		return l, err
	}
	if l.perKey, err = atMost("body.per_key", q.PerKey, maxConcurrency); err != nil {
		return l, err
	}
	if l.strict = q.StrictOrder; l.strict && l.perKey > 1 {
		return l, invalid("body.per_key", "is 1 with strict_order: jobs of one key run one after the other")
	}
	if r := q.Rate; r != nil {
		if r.Limit < 1 || r.Limit > maxRate {
			return l, invalid("body.rate.limit", "is from 1 to %d", maxRate)
		}
		if l.rate.per, err = duration("body.rate.per", r.Per, 0, leastPer, mostPer); err != nil {
			return l, err
		}
		if l.rate.per == 0 {
			return l, invalid("body.rate.per", "is missing: how long the limit is for, as in 1s")
		}
		l.rate.limit, l.rate.byKey = int64(r.Limit), r.ByKey
	}
	if d := q.Defaults; d != nil {
		l.defaults = JobSpec{Priority: d.Priority, MaxAttempts: d.MaxAttempts, Timeout: d.Timeout, Backoff: d.Backoff, Retention: d.Retention}
		_, err = l.defaults.check("body.defaults")
	}
	return l, err
}

// atMost reads a limit from 1 on; nil is none.
func atMost(at string, v *int, most int) (int, error) {
	if v == nil {
		return 0, nil
	}
	if *v < 1 || *v > most {
		return 0, invalid(at, "is from 1 to %d; leave it out for no limit", most)
	}
	return *v, nil
}

// QueueState says what a queue lets happen.
type QueueState string

// The states of a queue.
const (
	Active   QueueState = "active"
	Paused   QueueState = "paused"   // takes jobs and hands out none
	Draining QueueState = "draining" // hands out jobs and takes none
)

// queueRecord is a queue as it is stored.
type queueRecord struct {
	Format     int        `json:"format"`
	CreatedAt  int64      `json:"created_at"`
	UpdatedAt  int64      `json:"updated_at,omitempty"`
	Version    uint64     `json:"version,omitempty"` // the commit that defined it; 0: none has, its first job made it
	State      QueueState `json:"state"`
	Note       string     `json:"note,omitempty"`
	Definition QueueSpec  `json:"definition"`
}

const formatQueue = 2

func newQueueRecord(now int64) *queueRecord {
	return &queueRecord{Format: formatQueue, CreatedAt: now, State: Active}
}

func (r *queueRecord) encode() ([]byte, error) { return json.Marshal(r) }

func decodeQueue(value []byte) (*queueRecord, error) {
	r := &queueRecord{}
	if err := json.Unmarshal(value, r); err != nil || r.Format != formatQueue {
		return nil, fmt.Errorf("a queue of format %d cannot be read: %w", r.Format, err)
	}
	return r, nil
}

func (r *queueRecord) etag() string { return fmt.Sprintf("%q", fmt.Sprint(r.Version)) }

// limits is what the board needs of the record.
func (r *queueRecord) limits() (limits, error) {
	l, err := r.Definition.limits()
	l.paused, l.draining, l.note = r.State == Paused, r.State == Draining, r.Note
	return l, err
}

// equal reports whether two checked definitions say the same.
func (q *QueueSpec) equal(other *QueueSpec) bool {
	a, errA := json.Marshal(q)
	b, errB := json.Marshal(other)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// setQueue follows a queue's record; nil is none any more.
func (b *board) setQueue(tb *tenantBoard, name string, value []byte) {
	if value == nil {
		if l := tb.lines[name]; l != nil {
			l.known = false
			l.limit(limits{}) // which forgets keys that stood aside
			tellAll(l.watched)
			b.forgetLine(tb, l)
		}
		return
	}
	r, err := decodeQueue(value)
	if err != nil {
		return // the check reports it
	}
	own, err := r.limits()
	if err != nil {
		return
	}
	l := b.line(tb, name)
	l.known = true
	l.limit(own)
	tellAll(l.watched)
}

// limit puts limits into force. Buckets begin empty where the rate is another.
func (l *line) limit(own limits) {
	before := l.limits
	l.limits = own
	b, now := l.board, l.board.sinceStart()
	if own.rate != before.rate {
		l.bucket = bucket{}
		if own.rate.limit > 0 {
			l.bucket = bucket{known: true, refilled: now + own.rate.per}
		}
		for l.spent.len() > 0 {
			l.spent.pop()
		}
	}
	for hash, number := range l.groups {
		g := b.groups[number]
		if own.rate != before.rate {
			g.bucket = l.bucket
		}
		if g.jobs == 0 {
			if own.rate != before.rate || g.bucket.full(now) { // else a pause would fill it
				b.forgetGroup(g, number)
			}
			continue
		}
		if by := b.orderOf(l, hash); g.ready.by != by {
			g.ready.by = by
			g.ready.reorder()
		}
		l.settle(g)
	}
	for range l.waiters {
		l.wake()
	}
}

// loadQueue reads a queue's record, nil if there is none.
func loadQueue(r engine.Reader, name string) (*queueRecord, error) {
	value := r.Get(bucketQueues, []byte(name))
	if value == nil {
		return nil, nil
	}
	return decodeQueue(value)
}
