package scheduler

import (
	"context"
	"encoding/json"
	"slices"

	"quintet/engine"
)

// completion is one job of many that are completed by one call.
type completion struct {
	leaseRef
	output json.RawMessage
	hint   *place
	said   *progress
}

// completeKeys: both places, transition, output.
const completeKeys = 4

// completeMany completes each job whose lease its token holds, in slices. A job
// that the token has completed before counts as completed.
func (s *Scheduler) completeMany(ctx context.Context, t engine.Tenant, list []completion) (done, lost []engine.ID, err error) {
	for part := range slices.Chunk(list, bulkKeys/completeKeys) {
		now, weight := s.now(), 0
		for i := range part {
			part[i].hint, part[i].said = s.board.findRunning(t, part[i].id)
			weight += 1024 + len(part[i].output)
		}
		var settled []*job
		var again, gone []engine.ID
		err := s.update(ctx, t, len(part), completeKeys, func(tx *engine.Tx) error {
			settled, again, gone = nil, nil, nil
			for i := range part {
				j, err := s.completeOne(tx, &part[i], now)
				switch {
				case err != nil:
					gone = append(gone, part[i].id)
				case j == nil:
					again = append(again, part[i].id)
				default:
					settled = append(settled, j)
				}
			}
			return nil
		}, engine.Reclaim, engine.Weight(weight))
		if err != nil {
			return done, lost, err
		}
		s.completed(t, settled, now)
		for _, j := range settled {
			done = append(done, j.id)
		}
		done, lost = append(done, again...), append(lost, gone...)
	}
	s.metrics.lost.Add(float64(len(lost)))
	return done, lost, nil
}

// completeOne completes one job; nil where its token did so before.
func (s *Scheduler) completeOne(tx *engine.Tx, c *completion, now int64) (*job, error) {
	j, err := findJob(tx, c.id, c.hint)
	switch {
	case err != nil:
		return nil, err
	case j.state == Done && j.token == c.token:
		return nil, nil
	case !c.holds(j):
		return nil, errLeaseLost
	}
	j.hears(c.said)
	s.completeTx(tx, j, now, c.output)
	return j, nil
}

// completed tells metrics and bus of jobs that are done.
func (s *Scheduler) completed(t engine.Tenant, jobs []*job, now int64) {
	queues := map[string]int{}
	for _, j := range jobs {
		s.metrics.settled(j, now)
		queues[j.queue]++
	}
	for queue, n := range queues {
		s.publish(t, "job.done", queue, n)
	}
}
