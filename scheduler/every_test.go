package scheduler_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"quintet/scheduler"
)

// secondsOf lists when the jobs of a queue were due, to the second, rising.
func (b *bed) secondsOf(queue string) string {
	b.t.Helper()
	var p struct{ Items []scheduler.Job }
	b.do("GET", "/v1/jobs?limit=1000&queue="+queue, "").want(200).into(&p)
	var list []string
	for _, j := range p.Items {
		list = append(list, j.RunAt.Format("15:04:05"))
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func (b *bed) wantSeconds(want string) {
	b.t.Helper()
	if got := b.secondsOf("q"); got != want {
		b.t.Fatalf("jobs were due at %s, expected was %s", got, want)
	}
}

func TestEvery(t *testing.T) {
	schedules(t, "OK counts from its creation", func(b *bed) {
		pass(3 * time.Second)
		b.do("PUT", "/v1/schedules/s", `{"every":"10s","queue":"q","overlap":"allow"}`).
			want(201, `"every":"10s"`, `!"cron"`, `!"zone"`, `"next":"2000-01-01T00:00:13Z"`)
		pass(35 * time.Second)
		b.wantSeconds("00:00:13 00:00:23 00:00:33")
	})
	schedules(t, "OK an edit keeps the anchor", func(b *bed) {
		etag := b.do("PUT", "/v1/schedules/s", `{"every":"10s","queue":"q","overlap":"allow"}`).want(201).header.Get("ETag")
		pass(15 * time.Second)
		b.do("PUT", "/v1/schedules/s", `{"every":"40000ms","queue":"q","overlap":"allow"}`, "If-Match", etag).want(200, `"every":"40s"`, `"next":"2000-01-01T00:00:40Z"`)
		pass(70 * time.Second)
		b.wantSeconds("00:00:10 00:00:40 00:01:20")
	})
	schedules(t, "OK a restart moves nothing", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", `{"every":"1h","queue":"q","overlap":"allow"}`).want(201)
		b.close()
		pass(150*time.Minute + time.Second)
		b.open()
		pass(time.Second)
		b.wantSeconds("02:00:00")
		b.do("GET", "/v1/schedules/s", "").want(200, `"next":"2000-01-01T03:00:00Z"`)
	})
	schedules(t, "OK from start to end", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", `{"every":"1m","queue":"q","overlap":"allow","start_at":"2000-01-01T00:03:00Z","end_at":"2000-01-01T01:05:00+01:00"}`).
			want(201, `"next":"2000-01-01T00:03:00Z"`, `"end_at":"2000-01-01T01:05:00+01:00"`)
		pass(10 * time.Minute)
		b.wantSeconds("00:03:00 00:04:00")
		b.do("GET", "/v1/schedules/s", "").want(200, `"next":null`, `"last_tick":"2000-01-01T00:04:00Z"`)
	})
	schedules(t, "OK cron from start to end", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", `{"cron":"*/10 * * * *","queue":"q","overlap":"allow","start_at":"2000-01-01T00:25:00Z","end_at":"2000-01-01T00:50:00Z"}`).want(201)
		b.close()
		pass(2 * time.Hour)
		b.open()
		pass(time.Second)
		b.wantSeconds("00:40:00") // the latest one before the end
	})
}

func TestAt(t *testing.T) {
	const spec = `{"at":"2000-01-01T01:30:00.5+01:00","queue":"q"}`
	schedules(t, "OK once", func(b *bed) {
		etag := b.do("PUT", "/v1/schedules/s", spec).want(201, `"at":"2000-01-01T01:30:00.5+01:00"`, `"next":"2000-01-01T00:30:00.5Z"`).header.Get("ETag")
		pass(30*time.Minute + 499*time.Millisecond)
		b.wantSeconds("")
		pass(time.Millisecond)
		b.wantSeconds("00:30:00")
		pass(time.Hour)
		b.wantSeconds("00:30:00")
		b.do("GET", "/v1/schedules/s", "").want(200, `"next":null`, `"last_tick":"2000-01-01T00:30:00.5Z"`)
		b.do("PUT", "/v1/schedules/s", spec).want(200) // the same is no new definition
		b.do("PUT", "/v1/schedules/s", `{"at":"2000-01-01T01:30:00.5+01:00","queue":"other"}`, "If-Match", etag).want(422, "body.at", "never fires")
		b.do("PUT", "/v1/schedules/s", `{"at":"2000-01-01T02:00:00Z","queue":"q","overlap":"allow"}`, "If-Match", etag).want(200, `"next":"2000-01-01T02:00:00Z"`)
		pass(time.Hour)
		b.wantSeconds("00:30:00 02:00:00")
	})
	schedules(t, "OK missed", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", spec).want(201)
		b.close()
		pass(5 * time.Hour)
		b.open()
		pass(time.Second)
		b.wantSeconds("00:30:00")
	})
	schedules(t, "OK missed none", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", `{"at":"2000-01-01T00:30:00Z","queue":"q","missed":"none"}`).want(201)
		b.close()
		pass(5 * time.Hour)
		b.open()
		pass(time.Second)
		b.wantSeconds("")
		b.do("GET", "/v1/schedules/s", "").want(200, `"next":null`, `"last_tick":null`)
	})
}

func TestMissedAll(t *testing.T) {
	schedules(t, "OK the newest of the window", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", `{"every":"10m","queue":"q","overlap":"allow","missed":"all","missed_max":3,"missed_window":"2h"}`).
			want(201, `"missed_max":3`, `"missed_window":"2h"`)
		b.close()
		pass(5*time.Hour + 5*time.Minute)
		b.open()
		pass(time.Second)
		b.wantSeconds("04:40:00 04:50:00 05:00:00")
		b.do("GET", "/v1/schedules/s", "").want(200, `"next":"2000-01-01T05:10:00Z"`, `"last_tick":"2000-01-01T05:00:00Z"`)
		pass(5 * time.Minute)
		b.wantSeconds("04:40:00 04:50:00 05:00:00 05:10:00")
	})
	schedules(t, "OK all within the window", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", `{"cron":"0 * * * *","queue":"q","overlap":"allow","missed":"all"}`).
			want(201, `"missed_max":100`, `"missed_window":"1d"`)
		b.close()
		pass(30*time.Hour + 30*time.Minute)
		b.open()
		pass(time.Second)
		if n := len(strings.Fields(b.secondsOf("q"))); n != 24 {
			b.t.Errorf("%d jobs of the last 24 hours", n)
		}
	})
	schedules(t, "OK a hundred in one commit", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", `{"every":"1s","queue":"q","overlap":"allow","missed":"all"}`).want(201)
		b.close()
		pass(time.Hour)
		b.openIdle()
		must(b.t, b.s.Tick(context.Background()))
		var p struct{ Items []scheduler.Job }
		b.do("GET", "/v1/jobs?limit=1000&queue=q", "").want(200).into(&p)
		if n := len(p.Items); n != 100 || p.Items[99].RunAt.Format("15:04:05") != "00:58:21" {
			b.t.Errorf("%d jobs, the first of %v", n, p.Items[n-1].RunAt)
		}
	})
	schedules(t, "OK none within the window", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", `{"cron":"0 1 * * *","queue":"q","overlap":"allow","missed":"all","missed_window":"1h"}`).want(201)
		b.close()
		pass(5 * time.Hour)
		b.open()
		pass(time.Second)
		b.wantSeconds("")
		b.do("GET", "/v1/schedules/s", "").want(200, `"next":"2000-01-02T01:00:00Z"`, `"last_tick":null`)
	})
}

// TestJitter holds that an offset is stable, moves the job and not the tick.
func TestJitter(t *testing.T) {
	schedules(t, "OK", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", `{"every":"10m","queue":"q","overlap":"allow","jitter":"5m"}`).want(201, `"jitter":"5m"`)
		pass(35 * time.Minute)
		var p struct{ Items []scheduler.Job }
		b.do("GET", "/v1/jobs?queue=q", "").want(200).into(&p)
		if len(p.Items) != 3 {
			b.t.Fatalf("%d jobs", len(p.Items))
		}
		offset := p.Items[2].RunAt.Sub(time.Date(2000, 1, 1, 0, 10, 0, 0, time.UTC))
		for i, j := range p.Items {
			tick := time.Date(2000, 1, 1, 0, 30-10*i, 0, 0, time.UTC)
			if !j.ID.Time().Equal(tick) || j.RunAt.Sub(tick) != offset || offset < 0 || offset >= 5*time.Minute {
				b.t.Errorf("the job of %v is %s and due at %v", tick, j.ID, j.RunAt)
			}
		}
		b.do("GET", "/v1/schedules/s", "").want(200, `"next":"2000-01-01T00:40:00Z"`, `"last_tick":"2000-01-01T00:30:00Z"`)
	})
	schedules(t, "OK spreads", func(b *bed) {
		const count = 64
		for i := range count {
			b.do("PUT", "/v1/schedules/s"+string(rune('a'+i/26))+string(rune('a'+i%26)), `{"cron":"0 1 * * *","queue":"q","jitter":"1h"}`).want(201)
		}
		pass(time.Hour + time.Second)
		var p struct{ Items []scheduler.Job }
		b.do("GET", "/v1/jobs?queue=q&limit=1000&state=scheduled", "").want(200).into(&p)
		quarters := [4]int{}
		for _, j := range p.Items {
			quarters[int(j.RunAt.Sub(time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC))/(15*time.Minute))]++
		}
		if len(p.Items) < count-3 || slices.Min(quarters[:]) < count/16 {
			b.t.Errorf("%d jobs are still to come, in the quarters of the hour %v", len(p.Items), quarters)
		}
		pass(time.Hour)
		b.do("GET", "/v1/queues/q", "").want(200, `"ready":64`)
	})
}
