package scheduler

import (
	"encoding/binary"
	"fmt"

	"quintet/engine"
)

// event says what a transition was.
type event uint8

// The events. Their numbers are stored; see FORMAT.md.
const (
	evEnqueued event = iota + 1
	evDue
	evLeased
	evCompleted
	evFailed
	evExpired
	evSnoozed
	evReleased // the worker was gone before it saw the job
	evCancelRequested
	evCancelled
	evRetried
	evRedriven
	evChanged // by PATCH

	events = iota + 1
)

var eventNames = [events]string{"", "enqueued", "due", "leased", "completed", "failed", "expired", "snoozed", "released", "cancel_requested", "cancelled", "retried", "redriven", "changed"}

func (e event) String() string {
	if int(e) < len(eventNames) {
		return eventNames[e]
	}
	return fmt.Sprintf("event(%d)", uint8(e))
}

// transition is one change of a job as the job log keeps it. It names the
// commit of the job's transition before it, so that those of one job form a
// chain although the log is ordered by commit.
type transition struct {
	event    event
	state    State // after it
	at       int64 // ms
	attempt  uint32
	token    uint64
	time     int64 // as in place, after it
	previous uint64
	text     string // the worker of a lease, the error of a failure
}

const (
	formatTransition = 1
	fixedTransition  = 3 + 8 + 4 + 8 + 8 + 8
)

func (t transition) encode() []byte {
	b := make([]byte, 0, fixedTransition+len(t.text))
	b = append(b, formatTransition, byte(t.event), byte(t.state))
	b = binary.BigEndian.AppendUint64(b, uint64(t.at))
	b = binary.BigEndian.AppendUint32(b, t.attempt)
	b = binary.BigEndian.AppendUint64(b, t.token)
	b = binary.BigEndian.AppendUint64(b, uint64(t.time))
	b = binary.BigEndian.AppendUint64(b, t.previous)
	return append(b, t.text...)
}

func decodeTransition(b []byte) (transition, error) {
	if len(b) < fixedTransition || b[0] != formatTransition {
		return transition{}, fmt.Errorf("a transition of %d bytes cannot be read", len(b))
	}
	return transition{
		event: event(b[1]), state: State(b[2]), at: int64(binary.BigEndian.Uint64(b[3:])),
		attempt: binary.BigEndian.Uint32(b[11:]), token: binary.BigEndian.Uint64(b[15:]),
		time: int64(binary.BigEndian.Uint64(b[23:])), previous: binary.BigEndian.Uint64(b[31:]),
		text: string(b[fixedTransition:]),
	}, nil
}

// history walks a job's transitions from the newest back, at most limit of
// them, and calls each with the key.
func (j *job) history(r engine.Reader, limit int, each func(key []byte, t transition) error) error {
	commit := j.last
	for n := j.move; n > 0 && limit > 0; n, limit = n-1, limit-1 {
		key := transitionKey(commit, j.id, n)
		value := r.Get(bucketTransitions, key)
		if value == nil {
			return fmt.Errorf("job %s: transition %d is missing", j.id, n)
		}
		t, err := decodeTransition(value)
		if err != nil {
			return fmt.Errorf("job %s: %w", j.id, err)
		}
		if err := each(key, t); err != nil {
			return err
		}
		commit = t.previous
	}
	return nil
}
