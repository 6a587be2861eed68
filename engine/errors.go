package engine

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what went wrong in the few ways that a caller can act on. The
// edge turns each into one HTTP status; nothing below it knows HTTP.
type Kind uint8

const (
	Internal        Kind = iota // our fault; details stay in the log
	Malformed                   // the input cannot be parsed
	Unauthenticated             // no credential, or a bad one
	Forbidden                   // the credential lacks a scope
	NotFound                    // not there, or another tenant's
	Conflict                    // the state or a uniqueness rule forbids it
	Precondition                // the given version is not the current one
	TooLarge                    // more bytes than allowed
	Invalid                     // parsed and refused
	Busy                        // the caller asks too much; try later
	Unavailable                 // we cannot serve this now; try later
	Full                        // no room on the disk
)

// Error is the one error type that may reach a user. Code is stable
// snake_case; Detail says what was wrong, where, and what to do, and never
// holds a secret. Cause is for the log alone.
type Error struct {
	Kind       Kind
	Code       string
	Detail     string
	RetryAfter time.Duration // for Busy and Unavailable; 0 = one second
	Fields     []FieldError
	Cause      error
}

// FieldError locates one fault in the input, as in "body.fields[2].type".
type FieldError struct{ Location, Message string }

func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Detail, e.Cause)
	}
	return e.Code + ": " + e.Detail
}

func (e *Error) Unwrap() error { return e.Cause }

// Is makes errors.Is compare kind and code, so that a sentinel matches its
// copies with another detail or cause.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Code == e.Code
}

// With returns a copy of e that carries a cause.
func (e *Error) With(cause error) *Error {
	c := *e
	c.Cause = cause
	return &c
}

// Errorf makes an error with a formatted detail.
func Errorf(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// KindOf returns the kind of the first *Error in err's chain, else Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Errors of opening a data folder.
var (
	// ErrLocked means that another process has the data folder open.
	ErrLocked = errors.New("the data folder is in use by another process")
	// ErrNewerFormat means that a newer release wrote the data folder.
	ErrNewerFormat = errors.New("the data folder was written by a newer release")
)

// Errors of Update and View.
var (
	// ErrBusy means that the update queue is full; nothing was done.
	ErrBusy = &Error{Kind: Unavailable, Code: "store_busy", Detail: "too many writes are waiting for the disk; try again shortly"}
	// ErrFull means that the disk, or the store's own limit, has no room;
	// nothing was done. Reads and updates marked Reclaim go on.
	ErrFull = &Error{Kind: Full, Code: "store_full", Detail: "the disk is full; delete data or free space, writing resumes by itself"}
	// ErrPoisoned means that an earlier write or sync failed, after which no
	// write can be trusted. The process must be restarted.
	ErrPoisoned = &Error{Kind: Unavailable, Code: "store_failed", Detail: "an earlier write to disk failed; the server must be restarted", RetryAfter: time.Minute}
	// ErrClosed means that the engine is shutting down.
	ErrClosed = &Error{Kind: Unavailable, Code: "stopping", Detail: "the server is shutting down; try again shortly"}
	// ErrViewExpired means that a View took longer than its time limit.
	ErrViewExpired = &Error{Kind: Unavailable, Code: "view_expired", Detail: "reading took longer than 5 s; ask for less at once"}
	// ErrTenantGone means that the tenant does not exist or is being deleted.
	ErrTenantGone = &Error{Kind: NotFound, Code: "tenant_not_found", Detail: "there is no such tenant"}
)

// Faults of the code that calls Update.
var (
	// ErrTooManyKeys means that one Update changed more keys than it may.
	ErrTooManyKeys = errors.New("engine: one update changed too many keys")
	// ErrValueTooLarge means a value of more than 64 KiB, which is a blob.
	ErrValueTooLarge = errors.New("engine: a value may have 64 KiB; larger ones are blobs")
	// ErrKeyInvalid means an empty key, or one of more than 1,024 bytes.
	ErrKeyInvalid = errors.New("engine: a key has 1 to 1,024 bytes")
)

// CorruptError reports damaged data: the file, where in it, and what is wrong.
type CorruptError struct {
	File   string
	Offset int64  // bytes; -1 where the place is a key
	Key    string // bucket of the damaged value, never its key
	Reason string
}

func (e *CorruptError) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("%s is damaged: a value in bucket %q: %s", e.File, e.Key, e.Reason)
	}
	return fmt.Sprintf("%s is damaged at byte %d: %s", e.File, e.Offset, e.Reason)
}

// PanicError is what Update returns when its closure panicked.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic in an update: %v", e.Value) }
