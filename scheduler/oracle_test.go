package scheduler_test

import (
	"cmp"
	"slices"
)

// oracle is what the scheduler must do, on three maps. Times are milliseconds:
// of the wall clock, but for those of leases, which are of a clock of its own
// that never jumps.
type oracle struct {
	jobs   map[string]*oracleJob
	queues map[string]*oracleQueue
	unique map[string]*oracleUnique // by queue and unique key
}

type oracleJob struct {
	id, queue, key, tag, state, token, older string

	priority, attempt, attempts int
	backoff, ready, due         int64
	expires, span               int64 // by the clock of leases
	ended, keep, overdue        int64 // overdue by the clock of leases
	started, cancel             bool
	byItself                    bool // it has become ready by itself: since when is to be read
	unique                      string
	until                       int64
}

type oracleQueue struct {
	made                bool
	etag                string // "" while nobody has defined it
	concurrency, perKey int    // 0 = no limit
	strict              bool
	state               string
}

// oracleUnique is the newest job of a unique key, or what is left of it.
type oracleUnique struct {
	id, ended string // ended: the job's last state, if it was removed
	until     int64
	maybe     bool // it may have been forgotten; only a clock that is set back can tell
}

func newOracle() *oracle {
	return &oracle{map[string]*oracleJob{}, map[string]*oracleQueue{}, map[string]*oracleUnique{}}
}

func (m *oracle) clone() *oracle {
	return &oracle{cloned(m.jobs), cloned(m.queues), cloned(m.unique)}
}

func cloned[V any](all map[string]*V) map[string]*V {
	c := map[string]*V{}
	for name, v := range all {
		own := *v
		c[name] = &own
	}
	return c
}

func (m *oracle) queue(name string) *oracleQueue {
	if m.queues[name] == nil {
		m.queues[name] = &oracleQueue{state: "active"}
	}
	return m.queues[name]
}

func (j *oracleJob) finished() bool {
	return j.state == "done" || j.state == "dead" || j.state == "cancelled"
}

// keptFor is how long the job is kept in the state in which it has ended.
func (j *oracleJob) keptFor() int64 {
	const day = 24 * 60 * 60 * 1000
	switch {
	case j.keep != 0:
		return j.keep
	case j.state == "dead":
		return 14 * day
	}
	return day
}

func (j *oracleJob) finish(state string, wall int64) {
	j.state, j.ended, j.started, j.cancel, j.overdue = state, wall, false, false, 0
}

func (j *oracleJob) wait(state string, wall, delay int64) {
	j.state, j.due = state, wall+delay
	if delay == 0 {
		j.state, j.ready = "ready", wall
	}
}

// fail ends an attempt that did not succeed.
func (j *oracleJob) fail(wall int64, again func()) {
	switch {
	case j.cancel:
		j.finish("cancelled", wall)
	case j.attempt >= j.attempts:
		j.finish("dead", wall)
	default:
		again()
	}
}

// settle moves what is due or has expired.
func (m *oracle) settle(own, wall int64) {
	for _, j := range m.jobs {
		switch {
		case (j.state == "scheduled" || j.state == "retrying") && j.due <= wall:
			j.state, j.byItself = "ready", true
		case j.state == "running" && j.expires <= own:
			j.fail(wall-(own-j.expires), func() { j.state, j.byItself = "ready", true })
		}
		switch {
		case j.finished() && j.ended+j.keptFor() > wall:
			j.overdue = 0
		case j.finished() && j.overdue == 0:
			j.overdue = own
		}
	}
	for _, u := range m.unique {
		u.maybe = u.maybe || u.ended != "" && u.until <= wall
	}
}

// renew is what a restart does: leases begin anew, for their whole length.
func (m *oracle) renew(own int64) {
	for _, j := range m.jobs {
		if j.state == "running" {
			j.expires = own + j.span
		}
	}
}

// before is the order in which the jobs of one key are leased.
func (j *oracleJob) before(other *oracleJob, strict bool) int {
	byPriority := cmp.Compare(other.priority, j.priority)
	if !strict || j.key == "" {
		return cmp.Or(byPriority, cmp.Compare(j.ready, other.ready), cmp.Compare(j.id, other.id))
	}
	begun := map[bool]int{true: 1}
	return cmp.Or(begun[other.started]-begun[j.started], byPriority, cmp.Compare(j.id, other.id))
}

// running counts the jobs that run: of a queue, and of one of its keys.
func (m *oracle) running(queue, key string) (all, ofKey int) {
	for _, j := range m.jobs {
		if j.queue == queue && j.state == "running" {
			if all++; j.key == key {
				ofKey++
			}
		}
	}
	return all, ofKey
}

// candidates are the jobs of a queue one of which must be leased next: the
// first of each key that may run, as far as they share the highest priority.
func (m *oracle) candidates(queue string) (list []*oracleJob) {
	q := m.queue(queue)
	if all, _ := m.running(queue, ""); q.state == "paused" || q.concurrency > 0 && all >= q.concurrency {
		return nil
	}
	first, blocked := map[string]*oracleJob{}, map[string]bool{}
	for _, j := range m.jobs {
		switch {
		case j.queue != queue:
		case j.state == "ready" && (first[j.key] == nil || j.before(first[j.key], q.strict) < 0):
			first[j.key] = j
		case j.started && (j.state == "scheduled" || j.state == "retrying"):
			blocked[j.key] = true
		}
	}
	for key, j := range first {
		_, n := m.running(queue, key)
		if key != "" && (q.strict && (n > 0 || blocked[key]) || q.perKey > 0 && n >= q.perKey) {
			continue
		}
		if len(list) > 0 && j.priority > list[0].priority {
			list = nil
		}
		if len(list) == 0 || j.priority == list[0].priority {
			list = append(list, j)
		}
	}
	return list
}

// clash tells whether a unique key refuses a job, and whether that is sure.
func (m *oracle) clash(key string, wall int64, states []string) (refused, sure bool) {
	u := m.unique[key]
	if u == nil || u.until != 0 && u.until <= wall {
		return false, true
	}
	j := m.jobs[u.id]
	refused = j == nil && slices.Contains(states, u.ended) || j != nil && slices.Contains(states, j.state)
	return refused, !refused || !u.maybe
}

// revive makes an ended job ready, or tells that it cannot be.
func (m *oracle) revive(j *oracleJob, wall int64) bool {
	if j.state == "retrying" {
		j.wait("retrying", wall, 0)
		return true
	}
	if j.state != "dead" && j.state != "cancelled" {
		return false
	}
	if u := m.unique[j.unique]; j.unique != "" && (u == nil || u.id != j.id) {
		if u != nil && (u.until == 0 || u.until > wall) && m.jobs[u.id] != nil && !m.jobs[u.id].finished() {
			return false
		}
		m.unique[j.unique] = &oracleUnique{id: j.id, until: j.until}
	}
	j.attempt, j.cancel = 0, false
	j.wait("retrying", wall, 0)
	return true
}

// stop cancels a job, or tells that it cannot.
func (j *oracleJob) stop(wall int64) bool {
	switch j.state {
	case "done", "dead":
		return false
	case "running":
		j.cancel = true
	case "cancelled":
	default:
		j.finish("cancelled", wall)
	}
	return true
}

// remove forgets a job. Its unique key counts until its window is over.
func (m *oracle) remove(j *oracleJob, wall int64) {
	delete(m.jobs, j.id)
	u := m.unique[j.unique]
	switch {
	case u == nil || u.id != j.id:
	case u.until == 0:
		delete(m.unique, j.unique)
	default:
		u.ended, u.maybe = j.state, u.until <= wall
	}
}
