package scheduler

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// LeaseSpec is how jobs are asked for; what is left out is default.
type LeaseSpec struct {
	Limit  *int   `json:"limit,omitempty" doc:"At most so many jobs, from 1 to 1,000." default:"1"`
	Wait   string `json:"wait,omitempty" doc:"How long to wait for a job, up to 60s." default:"0s"`
	Lease  string `json:"lease,omitempty" doc:"For how long, from 1s to 12h." default:"30s"`
	Worker string `json:"worker,omitempty" doc:"A name for the timeline, of at most 128 bytes."`
}

// check turns a spec into a request.
func (sp *LeaseSpec) check(t engine.Tenant, queues ...string) (r leaseRequest, err error) {
	r = leaseRequest{tenant: t, queues: queues, limit: 1, lease: defaultLease}
	for _, queue := range queues {
		if err := api.CheckName("queue", queue); err != nil {
			return r, err
		}
	}
	if sp == nil {
		return r, nil
	}
	if r.limit = orElse(sp.Limit, 1); r.limit < 1 || r.limit > maxLeases {
		return r, invalid("body.limit", "is from 1 to %d", maxLeases)
	}
	if r.wait, err = duration("body.wait", sp.Wait, 0, 0, maxWait); err != nil {
		return r, err
	}
	if r.lease, err = duration("body.lease", sp.Lease, defaultLease, minLease, maxLease); err != nil {
		return r, err
	}
	r.worker, err = word("body.worker", sp.Worker, maxWorker)
	return r, err
}

type leaseInput struct {
	QueuePath
	Body *LeaseSpec
}

// Leases answers a poll.
type Leases struct {
	Jobs []Lease `json:"jobs" nullable:"false"`
}

func (s *Scheduler) postLease(ctx context.Context, t engine.Tenant, in *leaseInput) (Leases, error) {
	return s.answerLease(ctx, t, in.Body, in.Queue)
}

func (s *Scheduler) answerLease(ctx context.Context, t engine.Tenant, sp *LeaseSpec, queues ...string) (Leases, error) {
	r, err := sp.check(t, queues...)
	if err != nil {
		return Leases{}, err
	}
	leases, err := s.lease(ctx, r)
	return Leases{orEmpty(leases)}, err
}

type leasesInput struct {
	Body struct {
		LeaseSpec
		Queues []string `json:"queues" minItems:"1" maxItems:"32" nullable:"false" doc:"Jobs of the first come first." example:"[\"critical\",\"default\"]"`
	}
}

func (s *Scheduler) postLeases(ctx context.Context, t engine.Tenant, in *leasesInput) (Leases, error) {
	return s.answerLease(ctx, t, &in.Body.LeaseSpec, in.Body.Queues...)
}

// heldLease names a lease in a heartbeat.
type heldLease struct {
	ID       string `json:"id"`
	Token    string `json:"token"`
	Progress *int   `json:"progress,omitempty" doc:"How far the job is, from 0 to 100."`
	Message  string `json:"message,omitempty" doc:"What it is doing, in at most 255 bytes."`
}

type heartbeatInput struct {
	Body struct {
		Leases []heldLease `json:"leases" nullable:"false"`
		Extend string      `json:"extend,omitempty" doc:"From 1s to 12h, from now on." default:"30s"`
	}
}

// check reads the leases. What cannot be a job is an error and not lost: the
// caller did not get it from here.
func (in *heartbeatInput) check() (leases []beat, extend time.Duration, err error) {
	if extend, err = duration("body.extend", in.Body.Extend, defaultLease, minLease, maxLease); err != nil {
		return nil, 0, err
	}
	if len(in.Body.Leases) > maxLeases {
		return nil, 0, invalid("body.leases", "has at most %d", maxLeases)
	}
	for i, l := range in.Body.Leases {
		at := fmt.Sprintf("body.leases[%d]", i)
		ref, err := parseLease(at, l.ID, l.Token)
		if err != nil {
			return nil, 0, err
		}
		said, err := parseProgress(at, l.Progress, l.Message)
		if err != nil {
			return nil, 0, err
		}
		leases = append(leases, beat{leaseRef: ref, said: said})
	}
	return leases, extend, nil
}

// parseLease reads one lease of many.
func parseLease(at, id, token string) (l leaseRef, err error) {
	if l.id, err = engine.ParseID(id); err != nil {
		return l, invalid(at+".id", "%s", err)
	}
	l.token, err = parseToken(at+".token", token)
	return l, err
}

const maxMessage = 255 // bytes of what a worker says of its progress

// parseProgress reads what a worker says, nil for nothing.
func parseProgress(at string, percent *int, message string) (*progress, error) {
	if percent == nil && message == "" {
		return nil, nil
	}
	n := orElse(percent, 0)
	if n < 0 || n > 100 {
		return nil, invalid(at+".progress", "is from 0 to 100")
	}
	message, err := word(at+".message", message, maxMessage)
	return &progress{int8(n), message}, err
}

type progressInput struct {
	JobPath
	Body struct {
		Token    string `json:"token" doc:"Of the lease."`
		Progress int    `json:"progress" doc:"From 0 to 100."`
		Message  string `json:"message,omitempty" doc:"At most 255 bytes."`
	}
}

func (s *Scheduler) postProgress(ctx context.Context, t engine.Tenant, in *progressInput) (*noContent, error) {
	l, err := in.leased(in.Body.Token)
	if err != nil {
		return nil, err
	}
	said, err := parseProgress("body", &in.Body.Progress, in.Body.Message)
	if err != nil {
		return nil, err
	}
	return &noContent{http.StatusNoContent}, s.hear(ctx, t, l, *said)
}

// finishedLease names a lease whose job is done.
type finishedLease struct {
	ID     string          `json:"id"`
	Token  string          `json:"token"`
	Output json.RawMessage `json:"output,omitempty"`
}

type completeManyInput struct {
	Body struct {
		Jobs []finishedLease `json:"jobs" nullable:"false"`
	}
}

func (in *completeManyInput) check() (list []completion, err error) {
	if len(in.Body.Jobs) > maxLeases {
		return nil, invalid("body.jobs", "has at most %d", maxLeases)
	}
	for i, c := range in.Body.Jobs {
		at := fmt.Sprintf("body.jobs[%d]", i)
		l, err := parseLease(at, c.ID, c.Token)
		if err != nil {
			return nil, err
		}
		output := c.Output
		if output != nil {
			if output, err = compact(at+".output", output, maxOutput); err != nil {
				return nil, err
			}
		}
		list = append(list, completion{leaseRef: l, output: output})
	}
	return list, nil
}

// Completed tells what became of each job.
type Completed struct {
	Completed []engine.ID `json:"completed" nullable:"false" doc:"Those that the token had completed before are among them."`
	Lost      []engine.ID `json:"lost" nullable:"false" doc:"Whose lease the token does not hold."`
}

func (s *Scheduler) postCompleteMany(ctx context.Context, t engine.Tenant, in *completeManyInput) (Completed, error) {
	list, err := in.check()
	if err != nil {
		return Completed{}, err
	}
	done, lost, err := s.completeMany(ctx, t, list)
	return Completed{orEmpty(done), orEmpty(lost)}, err
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
		output, err = compact("body.output", output, maxOutput)
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
		Final      bool   `json:"final,omitempty" doc:"It will not get better: the job is cancelled and not tried again."`
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
	return s.fail(ctx, t, l, failure{text: in.Body.Error, retryAfter: after.Milliseconds(), final: in.Body.Final})
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
