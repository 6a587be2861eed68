package scheduler_test

import (
	"encoding/json"
	"testing"

	"quintet/scheduler"
)

// FuzzEnqueue holds that no body makes anything but an answer of the contract,
// and that every line of a bulk body is accounted for.
func FuzzEnqueue(f *testing.F) {
	b := newBed(f, scheduler.Options{})
	for _, body := range []string{
		`{}`, `{"payload":{"a":[1,2.50,"x"]},"delay":"5s"}`, `[{},{"priority":10}]`, "{}\n{}\n", `[`, `{"run_at":"2026-03-29T02:30:00+01:00"}`,
		`{"backoff":["1s",2]}`, "\xff", `{"payload":"\ud800"}`, "  [ ]", `null`, `[null]`, `{"tags":[]}`,
	} {
		f.Add(body, false)
		f.Add(body, true)
	}
	f.Fuzz(func(t *testing.T, body string, many bool) {
		b := b.under(t)
		headers := []string{"Content-Type", "application/json"}
		if many {
			headers[1] = "application/x-ndjson"
		}
		r := b.do("POST", "/v1/queues/q/jobs", body, headers...)
		switch r.status {
		case 201:
			if id := r.get("id"); len(id) != 36 {
				t.Errorf("id %q", id)
			}
		case 200:
			var a struct {
				Accepted, Rejected int
				IDs                []string
			}
			if err := json.Unmarshal(r.body, &a); err != nil || a.Accepted+a.Rejected != len(a.IDs) {
				t.Errorf("%v in %s", err, r.cut())
			}
		case 400, 413, 422:
			if code := r.get("code"); code == "" || code == "internal" {
				t.Errorf("%s", r.cut())
			}
		default:
			t.Errorf("status %d: %s", r.status, r.cut())
		}
	})
}

// FuzzSchedule holds that no definition makes anything but an answer of the
// contract, and that the ticks of a preview rise.
func FuzzSchedule(f *testing.F) {
	b := newBed(f, scheduler.Options{})
	for _, body := range []string{
		`{"cron":"30 2 * * *","zone":"Europe/Berlin","queue":"q"}`, `{"every":"90s","queue":"q","start_at":"2100-01-01T00:00:00Z","end_at":"2100-01-02T00:00:00Z"}`,
		`{"at":"9999-12-30T23:59:59.999Z","queue":"q","jitter":"1h"}`, `{"every":"10y","queue":"q","missed":"all","overlap":"allow","missed_max":1,"missed_window":"1y"}`,
		`{"cron":"0 0 29 2 */7","zone":"UTC","queue":"q"}`, `{"cron":"* * * * *","every":"1s","queue":"q"}`, `{"at":"10000-01-01T00:00:00Z","queue":"q"}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		b := b.under(t)
		switch r := b.do("POST", "/v1/schedules/preview?n=20", body); r.status {
		case 200:
			var p scheduler.SchedulePreview
			r.into(&p)
			for i := 1; i < len(p.Ticks); i++ {
				if !p.Ticks[i].Time.After(p.Ticks[i-1].Time) {
					t.Errorf("%v comes after %v", p.Ticks[i].Time, p.Ticks[i-1].Time)
				}
			}
		case 400, 413, 422:
			if code := r.get("code"); code == "" || code == "internal" {
				t.Errorf("%s", r.cut())
			}
		default:
			t.Errorf("status %d: %s", r.status, r.cut())
		}
	})
}

// under is the same bed for another test.
func (b *bed) under(t testing.TB) *bed {
	other := *b
	other.t = t
	return &other
}
