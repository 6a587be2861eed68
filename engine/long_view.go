package engine

import (
	"context"
	"errors"
	"time"
)

// LongViewLimit is how long a LongView may take.
const LongViewLimit = 10 * time.Minute

// Errors of LongView.
var (
	// ErrLongViewBusy means that another long view is under way.
	ErrLongViewBusy = &Error{Kind: Unavailable, Code: "snapshot_busy", Detail: "another snapshot is being made; try again shortly", RetryAfter: 5 * time.Second}
	// ErrLongViewExpired means that a LongView took longer than its limit.
	ErrLongViewExpired = &Error{Kind: Unavailable, Code: "view_expired", Detail: "reading at one moment took longer than 10 minutes; try again when the disk has less to do", RetryAfter: time.Minute}
)

// LongView is a View that may last for LongViewLimit, to copy much of a tenant
// as it is at one moment. It costs everybody: pages of the store that are freed
// meanwhile are not used again before it ends, so the file grows by what is
// written; and where the file cannot be mapped at once (Windows, 32 bits) an
// update that makes it grow waits for the end, so fn must never wait for an
// update without a limit of its own. Hence there is one at a time in a process;
// another gets ErrLongViewBusy. Errors otherwise: those of View, with
// ErrLongViewExpired in the place of ErrViewExpired.
func (e *Engine) LongView(ctx context.Context, t Tenant, fn func(*View) error) error {
	if !e.store.long.TryLock() {
		return ErrLongViewBusy
	}
	defer e.store.long.Unlock()
	err := e.store.view(ctx, t, LongViewLimit, fn)
	if errors.Is(err, ErrViewExpired) {
		return ErrLongViewExpired
	}
	return err
}
