package scheduler

import (
	"bytes"
	"encoding/binary"

	"quintet/engine"
)

// Buckets. FORMAT.md has their keys and values byte by byte.
const (
	bucketQueues      engine.Bucket = "scheduler.queues"      // name → definition
	bucketJobs        engine.Bucket = "scheduler.jobs"        // id → what no transition changes, the payload too
	bucketStates      engine.Bucket = "scheduler.states"      // place → what transitions change
	bucketOutputs     engine.Bucket = "scheduler.outputs"     // id → what its worker returned
	bucketTransitions engine.Bucket = "scheduler.transitions" // commit, id, number → transition
	bucketUnique      engine.Bucket = "scheduler.unique"      // hash of queue and unique key → the newest job that has it
	bucketWindows     engine.Bucket = "scheduler.windows"     // until, hash → nothing
	bucketTags        engine.Bucket = "scheduler.tags"        // hash of a tag, id → nothing
	bucketOperations  engine.Bucket = "scheduler.operations"  // id → bulk operation
	bucketSchedules   engine.Bucket = "scheduler.schedules"   // name → definition
	bucketCursors     engine.Bucket = "scheduler.cursors"     // name → where its ticks stand
)

// place is where a job stands, and the key of its state. The key holds all
// that the board needs, so that a start scans keys and opens no value. No key
// is ever used a second time, because the number of the transition that led
// there is part of it.
type place struct {
	queue    string
	state    State
	id       engine.ID
	priority uint8
	started  bool   // a worker has had it, and it has not ended since
	time     int64  // ms: when due, since when ready, when the lease ends, or when finished
	span     uint32 // running: ms that the lease was given; finished: s that it is kept; else 0
	move     uint32 // number of the transition that led here
	group    uint64 // hash of its key, 0 for none
}

// Flags of a place.
const (
	flagStarted = 1 << iota
	flagGrouped
)

// placeTail is the length of a place's key behind the queue's name, without
// the hash of a job's key.
const placeTail = 1 + 1 + 16 + 1 + 1 + 8 + 4 + 4

func (p *place) bytes() []byte {
	b := make([]byte, 0, len(p.queue)+placeTail+8)
	b = append(placePrefix(b, p.queue, p.state), p.id[:]...)
	var flags byte
	if p.started {
		flags |= flagStarted
	}
	if p.group != 0 {
		flags |= flagGrouped
	}
	b = append(b, p.priority, flags)
	b = binary.BigEndian.AppendUint64(b, uint64(p.time))
	b = binary.BigEndian.AppendUint32(b, p.span)
	b = binary.BigEndian.AppendUint32(b, p.move)
	if p.group != 0 {
		b = binary.BigEndian.AppendUint64(b, p.group)
	}
	return b
}

// placePrefix begins the keys of all jobs of a queue in a state, by id.
func placePrefix(b []byte, queue string, state State) []byte {
	b = append(append(b, queue...), 0)
	return append(b, byte(state))
}

// splitPlace reads a key but for the queue's name, which it returns as it
// stands in the key: the observer looks it up without a copy.
func splitPlace(key []byte) (queue []byte, p place, ok bool) {
	cut := bytes.IndexByte(key, 0)
	if cut < 1 || len(key) < cut+placeTail {
		return nil, place{}, false
	}
	tail := key[cut+1:]
	p.state = State(tail[0])
	copy(p.id[:], tail[1:17])
	p.priority = tail[17]
	p.started = tail[18]&flagStarted != 0
	p.time = int64(binary.BigEndian.Uint64(tail[19:27]))
	p.span = binary.BigEndian.Uint32(tail[27:31])
	p.move = binary.BigEndian.Uint32(tail[31:35])
	want, grouped := placeTail-1, tail[18]&flagGrouped != 0
	if grouped {
		if want += 8; len(tail) == want {
			p.group = binary.BigEndian.Uint64(tail[35:43])
		}
	}
	ok = len(tail) == want && grouped == (p.group != 0) && tail[18]&^(flagStarted|flagGrouped) == 0 && p.state >= Scheduled && p.state < states && p.priority <= maxPriority
	return key[:cut], p, ok
}

// kept is until when a finished job in this place stays, in ms.
func (p *place) kept() int64 { return later(p.time, int64(p.span)*1000) }

// transitionKey rises with the commit, so that the job log is written at one
// end; number tells apart what one commit does to the same job.
func transitionKey(commit uint64, id engine.ID, number uint32) []byte {
	b := make([]byte, 0, 28)
	b = binary.BigEndian.AppendUint64(b, commit)
	b = append(b, id[:]...)
	return binary.BigEndian.AppendUint32(b, number)
}

// tagKey is the entry of a job in the list of one of its tags.
func tagKey(t engine.Tenant, tag string, id engine.ID) []byte {
	hash := t.Hash("scheduler tag", tag)
	return append(hash[:], id[:]...)
}

// groupOf is the hash of a job's key: 64 bits, so that a queue would need
// billions of keys for two of them to share a turn.
func groupOf(t engine.Tenant, key string) uint64 {
	if key == "" {
		return 0
	}
	hash := t.Hash("scheduler key", key)
	return max(1, binary.BigEndian.Uint64(hash[:]))
}

// uniqueHash stands for a unique key, which counts within its queue.
func uniqueHash(t engine.Tenant, queue, key string) [16]byte {
	return t.Hash("scheduler unique key", queue+"\x00"+key)
}

func windowKey(until int64, hash [16]byte) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(until)), hash[:]...)
}
