package scheduler_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"quintet/scheduler"
)

// TestUnique holds that a unique key refuses a second job.
func TestUnique(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{})
	refused := func(b *bed, by, body string) {
		b.t.Helper()
		b.do("POST", "/v1/queues/q/jobs", body).want(409, `"code":"job_exists"`, "job "+by+" has this unique_key", `"location":"body.unique_key"`)
	}
	scenario("OK in every state that has not ended, and in its queue alone", func(b *bed) {
		spec := `{"unique_key":"u","delay":"2s","backoff":["5s"]}`
		id := b.enqueue("q", spec)
		refused(b, id, spec) // scheduled
		b.enqueue("other", spec)
		b.enqueue("q", `{"unique_key":"v"}`)
		b.call(b.leaseOne("q"), "complete", ``).want(200)
		pass(2 * time.Second)
		refused(b, id, spec) // ready
		l := b.leaseOne("q")
		refused(b, id, spec) // running
		b.call(l, "fail", ``).want(200, `"state":"retrying"`)
		refused(b, id, spec)
		b.reopen()
		refused(b, id, spec)
		pass(5 * time.Second)
		b.call(b.leaseOne("q"), "complete", ``).want(200)
		second := b.enqueue("q", spec)
		refused(b, second, spec)
	})
	scenario("OK not by dead and cancelled ones", func(b *bed) {
		b.enqueue("q", `{"unique_key":"u","max_attempts":1}`)
		b.call(b.leaseOne("q"), "fail", ``).want(200, `"state":"dead"`)
		id := b.enqueue("q", `{"unique_key":"u"}`)
		b.do("POST", "/v1/jobs/"+id+"/cancel", ``).want(200)
		b.enqueue("q", `{"unique_key":"u"}`)
	})
	scenario("OK unique_for", func(b *bed) {
		id := b.enqueue("q", `{"unique_key":"u","unique_for":"1h"}`)
		pass(time.Hour - time.Millisecond)
		refused(b, id, `{"unique_key":"u"}`)
		pass(time.Millisecond)
		second := b.enqueue("q", `{"unique_key":"u"}`)
		refused(b, second, `{"unique_key":"u"}`)
		b.wantState(id, "ready")
	})
	scenario("OK unique_states", func(b *bed) {
		done := `{"unique_key":"u","unique_states":["done","running"]}`
		first := b.enqueue("q", done)
		second := b.enqueue("q", done) // the first is ready only
		l := b.lease("q", `{"limit":2}`)
		refused(b, second, done)
		b.call(l[1], "complete", ``).want(200)
		refused(b, second, done)
		third := b.enqueue("q", `{"unique_key":"u"}`) // done does not refuse this one
		b.call(l[0], "complete", ``).want(200)
		fourth := b.enqueue("q", done) // the newest is ready
		b.do("POST", "/v1/jobs/"+third+"/cancel", ``).want(200)
		refused(b, fourth, `{"unique_key":"u"}`)
		b.wantState(first, "done")
	})
	scenario("OK removed within its window, it still refuses", func(b *bed) {
		spec := `{"unique_key":"u","unique_for":"1h","unique_states":["done","ready"],"retention":"1m"}`
		id := b.enqueue("q", spec)
		b.call(b.leaseOne("q"), "complete", ``).want(200)
		pass(2 * time.Minute)
		b.do("GET", "/v1/jobs/"+id, "").want(404)
		refused(b, id, spec)
		b.check()
		b.reopen()
		refused(b, id, spec)
		b.enqueue("q", `{"unique_key":"u","unique_states":["dead"],"delay":"1s"}`) // which ends the window
		b.check()
	})
	scenario("OK until the window is over", func(b *bed) {
		spec := `{"unique_key":"u","unique_for":"1h","unique_states":["done","ready"],"retention":"1m"}`
		id := b.enqueue("q", spec)
		b.call(b.leaseOne("q"), "complete", ``).want(200)
		pass(time.Hour - time.Second)
		refused(b, id, spec)
		pass(time.Second)
		second := b.enqueue("q", spec)
		pass(time.Minute)
		b.check()
		refused(b, second, spec)
		b.do("POST", "/v1/jobs/"+second+"/cancel", ``).want(200)
		b.do("DELETE", "/v1/jobs/"+second, "").want(204)
		pass(2 * time.Hour)
		if n := b.s.Count("scheduler.unique", b.acme) + b.s.Count("scheduler.windows", b.acme); n != 0 {
			b.t.Errorf("%d entries are left of unique keys whose jobs and windows are gone", n)
		}
	})
	scenario("OK without a window it is free when the job is removed", func(b *bed) {
		spec := `{"unique_key":"u","unique_states":["done"],"retention":"1m"}`
		id := b.enqueue("q", spec)
		b.call(b.leaseOne("q"), "complete", ``).want(200)
		refused(b, id, spec)
		pass(2 * time.Minute)
		b.enqueue("q", spec)
	})
	scenario("OK the newer one is removed before the older one", func(b *bed) {
		first := b.enqueue("q", `{"unique_key":"u"}`)
		b.call(b.leaseOne("q"), "complete", ``).want(200)
		second := b.enqueue("q", `{"unique_key":"u","unique_states":["dead"]}`)
		b.do("POST", "/v1/jobs/"+second+"/cancel", ``).want(200)
		b.do("DELETE", "/v1/jobs/"+second, "").want(204)
		b.check() // the older one has lost its key to nobody
		b.wantState(first, "done")
		b.enqueue("q", `{"unique_key":"u"}`)
	})
	scenario("OK retry of a job whose key is taken", func(b *bed) {
		first := b.enqueue("q", `{"unique_key":"u","max_attempts":1}`)
		b.call(b.leaseOne("q"), "fail", ``).want(200)
		second := b.enqueue("q", `{"unique_key":"u"}`)
		b.do("POST", "/v1/jobs/"+first+"/retry", ``).want(409, "job_exists", second)
		b.bulk("redrive", `{"queue":"q"}`, `"changed":0`, `"skipped":1`)
		b.bulk("retry", `{"queue":"q"}`, `"changed":0`, `"skipped":1`)
		b.wantState(first, "dead")
		b.do("POST", "/v1/jobs/"+second+"/cancel", ``).want(200)
		b.bulk("redrive", `{"queue":"q"}`, `"changed":1`, `"skipped":0`)
		refused(b, first, `{"unique_key":"u"}`)
		b.do("POST", "/v1/jobs/"+second+"/retry", ``).want(409, "job_exists", first)
	})
	scenario("OK retry when the window of the newer one is over", func(b *bed) {
		first := b.enqueue("q", `{"unique_key":"u","max_attempts":1}`)
		b.call(b.leaseOne("q"), "fail", ``).want(200)
		b.enqueue("q", `{"unique_key":"u","unique_for":"1m"}`)
		b.do("POST", "/v1/jobs/"+first+"/retry", ``).want(409, "job_exists")
		pass(time.Minute)
		b.do("POST", "/v1/jobs/"+first+"/retry", ``).want(200, `"state":"ready"`)
	})
	scenario("OK a repeated request is no second job", func(b *bed) {
		id := b.do("POST", "/v1/queues/q/jobs", `{"unique_key":"u"}`, "Idempotency-Key", "k").want(201).get("id")
		b.do("POST", "/v1/queues/q/jobs", `{"unique_key":"u"}`, "Idempotency-Key", "k").want(201, id)
		refused(b, id, `{"unique_key":"u"}`)
	})
}

// TestUniqueOfMany tells what unique keys do to requests with many jobs.
func TestUniqueOfMany(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{})
	ndjson := []string{"Content-Type", "application/x-ndjson"}
	type answer struct {
		Accepted, Rejected int
		IDs                []string
		Errors             []struct {
			Line         int
			Code, Detail string
		}
	}
	scenario("OK a line is refused, the others are taken", func(b *bed) {
		first := b.enqueue("q", `{"unique_key":"u"}`)
		body := `{"unique_key":"v"}` + "\n" + `{"unique_key":"u"}` + "\n" + `{"priority":10}` + "\n" + `{"unique_key":"v"}` + "\n" + `{}` + "\n"
		var a, again answer
		b.do("POST", "/v1/queues/q/jobs", body, append(ndjson, "Idempotency-Key", "k")...).want(200).into(&a)
		if a.Accepted != 2 || a.Rejected != 3 || len(a.IDs) != 5 || a.IDs[0] == "" || a.IDs[1] != "" || a.IDs[2] != "" || a.IDs[3] != "" || a.IDs[4] == "" {
			b.t.Fatalf("answered %+v", a)
		}
		for i, want := range []struct {
			line      int
			code, who string
		}{{2, "job_exists", first}, {3, "validation_failed", "priority"}, {4, "job_exists", a.IDs[0]}} {
			if e := a.Errors[i]; e.Line != want.line || e.Code != want.code || !strings.Contains(e.Detail, want.who) {
				b.t.Errorf("error %d is %+v", i, e)
			}
		}
		b.do("POST", "/v1/queues/q/jobs", body, append(ndjson, "Idempotency-Key", "k")...).want(200).into(&again)
		if fmt.Sprint(a) != fmt.Sprint(again) {
			b.t.Errorf("repeated, it is %+v", again)
		}
		b.do("GET", "/v1/queues/q", "").want(200, `"ready":3`)
	})
	scenario("OK all or nothing", func(b *bed) {
		first := b.enqueue("q", `{"unique_key":"u"}`)
		b.do("POST", "/v1/queues/q/jobs?atomic=true", `[{},{"unique_key":"u"}]`).want(409, "job_exists", first, `"location":"body[1]"`)
		b.do("POST", "/v1/queues/q/jobs?atomic=true", `[{"unique_key":"v"},{"unique_key":"v"}]`).want(409, "job_exists", `"location":"body[1]"`)
		b.do("POST", "/v1/queues/q/jobs?atomic=true", `[{"unique_key":"u"},{"priority":10}]`).want(422, "validation_failed", `"location":"body[1]"`)
		b.do("GET", "/v1/queues/q", "").want(200, `"ready":1`)
		b.enqueue("q", `{"unique_key":"v"}`)
	})
	scenario("OK all or nothing, repeated", func(b *bed) {
		body, key := `[{"unique_key":"a"},{"unique_key":"b"}]`, []string{"Idempotency-Key", "k"}
		var a, again answer
		b.do("POST", "/v1/queues/q/jobs?atomic=true", body, key...).want(200, `"accepted":2`).into(&a)
		b.do("POST", "/v1/queues/q/jobs?atomic=true", body, key...).want(200, `"accepted":2`).into(&again)
		if fmt.Sprint(a) != fmt.Sprint(again) {
			b.t.Errorf("answered %+v and then %+v", a, again)
		}
		b.do("POST", "/v1/queues/q/jobs?atomic=true", `[{}]`, key...).want(422, "idempotency_key_reused")
		b.do("GET", "/v1/queues/q", "").want(200, `"ready":2`)
		b.do("POST", "/v1/queues/q/jobs?atomic=true", `[{"unique_key":"a"}]`, "Idempotency-Key", "other").want(409)
		b.do("POST", "/v1/jobs/"+a.IDs[0]+"/cancel", ``).want(200)
		b.do("POST", "/v1/queues/q/jobs?atomic=true", `[{"unique_key":"a"}]`, "Idempotency-Key", "other").want(200) // a refusal is kept for nobody
	})
	scenario("OK every line of a long body refused", func(b *bed) {
		long := strings.Repeat(`\u0001`, 60)
		r := b.do("POST", "/v1/queues/q/jobs", lines(700, func(int) string { return `{"` + long + `":1}` }), append(ndjson, "Idempotency-Key", "k")...)
		r.want(200, `"accepted":0`, `"rejected":700`)
		again := b.do("POST", "/v1/queues/q/jobs", lines(700, func(int) string { return `{"` + long + `":1}` }), append(ndjson, "Idempotency-Key", "k")...)
		if string(again.body) != string(r.body) {
			b.t.Errorf("repeated, it is %s", again.cut())
		}
	})
	scenario("OK many keys come back from their windows", func(b *bed) {
		// Each has lost its key to a newer job that was removed within its window.
		const n = 400
		b.enqueueMany("q", n, func(i int) string { return fmt.Sprintf(`{"unique_key":"u%d","max_attempts":1}`, i) })
		for _, l := range b.lease("q", fmt.Sprintf(`{"limit":%d}`, n)) {
			b.call(l, "fail", ``).want(200)
		}
		b.enqueueMany("q", n, func(i int) string { return fmt.Sprintf(`{"unique_key":"u%d","unique_for":"1d","tags":["new"]}`, i) })
		b.bulk("cancel", `{"tag":"new"}`, fmt.Sprintf(`"changed":%d`, n))
		b.bulk("purge", `{"tag":"new"}`, fmt.Sprintf(`"changed":%d`, n))
		b.bulk("redrive", `{"queue":"q"}`, fmt.Sprintf(`"changed":%d`, n), `"state":"done"`)
	})
}
