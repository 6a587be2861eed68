package scheduler_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"quintet/scheduler"
)

// listed collects the ids of all pages of a list of jobs, and how many pages
// there were.
func (b *bed) listed(query string, limit int) (ids []string, pages int) {
	b.t.Helper()
	for cursor := ""; ; {
		var p struct {
			Items []scheduler.Job
			Next  *string
		}
		b.do("GET", fmt.Sprintf("/v1/jobs?%s&limit=%d&cursor=%s", query, limit, cursor), "").want(200).into(&p)
		if pages++; len(p.Items) > limit || pages > 1000 {
			b.t.Fatalf("page %d of ?%s has %d jobs", pages, query, len(p.Items))
		}
		for _, j := range p.Items {
			ids = append(ids, j.ID.String())
		}
		if p.Next == nil {
			return ids, pages
		}
		cursor = *p.Next
	}
}

// TestLabels holds what goes with a job: key, tags, headers, retention.
func TestLabels(t *testing.T) {
	clock := &jumpingClock{}
	scenario := scenarios(t, scheduler.Options{Clock: clock})
	skip := func(d time.Duration) { // a day in virtual time takes a second of real time
		clock.jump(d - 12*time.Second)
		pass(12 * time.Second)
	}
	scenario("OK worker and reader see them", func(b *bed) {
		id := b.enqueue("q", `{"key":"customer-7","tags":["invoice","eu"],"headers":{"x-b":"2","x-a":"grün"},"max_attempts":3}`)
		b.do("GET", "/v1/jobs/"+id, "").want(200, `"key":"customer-7"`, `"tags":["invoice","eu"]`, `"headers":{"x-a":"grün","x-b":"2"}`)
		b.do("GET", "/v1/jobs?queue=q", "").want(200, `"key":"customer-7"`, `"tags":["invoice","eu"]`)
		b.do("POST", "/v1/queues/q/lease", `{}`).want(200, `"key":"customer-7"`, `"headers":{"x-a":"grün","x-b":"2"}`, `"max_attempts":3`, `"attempt":1`)
		b.enqueue("q", `{}`)
		b.do("POST", "/v1/queues/q/lease", `{}`).want(200, `!"key"`, `!"headers"`)
	})
	scenario("OK traceparent", func(b *bed) {
		parent := "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
		b.do("POST", "/v1/queues/q/jobs", `{}`, "Traceparent", parent).want(201, `"headers":{"traceparent":"`+parent+`"}`)
		b.do("POST", "/v1/queues/q/lease", `{}`).want(200, `"headers":{"traceparent":"`+parent+`"}`)
		b.do("POST", "/v1/queues/q/jobs", `{"headers":{"traceparent":"mine"}}`, "Traceparent", parent).want(201, `"traceparent":"mine"`, "!4bf9")
		b.do("POST", "/v1/queues/q/jobs", `[{}]`, "Traceparent", parent).want(200)
		b.do("POST", "/v1/queues/q/lease", `{"limit":2}`).want(200, parent)
		for _, bad := range []string{"00-x", strings.ToUpper(parent), parent + "-1", "zz" + parent[2:]} {
			b.do("POST", "/v1/queues/q/jobs", `{}`, "Traceparent", bad).want(201, `!"headers"`)
		}
		full := `"h":""`
		for i := range 31 {
			full += fmt.Sprintf(`,"h%d":""`, i)
		}
		b.do("POST", "/v1/queues/q/jobs", `{"headers":{`+full+`}}`, "Traceparent", parent).want(201, "!traceparent")
	})
	scenario("OK retention", func(b *bed) {
		short, long, dead := b.enqueue("q", `{"retention":"1m"}`), b.enqueue("q", `{"retention":"48h"}`), b.enqueue("q", `{"retention":"2h","max_attempts":1}`)
		plain := b.enqueue("q", `{}`)
		for _, l := range b.lease("q", `{"limit":4}`) {
			b.call(l, map[bool]string{true: "fail", false: "complete"}[l.ID == dead], ``).want(200)
		}
		gone := func(id string, yes bool) {
			b.t.Helper()
			if r := b.do("GET", "/v1/jobs/"+id, ""); (r.status == 404) != yes {
				b.t.Errorf("job %s: status %d after %v", id, r.status, time.Now())
			}
		}
		skip(50 * time.Second)
		gone(short, false)
		skip(21 * time.Second)
		gone(short, true)
		gone(dead, false)
		skip(2 * time.Hour)
		gone(dead, true)
		gone(plain, false)
		b.reopen()
		skip(22 * time.Hour)
		gone(plain, true) // a day is the default
		gone(long, false)
		skip(24 * time.Hour)
		gone(long, true)
	})
	scenario("OK a dead letter is kept for two weeks", func(b *bed) {
		id := b.enqueue("q", `{"max_attempts":1}`)
		b.call(b.leaseOne("q"), "fail", ``).want(200)
		skip(14*24*time.Hour - time.Minute)
		b.wantState(id, "dead")
		skip(2 * time.Minute)
		b.do("GET", "/v1/jobs/"+id, "").want(404)
	})
}

// TestTags lists and finds jobs by tag.
func TestTags(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	var red, both []string
	for i := range 40 {
		tags := []string{`"blue"`, `"red"`, `"red","blue"`, ``}[i%4]
		id := b.enqueue([]string{"p", "q"}[i/2%2], fmt.Sprintf(`{"tags":[%s],"priority":%d}`, tags, i%10))
		if i%4 == 1 || i%4 == 2 {
			red = append(red, id)
		}
		if i%4 == 2 {
			both = append(both, id)
		}
	}
	slices.Reverse(red)
	slices.Reverse(both)
	for _, limit := range []int{1, 3, 7, 100} {
		got, _ := b.listed("tag=red", limit)
		b.wantIDs("tag red", got, red...)
		got, _ = b.listed("tag=red&filter="+url.QueryEscape("tag = 'blue'"), limit)
		b.wantIDs("both tags", got, both...)
		got, _ = b.listed("filter="+url.QueryEscape("tag = 'blue' and tag = 'red'"), limit)
		b.wantIDs("both tags by filter", got, both...)
		got, _ = b.listed("tag=red&queue=p", limit)
		b.wantIDs("tag red of p", got, slices.DeleteFunc(slices.Clone(red), func(id string) bool { return slices.Contains(both, id) })...)
		got, _ = b.listed("tag=re", limit)
		b.wantIDs("the beginning of a tag", got)
	}
	for _, l := range b.lease("q", `{"limit":3}`) {
		b.call(l, "complete", ``).want(200)
	}
	done, _ := b.listed("tag=red&state=done", 100)
	waiting, _ := b.listed("tag=red&state=ready,running", 100)
	if len(done) == 0 || len(done)+len(waiting) != len(red) {
		t.Errorf("%d done and %d waiting of %d", len(done), len(waiting), len(red))
	}
	b.do("DELETE", "/v1/jobs/"+done[0], "").want(204)
	if got, _ := b.listed("tag=red", 100); len(got) != len(red)-1 || slices.Contains(got, done[0]) {
		t.Errorf("%d jobs after one was removed", len(got))
	}
	b.check()
}
