package stream

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"

	"quintet/engine"
)

// locate returns a position from which on a reader meets the event at offset,
// or the first one kept where it is older.
func (s *Streams) locate(ctx context.Context, st *stream, offset uint64) (position uint64, err error) {
	parts := s.index.parts(st)
	for _, p := range slices.Backward(parts) {
		if p.first <= offset {
			return p.from, nil
		}
	}
	err = s.engine.Store.View(ctx, st.tenant, func(v *engine.View) error {
		position = 0
		last := binary.BigEndian.AppendUint64(st.id[:], offset)
		for key, value := range v.Descend(bucketSpans, st.id[:], append(last, 0)) {
			p, err := decodePart(key, value)
			position = p.from
			return err
		}
		return nil
	})
	return max(position, s.engine.Events.First()), err
}

// stretch is a run of positions.
type stretch struct{ from, to uint64 }

// overlaps returns the stretches of the log that hold every event of a stream
// with from ≤ second < to, rising, and how many events of the stream are there.
func (s *Streams) overlaps(ctx context.Context, st *stream, from, to int64) (all []stretch, events uint64, err error) {
	parts := s.index.parts(st) // before the store: what moves meanwhile is found twice
	err = s.engine.Store.View(ctx, st.tenant, func(v *engine.View) error {
		stored, err := storedParts(v, st.id)
		parts = append(stored, parts...)
		return err
	})
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(a.from, b.from) })
	first := s.engine.Events.First()
	for i, p := range parts {
		switch {
		case i > 0 && p.from == parts[i-1].from, p.to <= first, p.most < from, p.least >= to:
			continue
		}
		events += p.count
		if n := len(all); n > 0 && all[n-1].to == p.from {
			all[n-1].to = p.to
		} else {
			all = append(all, stretch{max(p.from, first), p.to})
		}
	}
	return all, events, err
}

func storedParts(v *engine.View, id engine.ID) (parts []part, err error) {
	for key, value := range v.Scan(bucketSpans, id[:], after(id)) {
		p, err := decodePart(key, value)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// after returns the first key behind all that begin with id. Ids begin with a
// time and never consist of 0xff.
func after(id engine.ID) []byte {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i]++; id[i] != 0 {
			break
		}
	}
	return id[:]
}

// markBefore returns the position of the last mark before which everything
// was received at or before a time, 0 if there is none.
func (s *Streams) markBefore(ctx context.Context, received int64) (position uint64, err error) {
	err = s.engine.Store.View(ctx, s.engine.Tenants.Platform(), func(v *engine.View) error {
		position = 0
		for key, value := range v.Descend(bucketMarks, nil, nil) {
			if len(key) != 8 || len(value) != 8 {
				return damaged(bucketMarks)
			}
			if int64(binary.BigEndian.Uint64(value)) <= received {
				position = binary.BigEndian.Uint64(key)
				return nil
			}
		}
		return nil
	})
	return position, err
}

// lastMark returns the newest mark: all before it is in the store's spans.
func (s *Streams) lastMark(ctx context.Context) (position uint64, received int64, err error) {
	err = s.engine.Store.View(ctx, s.engine.Tenants.Platform(), func(v *engine.View) error {
		position, received = 0, 0
		for key, value := range v.Descend(bucketMarks, nil, nil) {
			if len(key) != 8 || len(value) != 8 {
				return damaged(bucketMarks)
			}
			position, received = binary.BigEndian.Uint64(key), int64(binary.BigEndian.Uint64(value))
			return nil
		}
		return nil
	})
	return position, received, err
}
