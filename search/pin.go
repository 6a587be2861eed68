package search

import "slices"

// A search reads a snapshot of the store, and the index as it was at that
// commit. So that it finds it there, it pins the index before it opens the
// snapshot: later commits are taken up when it has looked. A commit waits for
// the searches that began before it, and those that begin after it do not keep
// it waiting: neither has to try again however many there are of the other.

// pin keeps an index from taking up commits behind seq.
type pin struct{ seq uint64 }

// pin pins the index at a commit that every snapshot has from now on.
func (x *index) pin(seq uint64) *pin {
	p := &pin{seq}
	x.queue.Lock()
	defer x.queue.Unlock()
	x.pins = append(x.pins, p)
	return p
}

// raise moves a pin to the commit of the snapshot.
func (x *index) raise(p *pin, seq uint64) {
	x.queue.Lock()
	defer x.queue.Unlock()
	p.seq = max(p.seq, seq)
	x.release()
}

func (x *index) unpin(p *pin) {
	x.queue.Lock()
	defer x.queue.Unlock()
	x.pins = slices.DeleteFunc(x.pins, func(other *pin) bool { return other == p })
	x.release()
}

// release wakes who waits for a pin. It is called under the queue's lock.
func (x *index) release() {
	if x.released != nil {
		close(x.released)
		x.released = nil
	}
}

// pinned returns what to wait for before a commit may be taken up, nil for
// nothing. It is called under the queue's lock.
func (x *index) pinned(seq uint64) <-chan struct{} {
	if !slices.ContainsFunc(x.pins, func(p *pin) bool { return p.seq < seq }) {
		return nil
	}
	if x.released == nil {
		x.released = make(chan struct{})
	}
	return x.released
}
