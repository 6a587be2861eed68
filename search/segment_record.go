package search

import (
	"encoding/binary"

	"quintet/engine"
)

// segmentRecord says where the file of a sealed part is.
type segmentRecord struct {
	id   engine.ID
	blob engine.BlobName
	rows uint32
	size uint64 // of the file
}

const (
	formatSegmentRecord = 1
	segmentRecordBytes  = 1 + 32 + 4 + 8
)

func (r *segmentRecord) encode() []byte {
	b := append(make([]byte, 0, segmentRecordBytes), formatSegmentRecord)
	b = append(b, r.blob[:]...)
	b = binary.LittleEndian.AppendUint32(b, r.rows)
	return binary.LittleEndian.AppendUint64(b, r.size)
}

// decodeSegmentRecord reads a record and its key.
func decodeSegmentRecord(key, value []byte) (*segmentRecord, error) {
	if len(key) != 32 || len(value) != segmentRecordBytes || value[0] != formatSegmentRecord {
		return nil, corrupt(bucketSegments, "a segment's record of %d bytes cannot be read", len(value))
	}
	r := &segmentRecord{id: engine.ID(key[16:]), blob: engine.BlobName(value[1:33])}
	r.rows, r.size = binary.LittleEndian.Uint32(value[33:]), binary.LittleEndian.Uint64(value[37:])
	return r, nil
}

// replaceSegments puts the record of a new segment, nil for none, in the place
// of others, and gives their files back. What is gone already is no fault: the
// segments of a collection are derived, and may be replaced twice.
func (s *Service) replaceSegments(tx *engine.Tx, collection engine.ID, fresh *segmentRecord, old []*segmentRecord) error {
	for _, r := range old {
		key := segmentKey(collection, r.id)
		if tx.Get(bucketSegments, key) == nil {
			continue
		}
		tx.Delete(bucketSegments, key)
		if err := s.e.Blobs.Release(tx, r.blob, s.e.Clock.Now()); err != nil && err != engine.ErrBlobGone {
			return err
		}
	}
	if fresh == nil {
		return nil
	}
	if err := s.e.Blobs.Reference(tx, fresh.blob); err != nil {
		return err
	}
	tx.Put(bucketSegments, segmentKey(collection, fresh.id), fresh.encode())
	return nil
}
