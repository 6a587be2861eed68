package scheduler

import (
	"encoding/binary"
	"fmt"

	"quintet/engine"
)

// job is the record of a job: all that transitions change, and the policy
// that they obey. Times are milliseconds since 1970, spans milliseconds. It
// remembers what is stored of it, so that store knows what to replace.
type job struct {
	id       engine.ID
	queue    string
	state    State
	priority uint8
	cancel   bool // somebody asked to cancel it while it runs
	attempt  uint32
	attempts uint32 // at most
	token    uint64 // of the newest lease
	time     int64  // as in place
	lease    uint32 // as in place
	created  int64
	due      int64 // when it should, or should have, become ready
	claimed  int64 // when the newest lease began
	until    int64 // when it may be purged, 0 while unfinished
	timeout  uint32
	backoff  []uint32
	moves    uint32 // transitions so far
	last     uint64 // commit of the newest one

	stored      place // zero: nothing
	storedUntil int64
}

func (j *job) place() place {
	return place{queue: j.queue, state: j.state, id: j.id, priority: j.priority, time: j.time, lease: j.lease, move: j.moves}
}

// loadJob reads a job, errJobNotFound if there is none.
func loadJob(r engine.Reader, id engine.ID) (*job, error) {
	value := r.Get(bucketJobs, id[:])
	if value == nil {
		return nil, errJobNotFound
	}
	return decodeJob(id, value)
}

// move makes what was changed in j a transition and writes it.
func (j *job) move(tx *engine.Tx, t transition) {
	t.previous, t.state, t.attempt, t.token, t.time = j.last, j.state, j.attempt, j.token, j.time
	j.last, j.moves = tx.Seq(), j.moves+1
	tx.Put(bucketTransitions, transitionKey(j.last, j.id, j.moves), t.encode())
	j.store(tx)
}

// store writes the record and what is derived from it.
func (j *job) store(tx *engine.Tx) {
	if now := j.place(); now != j.stored {
		if j.stored.state != 0 {
			tx.Delete(bucketIndex, j.stored.key())
		}
		tx.Put(bucketIndex, now.key(), nil)
		j.stored = now
	}
	if j.until != j.storedUntil {
		if j.storedUntil != 0 {
			tx.Delete(bucketExpiry, expiryKey(j.storedUntil, j.id))
		}
		if j.until != 0 {
			tx.Put(bucketExpiry, expiryKey(j.until, j.id), nil)
		}
		j.storedUntil = j.until
	}
	tx.Put(bucketJobs, j.id[:], j.encode())
}

// wait puts the job into a state in which it waits until due, or into Ready
// if that is now.
func (j *job) wait(state State, now, due int64) {
	j.state, j.time, j.due, j.lease = state, due, due, 0
	if due <= now {
		j.state, j.time = Ready, now
	}
}

// finish ends the job's life.
func (j *job) finish(state State, now int64, keep int64) {
	j.state, j.time, j.lease, j.until = state, now, 0, now+keep
}

// fixedJob is the length of a job's record before its queue.
const fixedJob = 1 + 1 + 1 + 1 + 4 + 4 + 8 + 8 + 4 + 5*8 + 4 + 4 + 8

const flagCancel = 1

func (j *job) encode() []byte {
	b := make([]byte, 0, fixedJob+1+len(j.queue)+1+4*len(j.backoff))
	var flags byte
	if j.cancel {
		flags |= flagCancel
	}
	b = append(b, formatJob, byte(j.state), j.priority, flags)
	b = binary.BigEndian.AppendUint32(b, j.attempt)
	b = binary.BigEndian.AppendUint32(b, j.attempts)
	b = binary.BigEndian.AppendUint64(b, j.token)
	b = binary.BigEndian.AppendUint64(b, j.last)
	b = binary.BigEndian.AppendUint32(b, j.moves)
	for _, ms := range []int64{j.time, j.created, j.due, j.claimed, j.until} {
		b = binary.BigEndian.AppendUint64(b, uint64(ms))
	}
	b = binary.BigEndian.AppendUint32(b, j.lease)
	b = binary.BigEndian.AppendUint32(b, j.timeout)
	b = binary.BigEndian.AppendUint64(b, 0) // kept free
	b = append(append(b, byte(len(j.queue))), j.queue...)
	b = append(b, byte(len(j.backoff)))
	for _, d := range j.backoff {
		b = binary.BigEndian.AppendUint32(b, d)
	}
	return b
}

// formatJob is the first byte of a job's record.
const formatJob = 1

func decodeJob(id engine.ID, b []byte) (*job, error) {
	if len(b) < fixedJob+2 || b[0] != formatJob {
		return nil, fmt.Errorf("job %s: a record of %d bytes cannot be read", id, len(b))
	}
	j := &job{id: id, state: State(b[1]), priority: b[2], cancel: b[3]&flagCancel != 0}
	j.attempt, j.attempts = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	j.token, j.last = binary.BigEndian.Uint64(b[12:]), binary.BigEndian.Uint64(b[20:])
	j.moves = binary.BigEndian.Uint32(b[28:])
	for i, ms := range []*int64{&j.time, &j.created, &j.due, &j.claimed, &j.until} {
		*ms = int64(binary.BigEndian.Uint64(b[32+8*i:]))
	}
	j.lease, j.timeout = binary.BigEndian.Uint32(b[72:]), binary.BigEndian.Uint32(b[76:])
	rest := b[fixedJob:]
	name := int(rest[0])
	if len(rest) < 1+name+1 || len(rest) != 1+name+1+4*int(rest[1+name]) {
		return nil, fmt.Errorf("job %s: a record of %d bytes is cut short", id, len(b))
	}
	j.queue = string(rest[1 : 1+name])
	for rest = rest[2+name:]; len(rest) > 0; rest = rest[4:] {
		j.backoff = append(j.backoff, binary.BigEndian.Uint32(rest))
	}
	j.stored, j.storedUntil = j.place(), j.until
	return j, nil
}
