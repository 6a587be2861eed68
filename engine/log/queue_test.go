package log_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"quintet/engine/enginetest"
	"quintet/engine/log"
)

func TestAppendRefuses(t *testing.T) {
	l, _ := open(t, enginetest.NewDisk(1), small)
	if _, err := l.Append(ctx, log.Batch{}); !errors.Is(err, log.ErrInvalid) {
		t.Errorf("no events: %v", err)
	}
	most := log.Batch{Count: 1, Data: make([]byte, small.MaxBatch())}
	if _, err := l.Append(ctx, most); err != nil {
		t.Errorf("the greatest batch: %v", err)
	}
	most.Data = append(most.Data, 0)
	if _, err := l.Append(ctx, most); !errors.Is(err, log.ErrTooLarge) {
		t.Errorf("a greater batch: %v", err)
	}
	shut(t, l)
	if _, err := l.Append(ctx, log.Batch{Count: 1}); !errors.Is(err, log.ErrClosed) {
		t.Errorf("after close: %v", err)
	}
	shut(t, l)
}

// heldLog is a log whose first group waits in its sync until release.
func heldLog(t *testing.T, o log.Options) (l *log.Log, first chan error, release func()) {
	d := enginetest.NewDisk(1)
	l, _ = open(t, d, o)
	synctest.Wait()
	gate := make(chan struct{})
	d.OnOp(func(op, _ string) error {
		if op == "sync" {
			<-gate
		}
		return nil
	})
	first = make(chan error, 1)
	go func() {
		_, err := l.Append(ctx, log.Batch{Stream: stream(1), Count: 1})
		first <- err
	}()
	synctest.Wait()
	return l, first, func() { close(gate) }
}

func TestContextEndsWhileQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, first, release := heldLog(t, small)
		ending, cancel := context.WithCancel(ctx)
		queued := make(chan error, 1)
		go func() {
			_, err := l.Append(ending, log.Batch{Stream: stream(1), Count: 1})
			queued <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-queued; !errors.Is(err, context.Canceled) {
			t.Errorf("withdrawn: %v", err)
		}
		release()
		if err := <-first; err != nil || l.End() != 2 {
			t.Errorf("taken: %v, end %d", err, l.End())
		}
		shut(t, l)
	})
}

func TestContextEndsWhileWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := enginetest.NewDisk(1)
		l, _ := open(t, d, small)
		synctest.Wait()
		ending, cancel := context.WithCancel(ctx)
		d.OnOp(func(op, _ string) error {
			if op == "sync" {
				cancel()
				synctest.Wait()
			}
			return nil
		})
		if _, err := l.Append(ending, log.Batch{Stream: stream(1), Count: 1}); err != nil {
			t.Errorf("taken, so it waits for the outcome: %v", err)
		}
		d.OnOp(nil)
		shut(t, l)
	})
}

func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := small
		o.QueueBatches = 3
		l, first, release := heldLog(t, o)
		var queued sync.WaitGroup
		for range 2 {
			queued.Go(func() {
				if _, err := l.Append(ctx, log.Batch{Stream: stream(2), Count: 1}); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if _, err := l.Append(ctx, log.Batch{Stream: stream(3), Count: 1}); !errors.Is(err, log.ErrBusy) {
			t.Errorf("a fourth: %v", err)
		}
		release()
		<-first
		queued.Wait()
		fill(t, l, 1, 10)
		shut(t, l)
	})
}

// TestGroups shows that what queues during a sync is the next group.
func TestGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var groups []log.GroupInfo
		o := small
		o.OnGroup = func(g log.GroupInfo) { groups = append(groups, g) }
		l, first, release := heldLog(t, o)
		var queued sync.WaitGroup
		for range 5 {
			queued.Go(func() { l.Append(ctx, log.Batch{Stream: stream(2), Count: 2}) })
		}
		synctest.Wait()
		release()
		<-first
		queued.Wait()
		shut(t, l)
		if len(groups) != 2 || groups[1].Batches != 5 || groups[1].Events != 10 {
			t.Errorf("groups: %+v", groups)
		}
	})
}
