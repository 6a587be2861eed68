// Package client enqueues jobs of a Quintet server and works on them.
//
// Its nouns are the server's. A job is a payload in a queue; a lease gives a
// worker one job for a while, and its fencing token rises with every lease of
// the job.
//
//   - A Client makes calls, and repeats those that may be repeated.
//   - A Worker leases jobs of some queues, runs a Handler for each, and tells
//     the server how it went.
//   - An Error is what the server answered instead.
//
// A program that does both:
//
//	c := client.New("http://127.0.0.1:8080", key, client.Options{})
//	job, err := c.Enqueue(ctx, "mail", mail{To: "ann@example.com"}, &client.JobOptions{Delay: time.Minute})
//
//	w := &client.Worker{Client: c, Queues: []string{"mail"}, Handler: func(ctx context.Context, l client.Lease) (any, error) {
//		var m mail
//		if err := json.Unmarshal(l.Payload, &m); err != nil {
//			return nil, client.Cancel(err) // it will not get better
//		}
//		return send(ctx, m) // an error is retried with the job's backoff
//	}}
//	err = w.Run(ctx) // until ctx ends
//
// Three caveats. A job runs at least once: a worker that dies after its effect
// and before the server knows runs it again, so an effect elsewhere needs the
// token, or a key of its own. A handler has to heed its context: it ends when
// the lease is lost, and somebody else may be working on the job from then on.
// And the package knows no global state: what it needs stands in Options and in
// the Worker.
//
// It imports nothing but the standard library.
package client
