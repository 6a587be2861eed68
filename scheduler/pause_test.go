package scheduler_test

import (
	"strings"
	"testing"
	"time"
)

func TestPause(t *testing.T) {
	const spec = `{"cron":"*/10 * * * *","queue":"q","overlap":"allow","missed":"all"}`
	schedules(t, "OK ticks are passed over", func(b *bed) {
		etag := b.do("PUT", "/v1/schedules/s", spec).want(201, `"paused":false`, `!"note"`).header.Get("ETag")
		pass(15 * time.Minute)
		r := b.do("POST", "/v1/schedules/s/pause", `{"note":"until the invoices are fixed"}`).want(200, `"paused":true`, `"note":"until the invoices are fixed"`, `"next":null`)
		if r.header.Get("ETag") == etag {
			b.t.Error("a pause has the ETag of before")
		}
		b.do("GET", "/v1/schedules", "").want(200, `"paused":true`, `"note":"until the invoices are fixed"`, `"next":null`)
		if again := b.do("POST", "/v1/schedules/s/pause", `{"note":"until the invoices are fixed"}`).want(200); again.header.Get("ETag") != r.header.Get("ETag") {
			b.t.Error("the same pause is a change")
		}
		b.do("POST", "/v1/schedules/s/pause", "").want(200, `"paused":true`, `!"note"`)
		pass(30 * time.Minute)
		b.reopen()
		pass(time.Second)
		b.check()
		b.wantTicks("00:10")
		b.do("POST", "/v1/schedules/s/resume", "").want(200, `"paused":false`, `"next":"2000-01-01T00:50:00Z"`)
		b.do("POST", "/v1/schedules/s/resume", "").want(200, `"paused":false`)
		b.wantTicks("00:10")
		pass(10 * time.Minute)
		b.wantTicks("00:50", "00:10")
	})
	schedules(t, "OK an edit keeps the pause", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", spec).want(201)
		b.do("POST", "/v1/schedules/s/pause", `{"note":"why"}`).want(200)
		b.do("PUT", "/v1/schedules/s", `{"cron":"*/5 * * * *","queue":"q","overlap":"allow"}`, "If-Match", "*").want(200, `"paused":true`, `"note":"why"`, `"next":null`)
		pass(20 * time.Minute)
		b.wantTicks()
		b.do("GET", "/v1/schedules/s/preview?n=1", "").want(200, "2000-01-01T00:25:00Z", "passed over until it is resumed")
	})
	schedules(t, "OK what was due before it runs", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", spec).want(201)
		b.close()
		pass(25 * time.Minute)
		b.openIdle()
		b.do("POST", "/v1/schedules/s/pause", "").want(200, `"last_tick":"2000-01-01T00:20:00Z"`)
		b.wantTicks("00:20", "00:10")
	})
	schedules(t, "OK over the only tick", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", `{"at":"2000-01-01T00:30:00Z","queue":"q"}`).want(201)
		b.do("POST", "/v1/schedules/s/pause", "").want(200)
		pass(time.Hour)
		b.do("POST", "/v1/schedules/s/resume", "").want(200, `"next":null`, `"paused":false`)
		b.wantTicks()
	})
	schedules(t, "Err", func(b *bed) {
		b.do("POST", "/v1/schedules/s/pause", "").want(404, "schedule_not_found")
		b.do("POST", "/v1/schedules/s/resume", "").want(404, "schedule_not_found")
		b.do("PUT", "/v1/schedules/s", spec).want(201)
		b.do("POST", "/v1/schedules/s/pause", `{"note":"`+strings.Repeat("é", 257)+`"}`).want(422, "body.note")
		b.do("POST", "/v1/schedules/s/pause", `{"note":"`+strings.Repeat("é", 256)+`"}`).want(200)
		b.do("POST", "/v1/schedules/s/pause", `{"why":"x"}`).want(422)
	})
}
