package search

import (
	"bytes"
	"context"
	"io"
	"time"

	"quintet/engine"
)

// The file of a snapshot is kept in parts, each a blob: so it is written while
// it is made, and no copy of the collection is in memory or under one name.

// partWriter cuts what is written to it into parts, which a goroutine keeps. It
// never waits long: the writer holds a snapshot of the store.
type partWriter struct {
	ctx    context.Context
	alive  func() // is called for each part
	part   []byte
	parts  uint32 // that were handed over
	queue  chan []byte
	ended  chan struct{}
	failed error // why the goroutine ended before its time
}

func newPartWriter(ctx context.Context, alive func(), keep func(number uint32, data []byte) error) *partWriter {
	p := &partWriter{ctx: ctx, alive: alive, queue: make(chan []byte), ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		number := uint32(0)
		for data := range p.queue {
			if p.failed = keep(number, data); p.failed != nil {
				return
			}
			number++
		}
	}()
	return p
}

func (p *partWriter) Write(b []byte) (n int, err error) {
	for n < len(b) {
		m := min(len(b)-n, partBytes-len(p.part))
		p.part = append(p.part, b[n:n+m]...)
		if n += m; len(p.part) == partBytes {
			if err := p.hand(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// hand lets the part be kept.
func (p *partWriter) hand() error {
	stalled := time.NewTimer(maxStall)
	defer stalled.Stop()
	select {
	case p.queue <- p.part:
	case <-p.ended:
		return p.failed
	case <-p.ctx.Done():
		return context.Cause(p.ctx)
	case <-stalled.C:
		return errSnapshotStalled
	}
	p.part = nil
	p.parts++
	p.alive()
	return nil
}

// close keeps the rest, if all that there is was written, and returns when
// nothing is under way any more.
func (p *partWriter) close(whole bool) (parts uint32, err error) {
	if whole && len(p.part) > 0 {
		err = p.hand()
	}
	close(p.queue)
	<-p.ended
	if err == nil {
		err = p.failed
	}
	return p.parts, err
}

// keepPart makes a part durable and notes where it is.
func (s *Service) keepPart(ctx context.Context, t engine.Tenant, snapshot engine.ID, number uint32, data []byte) error {
	blob, err := s.e.Blobs.Put(ctx, t, &paced{ReadSeeker: bytes.NewReader(data), ctx: ctx})
	if err != nil {
		return err
	}
	return s.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
		tx.Put(bucketParts, partKey(snapshot, number), snapshotPart{blob, uint32(len(data))}.encode())
		return s.e.Blobs.Reference(tx, blob)
	})
}

// SnapshotFile reads the file of a snapshot. It is not safe for concurrent use.
type SnapshotFile struct {
	SnapshotInfo
	s     *Service
	ctx   context.Context
	t     engine.Tenant
	parts []snapshotPart // that are not open yet
	open  *engine.BlobReader
}

var _ io.ReadCloser = (*SnapshotFile)(nil)

// Read reads on. It fails with snapshot_not_found where the snapshot was deleted
// meanwhile, and its parts are gone.
func (f *SnapshotFile) Read(b []byte) (n int, err error) {
	for {
		if f.open == nil {
			if len(f.parts) == 0 {
				return 0, io.EOF
			}
			if f.open, err = f.s.e.Blobs.Open(f.ctx, f.t, f.parts[0].blob); err != nil {
				if err == engine.ErrBlobGone {
					err = errSnapshotNotFound
				}
				return 0, err
			}
			f.parts = f.parts[1:]
		}
		if n, err = f.open.Read(b); err != io.EOF || n > 0 {
			return n, err
		}
		if err := f.Close(); err != nil {
			return 0, err
		}
	}
}

// Close closes what is open.
func (f *SnapshotFile) Close() error {
	if f.open == nil {
		return nil
	}
	err := f.open.Close()
	f.open = nil
	return err
}
