package scheduler_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"quintet/engine"
	"quintet/scheduler"
)

// TestFilter holds the filters of lists against the same tests in Go.
func TestFilter(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		began := time.Now()
		var all []string
		for i := range 24 {
			all = append(all, b.enqueue([]string{"p", "q", "r"}[i%3], fmt.Sprintf(
				`{"priority":%d,"max_attempts":%d,"key":"%s","tags":["t%d"],"delay":"%dm"}`, i%4, 1+i%5, []string{"", "a", "b"}[i/3%3], i%2, i/12)))
			time.Sleep(time.Minute / 2)
		}
		for n := range 3 {
			for _, l := range b.lease("p", `{"limit":3}`) {
				b.call(l, []string{"complete", "fail", "fail"}[n], ``).want(200)
			}
		}
		pass(time.Minute)
		slices.Reverse(all)
		at := func(minutes int) string {
			return began.Add(time.Duration(minutes) * time.Minute).UTC().Format("2006-01-02T15:04:05.000Z")
		}
		before := func(t time.Time, minutes int) bool { return t.Before(began.Add(time.Duration(minutes) * time.Minute)) }
		f := func(filter string, keep func(j *scheduler.Job) bool) {
			t.Helper()
			var want []string
			for _, id := range all {
				if keep(b.job(id)) {
					want = append(want, id)
				}
			}
			if len(want) == 0 || len(want) == len(all) {
				t.Errorf("%s tests nothing: %d jobs of %d", filter, len(want), len(all))
			}
			for _, limit := range []int{2, 5, 100} {
				got, _ := b.listed("filter="+url.QueryEscape(filter), limit)
				b.wantIDs(filter, got, want...)
			}
		}
		f(`queue = 'p'`, func(j *scheduler.Job) bool { return j.Queue == "p" })
		f(`queue != 'p'`, func(j *scheduler.Job) bool { return j.Queue != "p" })
		f(`state = 'ready'`, func(j *scheduler.Job) bool { return j.State == "ready" })
		f(`priority >= 2`, func(j *scheduler.Job) bool { return j.Priority >= 2 })
		f(`priority < 2.5 and max_attempts > 1`, func(j *scheduler.Job) bool { return j.Priority < 3 && j.MaxAttempts > 1 })
		f(`attempt > 0`, func(j *scheduler.Job) bool { return j.Attempt > 0 })
		f(`key = 'a' or tag = 't1'`, func(j *scheduler.Job) bool { return j.Key == "a" || j.Tags[0] == "t1" })
		f(`not key = 'a'`, func(j *scheduler.Job) bool { return j.Key != "a" })
		f(`key exists`, func(j *scheduler.Job) bool { return j.Key != "" })
		f(`finished_at exists`, func(j *scheduler.Job) bool { return j.FinishedAt != nil })
		f(`created_at < '`+at(5)+`'`, func(j *scheduler.Job) bool { return before(j.CreatedAt, 5) })
		f(`run_at >= '`+at(8)+`'`, func(j *scheduler.Job) bool { return !before(j.RunAt, 8) })
		f(`tag = 't0' and (queue = 'q' or priority = 3)`, func(j *scheduler.Job) bool {
			return j.Tags[0] == "t0" && (j.Queue == "q" || j.Priority == 3)
		})
		b.check()
	})
}

// TestFilterErrors tells what is no filter of jobs.
func TestFilterErrors(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	for name, filter := range map[string]string{
		"ErrField": `colour = 'red'`, "ErrKind": `priority = 'high'`, "ErrKind of a text": `queue = 7`, "ErrEnd": `queue =`, "ErrParenthesis": `(queue = 'a'`,
	} {
		t.Run(name, func(t *testing.T) {
			b.do("GET", "/v1/jobs?filter="+url.QueryEscape(filter), "").want(422, "query.filter")
			b.do("POST", "/v1/jobs/cancel", fmt.Sprintf(`{"queue":"q","filter":%q}`, filter)).want(422, "body.filter")
		})
	}
}

// TestShortPages pages through more jobs than one page looks at, of which few
// are chosen.
func TestShortPages(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		var want []string
		for range 2 {
			ids := b.enqueueMany("q", 6_000, func(i int) string {
				if i%2000 == 999 {
					return `{"tags":["rare"],"priority":9}`
				}
				return `{}`
			})
			for i, id := range ids {
				if i%2000 == 999 {
					want = append(want, id)
				}
			}
		}
		slices.Reverse(want)
		for _, query := range []string{"filter=" + url.QueryEscape("priority = 9"), "queue=q&filter=" + url.QueryEscape("priority = 9"), "state=ready,done&filter=" + url.QueryEscape("tag = 'rare'")} {
			got, pages := b.listed(query, 50)
			b.wantIDs(query, got, want...)
			if pages != 3 {
				t.Errorf("?%s has %d pages of at most 5,000 candidates, there are 12,000", query, pages)
			}
		}
		if got, pages := b.listed("tag=rare", 50); len(got) != len(want) || pages != 1 {
			t.Errorf("%d jobs on %d pages", len(got), pages)
		}
	})
}

// TestListUnreadable holds that a job that cannot be read hides no other.
func TestListUnreadable(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	ids := b.enqueueMany("q", 10, func(int) string { return `{"tags":["t"]}` })
	must(t, b.e.Store.Update(context.Background(), b.acme, func(tx *engine.Tx) error {
		id, err := engine.ParseID(ids[4])
		tx.Put("scheduler.jobs", id[:], []byte("from the future"))
		return err
	}))
	want := slices.Delete(slices.Clone(ids), 4, 5)
	slices.Reverse(want)
	for _, query := range []string{"", "queue=q", "state=ready", "tag=t", "filter=" + url.QueryEscape("priority = 5")} {
		for _, limit := range []int{1, 3, 100} {
			got, _ := b.listed(query, limit)
			b.wantIDs(query, got, want...)
		}
	}
	b.do("GET", "/v1/jobs/"+ids[4], "").want(500)
}

// TestCursorMisuse brings cursors to lists that did not give them out.
func TestCursorMisuse(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	b.enqueueMany("q", 5, func(int) string { return `{}` })
	b.enqueueMany("p", 2, func(int) string { return `{}` })
	next := func(path string) string {
		return b.do("GET", path, "").want(200, `"next":"`).get("next")
	}
	jobs, queues := next("/v1/jobs?limit=2"), next("/v1/queues?limit=1")
	b.do("GET", "/v1/jobs?cursor="+queues, "").want(422, "invalid_cursor")
	b.do("GET", "/v1/jobs?cursor="+jobs+"x", "").want(422)
	b.do("GET", "/v1/jobs?limit=2&tag=none&cursor="+jobs, "").want(200, `"items":[]`, `"next":null`)
	b.do("GET", "/v1/jobs?limit=10&queue=p&state=ready&cursor="+jobs, "").want(200, `"items":[]`)
	b.do("GET", "/v1/queues?cursor="+jobs, "").want(200) // any bytes stand somewhere among names
	b.do("GET", "/v1/job-operations?cursor="+queues, "").want(422, "invalid_cursor")
	b.do("GET", "/v1/jobs?state=ready,,done", "").want(422, "query.state")
	b.do("GET", "/v1/jobs?state=ready,ready", "").want(200)
}
