package search

import (
	"encoding/binary"
	"time"

	"quintet/engine"
)

// snapshotRecord is a snapshot as it is stored, JSON in bucketSnapshots. The
// name of its collection begins the key, so that it stays when the definition
// is replaced and goes when the collection does.
type snapshotRecord struct {
	Documents uint64    `json:"documents"`
	Bytes     int64     `json:"bytes"`
	Parts     uint32    `json:"parts"`
	Created   time.Time `json:"created"`
}

func decodeSnapshotRecord(value []byte) (*snapshotRecord, error) {
	return decode[snapshotRecord](bucketSnapshots, "a snapshot's record", value)
}

func snapshotKey(collection string, id engine.ID) []byte {
	return append(append([]byte(collection), 0), id[:]...)
}

// snapshotsOf are the bounds of the keys of a collection's snapshots.
func snapshotsOf(collection string) (from, to []byte) {
	return append([]byte(collection), 0), append([]byte(collection), 1)
}

// splitSnapshotKey returns the two halves of a key of bucketSnapshots.
func splitSnapshotKey(key []byte) (collection string, id engine.ID, ok bool) {
	at := len(key) - len(id) - 1
	if at < 1 || key[at] != 0 {
		return "", id, false
	}
	return string(key[:at]), engine.ID(key[at+1:]), true
}

func partKey(snapshot engine.ID, number uint32) []byte {
	return binary.BigEndian.AppendUint32(append(make([]byte, 0, 20), snapshot[:]...), number)
}

// snapshotPart says where one part of a snapshot's file is.
type snapshotPart struct {
	blob engine.BlobName
	size uint32
}

const formatPart = 1

func (p snapshotPart) encode() []byte {
	b := append([]byte{formatPart}, p.blob[:]...)
	return binary.LittleEndian.AppendUint32(b, p.size)
}

func decodePart(key, value []byte) (p snapshotPart, err error) {
	if len(key) != 20 || len(value) != 1+32+4 || value[0] != formatPart {
		return p, corrupt(bucketParts, "a part of a snapshot cannot be read")
	}
	return snapshotPart{engine.BlobName(value[1:33]), binary.LittleEndian.Uint32(value[33:])}, nil
}

// dropSnapshots deletes the records of a collection's snapshots; the sweeper
// removes their files.
func dropSnapshots(tx *engine.Tx, collection string) {
	from, to := snapshotsOf(collection)
	for key := range tx.Keys(bucketSnapshots, from, to) {
		dropSnapshot(tx, key)
	}
}

func dropSnapshot(tx *engine.Tx, key []byte) {
	tx.Delete(bucketSnapshots, key)
	if _, id, ok := splitSnapshotKey(key); ok {
		tx.Put(bucketDropped, id[:], []byte{formatDropped})
	}
}
