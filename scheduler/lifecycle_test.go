package scheduler_test

import (
	"fmt"
	"testing"
	"time"

	"quintet/scheduler"
)

// TestLifecycle walks jobs through their states over HTTP, in virtual time.
func TestLifecycle(t *testing.T) {
	scenario := func(name string, f func(b *bed)) {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				b := newBed(t, scheduler.Options{})
				f(b)
				b.check()
				b.reopen()
				b.check()
			})
		})
	}
	scenario("OK done", func(b *bed) {
		id := b.enqueue("mail", `{"payload":{"to":"a"}}`)
		b.wantState(id, "ready", "enqueued")
		l := b.leaseOne("mail")
		if l.ID != id || l.Attempt != 1 || string(l.Payload) != `{"to":"a"}` || l.Queue != "mail" {
			b.t.Errorf("leased %+v", l)
		}
		if left := time.Until(l.ExpiresAt); left < 29*time.Second || left > 30*time.Second {
			b.t.Errorf("the lease ends in %v", left)
		}
		b.wantState(id, "running", "enqueued", "leased")
		b.call(l, "complete", `,"output":{"sent":1}`).want(200, `"state":"done"`, `"output":{"sent":1}`)
		j := b.wantState(id, "done", "enqueued", "leased", "completed")
		if string(j.Output) != `{"sent":1}` || string(j.Payload) != `{"to":"a"}` || j.FinishedAt == nil || j.ExpiresAt != nil {
			b.t.Errorf("done as %+v", j)
		}
	})
	scenario("OK complete again", func(b *bed) {
		b.enqueue("mail", `{}`)
		l := b.leaseOne("mail")
		b.call(l, "complete", `,"output":7`).want(200, `"output":7`)
		b.call(l, "complete", `,"output":8`).want(200, `"output":7`, `!"output":8`)
		l.Token += "0"
		b.call(l, "complete", ``).want(409, `"code":"lease_lost"`)
	})
	scenario("OK retried until dead", func(b *bed) {
		id := b.enqueue("mail", `{"max_attempts":2,"backoff":["3s"]}`)
		b.call(b.leaseOne("mail"), "fail", `,"error":"one"`).want(200, `"state":"retrying"`, `"attempt":1`)
		if jobs := b.lease("mail", `{}`); len(jobs) != 0 {
			b.t.Error("a job was leased during its backoff")
		}
		pass(3 * time.Second)
		l := b.leaseOne("mail")
		b.call(l, "fail", `,"error":"two"`).want(200, `"state":"dead"`)
		j := b.wantState(id, "dead", "enqueued", "leased", "failed", "due", "leased", "failed")
		if len(j.Errors) != 2 || j.Errors[0].Attempt != 1 || j.Errors[0].Error != "one" || j.Errors[1].Attempt != 2 || j.Errors[1].Error != "two" {
			b.t.Errorf("errors %+v", j.Errors)
		}
	})
	scenario("OK retry_after", func(b *bed) {
		id := b.enqueue("mail", `{"backoff":["1h"]}`)
		b.call(b.leaseOne("mail"), "fail", `,"error":"busy","retry_after":"5s"`).want(200)
		pass(5 * time.Second)
		b.wantState(id, "ready", "enqueued", "leased", "failed", "due")
	})
	scenario("OK final", func(b *bed) {
		id := b.enqueue("mail", `{}`)
		b.call(b.leaseOne("mail"), "fail", `,"error":"no such customer","final":true`).want(200, `"state":"cancelled"`)
		b.wantState(id, "cancelled", "enqueued", "leased", "failed")
	})
	scenario("OK snooze gives the attempt back", func(b *bed) {
		id := b.enqueue("mail", `{"max_attempts":1}`)
		b.call(b.leaseOne("mail"), "snooze", `,"delay":"1m"`).want(200, `"state":"scheduled"`, `"attempt":0`)
		pass(time.Minute)
		if l := b.leaseOne("mail"); l.Attempt != 1 || l.ID != id {
			b.t.Errorf("leased %+v", l)
		}
	})
	scenario("OK delay and run_at", func(b *bed) {
		soon := b.enqueue("mail", `{"delay":"2s"}`)
		later := b.enqueue("mail", `{"run_at":"`+time.Now().Add(time.Hour).Format(time.RFC3339)+`"}`)
		past := b.enqueue("mail", `{"run_at":"1999-01-01T00:00:00Z"}`)
		b.wantState(soon, "scheduled")
		b.wantState(later, "scheduled")
		b.wantState(past, "ready")
		pass(2 * time.Second)
		b.wantState(soon, "ready")
		b.wantState(later, "scheduled")
	})
	scenario("OK priority before age", func(b *bed) {
		low := b.enqueue("mail", `{"priority":0}`)
		first := b.enqueue("mail", `{}`)
		second := b.enqueue("mail", `{}`)
		high := b.enqueue("mail", `{"priority":9}`)
		var got []string
		for _, l := range b.lease("mail", `{"limit":10}`) {
			got = append(got, l.ID)
		}
		if fmt.Sprint(got) != fmt.Sprint([]string{high, first, second, low}) {
			b.t.Errorf("order %v", got)
		}
	})
	scenario("OK cancel", func(b *bed) {
		id := b.enqueue("mail", `{"delay":"1h"}`)
		b.do("POST", "/v1/jobs/"+id+"/cancel", "").want(200, `"state":"cancelled"`)
		b.do("POST", "/v1/jobs/"+id+"/cancel", "").want(200)
		b.wantState(id, "cancelled", "enqueued", "cancelled")
		b.do("POST", "/v1/jobs/"+id+"/retry", "").want(200, `"state":"ready"`)
		b.call(b.leaseOne("mail"), "complete", "").want(200)
		b.do("POST", "/v1/jobs/"+id+"/cancel", "").want(409, "job_finished")
		b.do("POST", "/v1/jobs/"+id+"/retry", "").want(409, "job_not_retryable")
	})
	scenario("OK cancel what runs", func(b *bed) {
		id := b.enqueue("mail", `{}`)
		l := b.leaseOne("mail")
		b.do("POST", "/v1/jobs/"+id+"/cancel", "").want(200, `"state":"running"`, `"cancel_requested":true`)
		b.heartbeat(l).want(200, `"extended":["`+id+`"]`, `"cancel":["`+id+`"]`, `"lost":[]`)
		b.call(l, "fail", `,"error":"stopped"`).want(200, `"state":"cancelled"`)
		b.wantState(id, "cancelled", "enqueued", "leased", "cancel_requested", "failed")
	})
	scenario("OK a cancel does not lengthen the lease", func(b *bed) {
		id := b.enqueue("mail", `{}`)
		b.leaseOne("mail")
		pass(20 * time.Second)
		b.do("POST", "/v1/jobs/"+id+"/cancel", "").want(200)
		pass(11 * time.Second)
		b.wantState(id, "cancelled", "enqueued", "leased", "cancel_requested", "expired")
	})
	scenario("OK retry now", func(b *bed) {
		id := b.enqueue("mail", `{"backoff":["1h"]}`)
		b.call(b.leaseOne("mail"), "fail", ``).want(200, `"state":"retrying"`)
		b.do("POST", "/v1/jobs/"+id+"/retry", "").want(200, `"state":"ready"`, `"attempt":1`)
		b.do("POST", "/v1/jobs/"+id+"/retry", "").want(409)
	})
	scenario("OK timeout across heartbeats", func(b *bed) {
		id := b.enqueue("mail", `{"timeout":"40s","max_attempts":1}`)
		l := b.leaseOne("mail")
		pass(20 * time.Second)
		b.heartbeat(l).want(200, `"extended":["`+id+`"]`)
		if at := b.job(id).ExpiresAt; at.Sub(l.ExpiresAt) != 10*time.Second {
			b.t.Errorf("the lease was extended to %v from %v", at, l.ExpiresAt)
		}
		pass(20 * time.Second)
		b.heartbeat(l).want(200, `"lost":["`+id+`"]`, `"extended":[]`)
		b.wantState(id, "dead")
	})
}

func (b *bed) heartbeat(l leased) *reply {
	b.t.Helper()
	return b.do("POST", "/v1/leases/heartbeat", `{"leases":[{"id":"`+l.ID+`","token":"`+l.Token+`"}]}`)
}
