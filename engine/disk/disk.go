// Package disk is the small file interface that everything durable outside
// the store writes through: the log, the blobs and the keyring.
//
// It has two implementations. [OS] is the real one. The simulated disk of
// package enginetest forgets what was not synced, tears writes and fails on
// demand, so that a seeded test can cut the power at every instant.
//
// Two rules make a change durable, and every caller follows both: the bytes
// of a file are on disk when [File.Sync] has returned, and its name is on
// disk when [FS.SyncDir] of its folder has returned.
package disk

import "io"

// FS is a tree of files below one root. Names are relative to the root and
// slash-separated; folders are made by the owner of the root beforehand.
// All methods are safe for concurrent use. A missing file is reported by an
// error that matches [io/fs.ErrNotExist], a full disk by one that [IsFull].
type FS interface {
	// Open opens a file for reading and writing; flag takes os.O_CREATE,
	// os.O_EXCL and os.O_TRUNC. A new file is readable by its owner only.
	Open(name string, flag int) (File, error)
	// Rename replaces to by from. It is durable after SyncDir of the folder.
	Rename(from, to string) error
	// Remove deletes a file. It is durable after SyncDir of the folder.
	Remove(name string) error
	// List returns the names in a folder, sorted, without the folder's own.
	List(dir string) ([]string, error)
	// SyncDir makes the names in a folder durable.
	SyncDir(dir string) error
}

// File is an open file. ReadAt and WriteAt keep the contracts of io.ReaderAt
// and io.WriterAt; a write beyond the end extends the file.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Allocate extends the file to size bytes that read as zero and reserves
	// their space, so that a later write inside them cannot fill the disk.
	Allocate(size int64) error
	// Sync returns when every byte written so far is on disk. After an error
	// the unsynced bytes may be lost although a second Sync succeeds: the
	// caller must stop writing for good.
	Sync() error
	// Size returns the length in bytes.
	Size() (int64, error)
}
