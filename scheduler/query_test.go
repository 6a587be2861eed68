package scheduler_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"quintet/scheduler"
)

// TestList pages through jobs of several queues and states.
func TestList(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	var all []string
	for i := range 30 {
		body := `{}`
		if i%5 == 0 {
			body = `{"delay":"1h"}`
		}
		all = append(all, b.enqueue([]string{"a", "b", "ab"}[i%3], body))
	}
	slices.Reverse(all)
	for _, l := range b.lease("a", `{"limit":4}`) {
		b.call(l, "complete", `,"output":1`).want(200)
	}
	// page collects all pages of a list.
	page := func(query string, limit int) (ids []string) {
		for cursor := ""; ; {
			var p struct {
				Items []scheduler.Job
				Next  *string
			}
			b.do("GET", fmt.Sprintf("/v1/jobs?%s&limit=%d&cursor=%s", query, limit, cursor), "").want(200, "!payload", "!output", "!timeline").into(&p)
			for _, j := range p.Items {
				ids = append(ids, j.ID.String())
			}
			if p.Next == nil {
				return ids
			}
			cursor = *p.Next
		}
	}
	choose := func(keep func(j *scheduler.Job) bool) (ids []string) {
		for _, id := range all {
			if keep(b.job(id)) {
				ids = append(ids, id)
			}
		}
		return ids
	}
	f := func(name, query string, keep func(j *scheduler.Job) bool) {
		t.Run(name, func(t *testing.T) {
			want := choose(keep)
			for _, limit := range []int{1, 3, 7, 1000} {
				if got := page(query, limit); !slices.Equal(got, want) {
					t.Errorf("pages of %d:\n%v, expected were\n%v", limit, got, want)
				}
			}
		})
	}
	f("OK all", "", func(*scheduler.Job) bool { return true })
	f("OK queue", "queue=a", func(j *scheduler.Job) bool { return j.Queue == "a" })
	f("OK state", "state=ready", func(j *scheduler.Job) bool { return j.State == "ready" })
	f("OK both", "queue=ab&state=scheduled", func(j *scheduler.Job) bool { return j.Queue == "ab" && j.State == "scheduled" })
	f("OK done", "state=done", func(j *scheduler.Job) bool { return j.State == "done" })
	f("OK none", "queue=nobody", func(j *scheduler.Job) bool { return false })

	b.do("GET", "/v1/queues?limit=2", "").want(200, `"name":"a"`, `"name":"ab"`, `!"name":"b"`, `"next":"`)
	b.do("GET", "/v1/queues/a", "").want(200, `"done":4`, `"oldest":"2`)
}

// TestListErrors tells what is no list.
func TestListErrors(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	for name, path := range map[string]string{
		"ErrState": "/v1/jobs?state=lost", "ErrQueue": "/v1/jobs?queue=A", "ErrLimit": "/v1/jobs?limit=1001", "ErrLimit negative": "/v1/jobs?limit=-1",
		"ErrCursor": "/v1/jobs?cursor=abc", "ErrCursor form": "/v1/jobs?cursor=!", "ErrFilter": "/v1/jobs?filter=colour%20=%20%27red%27", "ErrState of many": "/v1/jobs?state=ready,lost", "ErrQueues limit": "/v1/queues?limit=x",
	} {
		t.Run(name, func(t *testing.T) { b.do("GET", path, "").want(422) })
	}
	b.do("GET", "/v1/jobs/no-id", "").want(404, "job_not_found")
	b.do("GET", "/v1/jobs/00000000-0000-7000-8000-000000000000", "").want(404, "job_not_found")
}

// TestCallErrors tells what is refused of a worker's and an operator's calls.
func TestCallErrors(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	id := b.enqueue("mail", `{}`)
	l := b.leaseOne("mail")
	f := func(name, path, body string, status int, texts ...string) {
		t.Helper()
		t.Run(name, func(t *testing.T) { b.do("POST", path, body).want(status, texts...) })
	}
	lease, job := "/v1/queues/mail/lease", "/v1/jobs/"+id
	f("OK lease without a body", lease, ``, 200, `"jobs":[]`)
	f("ErrLease limit", lease, `{"limit":0}`, 422, "body.limit")
	f("ErrLease limit high", lease, `{"limit":1001}`, 422, "body.limit")
	f("ErrLease wait", lease, `{"wait":"61s"}`, 422, "body.wait")
	f("ErrLease lease", lease, `{"lease":"999ms"}`, 422, "body.lease")
	f("ErrLease field", lease, `{"queues":["a"]}`, 422, "queues")
	f("ErrLease queue", "/v1/queues/-/lease", `{}`, 422, "invalid_name")
	f("ErrToken", job+"/complete", `{"token":"x"}`, 422, "body.token")
	f("ErrToken zeros", job+"/complete", `{"token":"0`+l.Token+`"}`, 422, "body.token")
	f("ErrToken missing", job+"/complete", `{}`, 422, "token")
	f("ErrToken zero", job+"/complete", `{"token":"0"}`, 409, "lease_lost")
	f("ErrOutput", job+"/complete", `{"token":"`+l.Token+`","output":"`+fmt.Sprintf("%070000d", 1)+`"}`, 413, "payload_too_large")
	f("ErrRetryAfter", job+"/fail", `{"token":"`+l.Token+`","retry_after":"-1s"}`, 422, "body.retry_after")
	f("ErrSnooze", job+"/snooze", `{"token":"`+l.Token+`"}`, 422, "delay")
	f("ErrSnooze form", job+"/snooze", `{"token":"`+l.Token+`","delay":"soon"}`, 422, "body.delay")
	f("ErrHeartbeat id", "/v1/leases/heartbeat", `{"leases":[{"id":"x","token":"1"}]}`, 422, "body.leases[0].id")
	f("ErrHeartbeat token", "/v1/leases/heartbeat", `{"leases":[{"id":"`+id+`","token":"-1"}]}`, 422, "body.leases[0].token")
	f("ErrHeartbeat extend", "/v1/leases/heartbeat", `{"leases":[],"extend":"13h"}`, 422, "body.extend")
	f("OK heartbeat of nothing", "/v1/leases/heartbeat", `{"leases":[]}`, 200, `"extended":[]`)
	f("OK heartbeat of nobody's job", "/v1/leases/heartbeat", `{"leases":[{"id":"00000000-0000-7000-8000-000000000000","token":"1"}]}`, 200, `"lost":["0`)
	f("ErrCancel", "/v1/jobs/00000000-0000-7000-8000-000000000000/cancel", ``, 404, "job_not_found")
	f("ErrRetry running", job+"/retry", ``, 409, "job_not_retryable")
	f("ErrRedrive filter", "/v1/jobs/redrive", `{"queue":"mail","filter":"attempt >"}`, 422, "invalid_filter", "body.filter")
	f("ErrRedrive everything", "/v1/jobs/redrive", `{}`, 422, "chooses every job")
	f("ErrRedrive queue", "/v1/jobs/redrive", `{"queue":"-"}`, 422, "invalid_name")
	f("ErrRedrive state", "/v1/jobs/redrive", `{"state":["ready"]}`, 422, "body.state", "not for: dead")
	f("ErrRedrive unknown state", "/v1/jobs/redrive", `{"state":["lost"]}`, 422, "body.state[0]")
	f("ErrRedrive rate", "/v1/jobs/redrive", `{"queue":"mail","rate":-1}`, 422, "body.rate")
	b.wantState(id, "running", "enqueued", "leased")
	b.check()
}

// TestLastError finds in a list why jobs are dead or tried again.
func TestLastError(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{})
	scenario("OK", func(b *bed) {
		b.enqueue("q", `{"backoff":["10s"]}`)
		b.call(b.leaseOne("q"), "fail", `,"error":"the first"`).want(200)
		b.do("GET", "/v1/jobs?state=retrying", "").want(200, `"last_error":"the first"`)
		pass(10 * time.Second)
		b.do("GET", "/v1/jobs?state=ready", "").want(200, "!last_error")
		l := b.leaseOne("q")
		b.do("GET", "/v1/jobs?state=running", "").want(200, "!last_error")
		b.call(l, "fail", `,"error":"the second"`).want(200)
		b.do("PATCH", "/v1/jobs/"+l.ID, `{"priority":7}`).want(200)
		b.do("GET", "/v1/jobs?state=retrying", "").want(200, `"last_error":"the second"`, "!the first")
		b.do("GET", "/v1/jobs/"+l.ID, "").want(200, "!last_error", `"error":"the first"`, `"error":"the second"`)
	})
	scenario("OK a lease that expired", func(b *bed) {
		b.enqueue("q", `{"max_attempts":1}`)
		b.leaseOne("q")
		pass(31 * time.Second)
		b.do("GET", "/v1/jobs?state=dead", "").want(200, `"last_error":"lease_expired"`)
	})
}

// TestRedrive brings dead letters back.
func TestRedrive(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		b.do("POST", "/v1/queues/mail/jobs", lines(450, func(int) string { return `{"max_attempts":1}` }), "Content-Type", "application/x-ndjson").want(200)
		for _, l := range b.lease("mail", `{"limit":450}`) {
			b.call(l, "fail", `,"error":"x"`).want(200, `"state":"dead"`)
		}
		other := b.enqueue("other", `{"max_attempts":1}`)
		b.call(b.leaseOne("other"), "fail", ``).want(200)
		b.do("POST", "/v1/jobs/redrive", `{"queue":"mail","dry_run":true}`).want(200, `"matched":450`)
		b.do("GET", "/v1/queues/mail", "").want(200, `"dead":450`, `"ready":0`)
		b.bulk("redrive", `{"queue":"mail"}`, `"state":"done"`, `"states":["dead"]`, `"total":450`, `"looked":450`, `"changed":450`, `"skipped":0`)
		b.do("GET", "/v1/queues/mail", "").want(200, `"dead":0`, `"ready":450`)
		b.bulk("redrive", `{"queue":"mail"}`, `"state":"done"`, `"changed":0`)
		b.wantState(other, "dead")
		l := b.lease("mail", `{}`)[0]
		if l.Attempt != 1 {
			t.Errorf("attempt %d after a redrive", l.Attempt)
		}
		b.call(l, "complete", ``).want(200)
		b.wantState(l.ID, "done", "enqueued", "leased", "failed", "redriven", "leased", "completed")
		b.check()
	})
}

// TestPurge removes what has been kept long enough, and all of it.
func TestPurge(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{Keep: time.Hour, KeepDead: 3 * time.Hour})
		b.do("POST", "/v1/queues/mail/jobs", lines(700, func(int) string { return `{"max_attempts":1}` }), "Content-Type", "application/x-ndjson").want(200)
		for i, l := range b.lease("mail", `{"limit":700}`) {
			switch {
			case i < 500:
				b.call(l, "complete", `,"output":1`).want(200)
			case i < 600:
				b.call(l, "fail", ``).want(200)
			}
		}
		waiting := b.enqueue("mail", `{"delay":"30d"}`)
		b.do("GET", "/v1/queues/mail", "").want(200, `"done":500`, `"dead":100`, `"running":100`)
		pass(time.Hour + 20*time.Second)
		b.do("GET", "/v1/queues/mail", "").want(200, `"done":0`, `"dead":200`, `"running":0`)
		b.check()
		pass(2*time.Hour + time.Minute) // the last leases expired after 30 s
		b.do("GET", "/v1/queues/mail", "").want(200, `"dead":0`, `"scheduled":1`)
		b.wantState(waiting, "scheduled")
		b.check()
	})
}

// TestPurgeLongTimeline removes a job with more transitions than one update
// may delete.
func TestPurgeLongTimeline(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{Keep: time.Minute})
		id := b.enqueue("mail", `{}`)
		for range 1500 {
			b.call(b.leaseOne("mail"), "snooze", `,"delay":"0s"`).want(200)
		}
		if n := len(b.job(id).Timeline); n != 1000 {
			t.Errorf("a timeline of %d moments", n)
		}
		b.call(b.leaseOne("mail"), "complete", ``).want(200)
		b.check()
		pass(2 * time.Minute)
		b.do("GET", "/v1/jobs/"+id, "").want(404)
		b.check()
	})
}

// TestManyQueues lists jobs across more queues than a page has items, while
// some of them are empty.
func TestManyQueues(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	var newestFirst []string
	for i := range 120 {
		newestFirst = append([]string{b.enqueue(fmt.Sprintf("q%d", i%60), `{}`)}, newestFirst...)
	}
	for i := range 20 {
		for _, l := range b.lease(fmt.Sprintf("q%d", i), `{"limit":2}`) {
			b.call(l, "complete", ``).want(200)
		}
	}
	var p struct{ Items []scheduler.Job }
	b.do("GET", "/v1/jobs?state=ready&limit=100", "").want(200, `"next":null`).into(&p)
	at := 0
	for _, j := range p.Items {
		for at < len(newestFirst) && newestFirst[at] != j.ID.String() {
			at++ // those that are done stand between
		}
	}
	if len(p.Items) != 80 || at == len(newestFirst) {
		t.Errorf("%d ready jobs, in the order of their ids: %v", len(p.Items), at < len(newestFirst))
	}
	var queues struct {
		Items []struct{ Name string }
		Next  *string
	}
	b.do("GET", "/v1/queues?limit=1000", "").want(200, `"next":null`).into(&queues)
	if len(queues.Items) != 60 || !slices.IsSortedFunc(queues.Items, func(x, y struct{ Name string }) int { return strings.Compare(x.Name, y.Name) }) {
		t.Errorf("queues %v", queues.Items)
	}
	b.check()
}
