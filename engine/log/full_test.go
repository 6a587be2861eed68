package log_test

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"quintet/engine/enginetest"
	"quintet/engine/log"
)

// TestFullDisk fills the disk, makes room, and goes on.
func TestFullDisk(t *testing.T) {
	d := enginetest.NewDisk(1)
	d.SetFree(40_000)
	l, _ := open(t, d, small)
	appendAll := func() (err error) {
		for err == nil {
			_, err = l.Append(ctx, log.Batch{Stream: stream(1), Count: 1, Data: make([]byte, 500)})
		}
		return err
	}
	if err := appendAll(); !errors.Is(err, log.ErrFull) {
		t.Fatalf("got %v", err)
	}
	end := l.End()
	if l.Next(stream(1)) != end || len(sequences(t, l, 0)) != int(end)-1 {
		t.Errorf("the batch that found no room left a trace")
	}
	if err := appendAll(); !errors.Is(err, log.ErrFull) || l.End() != end {
		t.Errorf("still full: %v", err)
	}
	d.SetFree(20_000)
	if err := appendAll(); !errors.Is(err, log.ErrFull) || l.End() <= end {
		t.Errorf("there was room: %v", err)
	}
	end = l.End()
	if err := l.Trim(end); err != nil { // removed segments are room, too
		t.Fatal(err)
	}
	fill(t, l, 5, 500)
	if err := l.Check(ctx, nil); err != nil {
		t.Error(err)
	}
	d.SetFree(1 << 20)
	shut(t, l)
	l, r := open(t, d, small)
	if !r.Clean || l.End() != end+5 {
		t.Errorf("reopened: %+v, end %d", r, l.End())
	}
	shut(t, l)
}

// TestFullWithinSegment lets a write into the segment find the disk full after
// a part of it, and a shorter, or no, group follow.
func TestFullWithinSegment(t *testing.T) {
	for name, end := range map[string]fullEnding{
		"Close":       {group: true},
		"Shorter":     {group: true, after: 1},
		"ThenRoll":    {group: true, again: true},
		"Roll":        {roll: true, again: true},
		"Both":        {group: true, roll: true, again: true},
		"RollClose":   {roll: true, after: 1},
		"Kill":        {group: true, kill: true},
		"KillShorter": {group: true, after: 1, kill: true},
		"RollKill":    {roll: true, after: 1, kill: true},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(20) {
				synctest.Test(t, func(t *testing.T) { end.run(t, enginetest.NewDisk(seed)) })
			}
		})
	}
}

// fullEnding is what follows a write that found the disk full.
type fullEnding struct {
	group bool // it was a group's
	roll  bool // it was a roll's, too
	after int  // short groups, once there is room
	again bool // a roll, then
	kill  bool // the power is cut; otherwise the log is closed
}

func (e fullEnding) run(t *testing.T, d *enginetest.Disk) {
	l, _ := open(t, d, small)
	synctest.Wait() // the next segment is made
	fill(t, l, 2, 100)
	d.OnOp(func(op, _ string) error {
		if op == "write" {
			return syscall.ENOSPC
		}
		return nil
	})
	if e.group {
		if _, err := l.Append(ctx, log.Batch{Count: 1, Data: payload(77, 800)}); !errors.Is(err, log.ErrFull) {
			t.Fatalf("got %v", err)
		}
	}
	if e.roll {
		if err := l.Raise(1); !errors.Is(err, log.ErrFull) {
			t.Fatalf("got %v", err)
		}
	}
	d.OnOp(nil)
	fill(t, l, e.after, 8)
	want := uint64(3 + e.after)
	if e.again {
		if err := l.Raise(1); err != nil {
			t.Fatal(err)
		}
		want++
	}
	if e.kill {
		d = d.Crash()
		l.Close()
	} else {
		shut(t, l)
	}
	for clean := !e.kill; ; clean = true {
		l, r := open(t, d, small)
		whole := e.kill && e.after == 0 && l.End() == want+1 // all of it was written
		if r.Clean != clean || l.End() != want && !whole {
			t.Errorf("reopened: %+v, end %d, want %d", r, l.End(), want)
		}
		if err := l.Check(ctx, nil); err != nil {
			t.Error(err)
		}
		shut(t, l)
		if clean {
			return
		}
	}
}

func TestPoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := enginetest.NewDisk(1)
		l, _ := open(t, d, small)
		synctest.Wait()
		fill(t, l, 2, 100)
		d.FailSync(1)
		_, err := l.Append(ctx, log.Batch{Count: 1})
		if !errors.Is(err, log.ErrPoisoned) || !errors.Is(err, syscall.EIO) {
			t.Fatalf("got %v", err)
		}
		d.OnOp(func(op, name string) error {
			t.Errorf("%s of %s after the poison", op, name)
			return nil
		})
		for _, err := range []error{
			func() error { _, err := l.Append(ctx, log.Batch{Count: 1}); return err }(),
			l.Raise(1), l.Trim(2), l.Close(),
		} {
			if !errors.Is(err, log.ErrPoisoned) || !errors.Is(err, syscall.EIO) {
				t.Errorf("got %v", err)
			}
		}
		d.OnOp(nil)
		l, r := open(t, d, small)
		if r.Clean || l.End() < 3 {
			t.Errorf("reopened: %+v, end %d", r, l.End())
		}
		shut(t, l)
	})
}

// TestPoisonByTheSpare fails the sync of the segment that is made ahead.
func TestPoisonByTheSpare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := enginetest.NewDisk(1)
		d.OnOp(func(op, name string) error {
			if op == "sync" && strings.HasPrefix(name, second) {
				return syscall.EIO
			}
			return nil
		})
		l, _ := open(t, d, small)
		synctest.Wait()
		if _, err := l.Append(ctx, log.Batch{Count: 1}); !errors.Is(err, log.ErrPoisoned) {
			t.Errorf("got %v", err)
		}
		if err := l.Close(); !errors.Is(err, log.ErrPoisoned) {
			t.Errorf("got %v", err)
		}
	})
}

// TestCloseOnFullDisk finds no room for the mark of a clean stop. An older mark
// must not stand in its place: it would make damage of what came after it.
func TestCloseOnFullDisk(t *testing.T) {
	for _, c := range []struct {
		name, op string
		torn     bool // a group was cut short before, and its rest cannot be zeroed
	}{
		{"open", "open", false}, {"write", "write", false}, {"sync", "sync", false}, {"rename", "rename", false},
		{"torn", "write", true},
	} {
		for seed := range uint64(10) {
			t.Run(fmt.Sprint(c.name, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { closeFull(t, enginetest.NewDisk(seed), c.op, c.torn) })
			})
		}
	}
}

func closeFull(t *testing.T, d *enginetest.Disk, op string, torn bool) {
	l, _ := open(t, d, small)
	fill(t, l, 1, 100)
	shut(t, l) // leaves a mark
	var told error
	o := small
	o.OnUnmarked = func(err error) { told = err }
	l, _ = open(t, d, o)
	fill(t, l, 2, 100)
	synctest.Wait() // the next segment is made
	end := l.End()
	d.OnOp(func(did, name string) error {
		if did == op && (torn || strings.HasPrefix(name, "closed")) {
			return syscall.ENOSPC
		}
		return nil
	})
	if torn {
		if _, err := l.Append(ctx, log.Batch{Count: 1, Data: payload(9, 800)}); !errors.Is(err, log.ErrFull) {
			t.Fatalf("append: %v", err)
		}
	}
	if err := l.Close(); err != nil || !errors.Is(told, syscall.ENOSPC) {
		t.Errorf("close: %v; told %v", err, told)
	}
	d.OnOp(nil)
	for _, name := range []string{"closed", "closed.tmp"} {
		if d.Bytes(name) != nil {
			t.Errorf("%s stands", name)
		}
	}
	for _, d := range []*enginetest.Disk{d.Clone(), d.Crash()} {
		l, r := open(t, d, small)
		whole := torn && l.End() == end+1 // all of it was written
		if r.Clean || l.End() != end && !whole {
			t.Errorf("reopened: %+v, end %d, want %d", r, l.End(), end)
		}
		fill(t, l, 3, 100)
		shut(t, l)
		if l, r = open(t, d, small); !r.Clean {
			t.Errorf("reopened once more: %+v", r)
		}
		if err := l.Check(ctx, nil); err != nil {
			t.Error(err)
		}
		shut(t, l)
	}
}

// TestCreateOnFullDisk wants to be told which file found no room, and for what.
func TestCreateOnFullDisk(t *testing.T) {
	d := enginetest.NewDisk(1)
	d.SetFree(1000)
	_, _, err := log.Open(d, ".", small)
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "0000000000000001.log needs 8192 bytes") {
		t.Errorf("got %v", err)
	}
	d.SetFree(100_000)
	l, r := open(t, d, small)
	if !r.Created {
		t.Errorf("opened: %+v", r)
	}
	fill(t, l, 1, 100)
	shut(t, l)
}
