package scheduler

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"quintet/engine"
)

// Limits of a lease.
const (
	defaultLease = 30 * time.Second
	minLease     = time.Second
	maxLease     = 12 * time.Hour
	maxLeases    = 1_000
	maxWait      = 60 * time.Second
	maxWorker    = 128 // bytes of a worker's name
)

// Lease is a job in the hands of one worker.
type Lease struct {
	ID        engine.ID       `json:"id"`
	Queue     string          `json:"queue"`
	Payload   json.RawMessage `json:"payload"`
	Attempt   int             `json:"attempt" doc:"From 1."`
	Token     Token           `json:"token" doc:"A decimal number that rises with every lease of the job. Heartbeat, complete, fail and snooze carry it; effects elsewhere may use it to refuse what is older."`
	ExpiresAt time.Time       `json:"expires_at" doc:"Send a heartbeat before."`
}

// Token is a fencing token. In JSON it is a string: many readers of JSON keep
// only 53 bits of a number.
type Token uint64

// MarshalText writes the decimal number.
func (t Token) MarshalText() ([]byte, error) { return strconv.AppendUint(nil, uint64(t), 10), nil }

// UnmarshalText reads exactly what MarshalText writes.
func (t *Token) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != string(text) {
		return errors.New("is the decimal number that came with the lease, as a string")
	}
	*t = Token(n)
	return nil
}

// leaseRequest is a poll of one queue, checked.
type leaseRequest struct {
	tenant engine.Tenant
	queue  string
	limit  int
	wait   time.Duration
	lease  time.Duration
	worker string
}

// lease hands out up to limit jobs. Where there is none it waits for one, and
// returns nothing after wait or at Stop. A caller that is gone when its jobs
// are leased gives them back.
func (s *Scheduler) lease(ctx context.Context, r leaseRequest) ([]Lease, error) {
	w := &waiter{signal: make(chan struct{}, 1)}
	defer s.board.forget(r.tenant, r.queue, w)
	over := time.NewTimer(r.wait)
	defer over.Stop()
	for {
		if s.ended() {
			return nil, nil
		}
		s.board.await(r.tenant, r.queue, w)
		leases, err := s.claimAll(ctx, r)
		if len(leases) > 0 && ctx.Err() != nil {
			return nil, s.release(context.WithoutCancel(ctx), r.tenant, leases)
		}
		if len(leases) > 0 || err != nil || r.wait == 0 {
			return leases, err
		}
		again := time.NewTimer(maxSleep)
		select {
		case <-w.signal:
		case <-again.C:
		case <-over.C:
			r.wait = 0 // one last look
		case <-s.stopping:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		again.Stop()
		if err != nil {
			return nil, err
		}
	}
}

// ended reports whether Stop was called.
func (s *Scheduler) ended() bool {
	select {
	case <-s.stopping:
		return true
	default:
		return false
	}
}

// claimAll claims in slices until the limit is reached, the queue is empty, or
// the payloads are enough for one answer.
func (s *Scheduler) claimAll(ctx context.Context, r leaseRequest) (leases []Lease, err error) {
	for bytes := 0; len(leases) < r.limit && bytes < sliceBytes; {
		some, more, err := s.claim(ctx, r, min(sliceJobs, r.limit-len(leases)))
		for _, l := range some {
			bytes += len(l.Payload)
		}
		leases = append(leases, some...)
		if err != nil && len(leases) == 0 {
			return nil, err
		}
		if err != nil || !more {
			break
		}
	}
	return leases, nil
}

// claim leases up to n jobs in one update. More reports whether it is worth to
// try again: candidates may have been moved by somebody else meanwhile.
func (s *Scheduler) claim(ctx context.Context, r leaseRequest, n int) (leases []Lease, more bool, err error) {
	list := s.board.holdReady(r.tenant, r.queue, n)
	if len(list) == 0 {
		return nil, false, nil
	}
	defer func() { s.board.giveBack(list) }()
	now := s.now()
	var waited []int64
	var broken map[engine.ID]error
	err = s.update(ctx, r.tenant, len(list), claimKeys, func(tx *engine.Tx) error {
		leases, waited, broken = nil, nil, map[engine.ID]error{}
		for bytes, i := 0, 0; i < len(list) && bytes < sliceBytes; i++ {
			l, since, err := claimOne(tx, list[i], now, r)
			if err != nil {
				broken[list[i].id] = err
			}
			if l != nil {
				bytes += len(l.Payload)
				leases, waited = append(leases, *l), append(waited, since)
			}
		}
		return nil
	}, engine.Reclaim)
	if err != nil {
		return nil, false, err
	}
	list = s.setAside(ctx, list, broken)
	s.metrics.leased(now, waited)
	return leases, len(list) > len(leases) || len(list) == n, nil
}

// claimKeys: record, both places, transition.
const claimKeys = 4

// claimOne leases one job if it still is where it was held. The attempt counts
// from here on, before any worker has seen the job.
func claimOne(tx *engine.Tx, h held, now int64, r leaseRequest) (l *Lease, since int64, err error) {
	j, err := loadJob(tx, h.id)
	if err == errJobNotFound || err == nil && (!h.finds(j) || j.state != Ready || j.token >= tx.Seq()) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	_, payload, err := decodePayload(tx.Get(bucketPayloads, h.id[:]))
	if err != nil {
		return nil, 0, err
	}
	since = j.time
	j.state, j.attempt, j.token, j.claimed = Running, j.attempt+1, tx.Seq(), now
	j.grant(now, r.lease)
	j.move(tx, transition{event: evLeased, at: now, text: r.worker})
	return &Lease{ID: j.id, Queue: j.queue, Payload: payload, Attempt: int(j.attempt), Token: Token(j.token), ExpiresAt: clockTime(j.time)}, since, nil
}

// grant makes the lease end after span, or when the attempt has had its time.
func (j *job) grant(now int64, span time.Duration) {
	ms := span.Milliseconds()
	if j.timeout != 0 {
		ms = max(0, min(ms, j.claimed+int64(j.timeout)-now))
	}
	j.lease, j.time = uint32(ms), now+ms
}

// setAside takes out of list what cannot be read. Such a job stays held, so
// that it stops nobody else, and the check reports it.
func (s *Scheduler) setAside(ctx context.Context, list []held, broken map[engine.ID]error) []held {
	good := list[:0]
	for _, h := range list {
		if err := broken[h.id]; err != nil {
			s.options.Log.ErrorContext(ctx, "a job cannot be read and is set aside", "error", err)
		} else {
			good = append(good, h)
		}
	}
	return good
}

// release gives attempts back whose worker was gone before it saw the jobs.
func (s *Scheduler) release(ctx context.Context, t engine.Tenant, leases []Lease) error {
	now := s.now()
	return s.update(ctx, t, len(leases), claimKeys, func(tx *engine.Tx) error {
		for _, l := range leases {
			j, err := loadJob(tx, l.ID)
			if err != nil || j.state != Running || Token(j.token) != l.Token {
				continue // it has moved on, or expires
			}
			j.attempt--
			j.wait(Scheduled, now, min(j.due, now))
			j.move(tx, transition{event: evReleased, at: now})
		}
		return nil
	}, engine.Reclaim)
}
