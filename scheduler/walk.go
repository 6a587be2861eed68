package scheduler

import (
	"bytes"
	"context"
	"iter"

	"quintet/engine"
)

// walk is how far an operation has come: it goes through the queues by name,
// in each through the states, in each through the jobs, the oldest first; or
// through the list of a tag. The zero value stands at the beginning.
type walk struct {
	Queue string    `json:"queue,omitempty"`
	State uint8     `json:"state,omitempty"`
	ID    engine.ID `json:"id"`
}

// walked is what one slice of a walk found.
type walked struct {
	list   []place
	looked int
	end    bool
}

// choose goes on until it has found most jobs or looked at lookMost, and moves
// the walk behind the last one that it looked at. Jobs behind the newest are none
// of its business: it would never end.
func (w *walk) choose(v *engine.View, t engine.Tenant, sel *selection, newest engine.ID, most int) (found walked) {
	match := sel.matcher()
	plain := sel.filter == nil && sel.tag == ""
	for at := range w.ahead(v, t, sel) {
		if len(found.list) == most || found.looked == lookMost {
			return found
		}
		found.looked++
		w.Queue, w.State, w.ID = at.queue, uint8(at.state), at.id
		if bytes.Compare(at.id[:], newest[:]) > 0 {
			continue
		}
		if plain {
			found.list = append(found.list, *at)
			continue
		}
		// What cannot be read is passed by; the check reports it.
		if r, err := readRow(v, at.id, at); err == nil && match(r) {
			found.list = append(found.list, r.j.place)
		}
	}
	found.end = true
	return found
}

// newestJob is the greatest id that a walk goes up to which begins now, with an
// id of its own. A job may have a greater one where the clock has been set back
// before a restart.
func (s *Scheduler) newestJob(ctx context.Context, t engine.Tenant, own engine.ID) (newest engine.ID, err error) {
	err = s.e.Store.View(ctx, t, func(v *engine.View) error {
		newest = own
		for key := range v.DescendKeys(bucketJobs, nil, nil) {
			if bytes.Compare(key, own[:]) > 0 {
				newest = engine.ID(key)
			}
			return nil
		}
		return nil
	})
	return newest, err
}

// ahead yields the places in front of the walk. Of a tag's jobs only the id of
// a place is known.
func (w *walk) ahead(v *engine.View, t engine.Tenant, sel *selection) iter.Seq[*place] {
	if sel.tag != "" {
		return w.aheadOfTag(v, tagKey(t, sel.tag, engine.ID{})[:16])
	}
	from := *w
	return func(yield func(*place) bool) {
		for queue := range v.Keys(bucketQueues, []byte(max(from.Queue, sel.queue)), nil) {
			if sel.queue != "" && string(queue) != sel.queue {
				return
			}
			for state := Scheduled; state < states; state++ {
				if !sel.states.has(state) || string(queue) == from.Queue && uint8(state) < from.State {
					continue
				}
				if !from.aheadIn(v, string(queue), state, yield) {
					return
				}
			}
		}
	}
}

// aheadIn yields the places of one queue and state; false ends the walk.
func (w *walk) aheadIn(v *engine.View, queue string, state State, yield func(*place) bool) bool {
	from := placePrefix(nil, queue, state)
	if w.Queue == queue && w.State == uint8(state) {
		from = append(append(from, w.ID[:]...), 0xff) // behind all places of that job
	}
	for key := range v.Keys(bucketStates, from, placePrefix(nil, queue, state+1)) {
		_, p, ok := splitPlace(key)
		p.queue = queue
		if ok && !yield(&p) {
			return false
		}
	}
	return true
}

func (w *walk) aheadOfTag(v *engine.View, prefix []byte) iter.Seq[*place] {
	from := append(bytes.Clone(prefix), w.ID[:]...)
	if *w != (walk{}) {
		from = append(from, 0) // behind it
	}
	return func(yield func(*place) bool) {
		for key := range v.Keys(bucketTags, from, append(bytes.Clone(prefix), bytes.Repeat([]byte{0xff}, 17)...)) {
			if !yield(&place{id: engine.ID(key[16:])}) {
				return
			}
		}
	}
}
