package scheduler

import (
	"context"
	"encoding/binary"
	"fmt"

	"quintet/engine"
)

// check proves what the rest relies on: every job stands in exactly one place,
// all its parts and transitions are there, its tags lead to it, a unique key
// leads to a job that has it, and nothing is left of jobs that are gone.
func (s *Scheduler) check(ctx context.Context, v *engine.View, report func(string)) error {
	for _, t := range s.e.Tenants.List() {
		c := newChecking(t, func(text string) { report("tenant " + t.Name() + ": " + text) })
		for _, part := range c.parts() {
			for from := []byte(nil); ; {
				next := part.check(v.Of(t), from, checkSlice)
				if err := ctx.Err(); err != nil {
					return err
				}
				if from = next; from == nil {
					break
				}
			}
		}
	}
	return nil
}

// checkSlice is how many keys one view checks: what it finds is true of one
// moment, and each slice is proved by itself.
const checkSlice = 2_000

// checkPart is a bucket and how one of its entries is proved.
type checkPart struct {
	bucket engine.Bucket
	length int // of its keys, 0 where it varies
	prove  func(r engine.Reader, key, value []byte) error
}

// checking is the check of one tenant.
type checking struct {
	tenant   engine.Tenant
	checked  int
	report   func(text string)
	problems int
}

func newChecking(t engine.Tenant, report func(string)) *checking {
	return &checking{tenant: t, report: report}
}

// checkRun is one part of a check under way.
type checkRun struct {
	c *checking
	checkPart
}

// parts are what is proved, each entry by what must stand elsewhere. Together
// they prove that jobs and places are one to one: every place is that of its
// job, every job has one, and a job's record can name no second.
func (c *checking) parts() (runs []checkRun) {
	for _, p := range []checkPart{
		{bucketQueues, 0, func(_ engine.Reader, _, value []byte) error { _, err := decodeQueue(value); return err }},
		{bucketJobs, 16, c.proveJob}, {bucketStates, 0, c.proveState}, {bucketTransitions, 28, proveTransition},
		{bucketOutputs, 16, proveOutput}, {bucketUnique, 16, proveUnique}, {bucketWindows, 24, proveWindow}, {bucketTags, 32, c.proveTag},
		{bucketOperations, 16, func(_ engine.Reader, _, value []byte) error { _, err := decodeOperation(value); return err }},
		{bucketCursors, 0, proveCursor}, {bucketSchedules, 0, proveSchedule},
	} {
		runs = append(runs, checkRun{c, p})
	}
	return runs
}

// check proves up to limit entries from a key on, and returns the key to go on
// from, nil at the end.
func (run checkRun) check(r engine.Reader, from []byte, limit int) (next []byte) {
	n := 0
	for key, value := range r.Scan(run.bucket, from, nil) {
		if n++; n > limit {
			return key
		}
		run.c.checked++
		if err := run.proveOne(r, key, value); err != nil {
			run.c.problems++
			run.c.report(err.Error())
		}
	}
	return nil
}

// proveOne proves one entry. Provers cut keys apart, so a key of another length
// must not reach them.
func (run checkRun) proveOne(r engine.Reader, key, value []byte) error {
	if run.length != 0 && len(key) != run.length {
		return fmt.Errorf("a key of %d bytes in %s cannot be read", len(key), run.bucket)
	}
	return run.prove(r, key, value)
}

// proveJob proves that a job stands in exactly one place, and that its tags
// lead to it. Its unique key may lead to a newer job, and when that has been
// removed nowhere.
func (c *checking) proveJob(r engine.Reader, key, value []byte) error {
	id := engine.ID(key)
	f, err := decodeFixed(value)
	if err != nil {
		return fmt.Errorf("job %s: %w", id, err)
	}
	places := 0
	for state := Scheduled; state < states; state++ {
		from := append(placePrefix(nil, f.queue, state), id[:]...)
		for range r.Keys(bucketStates, from, append(from[:len(from):len(from)], 0xff)) {
			places++
		}
	}
	if places != 1 {
		return fmt.Errorf("job %s stands in %d places", id, places)
	}
	if r.Get(bucketQueues, []byte(f.queue)) == nil {
		return fmt.Errorf("job %s stands in a queue that was never made", id)
	}
	for _, tag := range f.tags {
		if r.Get(bucketTags, tagKey(c.tenant, tag, id)) == nil {
			return fmt.Errorf("job %s is not in the list of one of its tags", id)
		}
	}
	if !f.unique.given() {
		return nil
	}
	// There may be none: a newer job had it, and was removed before this one.
	if _, _, err := loadUnique(r, f.unique.hash); err != nil {
		return fmt.Errorf("the unique key of job %s leads nowhere: %w", id, err)
	}
	return nil
}

// proveState proves that a place is that of a job which agrees with it, and
// that its transitions are a chain without a gap.
func (c *checking) proveState(r engine.Reader, key, value []byte) error {
	queue, p, ok := splitPlace(key)
	if !ok {
		return fmt.Errorf("a place of %d bytes cannot be read", len(key))
	}
	p.queue = string(queue)
	j, err := decodeJob(p, key, value)
	if err != nil {
		return err
	}
	f, err := loadFixed(r, p.id)
	switch {
	case err != nil:
		return fmt.Errorf("job %s is %s, and there is no such job: %w", p.id, p.state, err)
	case f.queue != p.queue || groupOf(c.tenant, f.key) != p.group:
		return fmt.Errorf("job %s stands in a place of another queue or key", p.id)
	case j.attempt > j.attempts, j.span != 0 && j.state != Running && !j.state.finished(), j.started && j.state.finished(), j.state == Running && !j.started:
		return fmt.Errorf("the record of job %s contradicts itself", p.id)
	case j.output && r.Get(bucketOutputs, p.id[:]) == nil:
		return fmt.Errorf("the output of job %s is gone", p.id)
	}
	return j.history(r, int(j.move), func(_ []byte, t transition) error {
		if t.token > j.token {
			return fmt.Errorf("job %s has a transition with a token from its future", p.id)
		}
		return nil
	})
}

// proveTransition proves that its job is there and has made as many.
func proveTransition(r engine.Reader, key, value []byte) error {
	id, number := engine.ID(key[8:]), binary.BigEndian.Uint32(key[24:])
	if _, err := decodeTransition(value); err != nil {
		return fmt.Errorf("job %s: %w", id, err)
	}
	j, err := findJob(r, id, nil)
	if err != nil {
		return fmt.Errorf("the job log names job %s: %w", id, err)
	}
	if number == 0 || number > j.move {
		return fmt.Errorf("job %s has transition %d, and its place says that there are %d", id, number, j.move)
	}
	return nil
}

func proveOutput(r engine.Reader, key, _ []byte) error {
	j, err := findJob(r, engine.ID(key), nil)
	if err != nil || j.state != Done || !j.output {
		return fmt.Errorf("there is an output of job %s, which has none", engine.ID(key))
	}
	return nil
}

// proveUnique proves that the entry of a unique key names a job that has it, or
// one that was removed within its window.
func proveUnique(r engine.Reader, key, value []byte) error {
	u, err := decodeUnique(value)
	if err != nil {
		return err
	}
	f, err := loadFixed(r, u.id)
	switch {
	case u.ended != 0 && err == errJobNotFound:
		if r.Get(bucketWindows, windowKey(u.until, [16]byte(key))) == nil {
			return fmt.Errorf("nothing will end the window of the unique key of job %s", u.id)
		}
		return nil
	case err != nil || u.ended != 0 || f.unique.hash != [16]byte(key):
		return fmt.Errorf("a unique key leads to job %s, which has another or is gone", u.id)
	}
	return nil
}

func proveWindow(r engine.Reader, key, _ []byte) error {
	u, ok, err := loadUnique(r, [16]byte(key[8:]))
	if err != nil || !ok || u.ended == 0 || u.until != int64(binary.BigEndian.Uint64(key)) {
		return fmt.Errorf("a window ends the unique key of job %s, which has none", u.id)
	}
	return nil
}

func (c *checking) proveTag(r engine.Reader, key, _ []byte) error {
	id := engine.ID(key[16:])
	f, err := loadFixed(r, id)
	if err != nil {
		return fmt.Errorf("the list of a tag names job %s: %w", id, err)
	}
	for _, tag := range f.tags {
		if string(tagKey(c.tenant, tag, id)) == string(key) {
			return nil
		}
	}
	return fmt.Errorf("the list of a tag names job %s, which does not have it", id)
}

func proveCursor(r engine.Reader, key, value []byte) error {
	cur, err := decodeCursor(value)
	if err != nil {
		return fmt.Errorf("schedule %s: %w", key, err)
	}
	sc, err := loadSchedule(r, string(key))
	if cur.deleted != 0 && err == errScheduleNotFound {
		return nil
	}
	if err != nil || sc.Version != cur.version || cur.next != 0 && cur.next <= cur.passed {
		return fmt.Errorf("schedule %s and its cursor contradict each other", key)
	}
	return nil
}

func proveSchedule(r engine.Reader, key, _ []byte) error {
	if r.Get(bucketCursors, key) == nil {
		return fmt.Errorf("schedule %s has no cursor", key)
	}
	return nil
}

// checkTenant proves one tenant's jobs while they go on changing.
func (s *Scheduler) checkTenant(ctx context.Context, c *checking) error {
	for _, part := range c.parts() {
		for from, more := []byte(nil), true; more; more = from != nil {
			var next []byte
			checked, problems := c.checked, c.problems
			err := s.e.Store.View(ctx, c.tenant, func(v *engine.View) error {
				c.checked, c.problems = checked, problems
				next = part.check(v, from, checkSlice)
				return nil
			})
			if err != nil {
				return err
			}
			from = next
		}
	}
	return nil
}
