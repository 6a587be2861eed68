package scheduler

import (
	"context"
	"fmt"
	"time"

	"quintet/engine"
)

// BoardDiff rebuilds a board from the store and tells where the running one
// differs, "" if nowhere. Nothing may be under way.
func (s *Scheduler) BoardDiff(ctx context.Context) string {
	fresh := newBoard(s.options.MaxFinished)
	err := s.e.Store.Observe(ctx, &engine.Observer{
		Name: "diff", Rebuild: func(v *engine.View) error { fresh.rebuild(v, s.e.Tenants.List()); return nil }, Apply: func(engine.Commit) {},
	})
	if err != nil {
		return err.Error()
	}
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	for uid, want := range fresh.tenants {
		own := s.board.tenants[uid]
		if own == nil {
			own = &tenantBoard{}
		}
		if diff := s.board.diff(own, fresh, want); diff != "" {
			return diff
		}
	}
	return ""
}

// jobsOf lists a tenant's entries by what the index has.
func (b *board) jobsOf(t engine.Tenant) map[engine.ID]uint32 {
	jobs := map[engine.ID]uint32{}
	for n := range b.index.tables {
		for _, i := range b.index.tables[n].slots {
			if i != 0 && b.groups[b.entries.at(i).group].line.tenant == t {
				jobs[b.entries.at(i).id] = i
			}
		}
	}
	return jobs
}

func (b *board) diff(tb *tenantBoard, fresh *board, want *tenantBoard) string {
	jobs, wanted := b.jobsOf(tb.tenant), fresh.jobsOf(want.tenant)
	if len(jobs) != len(wanted) || len(tb.alarms) != len(want.alarms) {
		return fmt.Sprintf("%d jobs and %d alarms, in the store %d and %d", len(jobs), len(tb.alarms), len(wanted), len(want.alarms))
	}
	for id, i := range wanted {
		number, ok := b.lookup(tb, id)
		if !ok {
			return fmt.Sprintf("job %s is not there", id)
		}
		own, e := b.entries.at(number), fresh.entries.at(i)
		if b.placeOf(own) != fresh.placeOf(e) {
			return fmt.Sprintf("job %s is %+v, in the store %+v", id, b.placeOf(own), fresh.placeOf(e))
		}
		if !own.held && own.pos < 0 {
			return fmt.Sprintf("job %s stands in no heap", id)
		}
	}
	for name, l := range want.lines {
		if diff := b.diffLine(tb.lines[name], fresh, l); diff != "" {
			return "queue " + name + ": " + diff
		}
	}
	for name, a := range want.alarms {
		if own := tb.alarms[name]; own == nil || own.cursor != a.cursor {
			return fmt.Sprintf("schedule %s ticks at another time than in the store", name)
		}
	}
	return ""
}

// diffLine compares counts, limits, and every group: who is blocked, who runs,
// and in which ring it stands.
func (b *board) diffLine(own *line, fresh *board, want *line) string {
	if own == nil || own.count != want.count || own.known != want.known || own.running != want.running || own.limits.String() != want.limits.String() {
		return fmt.Sprintf("%+v, in the store %+v", own, want)
	}
	for hash, i := range want.groups {
		number, ok := own.groups[hash]
		if !ok {
			return fmt.Sprintf("there is no group %x", hash)
		}
		g, w := b.groups[number], fresh.groups[i]
		ringed := g.ring
		if g.slot >= 0 {
			ringed = w.ring // it waits for its rate, which a new board does not know
		}
		if g.jobs != w.jobs || g.running != w.running || g.blocked != w.blocked || g.ready.len() != w.ready.len() || ringed != w.ring {
			return fmt.Sprintf("group %x is %d %d %d %d %d, in the store %d %d %d %d %d", hash,
				g.jobs, g.running, g.blocked, g.ready.len(), g.ring, w.jobs, w.running, w.blocked, w.ready.len(), w.ring)
		}
	}
	return ""
}

func (l limits) String() string {
	return fmt.Sprint(l.concurrency, l.perKey, l.strict, l.rate, l.paused, l.draining)
}

// Backoff exposes backoffOf.
func Backoff(list []uint32, n uint32, random uint64) int64 { return backoffOf(list, n, random) }

// Cron is a parsed expression.
type Cron struct{ c *cron }

// ParseCron exposes parseCron.
func ParseCron(spec, zone string) (Cron, error) {
	loc, err := new(zones).load(zone)
	if err != nil {
		return Cron{}, err
	}
	c, err := parseCron(spec, loc)
	return Cron{c}, err
}

// Next, Latest and Note expose the methods of the same names.
func (c Cron) Next(after time.Time) (time.Time, bool)   { return c.c.next(after) }
func (c Cron) Latest(tick, until time.Time) time.Time   { return c.c.latest(tick, until) }
func (c Cron) Note(tick time.Time) string               { return c.c.note(tick) }
func TickID(creation engine.ID, tick int64) engine.ID   { return tickID(creation, tick) }
func (s *Scheduler) Tick(ctx context.Context) error     { _, err := s.tick(ctx); return err }
func (s *Scheduler) Settle(ctx context.Context) error   { _, err := s.promote(ctx); return err }
func (s *Scheduler) PurgeNow(ctx context.Context) error { _, err := s.purge(ctx); return err }

// StartIdle starts without what happens by itself.
func (s *Scheduler) StartIdle(ctx context.Context) error { return s.observe(ctx) }

// Dumped is what the store has of one job.
type Dumped struct {
	State    string
	Token    uint64
	Due      int64
	Schedule string
	Moves    int
}

// Dump reads every job of a tenant.
func (s *Scheduler) Dump(ctx context.Context, t engine.Tenant) (map[engine.ID]Dumped, error) {
	all := map[engine.ID]Dumped{}
	err := s.e.Store.View(ctx, t, func(v *engine.View) error {
		for key, value := range v.Scan(bucketStates, nil, nil) {
			queue, p, ok := splitPlace(key)
			if !ok {
				return fmt.Errorf("the place %x cannot be read", key)
			}
			p.queue = string(queue)
			j, err := decodeJob(p, key, value)
			if err != nil {
				return err
			}
			f, err := loadFixed(v, p.id)
			if err != nil {
				return err
			}
			all[j.id] = Dumped{j.state.String(), j.token, j.due, f.schedule, int(j.move)}
		}
		return nil
	})
	return all, err
}

// Creation returns the creation id of a schedule.
func (s *Scheduler) Creation(ctx context.Context, t engine.Tenant, name string) (engine.ID, error) {
	sc, _, err := s.schedule(ctx, t, name)
	if err != nil {
		return engine.ID{}, err
	}
	return sc.Creation, nil
}

// Later exposes later.
func Later(now, ms int64) int64 { return later(now, ms) }

// RebuildBoard does what the engine does after an observer has failed.
func (s *Scheduler) RebuildBoard(ctx context.Context) error {
	return s.e.Store.View(ctx, s.e.Tenants.Platform(), func(v *engine.View) error { s.board.rebuild(v, s.e.Tenants.List()); return nil })
}

// Groups is how many keys the board knows.
func (s *Scheduler) Groups() (n int) {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	for _, g := range s.board.groups {
		if g != nil {
			n++
		}
	}
	return n
}

// Count counts the entries of a tenant's bucket.
func (s *Scheduler) Count(bucket engine.Bucket, t engine.Tenant) (n int) {
	_ = s.e.Store.View(context.Background(), t, func(v *engine.View) error {
		n = 0
		for range v.Keys(bucket, nil, nil) {
			n++
		}
		return nil
	})
	return n
}

// Operate gives each running operation one slice; Resume finds those that a
// process before left.
func (s *Scheduler) Operate(ctx context.Context) error { _, err := s.operate(ctx); return err }
func (s *Scheduler) Resume(ctx context.Context) error  { return s.resumeOperations(ctx) }

// Sweep compares the board with the store once.
func (s *Scheduler) Sweep(ctx context.Context) error { return s.sweep(ctx) }

// LoseJob makes the board forget a job that the store has.
func (s *Scheduler) LoseJob(t engine.Tenant, id engine.ID) {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	i, _ := s.board.lookup(s.board.of(t), id)
	s.board.remove(i)
}

// MisplaceJob makes the board believe that a job stands elsewhere.
func (s *Scheduler) MisplaceJob(t engine.Tenant, id engine.ID, queue string, state State, key string) {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	tb := s.board.of(t)
	i, _ := s.board.lookup(tb, id)
	p := s.board.placeOf(s.board.entries.at(i))
	s.board.remove(i)
	p.queue, p.state, p.group, p.move = queue, state, groupOf(t, key), p.move+1
	s.board.put(tb, p.bytes())
}

// InventJob makes the board believe in a job that the store does not have.
func (s *Scheduler) InventJob(t engine.Tenant, id engine.ID, queue string, state State) {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	s.board.put(s.board.of(t), (&place{queue: queue, state: state, id: id, priority: maxPriority, started: state == Running, time: s.now(), move: 1}).bytes())
}

// Says returns what notes the progress of a job as a call does that has just
// found out that it holds the lease of now.
func (s *Scheduler) Says(t engine.Tenant, id string, percent int8) func() {
	parsed, _ := engine.ParseID(id)
	b := beat{leaseRef: leaseRef{id: parsed}, said: &progress{percent: percent}, move: s.board.find(t, parsed).move}
	return func() { s.board.say(t, []beat{b}) }
}
