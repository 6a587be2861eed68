package scheduler_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"quintet/engine"
	"quintet/scheduler"
)

// TestEnqueue tells what one job may look like.
func TestEnqueue(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	f := func(name, body string, status int, texts ...string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			b.do("POST", "/v1/queues/mail/jobs", body).want(status, texts...)
		})
	}
	f("OK empty", `{}`, 201, `"state":"ready"`, `"priority":5`, `"attempt":0`, `"max_attempts":5`, `"payload":null`, `"event":"enqueued"`, `!"timeout"`)
	f("OK everything", `{"payload":[1, 2],"delay":"90s","priority":9,"max_attempts":1000,"timeout":"60s","backoff":["1s","90s"]}`,
		201, `"state":"scheduled"`, `"priority":9`, `"max_attempts":1000`, `"timeout":"1m"`, `"backoff":["1s","90s"]`, `"payload":[1,2]`)
	f("OK numbers stay exact", `{"payload":{"n":12345678901234567890.10}}`, 201, `"n":12345678901234567890.10`)
	f("OK largest payload", `{"payload":"`+strings.Repeat("x", scheduler.MaxPayload-2)+`"}`, 201)
	f("OK delay of centuries", `{"delay":"290y"}`, 201, `"state":"scheduled"`)
	f("ErrPayload too large", `{"payload":"`+strings.Repeat("x", scheduler.MaxPayload-1)+`"}`, 413, "payload_too_large")
	f("ErrBody too large", `{"payload":"`+strings.Repeat("x", 1<<20+70_000)+`"}`, 413, `"code":"too_large"`)
	f("ErrJSON", `{"payload":`, 400, "malformed_json")
	f("ErrJSON nothing", ``, 400, "malformed_json")
	f("ErrJSON trailing", `{} {}`, 400, "malformed_json")
	f("ErrJSON duplicate", `{"priority":1,"priority":2}`, 400, "malformed_json")
	f("ErrUnknown field", `{"prio":1}`, 422, "prio")
	f("ErrUnknown case", `{"Priority":1}`, 422, "Priority")
	f("ErrType", `{"priority":"high"}`, 422, `"location":"body.priority"`)
	f("ErrPriority", `{"priority":10}`, 422, `"location":"body.priority"`)
	f("ErrPriority negative", `{"priority":-1}`, 422, `"location":"body.priority"`)
	f("ErrMaxAttempts", `{"max_attempts":0}`, 422, `"location":"body.max_attempts"`)
	f("ErrDelay negative", `{"delay":"-1s"}`, 422, `"location":"body.delay"`)
	f("ErrDelay without unit", `{"delay":"10"}`, 422, `"location":"body.delay"`)
	f("ErrDelay and run_at", `{"delay":"1s","run_at":"2026-01-01T00:00:00Z"}`, 422, `"location":"body.run_at"`)
	f("ErrRunAt year 10000", `{"run_at":"10000-01-01T00:00:00Z"}`, 422, `"location":"body.run_at"`)
	f("ErrRunAt without zone", `{"run_at":"2026-01-01T00:00:00"}`, 422, `"location":"body.run_at"`)
	f("ErrTimeout zero", `{"timeout":"0s"}`, 422, `"location":"body.timeout"`)
	f("ErrTimeout long", `{"timeout":"31d"}`, 422, `"location":"body.timeout"`)
	f("ErrBackoff", `{"backoff":["1s","x"]}`, 422, `"location":"body.backoff[1]"`)
	f("ErrBackoff long", `{"backoff":[`+strings.TrimSuffix(strings.Repeat(`"1s",`, 33), ",")+`]}`, 422, `"location":"body.backoff"`)
	f("OK labels", `{"key":"c-7","tags":["a","b","a"],"headers":{"x-b":"2","x-a":"1"},"retention":"48h","unique_key":"u","unique_for":"1h","unique_states":["done"]}`,
		201, `"key":"c-7"`, `"tags":["a","b"]`, `"headers":{"x-a":"1","x-b":"2"}`)
	f("ErrKey long", `{"key":"`+strings.Repeat("k", 257)+`"}`, 422, `"location":"body.key"`)
	f("ErrKey control", `{"key":"a\u0000b"}`, 422, `"location":"body.key"`, "control characters")
	f("ErrUniqueKey missing", `{"unique_for":"1h"}`, 422, `"location":"body.unique_key"`)
	f("ErrUniqueFor", `{"unique_key":"x","unique_for":"1ms"}`, 422, `"location":"body.unique_for"`)
	f("ErrUniqueStates", `{"unique_key":"x","unique_states":["lost"]}`, 422, `"location":"body.unique_states[0]"`)
	f("ErrUniqueStates none", `{"unique_key":"x","unique_states":[]}`, 422, `"location":"body.unique_states"`)
	f("ErrRetention", `{"retention":"2y"}`, 422, `"location":"body.retention"`)
	f("ErrTags many", `{"tags":[`+strings.TrimSuffix(strings.Repeat(`"t",`, 17), ",")+`]}`, 422, `"location":"body.tags"`)
	f("ErrTag empty", `{"tags":["a",""]}`, 422, `"location":"body.tags[1]"`)
	f("ErrTag long", `{"tags":["`+strings.Repeat("t", 65)+`"]}`, 422, `"location":"body.tags[0]"`)
	f("ErrHeader name", `{"headers":{"X-A":"1"}}`, 422, `"location":"body.headers"`)
	f("ErrHeaders long", `{"headers":{"a":"`+strings.Repeat("v", 8192)+`"}}`, 422, `"location":"body.headers"`)
	b.do("POST", "/v1/queues/Mail/jobs", `{}`).want(422, "invalid_name")
	b.do("POST", "/v1/queues/mail/jobs?atomic=yes", `{}`).want(422, `"location":"query.atomic"`)
	b.do("POST", "/v1/queues/mail/jobs?unique=1", `{}`).want(422, `"location":"query.unique"`)
	b.do("GET", "/v1/queues/mail", "").want(200, `"ready":4`, `"scheduled":2`)
	b.check()
}

// TestBulk tells what many jobs may look like.
func TestBulk(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	ndjson := []string{"Content-Type", "application/x-ndjson"}
	t.Run("OK lines, some refused", func(t *testing.T) {
		r := b.do("POST", "/v1/queues/a/jobs", "{}\n\n{\"priority\":10}\r\n{\"payload\":1}\nnonsense\n", ndjson...)
		var a struct {
			Accepted, Rejected int
			Errors             []struct{ Line int }
			IDs                []string
		}
		r.want(200, `"line":3`, `"line":5`, "malformed_json").into(&a)
		if a.Accepted != 2 || a.Rejected != 2 || len(a.IDs) != 4 || a.IDs[1] != "" || a.IDs[3] != "" {
			t.Errorf("%+v", a)
		}
		b.wantState(a.IDs[0], "ready")
		b.wantState(a.IDs[2], "ready")
	})
	t.Run("OK array", func(t *testing.T) {
		b.do("POST", "/v1/queues/b/jobs", ` [{"payload":1},{"payload":2}]`).want(200, `"accepted":2`)
	})
	t.Run("OK one line", func(t *testing.T) {
		b.do("POST", "/v1/queues/b/jobs", `{"payload":3}`, ndjson...).want(200, `"accepted":1`)
	})
	t.Run("OK ten thousand", func(t *testing.T) {
		b.do("POST", "/v1/queues/c/jobs", lines(10_000, func(i int) string { return `{"payload":1}` }), ndjson...).want(200, `"accepted":10000`, `"rejected":0`, `"errors":[]`)
		b.do("GET", "/v1/queues/c", "").want(200, `"ready":10000`)
	})
	t.Run("OK first hundred errors", func(t *testing.T) {
		r := b.do("POST", "/v1/queues/d/jobs", lines(300, func(i int) string { return `{"x` + strings.Repeat("y", 5000) + `":1}` }), ndjson...)
		if n := strings.Count(string(r.want(200, `"rejected":300`).body), `"line":`); n != 100 {
			t.Errorf("%d errors are listed", n)
		}
	})
	t.Run("OK empty", func(t *testing.T) {
		b.do("POST", "/v1/queues/d/jobs", `[]`).want(200, `"accepted":0`)
		b.do("GET", "/v1/queues/d", "").want(404)
	})
	t.Run("ErrLines", func(t *testing.T) {
		b.do("POST", "/v1/queues/e/jobs", lines(10_001, func(int) string { return `{}` }), ndjson...).want(413, "too_many_lines", "the first 9900 lines were taken")
	})
	t.Run("ErrLine too large", func(t *testing.T) {
		b.do("POST", "/v1/queues/e/jobs", `{"payload":"`+strings.Repeat("x", 1<<20+70_000)+`"}`, ndjson...).want(413, "line_too_large")
	})
	t.Run("ErrArray cut off", func(t *testing.T) {
		b.do("POST", "/v1/queues/f/jobs", `[{},`).want(400, "malformed_json", "!were taken")
		b.do("GET", "/v1/queues/f", "").want(404)
	})
	t.Run("OK atomic", func(t *testing.T) {
		b.do("POST", "/v1/queues/g/jobs?atomic=true", lines(100, func(int) string { return `{}` }), ndjson...).want(200, `"accepted":100`)
	})
	t.Run("ErrAtomic one refused", func(t *testing.T) {
		b.do("POST", "/v1/queues/h/jobs?atomic=true", "{}\n{\"priority\":10}\n{}\n", ndjson...).want(422, `"location":"body[1]"`, "none was taken")
		b.do("GET", "/v1/queues/h", "").want(404)
	})
	t.Run("ErrAtomic too many", func(t *testing.T) {
		b.do("POST", "/v1/queues/h/jobs?atomic=true", lines(101, func(int) string { return `{}` }), ndjson...).want(413, "too_many_lines")
		b.do("GET", "/v1/queues/h", "").want(404)
	})
	b.check()
}

// TestIdempotency repeats requests.
func TestIdempotency(t *testing.T) {
	virtual(t, func(t *testing.T) {
		b := newBed(t, scheduler.Options{})
		post := func(path, body, key string, more ...string) *reply {
			return b.do("POST", path, body, append(more, "Idempotency-Key", key)...)
		}
		t1 := post("/v1/queues/mail/jobs", `{"payload":{"a":1},"delay":"5s"}`, "k1").want(201)
		pass(2 * time.Second)
		t2 := post("/v1/queues/mail/jobs", `{"payload":{"a":1},"delay":"5s"}`, "k1").want(201)
		if string(t1.body) != string(t2.body) {
			t.Errorf("the first answer is\n%s\nand the second\n%s", t1.body, t2.body)
		}
		post("/v1/queues/mail/jobs", `{"payload":{"a":2}}`, "k1").want(422, "idempotency_key_reused")
		post("/v1/queues/other/jobs", `{"payload":{"a":2}}`, "k1").want(201)
		b.reopen()
		post("/v1/queues/mail/jobs", `{"payload":{"a":1},"delay":"5s"}`, "k1").want(201, t1.get("id"))
		b.do("GET", "/v1/queues/mail", "").want(200, `"scheduled":1`, `"ready":0`)

		body := lines(450, func(i int) string { return fmt.Sprintf(`{"payload":%d,"priority":%d}`, i, i%11) })
		many := post("/v1/queues/many/jobs", body, "k2", "Content-Type", "application/x-ndjson").want(200, `"accepted":410`, `"rejected":40`)
		again := post("/v1/queues/many/jobs", body, "k2", "Content-Type", "application/x-ndjson").want(200)
		if string(many.body) != string(again.body) {
			t.Error("a repeated bulk request is answered otherwise")
		}
		b.do("GET", "/v1/queues/many", "").want(200, `"ready":410`)

		all := post("/v1/queues/all/jobs?atomic=true", `[{},{}]`, "k3").want(200)
		if string(post("/v1/queues/all/jobs?atomic=true", `[{},{}]`, "k3").body) != string(all.body) {
			t.Error("a repeated atomic request is answered otherwise")
		}
		pass(25 * time.Hour)
		if post("/v1/queues/mail/jobs", `{"payload":{"a":1},"delay":"5s"}`, "k1").want(201).get("id") == t1.get("id") {
			t.Error("an answer was kept for more than 24 h")
		}
		b.check()
	})
}

// TestConcurrentTwins sends the same request many times at once.
func TestConcurrentTwins(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	var calls sync.WaitGroup
	for range 50 {
		calls.Go(func() {
			r := b.do("POST", "/v1/queues/mail/jobs", `{}`, "Idempotency-Key", "k")
			if r.status != 201 && (r.status != 409 || r.get("code") != "idempotency_in_flight") {
				t.Errorf("%d %s", r.status, r.body)
			}
		})
	}
	calls.Wait()
	b.do("GET", "/v1/queues/mail", "").want(200, `"ready":1`)
}

// TestEnqueueTx enqueues within somebody else's update.
func TestEnqueueTx(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	q, err := b.s.Prepare(context.Background(), b.acme, "mail", []byte(`{"payload":1}`), "operations[1].job")
	must(t, err)
	fail := fmt.Errorf("the other part is refused")
	update := func(err error) error {
		return b.e.Store.Update(context.Background(), b.acme, func(tx *engine.Tx) error {
			tx.Put("test.docs", []byte("d"), []byte("x"))
			return errors.Join(b.s.EnqueueTx(tx, q), err)
		})
	}
	if err := update(fail); !errors.Is(err, fail) {
		t.Fatal(err)
	}
	b.do("GET", "/v1/jobs/"+q.ID().String(), "").want(404)
	b.do("GET", "/v1/queues/mail", "").want(404)
	must(t, update(nil))
	b.s.Enqueued(b.acme, q.Queue(), 1)
	if l := b.leaseOne("mail"); l.ID != q.ID().String() {
		t.Errorf("leased %+v", l)
	}
	_, err = b.s.Prepare(context.Background(), b.acme, "mail", []byte(`{"priority":11}`), "operations[1].job")
	if own, ok := err.(*engine.Error); !ok || own.Fields[0].Location != "operations[1].job.priority" {
		t.Errorf("got %v", err)
	}
	b.check()
}

// TestAnswerSize holds that the answer kept for a slice of a bulk request is
// a value that the store takes, whatever was refused.
func TestAnswerSize(t *testing.T) {
	b := newBed(t, scheduler.Options{})
	name, err := json.Marshal(strings.Repeat("\u0001\"", 3000))
	must(t, err)
	body := lines(200, func(int) string { return `{` + string(name) + `:1}` })
	b.do("POST", "/v1/queues/mail/jobs", body, "Content-Type", "application/x-ndjson", "Idempotency-Key", "k").want(200, `"rejected":200`)
	b.do("POST", "/v1/queues/mail/jobs", body, "Content-Type", "application/x-ndjson", "Idempotency-Key", "k").want(200, `"rejected":200`)
}
