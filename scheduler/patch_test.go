package scheduler_test

import (
	"testing"
	"time"

	"quintet/scheduler"
)

// TestPatch changes jobs before they run.
func TestPatch(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{})
	patch := func(b *bed, id, body string, headers ...string) *reply {
		b.t.Helper()
		return b.do("PATCH", "/v1/jobs/"+id, body, headers...)
	}
	scenario("OK every field", func(b *bed) {
		id := b.enqueue("q", `{"payload":1,"key":"k","tags":["t"],"unique_key":"u","headers":{"h":"1"}}`)
		patch(b, id, `{"payload":{"a": 2}}`).want(200)
		patch(b, id, `{"priority":0}`).want(200, `"priority":0`)
		patch(b, id, `{"max_attempts":7}`).want(200, `"max_attempts":7`)
		patch(b, id, `{"timeout":"90s"}`).want(200, `"timeout":"90s"`)
		patch(b, id, `{"backoff":["1s","2s"]}`).want(200, `"backoff":["1s","2s"]`)
		patch(b, id, `{"retention":"1m"}`).want(200)
		b.do("GET", "/v1/jobs/"+id, "").want(200, `"payload":{"a":2}`, `"priority":0`, `"max_attempts":7`, `"timeout":"90s"`, `"backoff":["1s","2s"]`,
			`"key":"k"`, `"tags":["t"]`, `"headers":{"h":"1"}`, `"state":"ready"`)
		b.wantState(id, "ready", "enqueued", "changed", "changed", "changed", "changed", "changed", "changed")
		patch(b, id, `{"payload":null,"backoff":[]}`).want(200, `!"backoff"`)
		b.do("GET", "/v1/jobs/"+id, "").want(200, `"payload":null`)
		b.do("POST", "/v1/queues/q/jobs", `{"unique_key":"u"}`).want(409, "job_exists")
		if l := b.leaseOne("q"); string(l.Payload) != "null" {
			b.t.Errorf("leased with %s", l.Payload)
		} else {
			b.call(l, "complete", ``).want(200)
		}
		pass(2 * time.Minute)
		b.do("GET", "/v1/jobs/"+id, "").want(404)
	})
	scenario("OK when it runs", func(b *bed) {
		id := b.enqueue("q", `{}`)
		patch(b, id, `{"delay":"10s"}`).want(200, `"state":"scheduled"`)
		patch(b, id, `{"priority":9}`).want(200, `"state":"scheduled"`)
		pass(9 * time.Second)
		b.wantState(id, "scheduled")
		pass(time.Second)
		b.wantState(id, "ready", "enqueued", "changed", "changed", "due")
		patch(b, id, `{"run_at":"`+time.Now().Add(time.Hour).Format(time.RFC3339)+`"}`).want(200, `"state":"scheduled"`)
		if at := b.job(id).RunAt; time.Until(at) < 59*time.Minute {
			b.t.Errorf("due at %v", at)
		}
		b.reopen()
		b.wantState(id, "scheduled")
		patch(b, id, `{"delay":"0s"}`).want(200, `"state":"ready"`)
		patch(b, id, `{"run_at":"1999-01-01T00:00:00Z"}`).want(200, `"state":"ready"`)
		b.leaseOne("q")
	})
	scenario("OK a poll is woken by a job made ready", func(b *bed) {
		id := b.enqueue("q", `{"delay":"1h"}`)
		got := make(chan time.Duration, 1)
		began := time.Now()
		go func() {
			b.lease("q", `{"wait":"20s"}`)
			got <- time.Since(began)
		}()
		time.Sleep(1300 * time.Millisecond)
		patch(b, id, `{"delay":"0s"}`).want(200)
		if took := <-got; took != 1300*time.Millisecond {
			b.t.Errorf("woken after %v", took)
		}
	})
	scenario("OK the order of the queue follows", func(b *bed) {
		first, second, third := b.enqueue("q", `{}`), b.enqueue("q", `{}`), b.enqueue("q", `{}`)
		patch(b, third, `{"priority":6}`).want(200)
		patch(b, first, `{"priority":4}`).want(200)
		b.wantIDs("leased", b.leaseIDs("q", `{"limit":3}`), third, second, first)
	})
	scenario("OK a retrying job", func(b *bed) {
		id := b.enqueue("q", `{"max_attempts":2,"backoff":["1h"]}`)
		b.call(b.leaseOne("q"), "fail", ``).want(200)
		patch(b, id, `{"max_attempts":1,"priority":8,"payload":9}`).want(200, `"state":"retrying"`, `"priority":8`, `"max_attempts":2`) // one more is left to it
		patch(b, id, `{"delay":"5s"}`).want(200, `"state":"retrying"`)
		pass(5 * time.Second)
		l := b.leaseOne("q")
		if l.Attempt != 2 || string(l.Payload) != "9" {
			b.t.Errorf("leased %+v", l)
		}
		b.call(l, "fail", ``).want(200, `"state":"dead"`)
	})
	scenario("OK If-Match", func(b *bed) {
		id := b.enqueue("q", `{}`)
		etag := b.do("GET", "/v1/jobs/"+id, "").want(200).header.Get("ETag")
		patch(b, id, `{"priority":1}`, "If-Match", `"1"`).want(412, "etag_mismatch")
		r := patch(b, id, `{"priority":1}`, "If-Match", etag).want(200, `"priority":1`)
		if now := r.header.Get("ETag"); now == etag || now == "" || now != b.do("GET", "/v1/jobs/"+id, "").header.Get("ETag") {
			b.t.Errorf("the ETag is %s and was %s", now, etag)
		}
		patch(b, id, `{"priority":2}`, "If-Match", etag).want(412)
		patch(b, id, `{"priority":3}`, "If-Match", "*").want(200, `"priority":3`)
		l := b.leaseOne("q")
		before := b.do("GET", "/v1/jobs/"+id, "").header.Get("ETag")
		b.heartbeat(l).want(200)
		if now := b.do("GET", "/v1/jobs/"+id, "").header.Get("ETag"); now != before {
			b.t.Errorf("a heartbeat changed the ETag from %s to %s", before, now)
		}
		patch(b, id, `{"priority":4}`, "If-Match", etag).want(412)
	})
	scenario("ErrRunning and ErrEnded", func(b *bed) {
		id := b.enqueue("q", `{}`)
		l := b.leaseOne("q")
		patch(b, id, `{"priority":1}`).want(409, "job_running")
		b.call(l, "complete", ``).want(200)
		patch(b, id, `{"priority":1}`).want(409)
		other := b.enqueue("q", `{}`)
		b.do("POST", "/v1/jobs/"+other+"/cancel", ``).want(200)
		patch(b, other, `{"priority":1}`).want(409)
		b.wantState(id, "done", "enqueued", "leased", "completed")
		b.wantState(other, "cancelled", "enqueued", "cancelled")
	})
	scenario("ErrInput", func(b *bed) {
		id := b.enqueue("q", `{}`)
		for _, c := range [][2]string{
			{`{"priority":10}`, "body.priority"}, {`{"max_attempts":0}`, "body.max_attempts"}, {`{"timeout":"0s"}`, "body.timeout"}, {`{"backoff":["x"]}`, "body.backoff[0]"},
			{`{"retention":"2y"}`, "body.retention"}, {`{"delay":"1s","run_at":"2026-01-01T00:00:00Z"}`, "body.run_at"}, {`{"delay":"-1s"}`, "body.delay"},
			{`{"run_at":"tomorrow"}`, "body.run_at"}, {`{"key":"k"}`, "key"}, {`{"tags":["t"]}`, "tags"}, {`{"unique_key":"u"}`, "unique_key"}, {`{"state":"done"}`, "state"},
		} {
			patch(b, id, c[0]).want(422, c[1])
		}
		patch(b, "00000000-0000-7000-8000-000000000000", `{"priority":1}`).want(404, "job_not_found")
		patch(b, "x", `{"priority":1}`).want(404, "job_not_found")
		b.wantState(id, "ready", "enqueued")
	})
}
