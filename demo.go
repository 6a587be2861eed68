package main

import (
	"bytes"
	"context"
	_ "embed" // of the sample image
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"quintet/engine"
	"quintet/scheduler"
	"quintet/stream"
)

// demo keeps the demo tenant alive: a worker of its queue, and gentle traffic
// that somebody who looks can follow.
type demo struct {
	s      *server
	tenant engine.Tenant
	cancel context.CancelFunc
	ended  sync.WaitGroup
}

// demoImage is a photograph that its camera stored on its side. demo/LICENSE
// tells whose it is.
//
//go:embed demo/waterfall.jpg
var demoImage []byte

const (
	demoQueue  = "demo"
	demoStream = "visits"

	demoCollection = "countries"
)

func newDemo(s *server, t engine.Tenant) *demo { return &demo{s: s, tenant: t} }

// start begins after the capabilities run. Nothing waits for it.
func (d *demo) start(ctx context.Context) {
	d.s.scheduler.Handle(d.tenant, demoQueue, work)
	ctx, d.cancel = context.WithCancel(context.WithoutCancel(ctx))
	d.ended.Go(func() {
		if err := d.seed(ctx); err != nil && ctx.Err() == nil {
			d.s.log.Warn("the demo's samples are not all there; the next start tries again", "error", err)
		}
	})
	if d.s.config.DemoTraffic == "on" {
		d.ended.Go(func() { d.traffic(ctx) })
	}
}

func (d *demo) stop() {
	if d.cancel != nil {
		d.cancel()
	}
	d.ended.Wait()
}

// seed brings what is there to be looked at. What is there already stays.
func (d *demo) seed(ctx context.Context) error {
	if _, err := d.s.imaging.Put(ctx, d.tenant, bytes.NewReader(demoImage)); err != nil {
		return err
	}
	return d.s.search.SeedDemo(ctx, d.tenant, demoCollection)
}

// demoTask is the payload of a demo job.
type demoTask struct {
	Task string `json:"task"` // report, flaky or broken
}

// work does what the task says: a report succeeds, a flaky task fails now and
// then and is retried, a broken one ends as a dead letter.
func work(_ context.Context, l scheduler.Lease) (any, error) {
	var task demoTask
	if err := json.Unmarshal(l.Payload, &task); err != nil {
		return nil, scheduler.Cancel(errors.New("the payload is not a demo task"))
	}
	switch task.Task {
	case "report":
		return map[string]any{"rows": 40 + rand.IntN(60)}, nil
	case "flaky":
		if rand.IntN(2) == 0 {
			return nil, errors.New("the mail server did not answer")
		}
		return map[string]any{"sent": 1}, nil
	}
	return nil, errors.New("the invoice has no customer")
}

// traffic sends visits every second and a job every ten.
func (d *demo) traffic(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for second := 0; ; second++ {
		if err := d.visit(ctx); err != nil && ctx.Err() == nil {
			d.s.log.Warn("demo traffic", "error", err)
		}
		if second%10 == 0 {
			if err := d.enqueue(ctx, []string{"report", "flaky", "report", "broken"}[second/10%4]); err != nil && ctx.Err() == nil {
				d.s.log.Warn("demo traffic", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (d *demo) visit(ctx context.Context) error {
	var lines []byte
	for range 1 + rand.IntN(6) {
		lines = fmt.Appendf(lines, `{"ts":%d,"type":%q,"country":%q,"duration_ms":%d}`+"\n",
			time.Now().UnixMilli(), pick("view", "view", "view", "signup", "purchase"), pick("DE", "FR", "US", "BR", "JP"), 20+rand.IntN(400))
	}
	_, err := d.s.stream.Append(ctx, d.tenant, demoStream, stream.Input{Body: bytes.NewReader(lines), Length: int64(len(lines))})
	return err
}

func (d *demo) enqueue(ctx context.Context, task string) error {
	job := fmt.Appendf(nil, `{"payload":{"task":%q},"max_attempts":3,"backoff":["2s","4s"]}`, task)
	q, err := d.s.scheduler.Prepare(d.tenant, demoQueue, job, "body")
	if err != nil {
		return err
	}
	err = d.s.engine.Store.Update(ctx, d.tenant, func(tx *engine.Tx) error { d.s.scheduler.EnqueueTx(tx, q); return nil })
	if err == nil {
		d.s.scheduler.Enqueued(d.tenant, demoQueue, 1)
	}
	return err
}

func pick(choices ...string) string { return choices[rand.IntN(len(choices))] }
