package scheduler_test

import (
	"fmt"
	"testing"
	"time"

	"quintet/scheduler"
)

// TestProgress holds what workers say of their jobs.
func TestProgress(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{})
	start := func(b *bed, spec string) leased {
		b.t.Helper()
		b.enqueue("q", spec)
		return b.leaseOne("q")
	}
	wantProgress := func(b *bed, id, want string) {
		b.t.Helper()
		got := "none"
		if p := b.job(id).Progress; p != nil {
			got = fmt.Sprintf("%d %s", p.Percent, p.Message)
		}
		if got != want {
			b.t.Fatalf("progress %q, expected was %q", got, want)
		}
	}
	scenario("OK said, shown, and kept when it is done", func(b *bed) {
		l := start(b, `{}`)
		wantProgress(b, l.ID, "none")
		b.call(l, "progress", `,"progress":0`).want(204)
		wantProgress(b, l.ID, "0 ")
		b.call(l, "progress", `,"progress":40,"message":"resizing"`).want(204)
		wantProgress(b, l.ID, "40 resizing")
		b.call(l, "complete", ``).want(200, `"progress":{"percent":40,"message":"resizing"}`)
		wantProgress(b, l.ID, "40 resizing")
		b.reopen()
		wantProgress(b, l.ID, "40 resizing")
		b.wantState(l.ID, "done", "enqueued", "leased", "completed") // to say it is no transition
	})
	scenario("OK by a heartbeat", func(b *bed) {
		l := start(b, `{}`)
		b.do("POST", "/v1/leases/heartbeat", `{"leases":[{"id":"`+l.ID+`","token":"`+l.Token+`","progress":70,"message":"almost"}]}`).want(200, `"extended":["`+l.ID+`"]`)
		wantProgress(b, l.ID, "70 almost")
		b.heartbeat(l).want(200) // says nothing and takes nothing back
		wantProgress(b, l.ID, "70 almost")
		b.do("POST", "/v1/leases/heartbeat", `{"leases":[{"id":"`+l.ID+`","token":"9","progress":90}]}`).want(200, `"lost":["`+l.ID+`"]`)
		wantProgress(b, l.ID, "70 almost")
		b.do("POST", "/v1/leases/complete", `{"jobs":[{"id":"`+l.ID+`","token":"`+l.Token+`"}]}`).want(200)
		wantProgress(b, l.ID, "70 almost")
	})
	scenario("OK it is no heartbeat", func(b *bed) {
		l := start(b, `{}`)
		pass(20 * time.Second)
		b.call(l, "progress", `,"progress":50`).want(204)
		pass(11 * time.Second)
		b.wantState(l.ID, "ready", "enqueued", "leased", "expired")
	})
	scenario("OK a restart forgets what no transition has stored", func(b *bed) {
		l := start(b, `{}`)
		b.call(l, "progress", `,"progress":10`).want(204)
		b.do("POST", "/v1/jobs/"+l.ID+"/cancel", ``).want(200) // which stores it
		b.call(l, "progress", `,"progress":20`).want(204)
		wantProgress(b, l.ID, "20 ")
		b.reopen()
		wantProgress(b, l.ID, "10 ")
		b.call(l, "progress", `,"progress":30`).want(204)
		wantProgress(b, l.ID, "30 ")
	})
	scenario("OK each attempt begins anew", func(b *bed) {
		l := start(b, `{"backoff":["0s"]}`)
		b.call(l, "progress", `,"progress":60`).want(204)
		b.call(l, "fail", ``).want(200, `"percent":60`)
		wantProgress(b, l.ID, "60 ")
		next := b.leaseOne("q")
		wantProgress(b, l.ID, "none")
		b.call(l, "progress", `,"progress":99`).want(409, "lease_lost")
		wantProgress(b, l.ID, "none")
		b.call(next, "progress", `,"progress":5`).want(204)
		wantProgress(b, l.ID, "5 ")
	})
	scenario("OK the next job at its place in memory says nothing", func(b *bed) {
		for range 5 {
			l := start(b, `{}`)
			wantProgress(b, l.ID, "none")
			b.call(l, "progress", `,"progress":80`).want(204)
			b.call(l, "complete", ``).want(200)
		}
	})
	scenario("ErrLost after the lease expired", func(b *bed) {
		l := start(b, `{}`)
		pass(31 * time.Second)
		b.call(l, "progress", `,"progress":50`).want(409, "lease_lost")
		wantProgress(b, l.ID, "none")
	})
	scenario("ErrInput", func(b *bed) {
		l := start(b, `{}`)
		b.call(l, "progress", `,"progress":101`).want(422, "body.progress")
		b.call(l, "progress", `,"progress":-1`).want(422, "body.progress")
		b.call(l, "progress", ``).want(422, "progress")
		b.call(l, "progress", `,"progress":1,"message":`+text("m", 258)).want(422, "body.message")
		b.call(l, "progress", `,"progress":1,"message":"a\u0007"`).want(422, "body.message")
		b.do("POST", "/v1/jobs/"+l.ID+"/progress", `{"token":"x","progress":1}`).want(422, "body.token")
		b.do("POST", "/v1/jobs/00000000-0000-7000-8000-000000000000/progress", `{"token":"1","progress":1}`).want(404, "job_not_found")
		b.do("POST", "/v1/leases/heartbeat", `{"leases":[{"id":"`+l.ID+`","token":"`+l.Token+`","progress":101}]}`).want(422, "body.leases[0].progress")
		wantProgress(b, l.ID, "none")
		b.call(l, "progress", `,"progress":100,"message":`+text("m", 257)).want(204)
		b.call(l, "complete", ``).want(200)
	})
}

// TestProgressOfLostLease lets what a worker says arrive after its job has got
// another lease: it is not the other worker's.
func TestProgressOfLostLease(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	id := b.enqueue("q", `{"backoff":["0s"]}`)
	first := b.leaseOne("q")
	say := b.s.Says(b.acme, id, 90)
	b.call(first, "fail", ``).want(200)
	second := b.leaseOne("q")
	if say(); b.job(id).Progress != nil {
		t.Error("the second lease has the progress of the first")
	}
	b.call(second, "progress", `,"progress":10`).want(204)
	if say(); b.job(id).Progress.Percent != 10 {
		t.Errorf("progress %+v", b.job(id).Progress)
	}
}
