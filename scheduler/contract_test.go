package scheduler_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"quintet/scheduler"
)

// shape replaces what differs from run to run, and indents.
func shape(t *testing.T, raw []byte) string {
	t.Helper()
	raw = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}`).ReplaceAll(raw, []byte("<id>"))
	raw = regexp.MustCompile(`"token":"[1-9][0-9]*"`).ReplaceAll(raw, []byte(`"token":"<token>"`))
	raw = regexp.MustCompile(`"\$schema":"[^"]*",`).ReplaceAll(raw, nil)
	var b bytes.Buffer
	must(t, json.Indent(&b, bytes.TrimSpace(raw), "", "  "))
	return b.String()
}

// TestShapes holds the answers of the contract to the letter: a client that we
// did not write reads these names.
func TestShapes(t *testing.T) {
	f := func(name string, call func(b *bed) *reply, want string) {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				b := newBed(t, scheduler.Options{})
				if got := shape(t, call(b).body); got != strings.TrimSpace(want) {
					t.Errorf("got\n%s\nexpected was\n%s", got, want)
				}
			})
		})
	}
	f("OK enqueued", func(b *bed) *reply {
		return b.do("POST", "/v1/queues/mail/jobs", `{"payload":{"to":"<a>"},"delay":"5s","timeout":"60s","backoff":["1s","10s"]}`).want(201)
	}, `
{
  "id": "<id>",
  "queue": "mail",
  "state": "scheduled",
  "priority": 5,
  "attempt": 0,
  "max_attempts": 5,
  "created_at": "2000-01-01T00:00:00Z",
  "run_at": "2000-01-01T00:00:05Z",
  "timeout": "1m",
  "backoff": [
    "1s",
    "10s"
  ],
  "payload": {
    "to": "<a>"
  },
  "timeline": [
    {
      "at": "2000-01-01T00:00:00Z",
      "event": "enqueued",
      "state": "scheduled",
      "run_at": "2000-01-01T00:00:05Z"
    }
  ]
}`)
	f("OK lease", func(b *bed) *reply {
		b.enqueue("mail", `{"payload":[1]}`)
		return b.do("POST", "/v1/queues/mail/lease", `{"worker":"w1"}`).want(200)
	}, `
{
  "jobs": [
    {
      "id": "<id>",
      "queue": "mail",
      "payload": [
        1
      ],
      "attempt": 1,
      "max_attempts": 5,
      "token": "<token>",
      "expires_at": "2000-01-01T00:00:30Z"
    }
  ]
}`)
	f("OK job", func(b *bed) *reply {
		id := b.enqueue("mail", `{"payload":null,"max_attempts":2,"backoff":["1s"]}`)
		b.call(b.lease("mail", `{"worker":"w1"}`)[0], "fail", `,"error":"no luck"`).want(200)
		pass(time.Second)
		b.call(b.lease("mail", `{"worker":"w2"}`)[0], "complete", `,"output":{"n":1}`).want(200)
		return b.do("GET", "/v1/jobs/"+id, "").want(200)
	}, `
{
  "id": "<id>",
  "queue": "mail",
  "state": "done",
  "priority": 5,
  "attempt": 2,
  "max_attempts": 2,
  "created_at": "2000-01-01T00:00:00Z",
  "run_at": "2000-01-01T00:00:01Z",
  "finished_at": "2000-01-01T00:00:01Z",
  "backoff": [
    "1s"
  ],
  "payload": null,
  "output": {
    "n": 1
  },
  "errors": [
    {
      "attempt": 1,
      "at": "2000-01-01T00:00:00Z",
      "error": "no luck"
    }
  ],
  "timeline": [
    {
      "at": "2000-01-01T00:00:00Z",
      "event": "enqueued",
      "state": "ready"
    },
    {
      "at": "2000-01-01T00:00:00Z",
      "event": "leased",
      "state": "running",
      "attempt": 1,
      "token": "<token>",
      "note": "w1"
    },
    {
      "at": "2000-01-01T00:00:00Z",
      "event": "failed",
      "state": "retrying",
      "attempt": 1,
      "token": "<token>",
      "run_at": "2000-01-01T00:00:01Z",
      "note": "no luck"
    },
    {
      "at": "2000-01-01T00:00:01Z",
      "event": "due",
      "state": "ready",
      "attempt": 1,
      "token": "<token>"
    },
    {
      "at": "2000-01-01T00:00:01Z",
      "event": "leased",
      "state": "running",
      "attempt": 2,
      "token": "<token>",
      "note": "w2"
    },
    {
      "at": "2000-01-01T00:00:01Z",
      "event": "completed",
      "state": "done",
      "attempt": 2,
      "token": "<token>"
    }
  ]
}`)
	f("OK heartbeat", func(b *bed) *reply {
		b.enqueue("mail", `{}`)
		return b.heartbeat(b.leaseOne("mail"))
	}, `
{
  "extended": [
    "<id>"
  ],
  "lost": [],
  "cancel": []
}`)
	f("OK bulk", func(b *bed) *reply {
		return b.do("POST", "/v1/queues/mail/jobs", `[{},{"priority":10}]`).want(200)
	}, `
{
  "accepted": 1,
  "rejected": 1,
  "errors": [
    {
      "line": 2,
      "code": "validation_failed",
      "detail": "body.priority: is from 0 to 9"
    }
  ],
  "ids": [
    "<id>",
    ""
  ]
}`)
	f("OK queue", func(b *bed) *reply {
		b.enqueue("mail", `{}`)
		return b.do("GET", "/v1/queues/mail", "").want(200)
	}, `
{
  "name": "mail",
  "state": "active",
  "jobs": {
    "cancelled": 0,
    "dead": 0,
    "done": 0,
    "ready": 1,
    "retrying": 0,
    "running": 0,
    "scheduled": 0
  },
  "oldest": "2000-01-01T00:00:00Z",
  "per_second": {
    "enqueued": 0.2,
    "started": 0,
    "done": 0,
    "dead": 0
  },
  "definition": {}
}`)
	f("OK redrive", func(b *bed) *reply {
		return b.do("POST", "/v1/jobs/redrive", `{"queue":"mail","dry_run":true}`).want(200)
	}, `
{
  "matched": 0
}`)
	f("OK schedule", func(b *bed) *reply {
		return b.do("PUT", "/v1/schedules/s", `{"cron":"30 2 * * *","zone":"Europe/Berlin","queue":"reports","job":{"payload":{"a":1}}}`).want(201)
	}, `
{
  "id": "s",
  "cron": "30 2 * * *",
  "zone": "Europe/Berlin",
  "queue": "reports",
  "job": {
    "payload": {
      "a": 1
    },
    "priority": 5,
    "max_attempts": 5
  },
  "missed": "latest",
  "overlap": "skip",
  "paused": false,
  "created_at": "2000-01-01T00:00:00Z",
  "updated_at": "2000-01-01T00:00:00Z",
  "next": "2000-01-01T01:30:00Z",
  "last_tick": null,
  "last_job": null
}`)
	f("OK preview", func(b *bed) *reply {
		b.do("PUT", "/v1/schedules/s", `{"cron":"0 9 * * 1-5","queue":"reports"}`).want(201)
		return b.do("GET", "/v1/schedules/s/preview?n=1", "").want(200)
	}, `
{
  "ticks": [
    {
      "time": "2000-01-03T09:00:00Z"
    }
  ]
}`)
}
