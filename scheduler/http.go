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

	get, post, put, del := http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	huma.Register(a, operation(get, "/v1/queues", "list-queues", "read", "The queues, by name"), body(s.getQueues))
	huma.Register(a, operation(get, "/v1/queues/{queue}", "get-queue", "read", "One queue and how many jobs it has"), body(s.getQueue))
	huma.Register(a, operation(post, "/v1/queues/{queue}/lease", "lease-jobs", "write", "Lease jobs, or wait for one"), body(s.postLease))
	huma.Register(a, operation(post, "/v1/leases/heartbeat", "heartbeat", "write", "Renew leases"), body(s.postHeartbeat))

	huma.Register(a, operation(get, "/v1/jobs", "list-jobs", "read", "Jobs, the newest first"), body(s.getJobs))
	huma.Register(a, operation(get, "/v1/jobs/{id}", "get-job", "read", "One job with its timeline"), body(ofJob(s.job)))
	huma.Register(a, operation(post, "/v1/jobs/{id}/complete", "complete-job", "write", "Complete a leased job"), body(s.postComplete))
	huma.Register(a, operation(post, "/v1/jobs/{id}/fail", "fail-job", "write", "Fail the attempt of a leased job"), body(s.postFail))
	huma.Register(a, operation(post, "/v1/jobs/{id}/snooze", "snooze-job", "write", "Put a leased job off; the attempt does not count"), body(s.postSnooze))
	huma.Register(a, operation(post, "/v1/jobs/{id}/cancel", "cancel-job", "write", "Cancel a job"), body(ofJob(s.cancelJob)))
	huma.Register(a, operation(post, "/v1/jobs/{id}/retry", "retry-job", "write", "Run a dead, cancelled or retrying job now"), body(ofJob(s.retry)))
	huma.Register(a, operation(post, "/v1/jobs/redrive", "redrive-jobs", "write", "Make the dead letters of a queue ready"), body(s.postRedrive))

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
	maxBody     = 128 << 10
	maxLine     = MaxPayload + 4<<10
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
