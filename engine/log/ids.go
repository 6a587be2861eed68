package log

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"quintet/engine/disk"
)

const (
	idsName    = "ids"
	idsVersion = 1
)

var idsMagic = [8]byte{'Q', 'L', 'O', 'G', 'I', 'D', 'S', 0}

func (l *Log) drawID() (id ID, err error) {
	if _, err := io.ReadFull(l.opts.Rand, id[:]); err != nil {
		return id, fmt.Errorf("log: draw an id: %w", err)
	}
	return id, nil
}

// readIDs returns nil when there is no such file yet.
func (l *Log) readIDs() ([]ID, error) {
	b, err := l.readFile(idsName, idsMagic, idsVersion)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if n := len(b) - headSize; n == 0 || n%len(ID{}) != 0 {
		return nil, l.corrupt(idsName, headSize, "the list of log ids has the wrong length")
	}
	var ids []ID
	for rest := b[headSize:]; len(rest) > 0; rest = rest[len(ID{}):] {
		ids = append(ids, ID(rest))
	}
	return ids, nil
}

func (l *Log) writeIDs(ids []ID) error {
	b := make([]byte, headSize)
	copy(b, idsMagic[:])
	le.PutUint32(b[8:], idsVersion)
	for _, id := range ids {
		b = append(b, id[:]...)
	}
	return disk.Replace(l.fs, l.path(idsName), sealHead(b), nil)
}
