package scheduler_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"quintet/engine"
	"quintet/scheduler"
)

// mixed makes jobs of two queues in all states, with tags and priorities.
func (b *bed) mixed() (all []string) {
	b.t.Helper()
	for _, queue := range []string{"p", "q"} {
		all = append(all, b.enqueueMany(queue, 28, func(i int) string {
			return fmt.Sprintf(`{"priority":%d,"tags":["t%d"],"max_attempts":%d,"backoff":["1h"],"delay":"%dh"}`, i%10, i/3%2, 1+i%2, i%7/6)
		})...)
		for i, l := range b.lease(queue, `{"limit":16,"lease":"1h"}`) {
			switch i % 4 {
			case 0:
				b.call(l, "complete", `,"output":1`).want(200)
			case 1, 2:
				b.call(l, "fail", ``).want(200) // dead or retrying
			}
		}
	}
	for i, id := range all {
		if i%9 == 8 {
			b.do("POST", "/v1/jobs/"+id+"/cancel", ``)
		}
	}
	return all
}

// states counts jobs by state.
func (b *bed) states() map[string]int {
	b.t.Helper()
	dump, err := b.s.Dump(context.Background(), b.acme)
	must(b.t, err)
	count := map[string]int{}
	for _, j := range dump {
		count[j.State]++
	}
	return count
}

// TestDryRun holds that what a dry run counts is what the operation does.
func TestDryRun(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{})
	for _, kind := range []string{"redrive", "retry", "cancel", "purge"} {
		for _, spec := range []string{
			`"queue":"q"`, `"tag":"t1"`, `"filter":"priority >= 5"`, `"queue":"p","filter":"tag = 't0' and attempt > 0"`, `"queue":"none"`,
			map[string]string{"redrive": `"state":["dead"]`, "retry": `"state":["retrying","cancelled"]`, "cancel": `"state":["ready"]`, "purge": `"state":["done"],"tag":"t0"`}[kind],
		} {
			scenario("OK "+kind+" "+spec, func(b *bed) {
				b.mixed()
				before := b.states()
				var dry struct{ Matched int }
				b.do("POST", "/v1/jobs/"+kind, `{"dry_run":true,`+spec+`}`).want(200, "!operation").into(&dry)
				if after := b.states(); fmt.Sprint(after) != fmt.Sprint(before) {
					b.t.Fatalf("a dry run made %v of %v", after, before)
				}
				if dry.Matched == 0 && !strings.Contains(spec, "none") {
					b.t.Fatal("it tests nothing")
				}
				r := b.do("POST", "/v1/jobs/"+kind, `{`+spec+`}`).want(202, "!matched", `"state":"running"`)
				synctest.Wait()
				b.do("GET", r.header.Get("Location"), "").want(200, `"kind":"`+kind+`"`, `"state":"done"`, fmt.Sprintf(`"changed":%d`, dry.Matched), `"skipped":0`, `"ended_at"`)
				after := b.states()
				lost, gained := map[string]int{}, 0
				for state := range before {
					lost[state] = before[state] - after[state]
				}
				switch kind {
				case "redrive":
					gained = lost["dead"]
				case "retry":
					gained = lost["dead"] + lost["cancelled"] + lost["retrying"]
				case "cancel": // what runs is only asked to stop
					gained = dry.Matched
					if !strings.Contains(spec, "state") {
						b.do("POST", "/v1/jobs/cancel", `{"dry_run":true,"state":["scheduled","ready","retrying"],`+spec+`}`).want(200, `"matched":0`)
					}
				case "purge":
					gained = lost["dead"] + lost["cancelled"] + lost["done"]
				}
				if gained != dry.Matched {
					b.t.Errorf("the dry run matched %d; %v became %v", dry.Matched, before, after)
				}
			})
		}
	}
}

// TestOperation follows bulk operations.
func TestOperation(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{})
	cancelled := func(b *bed) int { return b.states()["cancelled"] }
	scenario("OK by a rate, and its progress", func(b *bed) {
		b.enqueueMany("q", 1000, func(int) string { return `{}` })
		at := b.do("POST", "/v1/jobs/cancel", `{"queue":"q","rate":100}`).want(202, `"total":1000`, `"rate":100`).header.Get("Location")
		for n := 1; n <= 9; n++ {
			pass(time.Second)
			if got := cancelled(b); got < 100*n || got > 100*n+20 {
				b.t.Errorf("%d were cancelled after %d s", got, n)
			}
		}
		b.do("GET", at, "").want(200, `"state":"running"`, `"changed":9`, `!"ended_at"`)
		pass(2 * time.Second)
		b.do("GET", at, "").want(200, `"state":"done"`, `"changed":1000`, `"looked":1000`)
	})
	scenario("OK one a second", func(b *bed) {
		b.enqueueMany("q", 5, func(int) string { return `{}` })
		b.do("POST", "/v1/jobs/cancel", `{"queue":"q","rate":1}`).want(202)
		for n := range 6 {
			synctest.Wait()
			if got := cancelled(b); got != min(n+1, 5) {
				b.t.Errorf("%d were cancelled after %d s", got, n)
			}
			pass(time.Second)
		}
	})
	scenario("OK stopped", func(b *bed) {
		b.enqueueMany("q", 1000, func(int) string { return `{}` })
		at := b.do("POST", "/v1/jobs/cancel", `{"queue":"q","rate":100}`).want(202).header.Get("Location")
		pass(2 * time.Second)
		b.do("POST", at+"/cancel", ``).want(200)
		synctest.Wait()
		b.do("GET", at, "").want(200, `"state":"cancelled"`, `"ended_at"`)
		n := cancelled(b)
		pass(10 * time.Second)
		if now := cancelled(b); now != n || n < 200 || n > 220 {
			b.t.Errorf("%d were cancelled when it was stopped, %d later", n, now)
		}
		b.do("POST", at+"/cancel", ``).want(200, `"state":"cancelled"`)
		b.reopen()
		pass(10 * time.Second)
		if now := cancelled(b); now != n {
			b.t.Errorf("%d were cancelled after a restart", now)
		}
	})
	scenario("OK it goes on after a restart where it stopped", func(b *bed) {
		b.enqueueMany("q", 1000, func(int) string { return `{}` })
		at := b.do("POST", "/v1/jobs/cancel", `{"queue":"q","rate":100}`).want(202).header.Get("Location")
		pass(3500 * time.Millisecond)
		b.reopen()
		b.do("GET", at, "").want(200, `"state":"running"`, `"changed":3`)
		pass(7 * time.Second)
		b.do("GET", at, "").want(200, `"state":"done"`, `"changed":1000`, `"looked":1000`)
		dump, err := b.s.Dump(context.Background(), b.acme)
		must(b.t, err)
		for id, j := range dump {
			if j.State != "cancelled" || j.Moves != 2 {
				b.t.Fatalf("job %s is %s after %d transitions", id, j.State, j.Moves)
			}
		}
	})
	scenario("OK goodbye stops it between two slices, and it goes on", func(b *bed) {
		for _, kind := range []string{"cancel", "purge"} {
			b.enqueueMany(kind, 1000, func(int) string { return `{"tags":["x"]}` })
		}
		b.bulk("cancel", `{"queue":"purge"}`, `"changed":1000`)
		for _, kind := range []string{"cancel", "purge"} {
			b.do("POST", "/v1/jobs/"+kind, `{"queue":"`+kind+`","rate":100}`).want(202)
		}
		pass(time.Second)
		b.s.Goodbye()
		pass(time.Minute) // a loop that ran hot would never end here
		b.reopen()
		pass(20 * time.Second)
		b.do("GET", "/v1/job-operations", "").want(200, `!"state":"running"`)
		b.do("GET", "/v1/queues/cancel", "").want(200, `"cancelled":1000`)
		b.do("GET", "/v1/queues/purge", "").want(200, `"cancelled":0`)
	})
	scenario("OK jobs that came after it began are none of its business", func(b *bed) {
		b.enqueueMany("q", 100, func(int) string { return `{"tags":["t"]}` })
		for _, spec := range []string{`"queue":"q"`, `"tag":"t"`} {
			at := b.do("POST", "/v1/jobs/cancel", `{`+spec+`,"rate":10}`).want(202).header.Get("Location")
			pass(time.Second)
			late := b.enqueueMany("q", 100, func(int) string { return `{"tags":["t"]}` })
			pass(20 * time.Second)
			b.do("GET", at, "").want(200, `"state":"done"`, `"changed":100`)
			for _, id := range late[:3] {
				b.wantState(id, "ready", "enqueued")
			}
		}
	})
	scenario("OK a cancel finds the jobs that move behind it", func(b *bed) {
		id := b.enqueue("q", `{"backoff":["2s"]}`)
		b.call(b.leaseOne("q"), "fail", ``).want(200, `"state":"retrying"`)
		runs := b.enqueue("q", `{}`)
		b.leaseOne("q")
		b.enqueueMany("q", 100, func(int) string { return `{}` })
		at := b.do("POST", "/v1/jobs/cancel", `{"queue":"q","rate":20}`).want(202).header.Get("Location")
		pass(3 * time.Second)
		b.wantState(id, "ready") // among those that it has passed
		b.reopen()
		pass(5 * time.Second)
		b.do("GET", at, "").want(200, `"state":"done"`, `"changed":102`, `"skipped":0`)
		b.wantState(id, "cancelled")
		b.do("GET", "/v1/jobs/"+runs, "").want(200, `"cancel_requested":true`)
	})
	scenario("OK what somebody else moves meanwhile is skipped or done once", func(b *bed) {
		ids := b.enqueueMany("q", 400, func(int) string { return `{}` })
		at := b.do("POST", "/v1/jobs/cancel", `{"queue":"q","rate":100}`).want(202).header.Get("Location")
		pass(time.Second)
		for _, id := range ids[300:350] {
			b.do("POST", "/v1/jobs/"+id+"/cancel", ``).want(200)
		}
		pass(5 * time.Second)
		b.do("GET", at, "").want(200, `"state":"done"`, `"changed":350`)
		if n := cancelled(b); n != 400 {
			b.t.Errorf("%d are cancelled", n)
		}
	})
	scenario("OK it looks at each job once, chosen or not", func(b *bed) {
		const jobs = 5_400 // one slice looks at 5,000
		b.enqueueMany("q", jobs, func(i int) string { return fmt.Sprintf(`{"tags":["t"],"priority":%d}`, i%10) })
		b.bulk("cancel", `{"filter":"priority = 7"}`, `"state":"done"`, `"looked":5400`, `"changed":540`, `"skipped":0`)
		b.bulk("cancel", `{"tag":"t","filter":"priority = 8"}`, `"state":"done"`, `"looked":5400`, `"changed":540`)
		b.bulk("cancel", `{"filter":"priority = 9 or priority = 1","queue":"q","rate":1000}`)
		pass(2 * time.Second)
		if n := cancelled(b); n != 4*540 {
			b.t.Errorf("%d are cancelled", n)
		}
	})
	scenario("OK purge by filter", func(b *bed) {
		b.mixed()
		before := b.states()
		b.bulk("purge", `{"filter":"state = 'done' and queue = 'p'"}`, `"state":"done"`)
		after := b.states()
		if n := before["done"] - after["done"]; n == 0 || after["done"] == 0 || after["dead"] != before["dead"] {
			b.t.Errorf("%v became %v", before, after)
		}
		b.bulk("purge", `{"state":["done","dead","cancelled"]}`, `"state":"done"`)
		if after := b.states(); after["done"]+after["dead"]+after["cancelled"] != 0 || after["running"] != before["running"] {
			b.t.Errorf("%v became %v", before, after)
		}
	})
	scenario("OK a list of them, the newest first, for a day", func(b *bed) {
		b.enqueue("q", `{}`)
		var ids []string
		for range 5 {
			ids = append([]string{b.bulk("cancel", `{"queue":"q"}`, `"state":"done"`).get("id")}, ids...)
		}
		var got []string
		for cursor := ""; ; {
			var p struct {
				Items []struct{ ID string }
				Next  *string
			}
			b.do("GET", "/v1/job-operations?limit=2&cursor="+cursor, "").want(200).into(&p)
			for _, op := range p.Items {
				got = append(got, op.ID)
			}
			if p.Next == nil {
				break
			}
			cursor = *p.Next
		}
		b.wantIDs("operations", got, ids...)
		pass(25 * time.Hour)
		b.do("GET", "/v1/job-operations", "").want(200, `"items":[]`)
		b.do("GET", "/v1/job-operations/"+ids[0], "").want(404, "operation_not_found")
	})
	scenario("OK 16 run at once", func(b *bed) {
		b.enqueueMany("q", 100, func(int) string { return `{}` })
		var at string
		for range 16 {
			at = b.do("POST", "/v1/jobs/cancel", `{"queue":"q","rate":1}`).want(202).header.Get("Location")
		}
		b.do("POST", "/v1/jobs/cancel", `{"queue":"q"}`).want(429, "too_many_operations")
		b.do("POST", "/v1/jobs/cancel", `{"queue":"q","dry_run":true}`).want(200)
		b.do("POST", at+"/cancel", ``).want(200)
		synctest.Wait()
		b.do("POST", "/v1/jobs/cancel", `{"queue":"q"}`).want(202)
		synctest.Wait()
	})
	scenario("OK no more than 16, however many ask at once", func(b *bed) {
		b.enqueueMany("q", 100, func(int) string { return `{}` })
		var all sync.WaitGroup
		var mu sync.Mutex
		status := map[int]int{}
		for range 40 {
			all.Go(func() {
				r := b.do("POST", "/v1/jobs/cancel", `{"queue":"q","rate":1}`)
				mu.Lock()
				status[r.status]++
				mu.Unlock()
			})
		}
		all.Wait()
		if status[202] != 16 || status[429] != 24 {
			b.t.Errorf("answered %v", status)
		}
	})
	scenario("OK those of another tenant are nobody's", func(b *bed) {
		_, err := b.e.Tenants.Create(context.Background(), "other", nothing)
		must(b.t, err)
		b.enqueueMany("q", 50, func(int) string { return `{}` })
		at := b.do("POST", "/v1/jobs/cancel", `{"queue":"q","rate":10}`).want(202).header.Get("Location")
		other := []string{"Test-Tenant", "other"}
		b.do("GET", at, "", other...).want(404, "operation_not_found")
		b.do("POST", at+"/cancel", "", other...).want(404)
		b.do("GET", "/v1/job-operations", "", other...).want(200, `"items":[]`)
		b.do("POST", "/v1/jobs/purge", `{"queue":"q"}`, other...).want(202, `"total":0`)
		pass(6 * time.Second)
		b.do("GET", at, "").want(200, `"state":"done"`, `"changed":50`)
	})
	scenario("OK a job that cannot be read is passed by", func(b *bed) {
		ids := b.enqueueMany("q", 30, func(int) string { return `{"tags":["t"]}` })
		bad, err := engine.ParseID(ids[10])
		must(b.t, err)
		var good []byte
		write := func(value []byte) {
			must(b.t, b.e.Store.Update(context.Background(), b.acme, func(tx *engine.Tx) error {
				good = tx.Get("scheduler.jobs", bad[:])
				tx.Put("scheduler.jobs", bad[:], value)
				return nil
			}))
		}
		write([]byte("from the future"))
		kept := good
		b.bulk("cancel", `{"tag":"t"}`, `"state":"done"`, `"changed":29`)
		b.bulk("purge", `{"queue":"q","filter":"priority = 5"}`, `"state":"done"`, `"changed":29`)
		write(kept) // so that the check finds nothing
	})
}

// TestOperationErrors tells what is no bulk operation.
func TestOperationErrors(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	for kind, wrong := range map[string]string{"redrive": "cancelled", "retry": "done", "cancel": "dead", "purge": "running"} {
		for _, c := range [][2]string{
			{`{}`, "chooses every job"}, {`{"dry_run":true}`, "chooses every job"}, {`{"queue":"Q"}`, "invalid_name"}, {`{"state":["` + wrong + `"]}`, "body.state"},
			{`{"state":["lost"]}`, "body.state[0]"}, {`{"state":[]}`, "body.state"}, {`{"queue":"q","filter":"x ="}`, "body.filter"}, {`{"queue":"q","filter":"colour = 'red'"}`, "body.filter"},
			{`{"queue":"q","rate":100001}`, "body.rate"}, {`{"queue":"q","rate":-1}`, "body.rate"}, {`{"queue":"q","rates":1}`, "rates"}, {`{"queue":7}`, "queue"},
		} {
			t.Run("Err "+kind+" "+c[0], func(t *testing.T) { b.do("POST", "/v1/jobs/"+kind, c[0]).want(422, c[1]) })
		}
	}
	b.do("GET", "/v1/job-operations", "").want(200, `"items":[]`)
	b.do("GET", "/v1/job-operations/x", "").want(404, "operation_not_found")
	b.do("POST", "/v1/job-operations/x/cancel", "").want(404, "operation_not_found")
	b.do("POST", "/v1/job-operations/00000000-0000-7000-8000-000000000000/cancel", "").want(404, "operation_not_found")
}

// TestOperationAcrossPowerCuts cuts the power in the commits of an operation's
// slices: whatever survives, each job is done once, and none is left out.
func TestOperationAcrossPowerCuts(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 6))
				b := &bed{t: t, dir: filepath.Join(memory(t), "data")}
				b.openIdle()
				defer func() { b.close() }()
				kind := []string{"cancel", "redrive"}[seed%2]
				const jobs = 100
				b.enqueueMany("q", jobs, func(int) string { return `{"max_attempts":1}` })
				moves := 2
				if kind == "redrive" {
					for _, l := range b.lease("q", `{"limit":100}`) {
						b.call(l, "fail", ``).want(200)
					}
					moves = 4
				}
				at := b.do("POST", "/v1/jobs/"+kind, `{"queue":"q","rate":120}`).want(202).header.Get("Location")
				cuts := 0
				for n := 0; !strings.Contains(string(b.do("GET", at, "").want(200).body), `"state":"done"`); n++ {
					slice := func() { must(t, b.s.Operate(context.Background())) }
					if time.Sleep(time.Second); rng.IntN(3) > 0 {
						slice()
						continue
					}
					cuts++
					b.cutDuring(rng, slice)
					must(t, b.s.Resume(context.Background()))
					b.check()
				}
				b.do("GET", at, "").want(200, fmt.Sprintf(`"changed":%d`, jobs), `"skipped":0`)
				dump, err := b.s.Dump(context.Background(), b.acme)
				must(t, err)
				for id, j := range dump {
					if want := map[string]string{"cancel": "cancelled", "redrive": "ready"}[kind]; j.State != want || j.Moves != moves {
						t.Errorf("job %s is %s after %d transitions", id, j.State, j.Moves)
					}
				}
				b.check()
				t.Logf("%d cuts", cuts)
			})
		})
	}
}
