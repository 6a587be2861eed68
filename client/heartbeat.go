package client

import (
	"context"
	"time"
)

// renew sends one heartbeat for all attempts in each third of a lease.
func (r *run) renew() {
	tick := time.NewTicker(r.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.heartbeat()
		case <-r.finished:
			return
		}
	}
}

func (r *run) heartbeat() {
	held, leases := r.beats()
	if len(leases) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.base), r.Lease/3)
	defer cancel()
	sent := time.Now()
	answer, err := r.Client.heartbeat(ctx, leases, r.Lease)
	if refused(err) {
		answer, err = r.Client.heartbeat(ctx, plain(leases), r.Lease) // one handler's message must not cost the others their leases
	}
	if err != nil {
		r.Log.Warn("a heartbeat failed", "jobs", len(leases), "error", err)
		untold(held, leases)
		return
	}
	for _, id := range answer.Extended {
		if a := held[id]; a != nil {
			r.extended(a, time.Until(sent.Add(r.Lease)))
		}
	}
	for _, id := range answer.Lost {
		if a := held[id]; a != nil {
			r.lose(a)
		}
	}
	for _, id := range answer.Cancel {
		if a := held[id]; a != nil {
			a.cancel(ErrCancelRequested)
		}
	}
}

// beats names what is held, with what its handlers told since the last time.
func (r *run) beats() (map[string]*attempt, []beat) {
	r.mu.Lock()
	defer r.mu.Unlock()
	held, leases := make(map[string]*attempt, len(r.held)), make([]beat, 0, len(r.held))
	for id, a := range r.held {
		a.mu.Lock()
		held[id], leases = a, append(leases, beat{ID: id, Token: a.Token, Progress: a.progress, Message: a.message})
		a.progress, a.message = nil, ""
		a.mu.Unlock()
	}
	return held, leases
}

// extended gives an attempt more time, unless it was released meanwhile.
func (r *run) extended(a *attempt, left time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held[a.ID] == a {
		a.over.Reset(left)
	}
}

// untold keeps for the next heartbeat what this one did not take along, unless
// there is newer.
func untold(held map[string]*attempt, leases []beat) {
	for _, l := range leases {
		a := held[l.ID]
		a.mu.Lock()
		if a.progress == nil {
			a.progress, a.message = l.Progress, l.Message
		}
		a.mu.Unlock()
	}
}

// plain leaves out what handlers tell.
func plain(leases []beat) []beat {
	for i := range leases {
		leases[i].Progress, leases[i].Message = nil, ""
	}
	return leases
}
