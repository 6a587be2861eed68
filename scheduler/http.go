package scheduler

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine/api"
)

// Routes adds the scheduler's operations. Scope scheduler:write leases and
// completes, too; scheduler:admin deletes definitions.
func (s *Scheduler) Routes(a huma.API, e *echo.Echo) {
	document := a.OpenAPI()
	document.Tags = append(document.Tags, &huma.Tag{Name: s.Name(), Description: "Durable jobs, leases and schedules."})
	e.POST("/v1/queues/:queue/jobs", s.postJobs)
	document.AddOperation(enqueueOperation(document.Components.Schemas))

	s.queueRoutes(a)
	s.workerRoutes(a)
	s.jobRoutes(a)
	s.liveRoutes(e, document)
	get, put, post, del := http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete
	huma.Register(a, operation(get, "/v1/schedules", "list-schedules", "read", "The schedules, by name"), body(s.getSchedules))
	huma.Register(a, operation(put, "/v1/schedules/{id}", "put-schedule", "write", "Define a schedule"), whole(s.putSchedule))
	huma.Register(a, operation(get, "/v1/schedules/{id}", "get-schedule", "read", "One schedule"), whole(s.getSchedule))
	huma.Register(a, operation(del, "/v1/schedules/{id}", "delete-schedule", "admin", "Delete a schedule; its jobs stay"), whole(s.deleteSchedule))
	huma.Register(a, operation(get, "/v1/schedules/{id}/preview", "preview-schedule", "read", "The next ticks of a schedule"), body(s.getPreview))
	huma.Register(a, operation(post, "/v1/schedules/preview", "preview-schedule-spec", "read", "The next ticks that a definition would have; nothing is stored"), body(s.postPreview))
	huma.Register(a, operation(post, "/v1/schedules/{id}/pause", "pause-schedule", "write", "Pass over the ticks of a schedule until it is resumed"), whole(s.postPause))
	huma.Register(a, operation(post, "/v1/schedules/{id}/resume", "resume-schedule", "write", "Let a schedule tick again"), whole(s.postResume))
	run := operation(post, "/v1/schedules/{id}/run", "run-schedule", "write", "Make a job of a schedule now; its ticks stay as they are")
	run.DefaultStatus = http.StatusCreated
	huma.Register(a, run, whole(s.postRun))
	huma.Register(a, operation(post, "/v1/schedules/{id}/backfill", "backfill-schedule", "write", "Make the jobs of past ticks that have none"), body(s.postBackfill))
}

func (s *Scheduler) queueRoutes(a huma.API) {
	get, post, put, del := http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	huma.Register(a, operation(get, "/v1/queues", "list-queues", "read", "The queues, by name"), body(s.getQueues))
	huma.Register(a, operation(get, "/v1/queues/{queue}", "get-queue", "read", "One queue and how many jobs it has"), whole(s.getQueue))
	huma.Register(a, operation(put, "/v1/queues/{queue}", "put-queue", "write", "Define a queue: limits, order and defaults"), whole(s.putQueue))
	huma.Register(a, operation(del, "/v1/queues/{queue}", "delete-queue", "admin", "Delete a queue that has no jobs"), whole(s.removeQueue))
	huma.Register(a, operation(post, "/v1/queues/{queue}/pause", "pause-queue", "write", "Hand out no jobs of a queue"), whole(s.toState(Paused)))
	huma.Register(a, operation(post, "/v1/queues/{queue}/drain", "drain-queue", "write", "Take no jobs into a queue; those that are there run"), whole(s.toState(Draining)))
	huma.Register(a, operation(post, "/v1/queues/{queue}/resume", "resume-queue", "write", "End a pause or a drain"), whole(s.toState(Active)))
}

func (s *Scheduler) workerRoutes(a huma.API) {
	post := http.MethodPost
	huma.Register(a, operation(post, "/v1/queues/{queue}/lease", "lease-jobs", "write", "Lease jobs, or wait for one"), body(s.postLease))
	huma.Register(a, operation(post, "/v1/leases", "lease-jobs-of-queues", "write", "Lease jobs of several queues, or wait for one"), body(s.postLeases))
	huma.Register(a, operation(post, "/v1/leases/heartbeat", "heartbeat", "write", "Renew leases"), body(s.postHeartbeat))
	huma.Register(a, operation(post, "/v1/leases/complete", "complete-jobs", "write", "Complete many leased jobs"), body(s.postCompleteMany))
	huma.Register(a, operation(post, "/v1/jobs/{id}/complete", "complete-job", "write", "Complete a leased job"), body(s.postComplete))
	huma.Register(a, operation(post, "/v1/jobs/{id}/fail", "fail-job", "write", "Fail the attempt of a leased job"), body(s.postFail))
	huma.Register(a, operation(post, "/v1/jobs/{id}/snooze", "snooze-job", "write", "Put a leased job off; the attempt does not count"), body(s.postSnooze))
	huma.Register(a, operation(post, "/v1/jobs/{id}/progress", "report-progress", "write", "Say how far a leased job is"), whole(s.postProgress))
}

func (s *Scheduler) jobRoutes(a huma.API) {
	get, post, patch, del := http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
	huma.Register(a, operation(get, "/v1/jobs", "list-jobs", "read", "Jobs, the newest first"), body(s.getJobs))
	huma.Register(a, operation(get, "/v1/jobs/{id}", "get-job", "read", "One job with its timeline"), whole(ofJob(s.job)))
	huma.Register(a, operation(patch, "/v1/jobs/{id}", "patch-job", "write", "Change a job before it runs"), whole(s.patchJob))
	huma.Register(a, operation(del, "/v1/jobs/{id}", "delete-job", "write", "Remove a job that has ended"), whole(s.deleteJob))
	huma.Register(a, operation(post, "/v1/jobs/{id}/cancel", "cancel-job", "write", "Cancel a job"), whole(ofJob(s.cancelJob)))
	huma.Register(a, operation(post, "/v1/jobs/{id}/retry", "retry-job", "write", "Run a dead, cancelled or retrying job now"), whole(ofJob(s.retry)))
	huma.Register(a, operation(post, "/v1/jobs/redrive", "redrive-jobs", "write", "Make dead letters ready"), whole(s.startBulk(OpRedrive)))
	huma.Register(a, operation(post, "/v1/jobs/retry", "retry-jobs", "write", "Run many dead, cancelled or retrying jobs now"), whole(s.startBulk(OpRetry)))
	huma.Register(a, operation(post, "/v1/jobs/cancel", "cancel-jobs", "write", "Cancel many jobs"), whole(s.startBulk(OpCancel)))
	huma.Register(a, operation(post, "/v1/jobs/purge", "purge-jobs", "write", "Remove many jobs that have ended"), whole(s.startBulk(OpPurge)))
	huma.Register(a, operation(get, "/v1/job-operations", "list-job-operations", "read", "Bulk operations, the newest first"), body(s.getOperations))
	huma.Register(a, operation(get, "/v1/job-operations/{id}", "get-job-operation", "read", "How far a bulk operation is"), body(s.getOperation))
	huma.Register(a, operation(post, "/v1/job-operations/{id}/cancel", "cancel-job-operation", "write", "Stop a bulk operation"), body(s.postCancelOperation))
	huma.Register(a, operation(post, "/v1/jobs/check", "check-jobs", "write", "Prove that every job of the tenant stands in exactly one place"), body(s.postCheck))
}

func operation(method, path, id, scope, summary string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary,
		Tags: []string{"scheduler"}, Security: api.Scope("scheduler:" + scope), DefaultStatus: http.StatusOK,
		MaxBodyBytes: maxBody, BodyReadTimeout: -1, // huma's own timeout would end a long poll
	}
}

// Limits of a body in bytes: of one job, of one line of a bulk body, of the
// whole of it.
const (
	maxBody     = MaxPayload + 64<<10
	maxLine     = MaxPayload + 64<<10
	maxBulkBody = 64 << 20
)

// Media types of a body of jobs.
const (
	mediaJSON  = "application/json"
	mediaLines = "application/x-ndjson"
)

// enqueueOperation describes postJobs, which huma cannot register: one path
// takes one job or many.
func enqueueOperation(schemas huma.Registry) *huma.Operation {
	op := operation(http.MethodPost, "/v1/queues/{queue}/jobs", "enqueue-jobs", "write", "Enqueue one job, or many")
	op.Description = "A JSON object is one job. A JSON array, or NDJSON, is up to 10,000 of them, taken one by one; with atomic=true up to 100, all or nothing. " +
		"Under an Idempotency-Key a repeated request makes no job twice. The first job makes the queue."
	op.MaxBodyBytes = maxBulkBody
	job := &huma.MediaType{Schema: schemas.Schema(reflect.TypeFor[JobSpec](), true, "")}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{mediaJSON: job, mediaLines: job}}
	op.Parameters = []*huma.Param{
		{Name: "queue", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}},
		{Name: "atomic", In: "query", Description: "All jobs or none.", Schema: &huma.Schema{Type: huma.TypeBoolean}},
		{Ref: "#/components/parameters/IdempotencyKey"},
	}
	op.Responses = map[string]*huma.Response{
		"201": {Description: "The job", Content: map[string]*huma.MediaType{mediaJSON: {Schema: schemas.Schema(reflect.TypeFor[Job](), true, "")}}},
		"200": {Description: "Many: what became of each", Content: map[string]*huma.MediaType{mediaJSON: {Schema: schemas.Schema(reflect.TypeFor[api.Bulk](), true, "")}}},
	}
	return &op
}
