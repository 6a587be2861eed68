package scheduler

import (
	"fmt"
	"slices"
)

// State says where in its life a job is.
type State uint8

// The states of a job. Their numbers are stored; see FORMAT.md.
const (
	Scheduled State = iota + 1 // waits for its time
	Ready                      // waits for a worker
	Running                    // leased
	Retrying                   // failed, waits for its next attempt
	Done
	Dead // used up its attempts
	Cancelled

	states = iota + 1 // so that an array indexed by State has this length
)

var stateNames = [states]string{"", "scheduled", "ready", "running", "retrying", "done", "dead", "cancelled"}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// MarshalText writes the name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// parseState reads a name; "" is no state.
func parseState(name string) (State, bool) {
	i := slices.Index(stateNames[1:], name)
	return State(i + 1), i >= 0
}

// finished reports whether a job's life is over, unless somebody retries it.
func (s State) finished() bool { return s >= Done && s < states }

// waiting reports whether a job waits for a time.
func (s State) waiting() bool { return s == Scheduled || s == Retrying }
