package log

import (
	"hash/crc32"
	"slices"
	"testing"
)

// FuzzGroup gives the decoder any bytes, and again with the checksum and
// length made right, so that it also sees what no checksum catches. Whatever
// it accepts must come back from the encoder byte for byte.
func FuzzGroup(f *testing.F) {
	batches := append(make([]byte, groupHeaderSize), appendRecord(nil, 7, &Batch{Count: 2, Data: []byte("sealed")})...)
	batches, _ = sealGroup(batches, groupHeader{count: 1, first: 3, kind: kindBatches})
	f.Add(batches)
	streams := snapshot{floor: 1, streams: map[Stream]uint64{{}: 5}}
	snap, _ := sealGroup(appendSnapshot(make([]byte, groupHeaderSize), streams), groupHeader{count: 1, first: 3, kind: kindSnapshot})
	f.Add(snap)
	f.Fuzz(func(t *testing.T, b []byte) {
		decode(t, b)
		if len(b) >= groupHeaderSize {
			b = b[:len(b)/groupAlign*groupAlign]
			copy(b, groupMagic[:])
			le.PutUint32(b[8:], uint32(len(b)))
			le.PutUint32(b[4:], crc32.Checksum(b[8:], castagnoli))
			decode(t, b)
		}
	})
}

func decode(t *testing.T, b []byte) {
	g, wrong := parseGroup(b)
	if wrong != "" {
		return
	}
	if g.kind == kindSnapshot {
		s, wrong := parseSnapshot(&g)
		if wrong == "" && len(s.streams)*snapshotEntrySize > len(b) {
			t.Fatalf("%d streams out of %d bytes", len(s.streams), len(b))
		}
		return
	}
	again := make([]byte, groupHeaderSize)
	wrong, err := g.records(func(r Record) error {
		again = appendRecord(again, r.Offset, &r.Batch)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if wrong != "" {
		return
	}
	if again, _ = sealGroup(again, g.groupHeader); !slices.Equal(again[groupHeaderSize:], g.body) {
		t.Fatal("the body does not come back")
	}
}
