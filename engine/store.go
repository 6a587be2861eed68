package engine

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"quintet/engine/disk"
)

// storeFile is the bbolt file. Its top-level buckets are ours, by name; a key
// is the tenant's 16 bytes and the capability's key, a value is sealed.
const storeFile = "store.db"

// defaultMaxStore is address space, not memory: mapping it at once means that
// a growing file never has to be mapped anew, which waits for all readers.
const defaultMaxStore = 64 << 30

// store is bbolt behind natural group commit: one committer goroutine takes
// everything that queued up while the previous commit was being synced. There
// is no timer, so one caller waits for one commit and many share one.
//
// Lock order: queue.mu and snapshot.mu are leaves. The committer owns group,
// sealed and aad.
type store struct {
	db        *bolt.DB
	path      string
	log       *slog.Logger
	seal      *sealer
	platform  Tenant
	base      uint64 // added to bbolt's transaction ids; a restore raises it
	queue     *queue
	observers observers
	space     space
	metrics   *storeMetrics
	viewLimit time.Duration

	synced atomic.Uint64 // bbolt's id of the newest commit that is on disk
	full   atomic.Bool
	poison atomic.Pointer[Error]
	closed chan struct{} // View refuses from here on
	once   sync.Once
	ended  chan struct{} // the committer has returned
	long   sync.Mutex    // held by a LongView

	sealed []byte // sealed values of the group being applied
	aad    []byte
}

var _ Store = (*store)(nil)

func openStore(o Options, ring *keyring) (*store, error) {
	path := filepath.Join(o.Dir, storeFile)
	options := &bolt.Options{
		Timeout:        time.Second, // for bbolt's own lock; ours is held already
		FreelistType:   bolt.FreelistMapType,
		NoFreelistSync: true, // a synced one grew to 1.79 MB a commit under one slow reader
		MaxSize:        int(min(o.MaxStore, math.MaxInt)),
	}
	if runtime.GOOS != "windows" && strconv.IntSize == 64 {
		options.InitialMmapSize = options.MaxSize // on Windows the file would take this size
	}
	if err := prepareStore(path, ring); err != nil {
		return nil, err
	}
	db, err := openBolt(path, options)
	if err != nil {
		return nil, err
	}
	s := &store{
		db: db, path: path, log: o.Log, queue: newQueue(), viewLimit: o.ViewLimit,
		seal: &sealer{}, metrics: newStoreMetrics(o.Registerer),
		closed: make(chan struct{}), ended: make(chan struct{}),
	}
	s.observers.log = o.Log
	s.metrics.watch(o.Registerer, s)
	if _, err := rand.Read(s.seal.salt[:]); err != nil {
		return nil, err
	}
	root, _ := ring.get(ring.platform)
	s.platform = Tenant{&tenant{name: PlatformName, uid: ring.platform, keys: newTenantKeys(root, s.seal.salt)}}
	if err := s.readState(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.openSpace(o)
	go s.committer()
	return s, nil
}

// prepareStore makes the file of a new data folder, whole or not at all, and
// judges that of an old one. A keyring with tenants proves that there was one:
// over an empty store all their keys would be orphans, and be destroyed.
func prepareStore(path string, ring *keyring) error {
	err := verifyStore(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(ring.uids()) > 1 {
		return &CorruptError{File: storeFile, Reason: "it is missing, and the keyring has keys of tenants: put it back, or restore a backup"}
	}
	temp := path + ".tmp"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := bolt.Open(temp, 0o600, nil)
	if err != nil {
		return fmt.Errorf("create %s: %w", path, err)
	}
	files := disk.OS(filepath.Dir(path))
	return errors.Join(db.Close(), files.Rename(storeFile+".tmp", storeFile), files.SyncDir("."))
}

// openBolt turns a panic of bbolt over a damaged page into an error.
func openBolt(path string, options *bolt.Options) (db *bolt.DB, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer guard("", &err)
	if db, err = bolt.Open(path, 0o600, options); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return db, nil
}

// guard is deferred where bbolt reads pages: it turns a panic over a damaged
// one, or a fault in the map of the file, into a *CorruptError. A fault panics
// only where debug.SetPanicOnFault says so.
func guard(b Bucket, err *error) {
	if v := recover(); v != nil {
		*err = &CorruptError{File: storeFile, Offset: -1, Key: string(b), Reason: fmt.Sprintf("a page on the way to it cannot be read (%v)", v)}
	}
}

// readState finds where the commit numbers stand.
func (s *store) readState() (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer guard(bucketMeta, &err)
	return s.db.View(func(btx *bolt.Tx) error {
		s.synced.Store(uint64(btx.ID()))
		bb := btx.Bucket([]byte(bucketMeta))
		if bb == nil {
			return nil
		}
		full := fullKey(s.platform, []byte("base"))
		sealed := bb.Get(full)
		if sealed == nil {
			return nil
		}
		value, err := s.open(s.platform, bucketMeta, full, sealed)
		if err != nil {
			return fmt.Errorf("%w (is this the keyring of this data folder?)", err)
		}
		s.base = binary.BigEndian.Uint64(value)
		return nil
	})
}

// raise adds to the commit numbers, so that none of before is given again.
// Only a restore calls it, before anything else uses the store.
func (s *store) raise(ctx context.Context, by uint64) error {
	base := s.base + by
	err := s.Update(ctx, s.platform, func(tx *Tx) error {
		tx.Put(bucketMeta, []byte("base"), binary.BigEndian.AppendUint64(nil, base))
		return nil
	})
	s.base = base
	return err
}

// open returns the plain value of a sealed one.
func (s *store) open(t Tenant, b Bucket, full, sealed []byte) ([]byte, error) {
	var buf [128]byte
	aad := appendAAD(buf[:0], t.t.uid, b, full[len(UID{}):])
	value, err := s.seal.open(make([]byte, 0, len(sealed)), t.t.keys, sealed, aad)
	if err != nil {
		return nil, &CorruptError{File: storeFile, Offset: -1, Key: string(b), Reason: err.Error()}
	}
	return value, nil
}

// failed returns why nothing can be written any more, nil while it can.
func (s *store) failed() error {
	if p := s.poison.Load(); p != nil {
		return p
	}
	return nil
}

// fileBytes is the size of the store's file.
func (s *store) fileBytes() int64 {
	info, err := os.Stat(s.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// sweep deletes every value of a tenant, 1,000 keys at a time.
func (s *store) sweep(ctx context.Context, t Tenant) error {
	names, err := s.bucketNames()
	if err != nil {
		return err
	}
	for _, name := range names {
		for more := true; more; {
			err := s.Update(ctx, t, func(tx *Tx) error {
				n := 0
				for key := range tx.Keys(name, nil, nil) {
					if n++; n > bulkKeys {
						break
					}
					tx.Delete(name, key)
				}
				more = n > bulkKeys
				return nil
			}, Bulk, Reclaim)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *store) bucketNames() (names []Bucket, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer guard("", &err)
	err = s.db.View(func(btx *bolt.Tx) error {
		return btx.ForEach(func(name []byte, _ *bolt.Bucket) error {
			names = append(names, Bucket(name))
			return nil
		})
	})
	return names, err
}

// close runs what is queued and closes the file. A clean close writes the
// list of free pages, so that the next open need not scan for it.
func (s *store) close() (err error) {
	s.once.Do(func() {
		s.queue.close()
		<-s.ended
		close(s.closed)
		s.space.stop()
		if s.failed() == nil && !s.full.Load() {
			err = s.syncFreelist()
		}
		err = errors.Join(err, s.db.Close())
	})
	return err
}

// syncFreelist writes the list of free pages. Where there is no room for it,
// the next open scans the file.
func (s *store) syncFreelist() error {
	var id uint64
	s.db.NoFreelistSync = false
	err := s.db.Update(func(btx *bolt.Tx) error {
		id = uint64(btx.ID())
		s.synced.Store(id) // a View that has just begun must not wait for a group
		return nil
	})
	if s.noRoom(id, err) {
		s.log.Warn("no room for the store's list of free pages; the next start takes longer, nothing is lost", "error", err)
		return nil
	}
	return err
}
