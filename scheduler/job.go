package scheduler

import (
	"encoding/binary"
	"fmt"

	"quintet/engine"
)

// job is a job but for its payload and what else no transition changes: where
// it stands, and the record that is stored there. Times are milliseconds since
// 1970, spans milliseconds. It remembers under which key it is stored, so that
// store knows what to replace.
type job struct {
	place
	cancel   bool // somebody asked to cancel it while it runs
	output   bool // its worker returned something
	attempt  uint32
	attempts uint32 // at most
	token    uint64 // of the newest lease
	due      int64  // when it should, or should have, become ready
	claimed  int64  // when the newest lease began
	timeout  uint32
	keep     uint32 // s that it is kept when it has ended
	backoff  []uint32
	last     uint64 // commit of the newest transition
	progress progress

	stored []byte // the key; nil: nothing is stored yet
}

// progress is how far a worker says that it has come.
type progress struct {
	percent int8 // -1: it has not said
	message string
}

// loadJob reads the job that stands in a place, nil if none does any more.
func loadJob(r engine.Reader, p *place) (*job, error) {
	key := p.bytes()
	value := r.Get(bucketStates, key)
	if value == nil {
		return nil, nil
	}
	return decodeJob(*p, key, value)
}

// findJob finds a job by its id alone: hint is where it may stand. It fails
// with errJobNotFound.
func findJob(r engine.Reader, id engine.ID, hint *place) (*job, error) {
	if hint != nil {
		if j, err := loadJob(r, hint); j != nil || err != nil {
			return j, err
		}
	}
	f, err := loadFixed(r, id)
	if err != nil {
		return nil, err
	}
	for state := State(states) - 1; state >= Scheduled; state-- {
		from := append(placePrefix(nil, f.queue, state), id[:]...)
		for key, value := range r.Scan(bucketStates, from, append(from[:len(from):len(from)], 0xff)) {
			_, p, ok := splitPlace(key)
			if !ok {
				return nil, fmt.Errorf("job %s: its place cannot be read", id)
			}
			p.queue = f.queue
			return decodeJob(p, key, value)
		}
	}
	return nil, fmt.Errorf("job %s stands in no place", id)
}

// transit makes what was changed in j a transition and writes it.
func (j *job) transit(tx *engine.Tx, t transition) {
	t.previous, t.state, t.attempt, t.token, t.time = j.last, j.state, j.attempt, j.token, j.time
	j.last, j.move = tx.Seq(), j.move+1
	tx.Put(bucketTransitions, transitionKey(j.last, j.id, j.move), t.encode())
	j.store(tx)
}

// store writes the record where the job stands now.
func (j *job) store(tx *engine.Tx) {
	key := j.place.bytes()
	if j.stored != nil && string(j.stored) != string(key) {
		tx.Delete(bucketStates, j.stored)
	}
	j.stored = key
	tx.Put(bucketStates, key, j.encode())
}

// wait puts the job into a state in which it waits until due, or into Ready
// if that is now.
func (j *job) wait(state State, now, due int64) {
	j.state, j.time, j.due, j.span = state, due, due, 0
	if due <= now {
		j.state, j.time = Ready, now
	}
}

// fixedJob is the length of a job's record before its lists.
const fixedJob = 1 + 1 + 4 + 4 + 8 + 8 + 8 + 8 + 4 + 4 + 1

const (
	formatJob  = 2 // the first byte of the record
	flagCancel = 1
	flagOutput = 2
)

func (j *job) encode() []byte {
	b := make([]byte, 0, fixedJob+2+4*len(j.backoff)+len(j.progress.message))
	var flags byte
	if j.cancel {
		flags |= flagCancel
	}
	if j.output {
		flags |= flagOutput
	}
	b = append(b, formatJob, flags)
	b = binary.BigEndian.AppendUint32(b, j.attempt)
	b = binary.BigEndian.AppendUint32(b, j.attempts)
	b = binary.BigEndian.AppendUint64(b, j.token)
	b = binary.BigEndian.AppendUint64(b, j.last)
	b = binary.BigEndian.AppendUint64(b, uint64(j.due))
	b = binary.BigEndian.AppendUint64(b, uint64(j.claimed))
	b = binary.BigEndian.AppendUint32(b, j.timeout)
	b = binary.BigEndian.AppendUint32(b, j.keep)
	b = append(b, byte(j.progress.percent), byte(len(j.backoff)))
	for _, d := range j.backoff {
		b = binary.BigEndian.AppendUint32(b, d)
	}
	return append(append(b, byte(len(j.progress.message))), j.progress.message...)
}

func decodeJob(p place, key, b []byte) (*job, error) {
	if len(b) < fixedJob+2 || b[0] != formatJob || b[1]&^(flagCancel|flagOutput) != 0 {
		return nil, fmt.Errorf("job %s: a record of %d bytes cannot be read", p.id, len(b))
	}
	j := &job{place: p, stored: key, cancel: b[1]&flagCancel != 0, output: b[1]&flagOutput != 0}
	j.attempt, j.attempts = binary.BigEndian.Uint32(b[2:]), binary.BigEndian.Uint32(b[6:])
	j.token, j.last = binary.BigEndian.Uint64(b[10:]), binary.BigEndian.Uint64(b[18:])
	j.due, j.claimed = int64(binary.BigEndian.Uint64(b[26:])), int64(binary.BigEndian.Uint64(b[34:]))
	j.timeout, j.keep = binary.BigEndian.Uint32(b[42:]), binary.BigEndian.Uint32(b[46:])
	j.progress.percent = int8(b[50])
	rest := b[fixedJob:]
	spans := 4 * int(rest[0])
	if len(rest) < 1+spans+1 || len(rest) != 1+spans+1+int(rest[1+spans]) {
		return nil, fmt.Errorf("job %s: a record of %d bytes is cut short", p.id, len(b))
	}
	for list := rest[1 : 1+spans]; len(list) > 0; list = list[4:] {
		j.backoff = append(j.backoff, binary.BigEndian.Uint32(list))
	}
	j.progress.message = string(rest[2+spans:])
	return j, nil
}
