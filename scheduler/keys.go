package scheduler

import (
	"encoding/binary"

	"quintet/engine"
)

// Buckets. FORMAT.md has their keys and values byte by byte.
const (
	bucketQueues      engine.Bucket = "scheduler.queues"      // name → when it was made
	bucketJobs        engine.Bucket = "scheduler.jobs"        // id → the job's record
	bucketPayloads    engine.Bucket = "scheduler.payloads"    // id → what never changes
	bucketOutputs     engine.Bucket = "scheduler.outputs"     // id → what its worker returned
	bucketIndex       engine.Bucket = "scheduler.index"       // place → nothing
	bucketTransitions engine.Bucket = "scheduler.transitions" // commit, id, number → transition
	bucketExpiry      engine.Bucket = "scheduler.expiry"      // until, id → nothing
	bucketSchedules   engine.Bucket = "scheduler.schedules"   // name → definition
	bucketCursors     engine.Bucket = "scheduler.cursors"     // name → where its ticks stand
)

// place is a job's one entry in the index. Its key holds all that the board
// needs, so that a start scans keys and opens no value; no key is ever used a
// second time, because the number of the transition is part of it.
type place struct {
	queue    string
	state    State
	id       engine.ID
	priority uint8
	time     int64  // ms: when due, when the lease ends, or when finished
	lease    uint32 // ms: how long the running lease was given, else 0
	move     uint32 // number of the transition that led here
}

// placeTail is the length of a place's key behind the queue's name.
const placeTail = 1 + 1 + 16 + 1 + 8 + 4 + 4

func (p place) key() []byte {
	b := make([]byte, 0, len(p.queue)+placeTail)
	b = append(placePrefix(b, p.queue, p.state), p.id[:]...)
	b = append(b, p.priority)
	b = binary.BigEndian.AppendUint64(b, uint64(p.time))
	b = binary.BigEndian.AppendUint32(b, p.lease)
	return binary.BigEndian.AppendUint32(b, p.move)
}

// placePrefix begins the keys of all jobs of a queue in a state, by id.
func placePrefix(b []byte, queue string, state State) []byte {
	b = append(append(b, queue...), 0)
	return append(b, byte(state))
}

// splitPlace reads a key but for the queue's name, which it returns as it
// stands in the key: the observer looks it up without a copy.
func splitPlace(key []byte) (queue []byte, p place, ok bool) {
	cut := len(key) - placeTail
	if cut < 1 || key[cut] != 0 {
		return nil, place{}, false
	}
	tail := key[cut+1:]
	p.state = State(tail[0])
	copy(p.id[:], tail[1:17])
	p.priority = tail[17]
	p.time = int64(binary.BigEndian.Uint64(tail[18:26]))
	p.lease = binary.BigEndian.Uint32(tail[26:30])
	p.move = binary.BigEndian.Uint32(tail[30:34])
	return key[:cut], p, p.state >= Scheduled && p.state < states
}

// transitionKey rises with the commit, so that the job log is written at one
// end; number tells apart what one commit does to the same job.
func transitionKey(commit uint64, id engine.ID, number uint32) []byte {
	b := make([]byte, 0, 28)
	b = binary.BigEndian.AppendUint64(b, commit)
	b = append(b, id[:]...)
	return binary.BigEndian.AppendUint32(b, number)
}

func expiryKey(until int64, id engine.ID) []byte {
	b := make([]byte, 0, 24)
	b = binary.BigEndian.AppendUint64(b, uint64(until))
	return append(b, id[:]...)
}
