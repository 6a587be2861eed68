package scheduler_test

import (
	"strings"
	"testing"
	"time"

	"quintet/engine"
	"quintet/scheduler"
)

func TestRunNow(t *testing.T) {
	schedules(t, "OK", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", `{"cron":"0 1 * * *","queue":"q","job":{"payload":{"a":1},"priority":8},"jitter":"1h"}`).want(201)
		before := string(b.do("GET", "/v1/schedules/s", "").want(200).body)
		b.do("POST", "/v1/schedules/s/run", "").want(201, `"schedule":"s"`, `"priority":8`, `"state":"ready"`, `"payload":{"a":1}`)
		if after := string(b.do("GET", "/v1/schedules/s", "").want(200).body); after != before {
			b.t.Errorf("the schedule was\n%s and is\n%s", before, after)
		}
		b.do("POST", "/v1/schedules/s/pause", "").want(200)
		b.do("POST", "/v1/schedules/s/run", "").want(201, `"schedule":"s"`)
		b.do("POST", "/v1/schedules/s/resume", "").want(200)
		pass(2 * time.Hour)
		b.do("GET", "/v1/queues/q", "").want(200, `"ready":3`) // overlap does not know them
		b.do("POST", "/v1/schedules/none/run", "").want(404, "schedule_not_found")
	})
	schedules(t, "OK repeated", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", `{"cron":"0 1 * * *","queue":"q"}`).want(201)
		b.do("PUT", "/v1/schedules/other", `{"cron":"0 1 * * *","queue":"q"}`).want(201)
		first := b.do("POST", "/v1/schedules/s/run", "", "Idempotency-Key", "k").want(201)
		second := b.do("POST", "/v1/schedules/s/run", "", "Idempotency-Key", "k").want(201)
		if first.get("id") != second.get("id") {
			b.t.Errorf("a repeated request made %s and %s", first.get("id"), second.get("id"))
		}
		b.do("POST", "/v1/schedules/other/run", "", "Idempotency-Key", "k").want(201, `"schedule":"other"`)
		b.do("GET", "/v1/queues/q", "").want(200, `"ready":2`)
	})
}

func TestBackfill(t *testing.T) {
	const hourly = `{"cron":"0 * * * *","queue":"q","overlap":"allow"}`
	schedules(t, "OK", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", hourly).want(201)
		pass(150 * time.Minute)
		b.wantTicks("02:00", "01:00")
		const before = `{"from":"1999-12-31T20:00:00Z","to":"2000-01-01T02:00:00Z"`
		b.do("POST", "/v1/schedules/s/backfill", before+`,"dry_run":true}`).want(200, `"ticks":6,"enqueued":5,"existing":1`)
		b.wantTicks("02:00", "01:00")
		b.do("POST", "/v1/schedules/s/backfill", before+`}`).want(200, `"ticks":6,"enqueued":5,"existing":1`)
		b.do("POST", "/v1/schedules/s/backfill", before+`}`).want(200, `"ticks":6,"enqueued":0,"existing":6`)
		b.wantTicks("02:00", "01:00", "00:00", "23:00", "22:00", "21:00", "20:00")
		b.do("GET", "/v1/schedules/s", "").want(200, `"next":"2000-01-01T03:00:00Z"`, `"last_tick":"2000-01-01T02:00:00Z"`)
		if l := b.lease("q", `{}`); b.job(l[0].ID).Schedule != "s" {
			b.t.Errorf("a job without its schedule: %+v", b.job(l[0].ID))
		}
	})
	schedules(t, "OK what a pause passed over", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", hourly).want(201)
		b.do("POST", "/v1/schedules/s/pause", "").want(200)
		pass(150 * time.Minute)
		b.do("POST", "/v1/schedules/s/backfill", `{"from":"2000-01-01T00:30:00Z"}`).want(200, `"ticks":2,"enqueued":2,"existing":0`)
		b.do("POST", "/v1/schedules/s/resume", "").want(200)
		pass(time.Hour)
		b.wantTicks("03:00", "02:00", "01:00")
	})
	schedules(t, "OK a tick that is due is not doubled", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", hourly).want(201)
		b.close()
		pass(time.Hour + time.Millisecond)
		b.openIdle()
		b.do("POST", "/v1/schedules/s/backfill", `{"from":"2000-01-01T00:30:00Z"}`).want(200, `"enqueued":1`)
		b.reopen()
		pass(time.Minute)
		b.wantTicks("01:00")
		b.do("GET", "/v1/schedules/s", "").want(200, `"next":"2000-01-01T02:00:00Z"`)
	})
	schedules(t, "OK a thousand", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", `{"cron":"* * * * *","queue":"q"}`).want(201)
		const path, from = "/v1/schedules/s/backfill", `{"from":"1999-12-30T00:00:00Z","to":"1999-12-30T16:4`
		b.do("POST", path, from+`0:01Z"}`).want(422, "body.from", "more than 1000 ticks", "narrow it", "the first 1000 end at 1999-12-30T16:39:00Z")
		b.do("GET", "/v1/queues", "").want(200, `"items":[]`)
		b.do("POST", path, from+`0:00Z"}`).want(200, `"ticks":1000,"enqueued":1000`)
		b.do("GET", "/v1/queues/q", "").want(200, `"ready":1000`)
		b.check()
	})
	schedules(t, "OK large payloads", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", `{"every":"1m","queue":"q","job":{"payload":"`+strings.Repeat("x", 60_000)+`"},"missed":"none"}`).want(201)
		b.close()
		pass(time.Hour)
		b.openIdle()
		b.do("POST", "/v1/schedules/s/backfill", `{"from":"2000-01-01T00:10:30Z"}`).want(200, `"ticks":49,"enqueued":49`)
	})
	schedules(t, "Err", func(b *bed) {
		f := func(body string, status int, texts ...string) {
			b.t.Helper()
			b.do("POST", "/v1/schedules/s/backfill", body).want(status, texts...)
		}
		f(`{"from":"1999-01-01T00:00:00Z"}`, 404, "schedule_not_found")
		b.do("PUT", "/v1/schedules/s", hourly).want(201)
		f(`{}`, 422, "from")
		f(`{"from":"yesterday"}`, 422, "body.from")
		f(`{"from":"1999-01-01T00:00:00Z","to":"2000-01-01T00:00:01Z"}`, 422, "body.to", "future")
		f(`{"from":"1999-01-01T00:00:00Z","to":"1999-01-01T00:00:00Z"}`, 422, "body.to", "not after from")
		f(`{"from":"1999-01-01T00:00:00Z","overlap":"skip"}`, 422, "overlap")
		b.do("GET", "/v1/queues", "").want(200, `"items":[]`)
	})
}

// TestPreviewOf previews what is no schedule yet.
func TestPreviewOf(t *testing.T) {
	schedules(t, "OK", func(b *bed) {
		const path = "/v1/schedules/preview?n=2"
		b.do("POST", path, `{"cron":"30 2 26 3 *","zone":"Europe/Berlin","queue":"q"}`).want(200, `"time":"2000-03-26T03:00:00+02:00","note":"02:30 does not exist on this day; runs at 03:00"`)
		b.do("POST", path, `{"every":"90s","queue":"q","start_at":"2000-01-01T00:02:00Z"}`).want(200, `{"ticks":[{"time":"2000-01-01T00:03:00Z"},{"time":"2000-01-01T00:04:30Z"}]}`)
		b.do("POST", path, `{"at":"2000-01-01T02:00:00+01:00","queue":"q","jitter":"30s"}`).want(200, `"ticks":[{"time":"2000-01-01T01:00:00Z"}]`, "somewhat after its tick")
		b.do("POST", path, `{"cron":"0 12 13 * 5","queue":"q"}`).want(200, "days that match either")
		b.do("POST", path, `{"cron":"0 12 * * *","queue":"q","end_at":"9999-01-01T00:00:00Z","start_at":"9990-01-01T00:00:00Z"}`).want(200, "9990-01-02T12:00:00Z")
		b.do("POST", path, `{"at":"1999-01-01T00:00:00Z","queue":"q"}`).want(422, "body.at", "never fires")
		b.do("POST", path, `{"cron":"0 25 * * *","queue":"q"}`).want(422, "body.cron")
		b.do("POST", "/v1/schedules/preview?n=1001", `{"every":"90s","queue":"q"}`).want(422, "query.n")
		b.do("GET", "/v1/schedules", "").want(200, `"items":[]`)
	})
	schedules(t, "OK like that of the schedule", func(b *bed) {
		for _, spec := range []string{`{"every":"90s","queue":"q"}`, `{"cron":"*/7 * * * *","queue":"q"}`, `{"at":"2000-02-01T00:00:00Z","queue":"q"}`} {
			planned := b.do("POST", "/v1/schedules/preview?n=50", spec).want(200)
			b.do("PUT", "/v1/schedules/s", spec).want(201)
			var ahead, stored scheduler.SchedulePreview
			planned.into(&ahead)
			b.do("GET", "/v1/schedules/s/preview?n=50", "").want(200).into(&stored)
			if len(ahead.Ticks) == 0 || len(ahead.Ticks) != len(stored.Ticks) || ahead.Ticks[len(ahead.Ticks)-1] != stored.Ticks[len(ahead.Ticks)-1] {
				b.t.Errorf("%s: planned %v, and of the schedule %v", spec, ahead, stored)
			}
			b.do("DELETE", "/v1/schedules/s", "").want(204)
		}
	})
}

// TestBackfilledID holds that a backfilled tick has the id of the tick.
func TestBackfilledID(t *testing.T) {
	schedules(t, "OK", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", `{"cron":"0 * * * *","queue":"q"}`).want(201)
		b.do("POST", "/v1/schedules/s/backfill", `{"from":"1999-12-31T22:30:00Z","to":"1999-12-31T23:30:00Z"}`).want(200, `"enqueued":1`)
		creation, err := b.s.Creation(b.t.Context(), b.acme, "s")
		must(b.t, err)
		var id engine.ID = scheduler.TickID(creation, time.Date(1999, 12, 31, 23, 0, 0, 0, time.UTC).UnixMilli())
		b.wantState(id.String(), "ready")
	})
}
