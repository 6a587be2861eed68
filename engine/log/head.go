package log

import (
	"fmt"
	"hash/crc32"

	"quintet/engine/disk"
)

// headSize is the length of what each of the three kinds of file begins with,
// in every version of the format: magic (8 bytes), version (4), checksum (4).
const headSize = 16

// sealHead puts the checksum of everything but itself into bytes 12 to 16.
func sealHead(b []byte) []byte {
	le.PutUint32(b[12:], headChecksum(b))
	return b
}

func headChecksum(b []byte) uint32 {
	return crc32.Update(crc32.Checksum(b[:12], castagnoli), castagnoli, b[16:])
}

// readFile reads the whole of a small file.
func (l *Log) readFile(name string, magic [8]byte, version uint32) ([]byte, error) {
	b, err := disk.ReadFile(l.fs, l.path(name))
	if err != nil {
		return nil, err
	}
	return b, l.checkHead(name, b, magic, version)
}

// checkHead checks b, which the checksum covers in full.
func (l *Log) checkHead(name string, b []byte, magic [8]byte, version uint32) error {
	if len(b) < headSize {
		return l.corrupt(name, int64(len(b)), "the file is cut short")
	}
	if [8]byte(b) != magic || le.Uint32(b[12:]) != headChecksum(b) {
		return l.corrupt(name, 0, "the content does not match its checksum")
	}
	if found := le.Uint32(b[8:]); found != version {
		return fmt.Errorf("%s has format %d, this version knows %d: %w", l.path(name), found, version, ErrNewer)
	}
	return nil
}
