package main

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"quintet/client"
)

// TestGoClient runs the Go client's worker against the real program.
func TestGoClient(t *testing.T) {
	t.Chdir(t.TempDir())
	r := startServer(t, "--demo-traffic", "off")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := client.New(r.url, r.key, client.Options{})
	enqueue := func(queue string, payload any, o *client.JobOptions) *client.Job {
		t.Helper()
		job, err := c.Enqueue(ctx, queue, payload, o)
		if err != nil {
			t.Fatal(err)
		}
		return job
	}
	want := func(job *client.Job, state, output string) {
		t.Helper()
		got, err := c.Job(ctx, job.ID)
		if err != nil || got.State != state || string(got.Output) != output {
			t.Errorf("%+v, %v; expected was %s with %s", got, err, state, output)
		}
	}
	var jobs []*client.Job
	for n := range 50 {
		jobs = append(jobs, enqueue([]string{"critical", "default"}[n%2], n, &client.JobOptions{MaxAttempts: 2, Backoff: []time.Duration{time.Hour}, Priority: new(9)}))
	}
	later := enqueue("default", "later", &client.JobOptions{Delay: time.Hour})
	held := make(chan bool, 1)

	run, stop := context.WithCancel(ctx)
	handled := make(chan bool, 100)
	ended := make(chan error, 1)
	go func() {
		w := &client.Worker{Client: c, Queues: []string{"critical", "default"}, StopTimeout: time.Millisecond, Handler: func(ctx context.Context, l client.Lease) (any, error) {
			defer func() { handled <- true }()
			switch string(l.Payload) {
			case "7":
				return nil, errors.New("no luck")
			case "8":
				panic("oh no")
			case "9":
				return nil, client.Snooze(time.Hour)
			case "10":
				return nil, client.Cancel(errors.New("address unknown"))
			case `"held"`:
				held <- true
				<-ctx.Done()
				return nil, context.Cause(ctx)
			}
			client.Progress(ctx, 50, "half of it")
			return l.Payload, nil
		}}
		ended <- w.Run(run)
	}()
	for range jobs {
		select {
		case <-handled:
		case err := <-ended:
			t.Fatalf("the worker ended: %v", err)
		}
	}
	last := enqueue("critical", "held", nil)
	<-held
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for n, job := range jobs {
		switch n {
		case 7, 8:
			want(job, "retrying", "")
		case 9:
			want(job, "scheduled", "")
		case 10:
			want(job, "cancelled", "")
		default:
			want(job, "done", fmt.Sprint(n))
		}
	}
	want(last, "ready", "")
	if got, err := c.Job(ctx, last.ID); err != nil || got.Attempt != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := c.Cancel(ctx, later.ID); err != nil {
		t.Error(err)
	}
	want(later, "cancelled", "")
	if _, err := c.Retry(ctx, jobs[7].ID); err != nil {
		t.Error(err)
	}
	want(jobs[7], "ready", "")
	if e, ok := errors.AsType[*client.Error](func() error { _, err := c.Job(ctx, "x"); return err }()); !ok || e.Code != "job_not_found" || e.RequestID == "" {
		t.Errorf("%+v", e)
	}
}
