package log

const (
	snapshotFixedSize = 32
	snapshotEntrySize = 40
)

// snapshot is the body of the first group of a segment.
type snapshot struct {
	raise         uint64 // what was added to every counter since the group before
	floor         uint64
	previousFirst uint64 // sequence that the segment before began with; 0: there was none
	previousEnd   int64  // where its last group ends
	streams       map[Stream]uint64
}

func snapshotLength(streams int) int64 {
	return groupLength(snapshotFixedSize + int64(streams)*snapshotEntrySize)
}

// appendSnapshot leaves streams in the order of the map: sorting a million of
// them would hold up the writer, and nobody needs it.
func appendSnapshot(b []byte, s snapshot) []byte {
	b = le.AppendUint64(b, s.raise)
	b = le.AppendUint64(b, s.floor)
	b = le.AppendUint64(b, s.previousFirst)
	b = le.AppendUint64(b, uint64(s.previousEnd))
	for stream, next := range s.streams {
		b = append(b, stream.Tenant[:]...)
		b = append(b, stream.ID[:]...)
		b = le.AppendUint64(b, next)
	}
	return b
}

// parseSnapshotFixed reads what stands before the streams.
func parseSnapshotFixed(b []byte) snapshot {
	return snapshot{
		raise:         le.Uint64(b),
		floor:         le.Uint64(b[8:]),
		previousFirst: le.Uint64(b[16:]),
		previousEnd:   int64(le.Uint64(b[24:])),
	}
}

func parseSnapshot(g *group) (s snapshot, wrong string) {
	if g.kind != kindSnapshot {
		return s, "the segment does not begin with a snapshot"
	}
	if int64(g.length) != snapshotLength(int(g.count)) {
		return s, "the snapshot has the wrong length"
	}
	s = parseSnapshotFixed(g.body)
	s.streams = make(map[Stream]uint64, g.count)
	rest := g.body[snapshotFixedSize:]
	for range g.count {
		s.streams[Stream{Tenant: [16]byte(rest), ID: [16]byte(rest[16:])}] = le.Uint64(rest[32:])
		rest = rest[snapshotEntrySize:]
	}
	if len(s.streams) != int(g.count) {
		return s, "the snapshot names a stream twice"
	}
	return s, ""
}
