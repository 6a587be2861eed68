package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"time"

	"quintet/client"
)

// A program enqueues a job, works on it, and stops when it is done.
func Example() {
	quintet := httptest.NewServer(newServer()) // elsewhere: http://127.0.0.1:8080
	defer quintet.Close()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()

	type mail struct{ To string }
	c := client.New(quintet.URL, "qk_demo_…", client.Options{})
	job, err := c.Enqueue(ctx, "mail", mail{To: "ann@example.com"}, &client.JobOptions{MaxAttempts: 3})
	if err != nil {
		panic(err)
	}

	w := &client.Worker{Client: c, Queues: []string{"mail"}, Handler: func(ctx context.Context, l client.Lease) (any, error) {
		defer stop() // one is enough here
		var m mail
		if err := json.Unmarshal(l.Payload, &m); err != nil {
			return nil, client.Cancel(err) // it will not get better
		}
		client.Progress(ctx, 50, "sending")
		fmt.Printf("attempt %d: mail to %s\n", l.Attempt, m.To)
		return map[string]bool{"sent": true}, nil
	}}
	if err := w.Run(ctx); err != nil {
		panic(err)
	}

	job, err = c.Job(context.Background(), job.ID)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s with %s\n", job.State, job.Output)
	// Output:
	// attempt 1: mail to ann@example.com
	// done with {"sent":true}
}
