// Package scheduler runs jobs later, again and on time, and loses none.
//
// Its nouns:
//
//   - A job is a payload in a queue. It moves through states by transitions:
//     scheduled → ready → running → done, or retrying, dead, cancelled.
//   - A queue is a name. The first job makes it; a definition gives it limits.
//   - A key groups jobs of a queue, such as those of one customer: limits, order
//     and turns go by it. A unique key refuses a second job.
//   - A lease gives a worker one job for a while. Its fencing token rises with
//     every lease of the job; what carries an older one is refused.
//   - A transition is recorded for each change of a job. Together they are the
//     durable job log, and by job its timeline.
//   - A dead letter is a job that used up its attempts. Redrive makes it ready.
//   - A schedule makes one job per tick: of a cron expression in a zone, of a
//     span of time, or at one time. Its cursor is where its ticks stand.
//   - A bulk operation does one thing to all jobs that a filter chooses.
//   - The board is what of all this stands in memory: heaps of what is ready,
//     due and leased, derived from the store and never the only copy.
//
// A job as a worker in the same process sees it:
//
//	s := scheduler.New(e, scheduler.Options{})
//	s.Handle(tenant, "mail", func(ctx context.Context, l scheduler.Lease) (any, error) {
//		if tooEarly(l.Payload) {
//			return nil, scheduler.Snooze(time.Minute) // the attempt does not count
//		}
//		return send(ctx, l.Payload) // an error is retried with backoff
//	})
//
// A change is made like everywhere on the engine: Prepare draws ids, times and
// jitter, the closure re-reads the job and does nothing unless state and token
// are what it relies on, and the board follows the commit.
//
// Four caveats. A job runs at least once: a worker that dies after its effect
// and before its complete runs again, so an effect outside the store needs the
// token, or a key of its own. An attempt counts when it is leased, before the
// worker has seen it, or a job that kills its worker would run for ever. Due
// times follow the wall clock and may be set back with it; leases do not. And
// a payload has at most 1 MiB and an output 63 KiB; larger things belong
// elsewhere, with the payload naming them.
package scheduler
