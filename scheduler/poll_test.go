package scheduler_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"quintet/scheduler"
)

// TestLongPoll looks at how long polls wait, and for what.
func TestLongPoll(t *testing.T) {
	scenario := func(name string, f func(b *bed)) {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				b := newBed(t, scheduler.Options{})
				f(b)
				b.check()
			})
		})
	}
	// poll leases in the background and tells when it was answered.
	type answered struct {
		jobs []leased
		took time.Duration
	}
	poll := func(b *bed, queue, body string) chan answered {
		c := make(chan answered, 1)
		began := time.Now()
		go func() { c <- answered{b.lease(queue, body), time.Since(began)} }()
		synctest.Wait()
		return c
	}
	scenario("OK nothing comes", func(b *bed) {
		if a := <-poll(b, "mail", `{"wait":"20s"}`); len(a.jobs) != 0 || a.took != 20*time.Second {
			b.t.Errorf("%d jobs after %v", len(a.jobs), a.took)
		}
		b.do("GET", "/v1/queues/mail", "").want(404, "queue_not_found")
	})
	scenario("OK woken at once", func(b *bed) {
		c := poll(b, "mail", `{"wait":"20s"}`)
		time.Sleep(1300 * time.Millisecond)
		b.enqueue("mail", `{}`)
		if a := <-c; len(a.jobs) != 1 || a.took != 1300*time.Millisecond {
			b.t.Errorf("%d jobs after %v", len(a.jobs), a.took)
		}
	})
	scenario("OK woken by a delayed job", func(b *bed) {
		c := poll(b, "mail", `{"wait":"20s"}`)
		b.enqueue("mail", `{"delay":"3500ms"}`)
		if a := <-c; len(a.jobs) != 1 || a.took != 3500*time.Millisecond {
			b.t.Errorf("%d jobs after %v", len(a.jobs), a.took)
		}
	})
	scenario("OK one job for one of many", func(b *bed) {
		var all sync.WaitGroup
		var mu sync.Mutex
		got := map[string]int{}
		for range 50 {
			all.Go(func() {
				for _, l := range b.lease("mail", `{"wait":"10s"}`) {
					mu.Lock()
					got[l.ID]++
					mu.Unlock()
				}
			})
		}
		synctest.Wait()
		for range 30 {
			b.enqueue("mail", `{}`)
		}
		all.Wait()
		if len(got) != 30 {
			b.t.Errorf("%d jobs were leased", len(got))
		}
	})
	scenario("OK a caller that is gone gives its attempt back", func(b *bed) {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			b.doContext(ctx, "POST", "/v1/queues/mail/lease", `{"wait":"20s"}`)
			close(done)
		}()
		synctest.Wait()
		cancel()
		<-done
		id := b.enqueue("mail", `{}`)
		if l := b.leaseOne("mail"); l.ID != id || l.Attempt != 1 {
			b.t.Errorf("leased %+v", l)
		}
	})
	scenario("OK stop answers polls", func(b *bed) {
		c := poll(b, "mail", `{"wait":"60s"}`)
		must(b.t, b.s.Stop(context.Background()))
		if a := <-c; len(a.jobs) != 0 || a.took != 0 {
			b.t.Errorf("%d jobs after %v", len(a.jobs), a.took)
		}
		must(b.t, b.s.Stop(context.Background()))
		b.enqueue("mail", `{}`)
		if jobs := b.lease("mail", `{"wait":"1s"}`); len(jobs) != 0 {
			b.t.Error("a stopped scheduler leased a job")
		}
	})
	scenario("OK tenants do not meet", func(b *bed) {
		_, err := b.e.Tenants.Create(context.Background(), "other", nothing)
		must(b.t, err)
		id := b.enqueue("mail", `{}`)
		b.do("POST", "/v1/queues/mail/lease", `{}`, "Test-Tenant", "other").want(200, `{"jobs":[]`)
		b.do("GET", "/v1/jobs/"+id, "", "Test-Tenant", "other").want(404, "job_not_found")
		b.do("GET", "/v1/jobs", "", "Test-Tenant", "other").want(200, `"items":[]`)
		b.do("GET", "/v1/queues", "", "Test-Tenant", "other").want(200, `"items":[]`)
		l := b.leaseOne("mail")
		b.do("POST", "/v1/jobs/"+id+"/complete", `{"token":"`+l.Token+`"}`, "Test-Tenant", "other").want(404)
		b.do("POST", "/v1/leases/heartbeat", `{"leases":[{"id":"`+id+`","token":"`+l.Token+`"}]}`, "Test-Tenant", "other").want(200, `"lost":["`+id+`"]`)
		b.call(l, "complete", "").want(200)
	})
}

// TestLeaseMany leases more jobs and more bytes than fit into one update.
func TestLeaseMany(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		b.do("POST", "/v1/queues/small/jobs", lines(1000, func(i int) string { return fmt.Sprintf(`{"payload":%d}`, i) }), "Content-Type", "application/x-ndjson").want(200, `"accepted":1000`)
		jobs := b.lease("small", `{"limit":1000}`)
		for i, l := range jobs {
			if string(l.Payload) != fmt.Sprint(i) {
				t.Fatalf("job %d has payload %s", i, l.Payload)
			}
		}
		if len(jobs) != 1000 {
			t.Errorf("leased %d jobs", len(jobs))
		}
		big := fmt.Sprintf(`{"payload":"%060000d"}`, 0)
		b.do("POST", "/v1/queues/big/jobs", lines(40, func(int) string { return big }), "Content-Type", "application/x-ndjson").want(200, `"accepted":40`)
		first, second := len(b.lease("big", `{"limit":40}`)), len(b.lease("big", `{"limit":40}`))
		third := len(b.lease("big", `{"limit":40}`))
		if first < 15 || first > 20 || first+second+third != 40 {
			t.Errorf("an answer of 1 MiB has %d, %d and %d jobs of 60 kB", first, second, third)
		}
		b.check()
	})
}
