package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"quintet/engine/disk"
	"quintet/engine/log"
)

// Bucket names one kind of value, as in "scheduler.jobs": the capability, a
// dot, a plural noun. Names are readable on disk and in logs.
type Bucket string

// Limits of keys and values.
const (
	maxKey   = 1 << 10
	maxValue = 64 << 10
)

// Reader is what View and Tx have in common: reading one tenant's values.
// Every slice it hands out is the caller's to keep and change.
type Reader interface {
	// Get returns the value of key, nil if there is none.
	Get(b Bucket, key []byte) []byte
	// Scan yields keys and values with from ≤ key < to, rising; a nil to
	// means all that follow.
	Scan(b Bucket, from, to []byte) iter.Seq2[[]byte, []byte]
	// Descend yields the same, falling.
	Descend(b Bucket, from, to []byte) iter.Seq2[[]byte, []byte]
	// Keys yields the keys that Scan would and opens no value.
	Keys(b Bucket, from, to []byte) iter.Seq[[]byte]
}

// Store keeps values under (tenant, bucket, key), sealed under the tenant.
// All methods are safe for concurrent use.
type Store interface {
	// Update runs fn in one order with all other updates and returns when its
	// writes are on disk, or with an error and no trace of it. An fn that
	// fails or panics spoils nobody.
	//
	// fn is short and pure: no I/O, no clock, no random source, no waiting,
	// and it resets its outputs on its first line, for it may run again. It
	// changes at most 64 keys, with Bulk 1,000. A ctx that ends while the
	// update is queued keeps it from running; afterwards the outcome is
	// waited for. Errors beside fn's own: ErrBusy, ErrFull, ErrPoisoned,
	// ErrClosed, ErrTenantGone.
	Update(ctx context.Context, t Tenant, fn func(*Tx) error, options ...UpdateOption) error
	// View runs fn over a consistent snapshot of what is on disk. Writers
	// never wait for it. A view that takes longer than 5 s ends with
	// ErrViewExpired, whatever fn returns.
	View(ctx context.Context, t Tenant, fn func(*View) error) error
	// Observe makes o see every later commit, after o.Rebuild has seen
	// everything before. It returns when the rebuild is done.
	Observe(ctx context.Context, o *Observer) error
}

// Write is one change of a commit. Observers must not keep Value changed.
type Write struct {
	Tenant  Tenant
	Bucket  Bucket
	Value   []byte // plain; nil when deleted
	Deleted bool

	full []byte
}

// Key returns the tenant's key.
func (w Write) Key() []byte { return w.full[len(UID{}):] }

// Commit is the write set of one group: for each changed key its last state,
// ordered by bucket, tenant and key. Seq rises with each commit, not densely.
type Commit struct {
	Seq    uint64
	Writes []Write
}

// Options of Open. Dir is required; the zero value of the rest is the default.
type Options struct {
	Dir        string // the data folder; made with mode 0700 when missing
	MasterKey  []byte // wraps the keyring; nil = the ring key stands in it
	Log        *slog.Logger
	Registerer prometheus.Registerer
	Clock      Clock

	FS           disk.FS       // log, blobs and keyring; nil = the folder itself
	MaxStore     int64         // bytes of the store; 0 = 64 GiB
	Reserve      int64         // bytes kept for Reclaim on a full disk; 0 = 16 MiB
	Headroom     int64         // free bytes that end a full disk; 0 = 64 MiB
	ViewLimit    time.Duration // 0 = 5 s
	SegmentBytes int64         // of the log; 0 = 64 MiB
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Registerer == nil {
		o.Registerer = prometheus.NewRegistry()
	}
	if o.Clock == nil {
		o.Clock = SystemClock{}
	}
	if o.FS == nil {
		o.FS = disk.OS(o.Dir)
	}
	o.MaxStore = orDefault(o.MaxStore, defaultMaxStore)
	o.Reserve = min(orDefault(o.Reserve, 16<<20), o.MaxStore/4) // a limit of 0 or less would be none
	o.Headroom = orDefault(o.Headroom, 64<<20)
	o.ViewLimit = orDefault(o.ViewLimit, 5*time.Second)
	o.SegmentBytes = orDefault(o.SegmentBytes, 64<<20)
	return o
}

func orDefault[T int64 | time.Duration](v, d T) T {
	if v == 0 {
		return d
	}
	return v
}

// Engine is the ground floor that every capability stands on.
type Engine struct {
	Store   Store
	Tenants *Tenants
	Events  *EventLog
	Blobs   *Blobs
	Answers *Answers
	Bus     *Bus
	Clock   Clock
	IDs     *IDs
	Log     *slog.Logger
	Metrics prometheus.Registerer

	options  Options
	store    *store
	ring     *keyring
	lock     *folderLock
	chores   *chores
	unclean  bool
	restored bool
	checkers []Checker
}

// Names in the data folder.
const (
	formatFile   = "format"  // one line, "quintet 1"
	lockFile     = "lock"    // empty; locked by the process that has the folder open
	runningFile  = "running" // stands while a process has the folder open
	reserveFile  = "reserve" // released when the disk is full
	logFolder    = "log"     // see log/FORMAT.md
	blobFolder   = "blobs"   // one file per blob
	formatNumber = 1
)

// Open opens the data folder, or makes a new one, and repairs what a crash
// left. It fails with ErrLocked, ErrNewerFormat or a *CorruptError where the
// folder must not be used.
func Open(ctx context.Context, o Options) (_ *Engine, err error) {
	o = o.withDefaults()
	for _, dir := range []string{"", logFolder, blobFolder} {
		if err := os.MkdirAll(filepath.Join(o.Dir, dir), 0o700); err != nil {
			return nil, fmt.Errorf("data folder: %w", err)
		}
	}
	e := &Engine{Bus: NewBus(), Clock: o.Clock, Log: o.Log, Metrics: o.Registerer, options: o}
	e.IDs = NewIDs(o.Clock, nil)
	if e.lock, err = lockFolder(o.Dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.abandon())
		}
	}()
	if err := e.checkFormat(); err != nil {
		return nil, err
	}
	if err := e.openKeyring(); err != nil {
		return nil, err
	}
	// A process that was killed between a rename and the sync of its folder left
	// a name that this one sees and a power cut would take back.
	if err := errors.Join(o.FS.SyncDir("."), o.FS.SyncDir(blobFolder)); err != nil {
		return nil, err
	}
	if e.store, err = openStore(o, e.ring); err != nil {
		return nil, err
	}
	e.Store, e.Answers = e.store, NewAnswers(e.store, o.Clock)
	if err := e.openLog(); err != nil {
		return nil, err
	}
	if err := e.finishRestore(ctx); err != nil {
		return nil, err
	}
	e.Blobs = &Blobs{fs: o.FS, store: e.store, clock: o.Clock}
	if err := e.loadTenants(ctx); err != nil {
		return nil, err
	}
	if err := e.markRunning(); err != nil {
		return nil, err
	}
	if err := e.Blobs.start(ctx, e.Tenants, e.unclean); err != nil {
		return nil, err
	}
	e.chores = startChores(e)
	return e, nil
}

// Unclean reports whether the process before this one did not close the folder.
func (e *Engine) Unclean() bool { return e.unclean }

// Failed returns why the engine can no longer write, nil while it can. It is
// what readiness asks.
func (e *Engine) Failed() error {
	if err := e.store.failed(); err != nil {
		return err
	}
	return e.store.observers.broken()
}

// Full reports whether the disk is full, so that only reads and Reclaim run.
func (e *Engine) Full() bool { return e.store.full.Load() }

// Close syncs and closes everything and unlocks the folder. Capabilities must
// have stopped. It is idempotent.
func (e *Engine) Close() error {
	if e.lock == nil {
		return nil
	}
	e.chores.stop()
	errs := []error{e.Events.log.Close(), e.store.close()}
	if e.store.failed() == nil {
		errs = append(errs, os.Remove(filepath.Join(e.options.Dir, runningFile)))
	}
	errs = append(errs, e.lock.unlock())
	e.lock = nil
	return errors.Join(errs...)
}

// abandon closes what a failed Open had opened.
func (e *Engine) abandon() error {
	var errs []error
	if e.Events != nil {
		errs = append(errs, e.Events.log.Close())
	}
	if e.store != nil {
		errs = append(errs, e.store.close())
	}
	errs = append(errs, e.lock.unlock())
	e.lock = nil
	return errors.Join(errs...)
}

// checkFormat refuses a folder of a newer release and marks a new folder.
func (e *Engine) checkFormat() error {
	if _, err := os.Stat(filepath.Join(e.options.Dir, restoringFile)); err == nil {
		return errors.New("a restore into this data folder did not succeed: restore again, after emptying the folder if it holds files")
	}
	if _, err := os.Stat(filepath.Join(e.options.Dir, restoredFile)); err == nil {
		e.restored = true
	}
	data, err := disk.ReadFile(e.options.FS, formatFile)
	if errors.Is(err, os.ErrNotExist) {
		return disk.Replace(e.options.FS, formatFile, fmt.Appendf(nil, "quintet %d\n", formatNumber), nil)
	}
	if err != nil {
		return err
	}
	number, ok := strings.CutPrefix(strings.TrimSpace(string(data)), "quintet ")
	version, err := strconv.Atoi(number)
	switch {
	case !ok || err != nil || version < 1:
		return &CorruptError{File: formatFile, Reason: "it does not say \"quintet <number>\""}
	case version > formatNumber:
		return fmt.Errorf("%w: format %d, and this release reads up to %d", ErrNewerFormat, version, formatNumber)
	}
	return nil
}

func (e *Engine) openKeyring() (err error) {
	e.ring, err = openKeyring(e.options.FS, e.options.MasterKey)
	if !errors.Is(err, errNoKeyring) {
		return err
	}
	if _, serr := os.Stat(filepath.Join(e.options.Dir, storeFile)); serr == nil {
		return errors.New("the data folder has a store but no keyring: put back the keyring file, without it nothing can be read")
	}
	e.ring, err = newKeyring(e.options.FS, e.options.MasterKey)
	return err
}

func (e *Engine) openLog() error {
	l, recovery, err := log.Open(e.options.FS, logFolder, log.Options{
		SegmentBytes: e.options.SegmentBytes,
		NewID:        e.restored,
		OnUnmarked: func(err error) {
			e.Log.Warn("no room to mark the log as closed; the next start verifies its end as after a crash, nothing is lost", "error", err)
		},
	})
	if err != nil {
		return err
	}
	for _, cut := range recovery.Cuts {
		e.Log.Warn("cut an unfinished group from the end of the log", "file", cut.File, "offset", cut.Offset, "bytes", cut.Bytes)
	}
	e.Events = &EventLog{log: l, seal: e.store.seal}
	return nil
}

func (e *Engine) loadTenants(ctx context.Context) error {
	e.Tenants = &Tenants{
		store: e.store, ring: e.ring, clock: e.Clock, seal: e.store.seal, platform: e.store.platform,
		byName: map[string]Tenant{}, uids: map[UID]Tenant{}, sweep: e.sweepTenant,
	}
	e.Events.tenants = e.Tenants
	return e.Tenants.load(ctx)
}

// sweepTenant removes a deleted tenant's values and blobs, 1,000 keys at a time.
func (e *Engine) sweepTenant(ctx context.Context, t Tenant) error {
	if err := e.Blobs.removeTenant(ctx, t); err != nil {
		return err
	}
	return e.store.sweep(ctx, t)
}

func (e *Engine) markRunning() error {
	if _, err := os.Stat(filepath.Join(e.options.Dir, runningFile)); err == nil {
		e.unclean = true
		e.Log.Warn("the process before this one did not close the data folder; everything acknowledged is there")
	}
	const text = "A process has this folder open, or one ended without closing it.\n"
	err := disk.Replace(disk.OS(e.options.Dir), runningFile, []byte(text), nil)
	if disk.IsFull(err) { // a name alone needs less, and says as much
		return disk.Replace(disk.OS(e.options.Dir), runningFile, nil, nil)
	}
	return err
}
