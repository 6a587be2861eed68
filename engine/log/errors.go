package log

import (
	"errors"
	"fmt"
)

// What Open refuses. Damage is a *CorruptError.
var (
	// ErrNewer means that a file was written by a later version of Quintet.
	ErrNewer = errors.New("log: written by a newer version of Quintet: run that version, or restore a backup made by this one")
)

// What Append and Raise refuse.
var (
	// ErrBusy means that the queue is full; try again later.
	ErrBusy = errors.New("log: too much is waiting for the disk")
	// ErrTooLarge means that a batch exceeds Options.MaxBatch.
	ErrTooLarge = errors.New("log: the batch is too large")
	// ErrInvalid means that a batch has no events or that a counter would overflow.
	ErrInvalid = errors.New("log: the batch is invalid")
	// ErrFull means that the disk has no room. Nothing was written, and
	// Append succeeds again when there is.
	ErrFull = errors.New("log: the disk is full")
	// ErrPoisoned means that a write or sync failed. What is on disk is known
	// again only after the next Open; until then nothing more is written.
	ErrPoisoned = errors.New("log: stopped by a failed write: restart to recover")
	// ErrClosed means that Close was called.
	ErrClosed = errors.New("log: closed")
)

// What Read refuses.
var (
	// ErrOutOfRange means that the sequence was trimmed or never written.
	ErrOutOfRange = errors.New("log: the sequence is not in the log")
)

// CorruptError is damage found on disk. Nothing was changed.
type CorruptError struct {
	File   string // below the root of the disk
	Offset int64  // of the first byte that is not as it must be
	Reason string // what is wrong, and what to do where there is a choice
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("log: %s is damaged at byte %d: %s", e.File, e.Offset, e.Reason)
}

func (l *Log) corrupt(name string, offset int64, format string, args ...any) error {
	return &CorruptError{File: l.path(name), Offset: offset, Reason: fmt.Sprintf(format, args...)}
}
