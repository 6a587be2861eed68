package main

import (
	"bytes"
	"context"
	_ "embed" // of the sample image
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"quintet/engine"
	"quintet/imaging"
	"quintet/scheduler"
	"quintet/search"
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
	scheduler.Handle(d.s.scheduler, d.tenant, demoQueue, work)
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
func work(_ context.Context, job scheduler.Leased[demoTask]) (any, error) {
	switch job.Payload.Task {
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

// traffic does each of its things every few seconds.
func (d *demo) traffic(ctx context.Context) {
	things := []struct {
		every, at int // seconds
		do        func(ctx context.Context, round int) error
	}{
		{1, 0, d.visit}, {10, 0, d.enqueue}, {7, 3, d.look}, {15, 5, d.render},
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for second := 0; ; second++ {
		for _, thing := range things {
			if second%thing.every != thing.at {
				continue
			}
			if err := thing.do(ctx, second/thing.every); err != nil && ctx.Err() == nil {
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

func (d *demo) visit(ctx context.Context, _ int) error {
	var lines []byte
	for range 1 + rand.IntN(6) {
		lines = fmt.Appendf(lines, `{"ts":%d,"type":%q,"country":%q,"duration_ms":%d}`+"\n",
			time.Now().UnixMilli(), pick("view", "view", "view", "signup", "purchase"), pick("DE", "FR", "US", "BR", "JP"), 20+rand.IntN(400))
	}
	_, err := d.s.stream.Append(ctx, d.tenant, demoStream, stream.Input{Body: bytes.NewReader(lines), Length: int64(len(lines))})
	return err
}

// enqueue has the demo worker succeed, fail now and then, and give up.
func (d *demo) enqueue(ctx context.Context, round int) error {
	task := []string{"report", "flaky", "report", "broken"}[round%4]
	job := fmt.Appendf(nil, `{"payload":{"task":%q},"max_attempts":3,"backoff":["2s","4s"]}`, task)
	q, err := d.s.scheduler.Prepare(ctx, d.tenant, demoQueue, job, "body")
	if err != nil {
		return err
	}
	err = d.s.engine.Store.Update(ctx, d.tenant, func(tx *engine.Tx) error { return d.s.scheduler.EnqueueTx(tx, q) })
	if err == nil {
		d.s.scheduler.Enqueued(d.tenant, demoQueue, 1)
	}
	return err
}

// look searches the demo collection, as a visitor would.
func (d *demo) look(ctx context.Context, round int) error {
	questions := []string{"island with a volcano", "desert and oil", "reindeer and long winters", "rain forest on a great river", "small country in high mountains"}
	_, err := d.s.search.Search(ctx, d.tenant, demoCollection, search.Query{Q: questions[round%len(questions)]})
	return err
}

// render has the sample image made in a few sizes. The second time they come
// from memory.
func (d *demo) render(ctx context.Context, round int) error {
	image, err := d.s.imaging.Put(ctx, d.tenant, bytes.NewReader(demoImage)) // there already: its id
	if err != nil {
		return err
	}
	operations, err := imaging.ParseOperations(fmt.Sprintf("w=%d", 160*(1+round%4)))
	if err == nil {
		_, err = d.s.imaging.Rendition(ctx, d.tenant, image.ID, operations)
	}
	return err
}

func pick(choices ...string) string { return choices[rand.IntN(len(choices))] }
