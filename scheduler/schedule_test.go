package scheduler_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"quintet/engine"
	"quintet/scheduler"
)

// schedules runs a scenario in virtual time, which begins at midnight UTC on
// Saturday, 1 January 2000.
func schedules(t *testing.T, name string, f func(b *bed)) {
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

// ticksOf lists when the jobs of a queue were due, newest first.
func (b *bed) ticksOf(queue string) (list []string) {
	b.t.Helper()
	var p struct{ Items []scheduler.Job }
	b.do("GET", "/v1/jobs?limit=1000&queue="+queue, "").want(200).into(&p)
	for _, j := range p.Items {
		list = append(list, j.RunAt.Format("15:04"))
	}
	return list
}

func (b *bed) wantTicks(want ...string) {
	b.t.Helper()
	if got := b.ticksOf("q"); strings.Join(got, " ") != strings.Join(want, " ") {
		b.t.Fatalf("jobs were due at %v, expected was %v", got, want)
	}
}

// finishAll completes what is ready.
func (b *bed) finishAll(queue string) {
	b.t.Helper()
	for _, l := range b.lease(queue, `{"limit":1000}`) {
		b.call(l, "complete", ``).want(200)
	}
}

func TestSchedules(t *testing.T) {
	schedules(t, "OK ticks", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", `{"cron":"*/10 * * * *","queue":"q","job":{"payload":{"a":1},"priority":7}}`).
			want(201, `"zone":"UTC"`, `"missed":"latest"`, `"overlap":"skip"`, `"next":"2000-01-01T00:10:00Z"`, `"last_tick":null`)
		b.wantTicks()
		pass(10 * time.Minute)
		b.wantTicks("00:10")
		l := b.leaseOne("q")
		if string(l.Payload) != `{"a":1}` {
			b.t.Errorf("payload %s", l.Payload)
		}
		if j := b.job(l.ID); j.Schedule != "s" || j.Priority != 7 || j.Timeline[0].Note != "s" {
			b.t.Errorf("job %+v", j)
		}
		b.call(l, "complete", ``).want(200)
		pass(25 * time.Minute)
		b.finishAll("q")
		b.wantTicks("00:20", "00:10") // 00:30 was skipped: the job of 00:20 still waited
		b.do("GET", "/v1/schedules/s", "").want(200, `"next":"2000-01-01T00:40:00Z"`, `"last_tick":"2000-01-01T00:20:00Z"`, `"last_job":"`)
	})
	schedules(t, "OK overlap allow", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", `{"cron":"* * * * *","queue":"q","overlap":"allow"}`).want(201)
		pass(3 * time.Minute)
		b.wantTicks("00:03", "00:02", "00:01")
	})
	schedules(t, "OK missed latest", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", `{"cron":"0 * * * *","queue":"q","overlap":"allow"}`).want(201)
		b.close()
		pass(5*time.Hour + 10*time.Minute)
		b.open()
		pass(time.Second)
		b.wantTicks("05:00")
		pass(50 * time.Minute)
		b.wantTicks("06:00", "05:00")
	})
	schedules(t, "OK missed none", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", `{"cron":"0 * * * *","queue":"q","missed":"none","overlap":"allow"}`).want(201)
		b.close()
		pass(5*time.Hour + 11*time.Second)
		b.open()
		pass(time.Second)
		b.wantTicks()
		b.close()
		pass(time.Hour - 5*time.Second) // 7 s late is not missed
		b.open()
		pass(time.Second)
		b.wantTicks("06:00")
	})
	schedules(t, "OK many", func(b *bed) {
		for i := range 250 {
			b.do("PUT", fmt.Sprintf("/v1/schedules/s%d", i), `{"cron":"5 0 * * *","queue":"q"}`).want(201)
		}
		pass(5*time.Minute + time.Millisecond)
		if n := len(b.ticksOf("q")); n != 250 {
			b.t.Errorf("%d jobs of 250 schedules", n)
		}
		seen := map[string]bool{}
		for cursor := ""; ; {
			r := b.do("GET", "/v1/schedules?limit=100&cursor="+cursor, "").want(200)
			var p struct {
				Items []struct{ ID string }
				Next  *string
			}
			r.into(&p)
			for _, s := range p.Items {
				seen[s.ID] = true
			}
			if p.Next == nil {
				break
			}
			cursor = *p.Next
		}
		if len(seen) != 250 {
			b.t.Errorf("the list has %d schedules", len(seen))
		}
	})
}

// TestPreview looks ahead from the day before a night without 02:30.
func TestPreview(t *testing.T) {
	b := newBed(t, scheduler.Options{Clock: newTestClock(time.Date(2000, 3, 25, 12, 0, 0, 0, time.UTC))})
	b.do("PUT", "/v1/schedules/s", `{"cron":"30 2 * * *","zone":"Europe/Berlin","queue":"q"}`).want(201)
	b.do("GET", "/v1/schedules/s/preview?n=3", "").want(200, `"time":"2000-03-26T03:00:00+02:00"`, `"note":"02:30 does not exist on this day; runs at 03:00"`, `"time":"2000-03-28T02:30:00+02:00"`)
	b.do("PUT", "/v1/schedules/f", `{"cron":"0 12 13 * 5","queue":"q"}`).want(201)
	b.do("GET", "/v1/schedules/f/preview", "").want(200, "days that match either", `2000-04-07`, `2000-04-13`)
	b.do("GET", "/v1/schedules/f/preview?n=1001", "").want(422, "query.n")
	b.do("GET", "/v1/schedules/f/preview?n=0", "").want(422, "query.n")
	b.do("GET", "/v1/schedules/none/preview", "").want(404)
}

// TestScheduleContract tells what PUT and DELETE answer.
func TestScheduleContract(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		const one, two = `{"cron":"0 1 * * *","queue":"q"}`, `{"cron":"0 2 * * *","queue":"q"}`
		etag := b.do("PUT", "/v1/schedules/s", one).want(201).header.Get("ETag")
		if b.do("PUT", "/v1/schedules/s", `{"queue":"q","cron":"0 1 * * *","zone":"UTC","missed":"latest","job":{}}`).want(200).header.Get("ETag") != etag {
			t.Error("the same definition has another ETag")
		}
		b.do("PUT", "/v1/schedules/s", two).want(409, "schedule_exists")
		b.do("PUT", "/v1/schedules/s", two, "If-Match", `"1"`).want(412, "etag_mismatch")
		second := b.do("PUT", "/v1/schedules/s", two, "If-Match", etag).want(200, `"cron":"0 2 * * *"`).header.Get("ETag")
		if second == etag || second == "" || b.do("GET", "/v1/schedules/s", "").want(200).header.Get("ETag") != second {
			t.Errorf("ETag %s after %s", second, etag)
		}
		b.do("PUT", "/v1/schedules/s", one, "If-Match", etag).want(412)
		b.do("PUT", "/v1/schedules/s", one, "If-Match", "*").want(200)
		b.do("PUT", "/v1/schedules/new", one, "If-Match", "*").want(412)
		b.do("DELETE", "/v1/schedules/s", "", "If-Match", second).want(412)
		b.do("DELETE", "/v1/schedules/s", "").want(204)
		b.do("DELETE", "/v1/schedules/s", "").want(404, "schedule_not_found")
		b.do("GET", "/v1/schedules/s", "").want(404)
		b.do("GET", "/v1/schedules", "").want(200, `"items":[]`)
		b.check()
		pass(25 * time.Hour) // the tombstone goes
		b.check()
		b.do("PUT", "/v1/schedules/s", one).want(201)
	})
}

// TestScheduleErrors tells what is no schedule.
func TestScheduleErrors(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	f := func(name, body string, status int, texts ...string) {
		t.Helper()
		t.Run(name, func(t *testing.T) { b.do("PUT", "/v1/schedules/s", body).want(status, texts...) })
	}
	f("ErrCron", `{"cron":"0 25 * * *","queue":"q"}`, 422, `"location":"body.cron"`, "field 2 (hour)")
	f("ErrCron missing", `{"queue":"q"}`, 422, "body.cron")
	f("ErrNeverFires", `{"cron":"0 0 30 2 *","queue":"q"}`, 422, "never fires")
	f("ErrZone", `{"cron":"0 0 * * *","zone":"Mars","queue":"q"}`, 422, "body.zone")
	f("ErrQueue", `{"cron":"0 0 * * *"}`, 422, "queue")
	f("ErrQueue name", `{"cron":"0 0 * * *","queue":"Q"}`, 422, "invalid_name")
	f("ErrDelay", `{"cron":"0 0 * * *","queue":"q","job":{"delay":"1s"}}`, 422, "body.job")
	f("ErrPriority", `{"cron":"0 0 * * *","queue":"q","job":{"priority":10}}`, 422, "priority")
	f("ErrMissed", `{"cron":"0 0 * * *","queue":"q","missed":"some"}`, 422, "body.missed")
	f("ErrOverlap buffer", `{"cron":"0 0 * * *","queue":"q","overlap":"buffer"}`, 422, "not_supported", "body.overlap")
	f("ErrOverlap cancel", `{"cron":"0 0 * * *","queue":"q","overlap":"cancel"}`, 422, "not_supported", "body.overlap")
	f("ErrNothing", `{"queue":"q"}`, 422, "body.cron", "one of cron, every and at")
	f("ErrTwo", `{"cron":"0 0 * * *","every":"10s","queue":"q"}`, 422, "body.every", "stands beside cron")
	f("ErrTwo at", `{"every":"10s","at":"2030-01-01T00:00:00Z","queue":"q"}`, 422, "body.at", "stands beside every")
	f("ErrZone of every", `{"every":"10s","zone":"UTC","queue":"q"}`, 422, "body.zone")
	f("ErrEvery fast", `{"every":"999ms","queue":"q"}`, 422, "body.every", "from 1s")
	f("ErrEvery slow", `{"every":"11y","queue":"q"}`, 422, "body.every")
	f("ErrEvery text", `{"every":"often","queue":"q"}`, 422, "body.every")
	f("ErrAt passed", `{"at":"1999-12-31T23:59:59Z","queue":"q"}`, 422, "body.at", "never fires")
	f("ErrAt text", `{"at":"tomorrow","queue":"q"}`, 422, "body.at")
	f("ErrAt year", `{"at":"10000-01-01T00:00:00Z","queue":"q"}`, 422, "body.at", "1970 to 9999")
	f("ErrAt year of UTC", `{"at":"9999-12-31T23:59:59-12:00","queue":"q"}`, 422, "body.at", "1970 to 9999")
	f("ErrAt early", `{"at":"1969-12-31T23:59:59Z","queue":"q"}`, 422, "body.at", "1970 to 9999")
	f("ErrEnd", `{"every":"1h","queue":"q","start_at":"2100-01-01T00:00:00Z","end_at":"2100-01-01T00:00:00Z"}`, 422, "body.end_at", "not after start_at")
	f("ErrEnd year", `{"every":"1h","queue":"q","end_at":"12000-01-01T00:00:00Z"}`, 422, "body.end_at")
	f("ErrEnd passed", `{"cron":"0 0 * * *","queue":"q","end_at":"1999-01-01T00:00:00Z"}`, 422, "never fires")
	f("ErrEnd between ticks", `{"cron":"0 0 1 1 *","queue":"q","start_at":"2100-01-02T00:00:00Z","end_at":"2100-12-31T00:00:00Z"}`, 422, "never fires")
	f("ErrEnd before at", `{"at":"2100-01-01T00:00:00Z","queue":"q","end_at":"2099-12-31T00:00:00Z"}`, 422, "body.at", "never fires")
	f("ErrStart behind all", `{"every":"10y","queue":"q","start_at":"9999-12-30T00:00:00Z"}`, 422, "never fires")
	f("ErrJitter", `{"every":"1h","queue":"q","jitter":"61m"}`, 422, "body.jitter")
	f("ErrMissed all skips", `{"every":"1h","queue":"q","missed":"all"}`, 422, "body.overlap", `overlap: \"allow\"`)
	f("ErrMissedMax alone", `{"cron":"0 0 * * *","queue":"q","missed_max":3}`, 422, "body.missed_max", "missed all")
	f("ErrMissedWindow alone", `{"cron":"0 0 * * *","queue":"q","missed_window":"1h"}`, 422, "body.missed_window", "missed all")
	f("ErrMissedMax", `{"every":"1h","queue":"q","missed":"all","overlap":"allow","missed_max":101}`, 422, "body.missed_max", "1 to 100")
	f("ErrMissedMax none", `{"every":"1h","queue":"q","missed":"all","overlap":"allow","missed_max":0}`, 422, "body.missed_max", "1 to 100")
	f("ErrMissedWindow", `{"every":"1h","queue":"q","missed":"all","overlap":"allow","missed_window":"2y"}`, 422, "body.missed_window")
	f("ErrField", `{"cron":"0 0 * * *","queue":"q","catchup":true}`, 422, "catchup")
	f("ErrPayload", `{"cron":"0 0 * * *","queue":"q","job":{"timeout":"`+strings.Repeat("0", 900)+`1s","payload":"`+strings.Repeat("x", scheduler.MaxPayload-2)+`"}}`, 413, "payload_too_large")
	f("ErrJob", `{"cron":"0 0 * * *","queue":"q","job":{"payload":"`+strings.Repeat("x", 70_000)+`"}}`, 413, "payload_too_large")
	b.do("PUT", "/v1/schedules/S", `{"cron":"0 0 * * *","queue":"q"}`).want(422, "invalid_name")
	b.do("GET", "/v1/schedules", "").want(200, `"items":[]`)
}

// TestOneJobPerTick changes a schedule, and the clock, around its tick.
func TestOneJobPerTick(t *testing.T) {
	const daily = `{"cron":"0 1 * * *","queue":"q","overlap":"allow"}`
	schedules(t, "OK edited in the second of its tick", func(b *bed) {
		etag := b.do("PUT", "/v1/schedules/s", daily).want(201).header.Get("ETag")
		b.close() // nothing ticks meanwhile
		pass(time.Hour + 300*time.Millisecond)
		b.openIdle()
		b.do("PUT", "/v1/schedules/s", `{"cron":"0 1,2 * * *","queue":"q","overlap":"allow"}`, "If-Match", etag).want(200, `"next":"2000-01-01T02:00:00Z"`, `"last_tick":"2000-01-01T01:00:00Z"`)
		b.wantTicks("01:00")
		b.reopen()
		pass(time.Hour)
		b.wantTicks("02:00", "01:00")
	})
	schedules(t, "OK deleted and recreated in the second of its tick", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", daily).want(201)
		b.close()
		pass(time.Hour + 300*time.Millisecond)
		b.openIdle()
		b.do("DELETE", "/v1/schedules/s", "").want(204)
		b.do("PUT", "/v1/schedules/s", daily).want(201, `"next":"2000-01-02T01:00:00Z"`)
		b.wantTicks("01:00")
		b.reopen()
		pass(time.Minute)
		b.wantTicks("01:00")
	})
	t.Run("OK recreated while the clock is set back", func(t *testing.T) {
		clock := newTestClock(time.Date(2026, 1, 1, 0, 59, 59, 0, time.UTC))
		b := newBed(t, scheduler.Options{Clock: clock})
		b.do("PUT", "/v1/schedules/s", daily).want(201)
		clock.Advance(time.Second)
		must(t, b.s.Tick(context.Background()))
		b.wantTicks("01:00")
		clock.Advance(-2 * time.Second)
		b.do("DELETE", "/v1/schedules/s", "").want(204)
		b.do("PUT", "/v1/schedules/s", daily).want(201, `"next":"2026-01-02T01:00:00Z"`)
		clock.Advance(2 * time.Second)
		must(t, b.s.Tick(context.Background()))
		b.wantTicks("01:00")
		clock.Advance(-365 * 24 * time.Hour)
		must(t, b.s.Tick(context.Background()))
		clock.Advance(366 * 24 * time.Hour)
		must(t, b.s.Tick(context.Background()))
		b.wantTicks("01:00", "01:00")
		b.check()
	})
}

// TestTickID holds the layout of a tick's id.
func TestTickID(t *testing.T) {
	creation, tick := engine.ID{1, 2, 3}, time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)
	id := scheduler.TickID(creation, tick.UnixMilli())
	if id.String() != "019d371a-da80-7c2e-8092-d9e5aa3b2bed" {
		t.Errorf("id %s: the layout may not change", id)
	}
	if !id.Time().Equal(tick) || id.String()[14] != '7' || !strings.ContainsRune("89ab", rune(id.String()[19])) {
		t.Errorf("id %s is no UUIDv7 of %v", id, tick)
	}
	if id == scheduler.TickID(engine.ID{1, 2, 4}, tick.UnixMilli()) || id == scheduler.TickID(creation, tick.UnixMilli()+1) {
		t.Error("different ticks have one id")
	}
}
