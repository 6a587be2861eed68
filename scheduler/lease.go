package scheduler

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
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
	ID          engine.ID         `json:"id"`
	Queue       string            `json:"queue"`
	Payload     json.RawMessage   `json:"payload"`
	Key         string            `json:"key,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	Attempt     int               `json:"attempt" doc:"From 1."`
	MaxAttempts int               `json:"max_attempts"`
	Token       Token             `json:"token" doc:"A decimal number that rises with every lease of the job. Heartbeat, complete, fail and snooze carry it; effects elsewhere may use it to refuse what is older."`
	ExpiresAt   time.Time         `json:"expires_at" doc:"Send a heartbeat before."`

	blob *engine.BlobName // holds the payload
	size int
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

// leaseRequest is a poll of one or several queues, checked. The jobs of the
// first come first.
type leaseRequest struct {
	tenant engine.Tenant
	queues []string
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
	defer s.board.forget(r.tenant, r.queues, w)
	over := time.NewTimer(r.wait)
	defer over.Stop()
	for {
		if s.ended() {
			return nil, nil
		}
		s.board.await(r.tenant, r.queues, w)
		leases, wait, err := s.claimAll(ctx, r)
		if len(leases) > 0 && ctx.Err() != nil {
			return nil, s.release(context.WithoutCancel(ctx), r.tenant, leases)
		}
		if len(leases) > 0 || err != nil || r.wait == 0 {
			return leases, err
		}
		again := time.NewTimer(wait)
		select {
		case <-w.signal:
		case <-again.C:
		case <-over.C:
			r.wait = 0 // one last look
		case <-s.leaving:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		again.Stop()
		if err != nil {
			return nil, err
		}
	}
}

// ended reports whether no more leases are handed out.
func (s *Scheduler) ended() bool {
	select {
	case <-s.leaving:
		return true
	default:
		return false
	}
}

// claimAll claims in slices until the limit is reached, the queues are empty,
// or the payloads are enough for one answer. Wait is how long to wait before
// it is worth to look again without a signal.
func (s *Scheduler) claimAll(ctx context.Context, r leaseRequest) (leases []Lease, wait time.Duration, err error) {
	for bytes := 0; len(leases) < r.limit && bytes < answerBytes; {
		var some []Lease
		var more bool
		some, wait, more, err = s.claim(ctx, r, min(sliceJobs, r.limit-len(leases)))
		for _, l := range some {
			bytes += l.size
		}
		leases = append(leases, some...)
		if err != nil && len(leases) == 0 {
			return nil, wait, err
		}
		if err != nil || !more {
			break
		}
	}
	return leases, wait, nil
}

// claim leases up to n jobs in one update. More reports whether it is worth to
// try again: candidates may have been moved by somebody else meanwhile.
func (s *Scheduler) claim(ctx context.Context, r leaseRequest, n int) (leases []Lease, wait time.Duration, more bool, err error) {
	list, wait := s.board.holdReady(r.tenant, r.queues, n)
	if len(list) == 0 {
		return nil, wait, false, nil
	}
	var gone []engine.ID
	defer func() { s.returnHeld(ctx, r.tenant, list, gone) }()
	now := s.now()
	var waited []int64
	var broken map[engine.ID]error
	err = s.update(ctx, r.tenant, len(list), claimKeys, func(tx *engine.Tx) error {
		leases, waited, broken, gone = nil, nil, nil, nil
		for bytes, i := 0, 0; i < len(list) && bytes < answerBytes; i++ {
			l, since, err := claimOne(tx, &list[i].place, now, r)
			switch {
			case err != nil:
				broken = setBroken(broken, list[i].place.id, err)
			case l == nil:
				gone = append(gone, list[i].place.id)
			default:
				bytes += l.size
				leases, waited = append(leases, *l), append(waited, since)
			}
		}
		return nil
	}, engine.Reclaim)
	if err != nil {
		return nil, wait, false, err
	}
	list = s.setAside(ctx, list, broken)
	s.metrics.leased(now, waited)
	leases = s.openPayloads(ctx, r.tenant, leases)
	return leases, wait, len(list) > len(leases) || len(list) == n, nil
}

// returnHeld gives back what was not leased. A job that the store did not have
// in its place has moved, or is one of those that the sweep looks for: a poll
// must not come upon it for ever.
func (s *Scheduler) returnHeld(ctx context.Context, t engine.Tenant, list []held, gone []engine.ID) {
	s.board.giveBack(list)
	if err := s.mendAll(ctx, t, gone); err != nil && ctx.Err() == nil {
		s.complain(ctx, err)
	}
}

// claimKeys: both places, transition.
const claimKeys = 3

// answerBytes is how many bytes of payload one answer has, but for one more job.
const answerBytes = 1 << 20

// claimOne leases one job if it still is where it was held. The attempt counts
// from here on, before any worker has seen the job.
func claimOne(tx *engine.Tx, p *place, now int64, r leaseRequest) (l *Lease, since int64, err error) {
	j, err := loadJob(tx, p)
	if err != nil || j == nil || j.state != Ready || j.token >= tx.Seq() {
		return nil, 0, err
	}
	f, err := loadFixed(tx, p.id)
	if err != nil {
		return nil, 0, err
	}
	since = j.time
	j.state, j.attempt, j.token, j.claimed, j.started = Running, j.attempt+1, tx.Seq(), now, true
	j.progress = progress{percent: -1}
	j.grant(now, r.lease)
	j.transit(tx, transition{event: evLeased, at: now, text: r.worker})
	return newLease(j, f), since, nil
}

func newLease(j *job, f *fixed) *Lease {
	l := &Lease{
		ID: j.id, Queue: j.queue, Payload: f.payload, Key: f.key, Headers: headersOf(f), Attempt: int(j.attempt), MaxAttempts: int(j.attempts),
		Token: Token(j.token), ExpiresAt: clockTime(j.time), blob: f.blob, size: int(f.size),
	}
	return l
}

// openPayloads reads the payloads that are blobs. A job whose payload cannot
// be read fails its attempt and stops nobody else.
func (s *Scheduler) openPayloads(ctx context.Context, t engine.Tenant, leases []Lease) []Lease {
	good := leases[:0]
	for _, l := range leases {
		if l.blob != nil {
			payload, err := s.readPayload(ctx, t, *l.blob)
			if err != nil {
				s.options.Log.ErrorContext(ctx, "the payload of a job cannot be read; its attempt fails", "job", l.ID, "error", err)
				_, _ = s.fail(context.WithoutCancel(ctx), t, leaseRef{l.ID, uint64(l.Token)}, failure{text: "its payload cannot be read", retryAfter: -1})
				continue
			}
			l.Payload = payload
		}
		good = append(good, l)
	}
	return good
}

// readPayload reads a payload that is a blob.
func (s *Scheduler) readPayload(ctx context.Context, t engine.Tenant, name engine.BlobName) (json.RawMessage, error) {
	r, err := s.e.Blobs.Open(ctx, t, name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, MaxPayload+1))
}

// grant makes the lease end after span, or when the attempt has had its time.
func (j *job) grant(now int64, span time.Duration) {
	ms := span.Milliseconds()
	if j.timeout != 0 {
		ms = max(0, min(ms, j.claimed+int64(j.timeout)-now))
	}
	j.span, j.time = uint32(ms), now+ms
}

// setAside takes out of list what cannot be read. Such a job stays held, so
// that it stops nobody else, and the check reports it.
func (s *Scheduler) setAside(ctx context.Context, list []held, broken map[engine.ID]error) []held {
	good := list[:0]
	for _, h := range list {
		if err := broken[h.place.id]; err != nil {
			s.options.Log.ErrorContext(ctx, "a job cannot be read and is set aside", "error", err)
		} else {
			good = append(good, h)
		}
	}
	return good
}

func setBroken(broken map[engine.ID]error, id engine.ID, err error) map[engine.ID]error {
	if broken == nil {
		broken = map[engine.ID]error{}
	}
	broken[id] = err
	return broken
}

// release gives attempts back whose worker was gone before it saw the jobs.
func (s *Scheduler) release(ctx context.Context, t engine.Tenant, leases []Lease) error {
	now := s.now()
	for part := range slices.Chunk(leases, sliceJobs) {
		err := s.update(ctx, t, len(part), claimKeys, func(tx *engine.Tx) error {
			for _, l := range part {
				j, err := findJob(tx, l.ID, nil)
				if err != nil || j.state != Running || Token(j.token) != l.Token {
					continue // it has moved on, or expires
				}
				j.attempt--
				if j.cancel {
					s.finish(j, Cancelled, now)
				} else {
					j.wait(Scheduled, now, min(j.due, now))
				}
				j.transit(tx, transition{event: evReleased, at: now})
			}
			return nil
		}, engine.Reclaim)
		if err != nil {
			return err
		}
	}
	return nil
}
