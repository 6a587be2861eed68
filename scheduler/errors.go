package scheduler

import (
	"fmt"
	"time"

	"quintet/engine"
)

// What a caller may be told about a job.
var (
	errJobNotFound = &engine.Error{Kind: engine.NotFound, Code: "job_not_found", Detail: "there is no such job; finished jobs are kept for a time and then removed"}
	errLeaseLost   = &engine.Error{Kind: engine.Conflict, Code: "lease_lost", Detail: "the token does not hold the lease of this job: it expired, or the job has ended; stop working on it"}
	errFinished    = &engine.Error{Kind: engine.Conflict, Code: "job_finished", Detail: "the job has ended already; POST …/retry runs it again"}
	errNotStopped  = &engine.Error{Kind: engine.Conflict, Code: "job_not_retryable", Detail: "only a dead, cancelled or retrying job can be retried"}
	errJobChanged  = &engine.Error{Kind: engine.Precondition, Code: "etag_mismatch", Detail: "If-Match does not name the current version of the job; read it again"}
	errJobStarted  = &engine.Error{Kind: engine.Conflict, Code: "job_running", Detail: "only a job that waits for its time or a worker can be changed"}
	errNotEnded    = &engine.Error{Kind: engine.Conflict, Code: "job_unfinished", Detail: "only a job that has ended can be removed; cancel it first"}
	errJustChanged = &engine.Error{Kind: engine.Conflict, Code: "job_changing", Detail: "the job has ended in this very moment; try again"}
)

// What a caller may be told about a queue or a schedule.
var (
	errQueueNotFound    = &engine.Error{Kind: engine.NotFound, Code: "queue_not_found", Detail: "there is no such queue; the first job enqueued to a name makes it"}
	errQueueDraining    = &engine.Error{Kind: engine.Conflict, Code: "queue_draining", Detail: "the queue is drained and takes no jobs; POST /v1/queues/{queue}/resume ends that"}
	errQueueExists      = &engine.Error{Kind: engine.Conflict, Code: "queue_exists", Detail: "a queue of this name has another definition; send If-Match with its ETag to replace it"}
	errQueueChanged     = &engine.Error{Kind: engine.Precondition, Code: "etag_mismatch", Detail: "If-Match does not name the current version of the queue; read it again"}
	errQueueInUse       = &engine.Error{Kind: engine.Conflict, Code: "queue_in_use", Detail: "the queue has jobs; cancel or finish them and purge what has ended first"}
	errScheduleNotFound = &engine.Error{Kind: engine.NotFound, Code: "schedule_not_found", Detail: "there is no such schedule"}
	errScheduleExists   = &engine.Error{Kind: engine.Conflict, Code: "schedule_exists", Detail: "a schedule of this name has another definition; send If-Match with its ETag to replace it"}
	errScheduleChanged  = &engine.Error{Kind: engine.Precondition, Code: "etag_mismatch", Detail: "If-Match does not name the current version of the schedule; read it again"}
	errScheduleBusy     = &engine.Error{Kind: engine.Conflict, Code: "schedule_changing", Detail: "the schedule is changed by several callers at once; try again"}
)

// invalid refuses one field of the input.
func invalid(location, format string, args ...any) error {
	message := fmt.Sprintf(format, args...)
	return &engine.Error{
		Kind: engine.Invalid, Code: "validation_failed", Detail: location + ": " + message,
		Fields: []engine.FieldError{{Location: location, Message: message}},
	}
}

// cancelError and snoozeError are how a handler says that an attempt neither
// succeeded nor failed.
type (
	cancelError struct{ cause error }
	snoozeError struct{ delay time.Duration }
)

// Cancel makes a handler's job cancelled instead of retried; cause may be nil.
func Cancel(cause error) error { return cancelError{cause} }

// Snooze makes a handler's job ready again after delay. The attempt does not count.
func Snooze(delay time.Duration) error { return snoozeError{delay} }

func (e cancelError) Error() string {
	if e.cause == nil {
		return "cancelled by its handler"
	}
	return e.cause.Error()
}

func (e cancelError) Unwrap() error { return e.cause }

func (e snoozeError) Error() string { return "snoozed for " + e.delay.String() }
