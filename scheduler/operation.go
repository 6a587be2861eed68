package scheduler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"quintet/engine"
)

// An operation does one thing to all the jobs that it chooses, in slices. Its
// record, with how far it has come, is written in the commit of each slice: so
// a restart goes on where it stopped, and nothing is done twice. Only a purge
// writes it behind its slice, for what has been removed is not found again; a
// crash between the two may leave that slice uncounted.

// OperationKind is what an operation does.
type OperationKind string

// The kinds of operations.
const (
	OpRedrive OperationKind = "redrive" // makes dead letters ready
	OpRetry   OperationKind = "retry"   // makes dead, cancelled and retrying jobs ready
	OpCancel  OperationKind = "cancel"  // keeps jobs from running
	OpPurge   OperationKind = "purge"   // removes ended jobs
)

// suits are the states of the jobs that each kind may be done to.
var suits = map[OperationKind]stateSet{
	OpRedrive: 1 << Dead,
	OpRetry:   1<<Dead | 1<<Cancelled | 1<<Retrying,
	OpCancel:  unfinished,
	OpPurge:   1<<Done | 1<<Dead | 1<<Cancelled,
}

// operationRecord is an operation as it is stored.
type operationRecord struct {
	Format    int            `json:"format"`
	Kind      OperationKind  `json:"kind"`
	Queue     string         `json:"queue,omitempty"`
	States    stateSet       `json:"states"`
	Tag       string         `json:"tag,omitempty"`
	Filter    string         `json:"filter,omitempty"`
	Rate      int64          `json:"rate,omitempty"` // jobs a second, 0 = no limit
	CreatedAt int64          `json:"created_at"`
	EndedAt   int64          `json:"ended_at,omitempty"`
	State     OperationState `json:"state"`
	Error     string         `json:"error,omitempty"`
	Total     int            `json:"total"` // candidates when it began
	Looked    int            `json:"looked"`
	Changed   int            `json:"changed"`
	Skipped   int            `json:"skipped"`
	Walk      walk           `json:"walk"`

	// Of a cancel only: how often its walk has come to the end and begun anew,
	// and what had been changed by then.
	Rounds int `json:"rounds,omitempty"`
	Before int `json:"before,omitempty"`
}

// OperationState says how far an operation is.
type OperationState string

// The states of an operation.
const (
	OperationRunning   OperationState = "running"
	OperationDone      OperationState = "done"
	OperationCancelled OperationState = "cancelled"
	OperationFailed    OperationState = "failed"
)

const (
	formatOperation = 1
	keepOperation   = 24 * time.Hour
	maxOperations   = 16 // of one tenant that run at once
	operationPause  = 100 * time.Millisecond
	operateJobs     = 195 // that one update changes
)

var (
	errOperationNotFound = &engine.Error{Kind: engine.NotFound, Code: "operation_not_found", Detail: "there is no such operation; ended ones are kept for a day"}
	errOperationsBusy    = &engine.Error{Kind: engine.Busy, Code: "too_many_operations", Detail: fmt.Sprintf("%d operations are running already; wait for one to end, or cancel one", maxOperations), RetryAfter: 5 * time.Second}
)

func decodeOperation(value []byte) (*operationRecord, error) {
	r := &operationRecord{}
	if err := json.Unmarshal(value, r); err != nil || r.Format != formatOperation {
		return nil, fmt.Errorf("an operation of format %d cannot be read: %w", r.Format, err)
	}
	return r, nil
}

// add counts what a slice has done, and ends the operation with its last one.
// A cancel goes round until it finds nothing to change: jobs that ran or waited
// for their next attempt may have moved behind its walk.
func (r *operationRecord) add(changed, skipped int, end bool, now int64) {
	r.Changed += changed
	if r.Rounds == 0 {
		r.Skipped += skipped
	}
	switch {
	case !end:
	case r.Kind == OpCancel && r.Changed > r.Before:
		r.Walk, r.Rounds, r.Before, r.Skipped = walk{}, r.Rounds+1, r.Changed, 0
	default:
		r.State, r.EndedAt = OperationDone, now
	}
}

// selection is what the operation chooses.
func (r *operationRecord) selection() (*selection, error) {
	e, err := parseJobFilter("body.filter", r.Filter)
	return &selection{queue: r.Queue, states: r.States, tag: r.Tag, filter: e}, err
}

// operations are those that run.
type operations struct {
	soon chan struct{}

	mu       sync.Mutex
	list     []*bulkOperation
	starting map[engine.Tenant]int // those that are being written
}

// bulkOperation is one that runs. Only the loop changes its record.
type bulkOperation struct {
	tenant engine.Tenant
	id     engine.ID
	newest engine.ID // of the jobs that it is for
	record operationRecord
	stop   bool      // somebody cancelled it; guarded by operations.mu
	next   time.Time // not before, by its rate
}

// begin writes an operation and lets it run.
func (s *Scheduler) begin(ctx context.Context, t engine.Tenant, r operationRecord) (*Operation, error) {
	if err := s.operations.reserve(t); err != nil {
		return nil, err
	}
	op := &bulkOperation{tenant: t, id: s.e.IDs.New(), record: r}
	op.record.Format, op.record.State, op.record.CreatedAt = formatOperation, OperationRunning, s.now()
	op.record.Total = s.board.candidates(t, r.Queue, r.States)
	var err error
	if op.newest, err = s.newestJob(ctx, t, op.id); err == nil {
		err = s.e.Store.Update(ctx, t, func(tx *engine.Tx) error { return op.put(tx, &op.record) }, engine.Reclaim)
	}
	if err != nil {
		s.operations.free(t)
		return nil, err
	}
	a := newOperation(op.id, &op.record) // before the loop has it
	s.operations.start(op)
	return a, nil
}

func (op *bulkOperation) put(tx *engine.Tx, r *operationRecord) error {
	value, err := json.Marshal(r)
	if err == nil {
		tx.Put(bucketOperations, op.id[:], value)
	}
	return err
}

// start lets an operation run whose reservation ends in the same moment: it
// never counts twice.
func (o *operations) start(op *bulkOperation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.release(op.tenant)
	o.add(op)
}

// resume lets one run that a process before started.
func (o *operations) resume(op *bulkOperation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.add(op)
}

// add needs the lock.
func (o *operations) add(op *bulkOperation) {
	o.list = append(o.list, op)
	signalIf(true, o.soon)
}

// reserve makes room for one more operation of a tenant, until start or free.
func (o *operations) reserve(t engine.Tenant) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := o.starting[t]
	for _, op := range o.list {
		if op.tenant == t {
			n++
		}
	}
	if n >= maxOperations {
		return errOperationsBusy
	}
	o.starting[t]++
	return nil
}

func (o *operations) free(t engine.Tenant) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.release(t)
}

// release needs the lock.
func (o *operations) release(t engine.Tenant) {
	if o.starting[t]--; o.starting[t] == 0 {
		delete(o.starting, t)
	}
}

// running copies the list, and which of it shall stop.
func (o *operations) running() (list []*bulkOperation, stop map[*bulkOperation]bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	stop = map[*bulkOperation]bool{}
	for _, op := range o.list {
		list = append(list, op)
		stop[op] = op.stop
	}
	return list, stop
}

func (o *operations) remove(op *bulkOperation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.list {
		if o.list[i] == op {
			o.list = append(o.list[:i], o.list[i+1:]...)
			return
		}
	}
}

// resumeOperations finds the operations that a process before left.
func (s *Scheduler) resumeOperations(ctx context.Context) error {
	for _, t := range s.e.Tenants.List() {
		var list []*bulkOperation
		err := s.e.Store.View(ctx, t, func(v *engine.View) error {
			list = nil
			for key, value := range v.Scan(bucketOperations, nil, nil) {
				r, err := decodeOperation(value)
				if err == nil && r.State == OperationRunning {
					list = append(list, &bulkOperation{tenant: t, id: engine.ID(key), record: *r})
				}
			}
			return nil
		})
		for _, op := range list {
			if err == nil {
				op.newest, err = s.newestJob(ctx, t, op.id)
				s.operations.resume(op)
			}
		}
		if err != nil && !errors.Is(err, engine.ErrTenantGone) {
			return err
		}
	}
	return nil
}

// operate gives each running operation one slice.
func (s *Scheduler) operate(ctx context.Context) (wait time.Duration, err error) {
	list, stop := s.operations.running()
	wait = maxSleep
	var failed []error
	for _, op := range list {
		if s.ended() {
			return maxSleep, nil
		}
		if rest := time.Until(op.next); rest > 0 && !stop[op] {
			wait = min(wait, rest)
			continue
		}
		err := s.operateOne(ctx, op, stop[op])
		if errors.Is(err, engine.ErrTenantGone) {
			s.operations.remove(op)
			continue
		}
		if failed = append(failed, err); err == nil {
			wait = 0
		}
	}
	return wait, errors.Join(failed...)
}

// operateOne does one slice of one operation.
func (s *Scheduler) operateOne(ctx context.Context, op *bulkOperation, stop bool) error {
	r := op.record
	var found walked
	var err error
	if stop {
		r.State, r.EndedAt = OperationCancelled, s.now()
	} else if found, err = s.choose(ctx, op, &r); err != nil {
		return err
	}
	list, now, changed := found.list, s.now(), 0
	if r.Kind == OpPurge && len(list) > 0 {
		if changed, err = s.purgeJobs(ctx, op.tenant, list, now); err != nil {
			return err
		}
		r.add(changed, len(list)-changed, false, now)
		list = nil
	}
	after := r
	err = s.update(ctx, op.tenant, len(list)+1, reviveKeys, func(tx *engine.Tx) error {
		changed, after = 0, r
		for i := range list {
			if s.operateTx(tx, &r, &list[i], now) {
				changed++
			}
		}
		after.add(changed, len(list)-changed, found.end, now)
		return op.put(tx, &after)
	}, engine.Reclaim)
	if err != nil {
		return err
	}
	s.operated(op, after, changed)
	return nil
}

// operated notes what a slice has come to.
func (s *Scheduler) operated(op *bulkOperation, r operationRecord, changed int) {
	done := r.Changed - op.record.Changed
	op.record = r
	if r.Rate > 0 {
		op.next = time.Now().Add(time.Duration(done) * time.Second / time.Duration(r.Rate))
	}
	if r.State != OperationRunning {
		s.operations.remove(op)
	}
	if r.Kind == OpRedrive && changed > 0 {
		s.publish(op.tenant, "job.redriven", r.Queue, changed)
	}
}

// operateTx does to one job what the operation is for, if it stands where it
// was found.
func (s *Scheduler) operateTx(tx *engine.Tx, r *operationRecord, p *place, now int64) bool {
	j, err := loadJob(tx, p)
	if err != nil || j == nil {
		return false
	}
	if r.Kind == OpCancel {
		// One that is to be cancelled already was chosen, and will be: it counts once.
		return (r.Rounds == 0 || !j.cancel) && s.cancelTx(tx, j, now) == nil
	}
	f, err := loadFixed(tx, p.id)
	if err != nil {
		return false
	}
	why := evRetried
	if r.Kind == OpRedrive {
		why = evRedriven
	}
	return j.retry(tx, f, now, why) == nil
}

// reviveKeys: both places, transition, the unique key and its window.
const reviveKeys = 5

// choose finds the next slice of jobs, and moves the walk of r behind it.
func (s *Scheduler) choose(ctx context.Context, op *bulkOperation, r *operationRecord) (found walked, err error) {
	sel, err := r.selection()
	if err != nil {
		r.State, r.EndedAt, r.Error = OperationFailed, s.now(), err.Error()
		return walked{}, nil
	}
	most := operateJobs
	if r.Rate > 0 {
		most = int(min(int64(most), max(1, r.Rate*int64(operationPause)/int64(time.Second))))
	}
	w := r.Walk
	err = s.e.Store.View(ctx, op.tenant, func(v *engine.View) error {
		w = r.Walk
		found = w.choose(v, op.tenant, sel, op.newest, most)
		return nil
	})
	if err != nil {
		return walked{}, err
	}
	r.Walk = w
	if r.Rounds == 0 {
		r.Looked += found.looked
	}
	return found, nil
}

// count counts the jobs that a selection chooses now.
func (s *Scheduler) count(ctx context.Context, t engine.Tenant, sel *selection) (matched int, err error) {
	var w walk
	newest, err := s.newestJob(ctx, t, s.e.IDs.New())
	for end := false; !end && err == nil; {
		var found walked
		from := w
		err := s.e.Store.View(ctx, t, func(v *engine.View) error {
			w = from
			found = w.choose(v, t, sel, newest, lookMost)
			return nil
		})
		if err != nil {
			return 0, err
		}
		matched, end = matched+len(found.list), found.end
	}
	return matched, err
}

// purgeOperations forgets operations that ended a day ago.
func (s *Scheduler) purgeOperations(ctx context.Context, t engine.Tenant, now int64) error {
	return s.forget(ctx, t, bucketOperations, func(value []byte) bool {
		r, err := decodeOperation(value)
		return err == nil && r.EndedAt != 0 && later(r.EndedAt, keepOperation.Milliseconds()) <= now
	})
}
