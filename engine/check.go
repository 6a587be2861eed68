package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	bolt "go.etcd.io/bbolt"
)

// Checker proves the invariants of one capability over a snapshot of the
// platform and, by View.Of, of every tenant. It calls report for each fault.
type Checker struct {
	Name  string
	Check func(ctx context.Context, v *View, report func(problem string)) error
}

// Progress tells how far a long operation is: a step's name, and how many of
// its units are done. Total is 0 where nobody knows it.
type Progress func(step string, done, total int64)

// AddCheck makes Check run a capability's own.
func (e *Engine) AddCheck(c Checker) { e.checkers = append(e.checkers, c) }

// Check verifies everything that is stored: the pages of the store, the seal
// of every value, every group of the log, every blob, and what the
// capabilities know about their own data. It returns what it found wrong, and
// an error only where it could not go on. The engine may be in use.
func (e *Engine) Check(ctx context.Context, progress Progress) (problems []string, err error) {
	report := func(problem string) {
		if len(problems) < 1000 { // a thousand say as much as a million
			problems = append(problems, problem)
		}
	}
	steps := []struct {
		name string
		run  func(ctx context.Context, step Progress, report func(string)) error
	}{
		{"pages", e.checkPages}, {"values", e.checkValues}, {"log", e.checkLog}, {"blobs", e.checkBlobs},
	}
	for _, s := range steps {
		if err := s.run(ctx, progress, report); err != nil {
			return problems, fmt.Errorf("check %s: %w", s.name, err)
		}
	}
	for _, c := range e.checkers {
		progress(c.Name, 0, 0)
		own := func(problem string) { report(c.Name + ": " + problem) }
		err := e.store.exemptView(ctx, e.store.platform, func(v *View) error { return c.Check(ctx, v, own) })
		if err != nil {
			return problems, fmt.Errorf("check %s: %w", c.Name, err)
		}
	}
	return problems, nil
}

// checkPages runs bbolt's own check, in a transaction that could write: the
// check reads the list of free pages, which a writer changes without regard to
// readers. Writers wait meanwhile.
func (e *Engine) checkPages(ctx context.Context, progress Progress, report func(string)) error {
	progress("pages", 0, 0)
	btx, err := e.store.db.Begin(true)
	if err != nil {
		return err
	}
	for err := range btx.Check() {
		report(storeFile + ": " + err.Error())
	}
	return errors.Join(ctx.Err(), btx.Rollback())
}

// checkValues opens the seal of every value.
func (e *Engine) checkValues(ctx context.Context, progress Progress, report func(string)) error {
	return e.store.db.View(func(btx *bolt.Tx) error {
		return btx.ForEach(func(name []byte, bb *bolt.Bucket) error {
			var done int64
			err := bb.ForEach(func(full, sealed []byte) error {
				if done++; done%10_000 == 0 {
					progress("values of "+string(name), done, 0)
				}
				if problem := e.checkValue(Bucket(name), full, sealed); problem != "" {
					report(fmt.Sprintf("%s, bucket %s: %s", storeFile, name, problem))
				}
				return ctx.Err()
			})
			progress("values of "+string(name), done, done)
			return err
		})
	})
}

func (e *Engine) checkValue(b Bucket, full, sealed []byte) (problem string) {
	if len(full) <= len(UID{}) {
		return "a key without a tenant"
	}
	t, ok := e.Tenants.byUID(UID(full))
	if !ok {
		return "a value of a tenant that does not exist"
	}
	if _, err := e.store.open(t, b, full, sealed); err != nil {
		return fmt.Sprintf("a value of tenant %s: %v", t.Name(), errors.Unwrap(err))
	}
	return ""
}

func (e *Engine) checkLog(ctx context.Context, progress Progress, report func(string)) error {
	err := e.Events.log.Check(ctx, func(done, total int64) { progress("log", done, total) })
	if err == nil {
		_, err = e.Events.Read(ctx, e.Events.First(), func(EventRecord) error { return nil })
	}
	if corrupt := new(CorruptError); errors.As(logError(err), &corrupt) {
		report(corrupt.Error())
		return nil
	}
	return err
}

// checkBlobs compares records and files in both directions and reads every
// blob to its end.
func (e *Engine) checkBlobs(ctx context.Context, progress Progress, report func(string)) error {
	known := map[string]bool{}
	err := e.store.exemptView(ctx, e.store.platform, func(v *View) error {
		for _, t := range append(e.Tenants.List(), e.Tenants.Platform()) {
			for key, value := range v.Of(t).Scan(bucketBlobs, nil, nil) {
				name := BlobName(key)
				known[name.String()] = true
				r, ok := decodeBlobRecord(value)
				if !ok {
					report("the record of blob " + name.String() + " cannot be read")
				} else if err := e.checkBlob(ctx, t, name, r); err != nil {
					report(err.Error())
				}
				progress("blobs", int64(len(known)), 0)
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	files, err := e.options.FS.List(blobFolder)
	for _, file := range files {
		if !known[file] {
			report(path.Join(blobFolder, file) + " belongs to nothing")
		}
	}
	return err
}

func (e *Engine) checkBlob(ctx context.Context, t Tenant, name BlobName, r blobRecord) error {
	content, err := e.Blobs.Open(ctx, t, name)
	if errors.Is(err, ErrBlobGone) {
		return &CorruptError{File: blobPath(name), Reason: os.ErrNotExist.Error()}
	}
	if err != nil {
		return err
	}
	defer content.Close()
	n, err := io.Copy(io.Discard, content)
	if err == nil && uint64(n) != r.size {
		err = &CorruptError{File: blobPath(name), Offset: n, Reason: fmt.Sprintf("it holds %d bytes, and its record says %d", n, r.size)}
	}
	return err
}
