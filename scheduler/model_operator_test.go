package scheduler_test

import (
	"fmt"
	"slices"
	"testing/synctest"
)

// What operators, and not workers, ask of the machine.

func (x *machine) cancel() {
	j := x.any()
	x.call("POST", "/v1/jobs/"+j.id+"/cancel", nil, status(j.stop(x.wall())))
}

func (x *machine) retry() {
	j := x.any()
	x.call("POST", "/v1/jobs/"+j.id+"/retry", nil, status(x.m.revive(j, x.wall())))
}

func (x *machine) patch() {
	j := x.any()
	body := map[string]any{"priority": one(x, "priority", 4, 5, 6), "max_attempts": one(x, "attempts", 1, 3)}
	delay := one[int64](x, "delay", -1, 0, 2000)
	if delay >= 0 {
		body["delay"] = fmt.Sprint(delay, "ms")
	}
	if x.call("PATCH", "/v1/jobs/"+j.id, body, status(j.state != "running" && !j.finished())).status == 200 {
		j.priority, j.attempts = body["priority"].(int), max(body["max_attempts"].(int), j.attempt+1)
		if delay >= 0 {
			state := j.state
			if state == "ready" {
				state = "scheduled"
			}
			j.wait(state, x.wall(), delay)
		}
	}
}

func (x *machine) remove() {
	j := x.any()
	if !j.finished() {
		x.call("DELETE", "/v1/jobs/"+j.id, nil, 409)
		return
	}
	x.call("DELETE", "/v1/jobs/"+j.id, nil, 204)
	x.m.remove(j, x.wall())
}

func (x *machine) define() {
	name := x.anyQueue()
	q, body := x.m.queue(name), map[string]any{}
	if q.etag != "" {
		body["If-Match"] = q.etag
	}
	q.made = true
	q.concurrency, q.perKey, q.strict = one(x, "concurrency", 0, 1, 3), one(x, "per key", 0, 1, 2), one(x, "strict", false, true)
	if q.strict && q.perKey > 1 {
		q.perKey = 0
	}
	body["strict_order"] = q.strict
	if q.concurrency != 0 {
		body["concurrency"] = q.concurrency
	}
	if q.perKey != 0 {
		body["per_key"] = q.perKey
	}
	q.etag = x.call("PUT", "/v1/queues/"+name, body, 200, 201).header.Get("ETag")
}

func (x *machine) setState() {
	name := x.anyQueue()
	what := one(x, "call", "pause", "drain", "resume", "resume")
	if q := x.m.queue(name); !q.made && what == "resume" {
		x.call("POST", "/v1/queues/"+name+"/"+what, nil, 404)
		return
	}
	x.call("POST", "/v1/queues/"+name+"/"+what, nil, 200)
	x.m.queue(name).made = true
	x.m.queue(name).state = map[string]string{"pause": "paused", "drain": "draining", "resume": "active"}[what]
}

// operate runs a bulk operation to its end: by queue, states and attempts, or
// by a tag, the oldest first.
func (x *machine) operate() {
	kind := one(x, "kind", "redrive", "retry", "cancel", "purge")
	suits := map[string][]string{"redrive": {"dead"}, "retry": {"retrying", "dead", "cancelled"}, "cancel": unfinished, "purge": {"done", "dead", "cancelled"}}[kind]
	queue, tag, least := one(x, "queue", "", "a", "b"), one(x, "tag", "", "t"), one(x, "least", 0, 1)
	body := map[string]any{"queue": queue, "tag": tag, "filter": fmt.Sprint("attempt >= ", least)}
	r := x.call("POST", "/v1/jobs/"+kind, body, 202)
	synctest.Wait()
	ids := x.m.ids(func(j *oracleJob) bool {
		return (queue == "" || queue == j.queue) && (tag == "" || tag == j.tag) && j.attempt >= least && slices.Contains(suits, j.state)
	})
	if tag == "" {
		slices.SortStableFunc(ids, func(a, b string) int {
			j, k := x.m.jobs[a], x.m.jobs[b]
			return 10*int(j.queue[0]) + slices.Index(suits, j.state) - 10*int(k.queue[0]) - slices.Index(suits, k.state)
		})
	}
	changed := 0
	for _, id := range ids {
		j, ok := x.m.jobs[id], true
		switch kind {
		case "purge":
			x.m.remove(j, x.wall())
		case "cancel":
			ok = j.stop(x.wall())
		default:
			ok = x.m.revive(j, x.wall())
		}
		if ok {
			changed++
		}
	}
	x.b.do("GET", r.header.Get("Location"), "").want(200, `"state":"done"`, fmt.Sprintf(`"changed":%d,`, changed), fmt.Sprintf(`"skipped":%d,`, len(ids)-changed))
}
