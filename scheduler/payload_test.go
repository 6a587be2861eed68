package scheduler_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quintet/scheduler"
)

// text is a JSON string of so many bytes, quotes included.
func text(letter string, bytes int) string { return `"` + strings.Repeat(letter, bytes-2) + `"` }

// blobs lists the files in which payloads stand.
func (b *bed) blobs() []string {
	b.t.Helper()
	files, err := filepath.Glob(filepath.Join(b.dir, "blobs", "*"))
	must(b.t, err)
	return files
}

func (b *bed) wantBlobs(n int) {
	b.t.Helper()
	if files := b.blobs(); len(files) != n {
		b.t.Fatalf("%d blobs, expected were %d", len(files), n)
	}
}

// collected lets the engine remove what nothing has referred to for 10 minutes.
func collected() { pass(12 * time.Minute) }

// TestBigPayload holds payloads that are too long for the store's records.
func TestBigPayload(t *testing.T) {
	scenario := scenarios(t, scheduler.Options{})
	const most, inline = scheduler.MaxPayload, 48 << 10
	payload := func(b *bed, id string) string {
		b.t.Helper()
		return string(b.job(id).Payload)
	}
	scenario("OK leased, shown, kept over a restart, and removed with its job", func(b *bed) {
		id := b.enqueue("q", `{"payload":`+text("x", most)+`,"retention":"1m"}`)
		b.wantBlobs(1)
		b.do("GET", "/v1/jobs?queue=q", "").want(200, id, "!payload", "!xxxx")
		collected()
		b.reopen()
		b.wantBlobs(1)
		if got := payload(b, id); got != text("x", most) {
			b.t.Errorf("a payload of %d bytes", len(got))
		}
		l := b.leaseOne("q")
		if string(l.Payload) != text("x", most) {
			b.t.Errorf("leased with a payload of %d bytes", len(l.Payload))
		}
		b.call(l, "complete", ``).want(200)
		pass(2 * time.Minute)
		b.do("GET", "/v1/jobs/"+id, "").want(404)
		collected()
		b.wantBlobs(0)
	})
	scenario("OK up to 48 KiB stand in the record", func(b *bed) {
		small, big := b.enqueue("q", `{"payload":`+text("x", inline)+`}`), b.enqueue("q", `{"payload":`+text("x", inline+1)+`}`)
		b.wantBlobs(1)
		if s, l := payload(b, small), payload(b, big); s != text("x", inline) || l != text("x", inline+1) {
			b.t.Errorf("payloads of %d and %d bytes", len(s), len(l))
		}
	})
	scenario("OK two jobs of one payload", func(b *bed) {
		ids := b.enqueueMany("q", 3, func(int) string { return `{"payload":` + text("x", 100_000) + `}` })
		b.wantBlobs(1)
		for i, id := range ids {
			b.do("POST", "/v1/jobs/"+id+"/cancel", ``).want(200)
			b.do("DELETE", "/v1/jobs/"+id, "").want(204)
			collected()
			b.wantBlobs(map[bool]int{true: 1, false: 0}[i < 2])
		}
	})
	scenario("OK what was refused leaves nothing", func(b *bed) {
		b.enqueue("q", `{"unique_key":"u"}`)
		b.do("POST", "/v1/queues/q/jobs", `{"unique_key":"u","payload":`+text("x", 100_000)+`}`).want(409)
		b.do("POST", "/v1/queues/q/jobs?atomic=true", `[{"payload":`+text("y", 100_000)+`},{"unique_key":"u"}]`).want(409)
		b.do("POST", "/v1/queues/q/jobs", `[{"payload":`+text("z", most+1)+`},{"payload":`+text("z", most)+`}]`).want(200, `"accepted":1`, "payload_too_large")
		collected()
		b.wantBlobs(1)
	})
	scenario("OK patched to and fro", func(b *bed) {
		id := b.enqueue("q", `{"payload":1}`)
		patch := func(payload string) {
			b.t.Helper()
			b.do("PATCH", "/v1/jobs/"+id, `{"payload":`+payload+`}`).want(200)
			if got := string(b.job(id).Payload); got != payload {
				b.t.Fatalf("patched to a payload of %d bytes, it has %d", len(payload), len(got))
			}
		}
		patch(text("x", most))
		patch(text("y", 200_000))
		patch(text("y", 200_000)) // the same again is not released
		collected()
		b.wantBlobs(1)
		patch(`{"small":true}`)
		collected()
		b.wantBlobs(0)
		patch(text("z", 300_000))
		b.do("PATCH", "/v1/jobs/"+id, `{"payload":`+text("z", most+1)+`}`).want(413, "payload_too_large")
		b.check()
		if l := b.leaseOne("q"); string(l.Payload) != text("z", 300_000) {
			b.t.Errorf("leased with a payload of %d bytes", len(l.Payload))
		}
		b.do("PATCH", "/v1/jobs/"+id, `{"payload":`+text("w", 300_000)+`}`).want(409)
		collected()
		b.wantBlobs(1)
	})
	scenario("OK the request repeated", func(b *bed) {
		body := `{"payload":` + text("x", 200_000) + `}`
		id := b.do("POST", "/v1/queues/q/jobs", body, "Idempotency-Key", "k").want(201).get("id")
		r := b.do("POST", "/v1/queues/q/jobs", body, "Idempotency-Key", "k").want(201)
		var a struct{ Payload json.RawMessage }
		if r.into(&a); r.get("id") != id || string(a.Payload) != text("x", 200_000) {
			b.t.Errorf("job %s with a payload of %d bytes", r.get("id"), len(a.Payload))
		}
		b.do("POST", "/v1/jobs/"+id+"/cancel", ``).want(200)
		b.do("DELETE", "/v1/jobs/"+id, "").want(204)
		collected()
		b.wantBlobs(0)
	})
	scenario("OK an answer has 1 MiB of them and one more", func(b *bed) {
		b.enqueueMany("q", 10, func(i int) string { return `{"payload":` + text(fmt.Sprint(i), 300_000) + `}` })
		if n := len(b.lease("q", `{"limit":10}`)); n != 4 {
			b.t.Errorf("%d jobs of 300 kB", n)
		}
		b.do("GET", "/v1/queues/q", "").want(200, `"running":4`, `"ready":6`)
		if n := len(b.lease("q", `{"limit":10}`)); n != 4 {
			b.t.Errorf("%d jobs of 300 kB", n)
		}
	})
}

// TestDamagedPayload holds that a payload that cannot be read fails the
// attempt of its job, and stops nobody else.
func TestDamagedPayload(t *testing.T) {
	for name, damage := range map[string]func(file string) error{
		"ErrGone": os.Remove,
		"ErrCut":  func(file string) error { return os.Truncate(file, 1000) },
		"ErrBit": func(file string) error {
			data, err := os.ReadFile(file)
			if err == nil {
				data[len(data)/2] ^= 1
				err = os.WriteFile(file, data, 0o600)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				b := newBed(t, scheduler.Options{})
				bad := b.enqueue("q", `{"payload":`+text("x", 200_000)+`,"priority":9,"max_attempts":3,"backoff":["0s","1m"]}`)
				must(t, damage(b.blobs()[0]))
				good := b.enqueue("q", `{"payload":`+text("y", 200_000)+`}`)
				b.wantIDs("leased", b.leaseIDs("q", `{"limit":1}`), good)
				j := b.wantState(bad, "retrying", "enqueued", "leased", "failed", "leased", "failed") // at once again, and then in a minute
				if len(j.Errors) != 2 || !strings.Contains(j.Errors[0].Error, "payload cannot be read") || j.Payload != nil {
					t.Errorf("errors %+v, payload of %d bytes", j.Errors, len(j.Payload))
				}
				pass(time.Minute)
				b.wantIDs("leased", b.leaseIDs("q", `{"limit":5}`), good) // whose lease has expired
				b.wantState(bad, "dead")
				b.do("PATCH", "/v1/jobs/"+bad, `{"payload":1}`).want(409)
				b.do("POST", "/v1/jobs/"+bad+"/retry", ``).want(200, `"state":"ready"`)
				b.do("PATCH", "/v1/jobs/"+bad, `{"payload":2}`).want(200) // which mends it
				if l := b.leaseOne("q"); l.ID != bad || string(l.Payload) != "2" {
					t.Errorf("leased %s with %s", l.ID, l.Payload)
				}
				problems, err := b.e.Check(context.Background(), func(string, int64, int64) {})
				must(t, err)
				for _, p := range problems {
					if !strings.Contains(p, "blob") {
						t.Error(p)
					}
				}
				if diff := b.s.BoardDiff(context.Background()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}
