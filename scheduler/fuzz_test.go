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

// under is the same bed for another test.
func (b *bed) under(t testing.TB) *bed {
	other := *b
	other.t = t
	return &other
}
