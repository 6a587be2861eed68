package scheduler_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"quintet/engine"
	"quintet/scheduler"
)

// TestTickHerd lets many schedules of several tenants tick in one instant.
func TestTickHerd(t *testing.T) {
	schedules(t, "OK small, large and in several tenants", func(b *bed) {
		_, err := b.e.Tenants.Create(context.Background(), "other", nothing)
		must(b.t, err)
		large := strings.Repeat("x", 30_000)
		for i := range 300 {
			payload := `1`
			if i%10 == 0 {
				payload = `"` + large + `"`
			}
			b.do("PUT", fmt.Sprintf("/v1/schedules/s%d", i), `{"cron":"5 * * * *","queue":"q","overlap":"allow","job":{"payload":`+payload+`}}`).want(201)
			b.do("PUT", fmt.Sprintf("/v1/schedules/s%d", i), fmt.Sprintf(`{"cron":"5 * * * *","queue":"q%d"}`, i%3), "Test-Tenant", "other").want(201)
		}
		for hour := range 3 {
			pass(time.Hour)
			b.do("GET", "/v1/queues/q", "").want(200, fmt.Sprintf(`"ready":%d`, 300*(hour+1)))
			b.do("GET", "/v1/queues/q2", "", "Test-Tenant", "other").want(200, `"ready":100`) // overlap skip
		}
		b.check()
		b.reopen() // nothing of it is in memory now
		pass(time.Hour)
		b.do("GET", "/v1/queues/q", "").want(200, `"ready":1200`)
	})
	schedules(t, "OK missed ones of many", func(b *bed) {
		for i := range 30 {
			b.do("PUT", fmt.Sprintf("/v1/schedules/s%d", i), `{"every":"1m","queue":"q","overlap":"allow","missed":"all","missed_max":50}`).want(201)
		}
		b.close()
		pass(time.Hour + 500*time.Millisecond)
		b.open()
		pass(time.Second)
		b.do("GET", "/v1/queues/q", "").want(200, `"ready":1500`)
	})
	schedules(t, "OK edited while it is in memory", func(b *bed) {
		b.do("PUT", "/v1/schedules/s", `{"every":"1m","queue":"q","overlap":"allow"}`).want(201)
		pass(90 * time.Second)
		b.do("PUT", "/v1/schedules/s", `{"every":"1m","queue":"other","overlap":"allow"}`, "If-Match", "*").want(200)
		pass(time.Minute)
		b.do("GET", "/v1/queues/q", "").want(200, `"ready":1`)
		b.do("GET", "/v1/queues/other", "").want(200, `"ready":1`)
	})
}

// TestUnreadableSchedule holds that a schedule that cannot be followed, such
// as one of a zone that is no more, keeps nobody else, is told once, and may be
// replaced or deleted.
func TestUnreadableSchedule(t *testing.T) {
	virtual(t, func(t *testing.T) {
		var log bytes.Buffer
		b := newBed(t, scheduler.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		for _, name := range []string{"gone", "lost", "well"} {
			b.do("PUT", "/v1/schedules/"+name, `{"cron":"*/10 * * * *","zone":"Europe/Berlin","queue":"`+name+`","overlap":"allow"}`).want(201)
		}
		b.moveZone("gone")
		b.moveZone("lost")
		b.reopen()
		pass(25 * time.Minute)
		b.do("GET", "/v1/queues/well", "").want(200, `"ready":2`)
		b.do("GET", "/v1/queues/gone", "").want(404)
		if n := strings.Count(log.String(), "cannot be followed"); n != 2 {
			t.Errorf("%d lines about two schedules:\n%s", n, log.String())
		}
		b.do("DELETE", "/v1/schedules/lost", "").want(204)
		b.do("PUT", "/v1/schedules/gone", `{"cron":"*/10 * * * *","queue":"gone","overlap":"allow"}`, "If-Match", "*").want(200, `"next":"2000-01-01T00:30:00Z"`)
		pass(10 * time.Minute)
		b.do("GET", "/v1/queues/gone", "").want(200, `"ready":1`)
		b.check()
	})
}

// moveZone makes the stored zone of a schedule one that there is not.
func (b *bed) moveZone(name string) {
	b.t.Helper()
	must(b.t, b.e.Store.Update(context.Background(), b.acme, func(tx *engine.Tx) error {
		const bucket = "scheduler.schedules"
		value := tx.Get(bucket, []byte(name))
		tx.Put(bucket, []byte(name), bytes.Replace(value, []byte("Europe/Berlin"), []byte("Europe/Nowhere"), 1))
		return nil
	}))
}

// TestTicksOfAPoisonedStore holds that ticks that cannot be written are tried
// again once a second, and happen after a restart.
func TestTicksOfAPoisonedStore(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		b.do("PUT", "/v1/schedules/s", `{"every":"10s","queue":"q"}`).want(201)
		must(t, b.e.Close())
		pass(time.Minute) // a hot loop would never end here
		must(t, b.s.Stop(context.Background()))
		b.e = nil
		b.open()
		pass(time.Second)
		b.wantSeconds("00:01:00")
	})
}
