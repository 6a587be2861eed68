package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"quintet/engine"
	"quintet/scheduler"
)

// A handler of the same process works on the jobs of a queue. The first
// attempt of this one fails and is repeated.
func Example() {
	dir, err := os.MkdirTemp("", "quintet")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	e, err := engine.Open(ctx, engine.Options{Dir: filepath.Join(dir, "data")})
	if err != nil {
		panic(err)
	}
	defer e.Close()
	acme, err := e.Tenants.Create(ctx, "acme", func(*engine.Tx) error { return nil })
	if err != nil {
		panic(err)
	}

	s := scheduler.New(e, scheduler.Options{})
	done := make(chan bool)
	type mail struct{ To string }
	scheduler.Handle(s, acme, "mail", func(_ context.Context, job scheduler.Leased[mail]) (any, error) {
		if job.Payload.To == "" {
			return nil, scheduler.Cancel(errors.New("nobody to write to")) // it will not get better
		}
		if job.Attempt == 1 {
			return nil, errors.New("the server is busy")
		}
		fmt.Printf("attempt %d: mail to %s\n", job.Attempt, job.Payload.To)
		close(done)
		return map[string]any{"sent": time.Now()}, nil
	}, scheduler.Concurrency(2))
	if err := s.Start(ctx); err != nil {
		panic(err)
	}
	job, err := s.Prepare(ctx, acme, "mail", []byte(`{"payload":{"to":"ann@example.com"},"backoff":["10ms"]}`), "body")
	if err != nil {
		panic(err)
	}
	err = e.Store.Update(ctx, acme, func(tx *engine.Tx) error {
		return s.EnqueueTx(tx, job) // together with whatever else belongs to it
	})
	if err != nil {
		panic(err)
	}
	<-done
	if err := s.Stop(ctx); err != nil {
		panic(err)
	}
	// Output: attempt 2: mail to ann@example.com
}
