package scheduler

import (
	"bytes"
	"context"
	"iter"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// job describes one job in full.
func (s *Scheduler) job(ctx context.Context, t engine.Tenant, id engine.ID) (a *Job, err error) {
	err = s.e.Store.View(ctx, t, func(v *engine.View) error {
		j, err := loadJob(v, id)
		if err != nil {
			return err
		}
		a = newJob(j)
		if a.Schedule, a.Payload, err = decodePayload(v.Get(bucketPayloads, id[:])); err != nil {
			return err
		}
		a.Output = v.Get(bucketOutputs, id[:])
		return a.addHistory(v, j)
	})
	return a, err
}

// jobFilter chooses jobs of a list. Empty means all.
type jobFilter struct {
	queue string
	state State
}

// list returns a page of jobs, the newest id first.
func (s *Scheduler) list(ctx context.Context, t engine.Tenant, f jobFilter, limit int, cursor []byte) (page api.List[*Job], err error) {
	if cursor != nil && len(cursor) != len(engine.ID{}) {
		return page, engine.Errorf(engine.Invalid, "invalid_cursor", "the cursor is none that this list gave out; start again without it")
	}
	queues := []string{f.queue}
	if f.queue == "" {
		queues = nil
		for _, q := range s.board.queues(t) {
			queues = append(queues, q.name)
		}
	}
	var jobs []*Job
	err = s.e.Store.View(ctx, t, func(v *engine.View) error {
		jobs = nil
		for id := range newest(v, f, queues, cursor) {
			j, err := loadJob(v, id)
			if err != nil {
				return err
			}
			if jobs = append(jobs, newJob(j)); len(jobs) > limit {
				break
			}
		}
		return nil
	})
	return api.NewList(jobs, limit, func(a *Job) []byte { return a.ID[:] }), err
}

// newest yields the ids that f chooses, falling, below the cursor.
func newest(v *engine.View, f jobFilter, queues []string, cursor []byte) iter.Seq[engine.ID] {
	if f == (jobFilter{}) {
		return func(yield func(engine.ID) bool) {
			for key := range v.Descend(bucketJobs, nil, cursor) {
				if !yield(engine.ID(key)) {
					return
				}
			}
		}
	}
	var parts []iter.Seq[engine.ID]
	for _, queue := range queues {
		for state := Scheduled; state < states; state++ {
			if f.state == 0 || f.state == state {
				parts = append(parts, newestIn(v, queue, state, cursor))
			}
		}
	}
	return mergeFalling(parts)
}

// newestIn yields the ids of one queue and state, falling, below the cursor.
func newestIn(v *engine.View, queue string, state State, cursor []byte) iter.Seq[engine.ID] {
	from := placePrefix(nil, queue, state)
	to := placePrefix(nil, queue, state+1)
	if cursor != nil {
		to = append(bytes.Clone(from), cursor...)
	}
	return func(yield func(engine.ID) bool) {
		for key := range v.Descend(bucketIndex, from, to) {
			if !yield(engine.ID(key[len(from):])) {
				return
			}
		}
	}
}

// mergeFalling merges sequences that fall into one that falls.
func mergeFalling(parts []iter.Seq[engine.ID]) iter.Seq[engine.ID] {
	type head struct {
		id   engine.ID
		next func() (engine.ID, bool)
	}
	return func(yield func(engine.ID) bool) {
		var heads []*head
		for _, part := range parts {
			next, stop := iter.Pull(part)
			defer stop()
			if id, ok := next(); ok {
				heads = append(heads, &head{id, next})
			}
		}
		for len(heads) > 0 {
			top := 0
			for i := range heads {
				if bytes.Compare(heads[i].id[:], heads[top].id[:]) > 0 {
					top = i
				}
			}
			if !yield(heads[top].id) {
				return
			}
			id, ok := heads[top].next()
			if heads[top].id = id; !ok {
				heads[top] = heads[len(heads)-1]
				heads = heads[:len(heads)-1]
			}
		}
	}
}

// Queue is a queue as clients see it.
type Queue struct {
	Name   string         `json:"name"`
	Jobs   map[string]int `json:"jobs" doc:"How many there are in each state. Finished ones are counted until they are removed."`
	Oldest *time.Time     `json:"oldest" doc:"Since when the job that has waited longest is ready; null when none is."`
}

func newQueue(c queueCounts) Queue {
	q := Queue{Name: c.name, Jobs: map[string]int{}}
	for state := Scheduled; state < states; state++ {
		q.Jobs[state.String()] = c.count[state]
	}
	if c.oldest != 0 {
		at := clockTime(c.oldest)
		q.Oldest = &at
	}
	return q
}

// queues returns a page of the tenant's queues by name.
func (s *Scheduler) queues(t engine.Tenant, limit int, cursor []byte) api.List[Queue] {
	var list []Queue
	for _, c := range s.board.queues(t) {
		if c.name > string(cursor) && len(list) <= limit {
			list = append(list, newQueue(c))
		}
	}
	return api.NewList(list, limit, func(q Queue) []byte { return []byte(q.Name) })
}

func (s *Scheduler) queue(t engine.Tenant, name string) (Queue, error) {
	for _, c := range s.board.queues(t) {
		if c.name == name {
			return newQueue(c), nil
		}
	}
	return Queue{}, errQueueNotFound
}
