package scheduler

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

type leaseInput struct {
	QueuePath
	Body *struct {
		Limit  *int   `json:"limit,omitempty" doc:"At most so many jobs, from 1 to 1,000." default:"1"`
		Wait   string `json:"wait,omitempty" doc:"How long to wait for a job, up to 60s." default:"0s"`
		Lease  string `json:"lease,omitempty" doc:"For how long, from 1s to 12h." default:"30s"`
		Worker string `json:"worker,omitempty" doc:"A name for the timeline, of at most 128 bytes."`
	}
}

// check turns the input into a request; without a body all is default.
func (in *leaseInput) check(t engine.Tenant) (r leaseRequest, err error) {
	r = leaseRequest{tenant: t, queue: in.Queue, limit: 1, lease: defaultLease}
	if err := api.CheckName("queue", in.Queue); err != nil || in.Body == nil {
		return r, err
	}
	if r.limit = orElse(in.Body.Limit, 1); r.limit < 1 || r.limit > maxLeases {
		return r, invalid("body.limit", "is from 1 to %d", maxLeases)
	}
	if r.wait, err = duration("body.wait", in.Body.Wait, 0, 0, maxWait); err != nil {
		return r, err
	}
	if r.lease, err = duration("body.lease", in.Body.Lease, defaultLease, minLease, maxLease); err != nil {
		return r, err
	}
	if r.worker = in.Body.Worker; len(r.worker) > maxWorker {
		return r, invalid("body.worker", "has at most %d bytes", maxWorker)
	}
	return r, nil
}

// Leases answers a poll.
type Leases struct {
	Jobs []Lease `json:"jobs" nullable:"false"`
}

func (s *Scheduler) postLease(ctx context.Context, t engine.Tenant, in *leaseInput) (Leases, error) {
	r, err := in.check(t)
	if err != nil {
		return Leases{}, err
	}
	leases, err := s.lease(ctx, r)
	return Leases{orEmpty(leases)}, err
}

// heldLease names a lease in a heartbeat.
type heldLease struct {
	ID    string `json:"id"`
	Token string `json:"token"`
}

type heartbeatInput struct {
	Body struct {
		Leases []heldLease `json:"leases" nullable:"false"`
		Extend string      `json:"extend,omitempty" doc:"From 1s to 12h, from now on." default:"30s"`
	}
}

// check reads the leases. What cannot be a job is an error and not lost: the
// caller did not get it from here.
func (in *heartbeatInput) check() (leases []leaseRef, extend time.Duration, err error) {
	if extend, err = duration("body.extend", in.Body.Extend, defaultLease, minLease, maxLease); err != nil {
		return nil, 0, err
	}
	if len(in.Body.Leases) > maxLeases {
		return nil, 0, invalid("body.leases", "has at most %d", maxLeases)
	}
	for i, l := range in.Body.Leases {
		id, err := engine.ParseID(l.ID)
		if err != nil {
			return nil, 0, invalid(fmt.Sprintf("body.leases[%d].id", i), "%s", err)
		}
		token, err := parseToken(fmt.Sprintf("body.leases[%d].token", i), l.Token)
		if err != nil {
			return nil, 0, err
		}
		leases = append(leases, leaseRef{id, token})
	}
	return leases, extend, nil
}

// Heartbeat tells what became of each lease.
type Heartbeat struct {
	Extended []engine.ID `json:"extended" nullable:"false"`
	Lost     []engine.ID `json:"lost" nullable:"false" doc:"Stop working on these: somebody else may be."`
	Cancel   []engine.ID `json:"cancel" nullable:"false" doc:"Of the extended, those that somebody asked to cancel."`
}

func (s *Scheduler) postHeartbeat(ctx context.Context, t engine.Tenant, in *heartbeatInput) (Heartbeat, error) {
	leases, extend, err := in.check()
	if err != nil {
		return Heartbeat{}, err
	}
	beats, err := s.heartbeat(ctx, t, leases, extend)
	return Heartbeat{orEmpty(beats.extended), orEmpty(beats.lost), orEmpty(beats.cancel)}, err
}

// leased names a job by its path and the lease of it by a token.
func (p JobPath) leased(token string) (l leaseRef, err error) {
	if l.id, err = p.check(); err == nil {
		l.token, err = parseToken("body.token", token)
	}
	return l, err
}

func parseToken(at, text string) (uint64, error) {
	var t Token
	if err := t.UnmarshalText([]byte(text)); err != nil {
		return 0, invalid(at, "%s", err)
	}
	return uint64(t), nil
}

type completeInput struct {
	JobPath
	Body struct {
		Token  string          `json:"token" doc:"Of the lease."`
		Output json.RawMessage `json:"output,omitempty" doc:"Any JSON value of at most 63 KiB."`
	}
}

func (s *Scheduler) postComplete(ctx context.Context, t engine.Tenant, in *completeInput) (*Job, error) {
	l, err := in.leased(in.Body.Token)
	output := in.Body.Output
	if err == nil && output != nil {
		output, err = compact("body.output", output)
	}
	if err != nil {
		return nil, err
	}
	return s.complete(ctx, t, l, output)
}

type failInput struct {
	JobPath
	Body struct {
		Token      string `json:"token" doc:"Of the lease."`
		Error      string `json:"error,omitempty" doc:"What went wrong; the first 8 KiB are kept."`
		RetryAfter string `json:"retry_after,omitempty" doc:"When to try again, instead of the job's own backoff." example:"10s"`
	}
}

func (s *Scheduler) postFail(ctx context.Context, t engine.Tenant, in *failInput) (*Job, error) {
	l, err := in.leased(in.Body.Token)
	if err != nil {
		return nil, err
	}
	after, err := duration("body.retry_after", in.Body.RetryAfter, -time.Millisecond, 0, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	return s.fail(ctx, t, l, failure{text: in.Body.Error, retryAfter: after.Milliseconds()})
}

type snoozeInput struct {
	JobPath
	Body struct {
		Token string `json:"token" doc:"Of the lease."`
		Delay string `json:"delay" minLength:"1" example:"5m"`
	}
}

func (s *Scheduler) postSnooze(ctx context.Context, t engine.Tenant, in *snoozeInput) (*Job, error) {
	l, err := in.leased(in.Body.Token)
	if err != nil {
		return nil, err
	}
	delay, err := duration("body.delay", in.Body.Delay, 0, 0, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	return s.snooze(ctx, t, l, delay)
}
