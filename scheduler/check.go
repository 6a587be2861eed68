package scheduler

import (
	"context"
	"encoding/binary"
	"fmt"

	"quintet/engine"
)

// check proves what the rest relies on: every job stands in exactly one place
// of the index, the one that its record says; its payload and all its
// transitions are there; and nothing is left of jobs that are gone.
func (s *Scheduler) check(ctx context.Context, v *engine.View, report func(string)) error {
	for _, t := range s.e.Tenants.List() {
		c := &checking{v: v.Of(t), jobs: map[engine.ID]*job{}, report: func(format string, args ...any) {
			report("tenant " + t.Name() + ": " + fmt.Sprintf(format, args...))
		}}
		c.readJobs()
		c.checkIndex()
		c.checkTransitions()
		c.checkParts()
		c.checkSchedules()
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// checking is the check of one tenant.
type checking struct {
	v      *engine.View
	jobs   map[engine.ID]*job
	report func(format string, args ...any)
}

func (c *checking) readJobs() {
	for key, value := range c.v.Scan(bucketJobs, nil, nil) {
		j, err := decodeJob(engine.ID(key), value)
		if err != nil {
			c.report("%v", err)
			continue
		}
		c.jobs[j.id] = j
		if j.state.finished() != (j.until != 0) || j.attempt > j.attempts || (j.lease != 0) && j.state != Running {
			c.report("the record of job %s contradicts itself", j.id)
		}
		if c.v.Get(bucketQueues, []byte(j.queue)) == nil {
			c.report("job %s stands in a queue that was never made", j.id)
		}
	}
}

func (c *checking) checkIndex() {
	seen := map[engine.ID]int{}
	for key := range c.v.Keys(bucketIndex, nil, nil) {
		queue, p, ok := splitPlace(key)
		if !ok {
			c.report("a key of the index cannot be read")
			continue
		}
		p.queue = string(queue)
		if j := c.jobs[p.id]; j == nil {
			c.report("the index has job %s as %s, and there is no such job", p.id, p.state)
		} else if j.place() != p {
			c.report("the index has job %s as %s, and its record says %s", p.id, p.state, j.state)
		} else {
			seen[p.id]++
		}
	}
	for id := range c.jobs {
		if seen[id] != 1 {
			c.report("job %s stands in %d places of the index", id, seen[id])
		}
	}
}

func (c *checking) checkTransitions() {
	number := map[engine.ID]uint32{}
	for key := range c.v.Keys(bucketTransitions, nil, nil) {
		id := engine.ID(key[8:])
		if number[id]++; c.jobs[id] == nil {
			c.report("the job log names job %s, which is gone", id)
		}
	}
	for id, j := range c.jobs {
		if number[id] != j.moves {
			c.report("job %s has %d transitions, and its record says %d", id, number[id], j.moves)
		}
		err := j.history(c.v, int(j.moves), func(_ []byte, t transition) error {
			if t.token > j.token {
				return fmt.Errorf("job %s has a transition with a token from its future", id)
			}
			return nil
		})
		if err != nil {
			c.report("%v", err)
		}
	}
}

// checkParts looks at what else belongs to a job.
func (c *checking) checkParts() {
	payloads := 0
	for key := range c.v.Keys(bucketPayloads, nil, nil) {
		if payloads++; c.jobs[engine.ID(key)] == nil {
			c.report("there is a payload of job %s, which is gone", engine.ID(key))
		}
	}
	if payloads < len(c.jobs) {
		c.report("%d jobs have %d payloads", len(c.jobs), payloads)
	}
	for key := range c.v.Keys(bucketOutputs, nil, nil) {
		if j := c.jobs[engine.ID(key)]; j == nil || j.state != Done {
			c.report("there is an output of job %s, which is not done", engine.ID(key))
		}
	}
	expiries := 0
	for key := range c.v.Keys(bucketExpiry, nil, nil) {
		expiries++
		j := c.jobs[engine.ID(key[8:])]
		if j == nil || j.until == 0 || j.until != int64(binary.BigEndian.Uint64(key)) {
			c.report("job %s has an expiry that its record does not have", engine.ID(key[8:]))
		}
	}
	for _, j := range c.jobs {
		if j.until != 0 {
			expiries--
		}
	}
	if expiries != 0 {
		c.report("ended jobs and their expiries differ by %d", expiries)
	}
}

func (c *checking) checkSchedules() {
	live := 0
	for key, value := range c.v.Scan(bucketCursors, nil, nil) {
		cur, err := decodeCursor(value)
		if err != nil {
			c.report("schedule %s: %v", key, err)
			continue
		}
		sc, err := loadSchedule(c.v, string(key))
		if cur.deleted != 0 && err == errScheduleNotFound {
			continue
		}
		live++
		if err != nil || sc.Version != cur.version || cur.next != 0 && cur.next <= cur.passed {
			c.report("schedule %s and its cursor contradict each other", key)
		}
	}
	for range c.v.Keys(bucketSchedules, nil, nil) {
		live--
	}
	if live != 0 {
		c.report("schedules and their cursors differ by %d", live)
	}
}
