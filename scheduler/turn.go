package scheduler

import (
	"time"

	"quintet/engine"
)

// missedAfter is how late a tick is missed.
const missedAfter = 10 * time.Second

// turn is what becomes of one schedule whose tick is due, decided before the
// update that does it.
type turn struct {
	name   string
	seen   cursor // the update does nothing if it is not this any more
	passed int64  // the latest tick that has come
	next   int64
	missed bool // it is too late, or others were passed over
	skip   bool // overlap skip
	jobs   []tickJob
}

// tickJob is the job of one tick.
type tickJob struct {
	tick int64
	*Enqueue
}

// prepareTick makes the job of a tick: the same one whenever it is made. It is
// due at the tick, or as much later as the schedule's jitter says.
func (s *Scheduler) prepareTick(t engine.Tenant, name string, r *rules, tick, now int64) tickJob {
	q := s.prepare(t, r.queue, r.plan, tickID(r.creation, tick), now)
	due := tick + r.offset
	q.fixed.schedule, q.job.due, q.job.time = name, due, due
	if due > now {
		q.job.state = Scheduled
	}
	return tickJob{tick, q}
}

// enqueueTx writes the job unless it is there, or its unique key is taken. It
// reports whether it is new.
func (j tickJob) enqueueTx(s *Scheduler, tx *engine.Tx) bool {
	return !tx.Has(bucketJobs, j.job.id[:]) && s.EnqueueTx(tx, j.Enqueue) == nil
}

// turn decides about one schedule whose tick has come. It may be slow.
func (s *Scheduler) turn(t engine.Tenant, name string, r *rules, cur cursor, now int64) *turn {
	u := &turn{name: name, seen: cur, passed: cur.next, skip: r.skip}
	next, ok := r.timing.next(cur.next)
	if late := ok && next <= now; late { // more than one has come
		u.passed, u.missed = r.timing.latest(next, now), true
		next, ok = r.timing.next(u.passed)
	}
	if ok {
		u.next = next
	}
	for _, tick := range r.toRun(cur.next, u.passed, now) {
		u.jobs = append(u.jobs, s.prepareTick(t, name, r, tick, now))
	}
	u.missed = u.missed || len(u.jobs) == 0
	return u
}

// toRun lists which ticks run of those that have come, rising.
func (r *rules) toRun(first, last, now int64) []int64 {
	switch r.missed {
	case missedNone:
		if now-last > missedAfter.Milliseconds() {
			return nil
		}
	case missedAll:
		if since := now - r.window; first < since {
			var ok bool
			if first, ok = r.timing.next(since - 1); !ok || first > last {
				return nil
			}
		}
		return r.timing.newest(first, last, r.most)
	}
	return []int64{last}
}

// jobKeys is how many keys a job of a plan writes, beside its queue's.
func jobKeys(p plan) int { return p.keys() }

// keys and bytes are what the turn's update changes and holds, at most.
func (u *turn) keys() int {
	n := 1
	for _, j := range u.jobs {
		n += jobKeys(j.plan)
	}
	return n + 1 // the queue's
}

func (u *turn) bytes() int {
	n := 256
	for _, j := range u.jobs {
		n += len(j.plan.payload) + 1024
	}
	return n
}

// take moves a schedule on and writes its jobs, if its cursor is what the turn
// was decided on. It reports whether it is, and the jobs that are new.
func (s *Scheduler) take(tx *engine.Tx, u *turn) (taken bool, fired []tickJob, err error) {
	cur, err := loadCursor(tx, u.name)
	if err != nil || cur != u.seen {
		return false, nil, err
	}
	cur.passed, cur.next = max(cur.passed, u.passed), u.next
	for _, j := range u.jobs {
		if u.skip && cur.fired != 0 {
			last, err := findJob(tx, cur.job, nil)
			if err == nil && !last.state.finished() {
				continue // a job that is gone had ended
			}
		}
		if j.enqueueTx(s, tx) {
			cur.fired, cur.job = j.tick, j.job.id
			fired = append(fired, j)
		}
	}
	tx.Put(bucketCursors, []byte(u.name), cur.encode())
	return true, fired, nil
}
