package log

import "math"

// counters are the state that the groups of a log add up to.
type counters struct {
	next    uint64            // sequence of the next batch
	floor   uint64            // first offset of a stream that has no event yet: 1, raised by every Raise
	streams map[Stream]uint64 // next offset of every other stream
	chain   uint32            // crc of the last group
}

func newCounters() counters {
	return counters{next: 1, floor: 1, streams: map[Stream]uint64{}}
}

func (c *counters) offset(s Stream) uint64 {
	if next, ok := c.streams[s]; ok {
		return next
	}
	return c.floor
}

// raised returns the counters with by added to each, or false on overflow.
func (c *counters) raised(by uint64) (counters, bool) {
	up := counters{next: c.next + by, floor: c.floor + by, streams: c.streams, chain: c.chain}
	if by == 0 {
		return up, true
	}
	if c.next > math.MaxUint64-by {
		return up, false
	}
	up.streams = make(map[Stream]uint64, len(c.streams))
	for s, next := range c.streams {
		if next > math.MaxUint64-by {
			return up, false
		}
		up.streams[s] = next + by
	}
	return up, true
}

// follow checks that g continues the log, adds it, and says what is wrong, or
// "". A snapshot must repeat the counters exactly, but for its raise.
func (c *counters) follow(g *group) (wrong string) {
	if g.previous != c.chain {
		return "the group does not continue the one before it"
	}
	if g.kind == kindSnapshot {
		wrong = c.followSnapshot(g)
	} else {
		wrong = c.followBatches(g)
	}
	c.chain = g.crc
	return wrong
}

func (c *counters) followBatches(g *group) string {
	if g.first != c.next {
		return "the sequence is not dense"
	}
	gap := false
	wrong, _ := g.records(func(r Record) error {
		gap = gap || r.Offset != c.offset(r.Stream) || r.Count == 0
		c.streams[r.Stream] = r.Offset + uint64(r.Count)
		return nil
	})
	if wrong == "" && gap {
		wrong = "the offsets of a stream are not dense"
	}
	c.next += uint64(g.count)
	return wrong
}

func (c *counters) followSnapshot(g *group) string {
	s, wrong := parseSnapshot(g)
	if wrong != "" {
		return wrong
	}
	up, ok := c.raised(s.raise)
	if !ok || g.first != up.next || s.floor != up.floor || len(s.streams) != len(up.streams) {
		return "the snapshot contradicts the groups before it"
	}
	for stream, next := range s.streams {
		if up.streams[stream] != next {
			return "the snapshot contradicts the groups before it"
		}
	}
	*c = up
	return ""
}

// start takes the counters from a snapshot, where nothing before it is known.
func (c *counters) start(g *group) (wrong string) {
	s, wrong := parseSnapshot(g)
	*c = counters{next: g.first, floor: s.floor, streams: s.streams, chain: g.crc}
	return wrong
}
