package scheduler

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"quintet/engine"
)

// HeapsDiff tells where a heap of the board is out of order, or has other
// entries than one that is derived from the places, "" if nowhere. Nothing may
// be under way.
func (s *Scheduler) HeapsDiff() string {
	b := s.board
	b.mu.Lock()
	defer b.mu.Unlock()
	due, leased := map[uint32]bool{}, map[uint32]bool{}
	for _, i := range b.due.list {
		due[i] = true
	}
	for _, l := range b.leases.list {
		leased[l.entry] = true
	}
	if diff := heapDiff(&b.due, "due"); diff != "" {
		return diff
	}
	if diff := heapDiff(&b.leases, "leases"); diff != "" {
		return diff
	}
	waiting, running := 0, 0
	for _, tb := range b.tenants {
		ready := map[*group][]uint32{}
		for id, i := range b.jobsOf(tb.tenant) {
			found, _ := b.lookup(tb, id)
			switch e := b.entries.at(i); {
			case found != i:
				return fmt.Sprintf("job %s is listed as %d and found as %d", id, i, found)
			case e.id != id || e.held:
				return fmt.Sprintf("the entry of job %s is %+v", id, *e)
			case e.state.waiting():
				if waiting++; !due[i] {
					return fmt.Sprintf("job %s is %s and not due", id, e.state)
				}
			case e.state == Running:
				if running++; !leased[i] {
					return fmt.Sprintf("job %s runs and its lease never ends", id)
				}
			default:
				g := b.groups[e.group]
				ready[g] = append(ready[g], i)
			}
		}
		for name, l := range tb.lines {
			if diff := b.linesDiff(l, ready); diff != "" {
				return "queue " + name + ": " + diff
			}
		}
	}
	if waiting != len(due) || running != len(leased) || len(due) != b.due.len() || len(leased) != b.leases.len() {
		return fmt.Sprintf("%d jobs wait and %d run; the heaps have %d and %d", waiting, running, b.due.len(), b.leases.len())
	}
	return ""
}

// linesDiff compares the ready jobs of each group with its heap, and finds
// groups that nobody needs.
func (b *board) linesDiff(l *line, ready map[*group][]uint32) string {
	for hash, number := range l.groups {
		g := b.groups[number]
		if g == nil || g.hash != hash || g.line != l {
			return fmt.Sprintf("group %x is another's", hash)
		}
		if g.jobs == 0 && g.slot < 0 {
			return fmt.Sprintf("group %x has no jobs and is not forgotten", hash)
		}
		if diff := heapDiff(&g.ready, "ready"); diff != "" {
			return diff
		}
		want, got := slices.Sorted(slices.Values(ready[g])), slices.Sorted(slices.Values(g.ready.list))
		if !slices.Equal(want, got) {
			return fmt.Sprintf("group %x has the entries %v ready, expected were %v", hash, got, want)
		}
		delete(ready, g)
	}
	return ""
}

func heapDiff[E any](h *heap[E], name string) string {
	for i, e := range h.list {
		if int(*h.by.slot(e)) != i {
			return fmt.Sprintf("%s: element %d believes that it is at %d", name, i, *h.by.slot(e))
		}
		if i > 0 && h.by.less(e, h.list[(i-1)/2]) {
			return fmt.Sprintf("%s: element %d stands under a greater one", name, i)
		}
	}
	return ""
}

// UniqueDiff derives from the job log which job must have each unique key, and
// tells where the index differs, "" if nowhere. A key whose newest job has been
// removed has no entry. Where one commit revives several jobs of a key whose
// windows are over, any of them may be the newest.
func (s *Scheduler) UniqueDiff(ctx context.Context, t engine.Tenant) (diff string, err error) {
	err = s.e.Store.View(ctx, t, func(v *engine.View) error {
		diff = ""
		newest, commits := map[[16]byte][]engine.ID{}, map[[16]byte]uint64{}
		for key, value := range v.Scan(bucketJobs, nil, nil) {
			f, err := decodeFixed(value)
			if err != nil {
				return err
			}
			if !f.unique.given() {
				continue
			}
			id := engine.ID(key)
			commit, err := claimed(v, id)
			if err != nil {
				return err
			}
			if commit > commits[f.unique.hash] {
				newest[f.unique.hash], commits[f.unique.hash] = nil, commit
			}
			if commit == commits[f.unique.hash] {
				newest[f.unique.hash] = append(newest[f.unique.hash], id)
			}
		}
		for key, value := range v.Scan(bucketUnique, nil, nil) {
			u, err := decodeUnique(value)
			if err != nil {
				return err
			}
			hash := [16]byte(key)
			if want := newest[hash]; u.ended == 0 && !slices.Contains(want, u.id) {
				diff = fmt.Sprintf("a unique key names job %s, and %s has it", u.id, want)
			}
		}
		return nil
	})
	return diff, err
}

// claimed is the commit in which a job last took its unique key.
func claimed(v *engine.View, id engine.ID) (commit uint64, err error) {
	j, err := findJob(v, id, nil)
	if err != nil {
		return 0, err
	}
	var revived uint64 // of the transition after the one that is looked at
	err = j.history(v, int(j.move), func(key []byte, t transition) error {
		at := binary.BigEndian.Uint64(key)
		if t.state.finished() && revived != 0 || t.event == evEnqueued {
			commit = max(commit, at, revived)
		}
		revived = 0
		if t.event == evRetried || t.event == evRedriven {
			revived = at
		}
		return nil
	})
	return commit, err
}

// Expire ends leases, which Start does by itself.
func (s *Scheduler) Expire(ctx context.Context) error { _, err := s.expire(ctx); return err }

// Logged is one transition of a job.
type Logged struct {
	Event, State string
	At           int64
	Token        uint64
}

// History reads the job log of one job, the oldest first.
func (s *Scheduler) History(ctx context.Context, t engine.Tenant, id engine.ID) (list []Logged, err error) {
	err = s.e.Store.View(ctx, t, func(v *engine.View) error {
		list = nil
		j, err := findJob(v, id, nil)
		if err != nil {
			return err
		}
		return j.history(v, int(j.move), func(_ []byte, t transition) error {
			list = append(list, Logged{t.event.String(), t.state.String(), t.at, t.token})
			return nil
		})
	})
	slices.Reverse(list)
	return list, err
}

// SliceJobs is how many jobs one pass moves.
const SliceJobs = sliceJobs

// Content reads all that the scheduler has stored for a tenant, by bucket and
// key.
func (s *Scheduler) Content(ctx context.Context, t engine.Tenant) (all map[string]string, err error) {
	err = s.e.Store.View(ctx, t, func(v *engine.View) error {
		all = map[string]string{}
		for _, bucket := range buckets {
			for key, value := range v.Scan(bucket, nil, nil) {
				all[string(bucket)+" "+string(key)] = string(value)
			}
		}
		return nil
	})
	return all, err
}

var buckets = []engine.Bucket{
	bucketQueues, bucketJobs, bucketStates, bucketOutputs, bucketTransitions, bucketUnique, bucketWindows, bucketTags, bucketOperations, bucketSchedules, bucketCursors,
}

// Stood is where a job stands by the key of its state.
type Stood struct {
	ID      engine.ID
	Queue   string
	State   string
	Started bool
	Group   uint64 // 0 for a job without a key
}

// StoodIn reads a place that a commit writes, and reports whether it is one.
func StoodIn(w engine.Write) (at Stood, ok bool) {
	if w.Bucket != bucketStates {
		return at, false
	}
	queue, p, ok := splitPlace(w.Key())
	return Stood{p.id, string(queue), p.state.String(), p.started, p.group}, ok
}
