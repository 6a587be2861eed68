//go:build !linux

package disk

import "os"

func syncData(f *os.File) error { return f.Sync() }

func (f osFile) Allocate(size int64) error { return zeroFill(f.File, size) }
