package log_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"quintet/engine/enginetest"
	"quintet/engine/log"
)

// model is what a log is: a list. Each step compares the two.
type model struct {
	disk    *enginetest.Disk
	log     *log.Log
	records []log.Record
	end     uint64
	floor   uint64
	next    map[log.Stream]uint64
	trimmed uint64
}

func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{disk: enginetest.NewDisk(1), end: 1, floor: 1, next: map[log.Stream]uint64{}}
		m.reopen(t)
		t.Repeat(map[string]func(*rapid.T){
			"append": m.append,
			"read":   m.read,
			"trim":   m.trim,
			"raise":  m.raise,
			"close": func(t *rapid.T) {
				if err := m.log.Close(); err != nil {
					t.Fatal(err)
				}
				m.reopen(t)
			},
			"crash": func(t *rapid.T) {
				m.disk = m.disk.Crash()
				m.log.Close()
				m.reopen(t)
			},
			"": m.same,
		})
		m.log.Close()
	})
}

func (m *model) reopen(t *rapid.T) {
	l, _, err := log.Open(m.disk, ".", small)
	if err != nil {
		t.Fatal(err)
	}
	m.log = l
}

func (m *model) offset(s log.Stream) uint64 { return max(m.next[s], m.floor) }

func (m *model) append(t *rapid.T) {
	b := log.Batch{
		Stream: stream(rapid.IntRange(0, 3).Draw(t, "stream")),
		Count:  rapid.Uint32Range(1, 9).Draw(t, "count"),
		Data:   payload(m.end, rapid.IntRange(0, small.MaxBatch()).Draw(t, "size")),
	}
	got, err := m.log.Append(ctx, b)
	if want := (log.Receipt{Sequence: m.end, Offset: m.offset(b.Stream)}); err != nil || got != want {
		t.Fatalf("got %+v, want %+v: %v", got, want, err)
	}
	m.records = append(m.records, log.Record{Sequence: got.Sequence, Offset: got.Offset, Batch: b})
	m.next[b.Stream] = got.Offset + uint64(b.Count)
	m.end++
}

func (m *model) read(t *rapid.T) {
	from := rapid.Uint64Range(m.log.First(), m.end).Draw(t, "from")
	var got []log.Record
	next, err := m.log.Read(ctx, from, func(r log.Record) error {
		r.Data = slices.Clone(r.Data)
		got = append(got, r)
		return nil
	})
	if err != nil || next != m.end {
		t.Fatalf("read up to %d of %d: %v", next, m.end, err)
	}
	i, _ := slices.BinarySearchFunc(m.records, from, func(r log.Record, from uint64) int {
		return int(int64(r.Sequence) - int64(from))
	})
	if !slices.EqualFunc(got, m.records[i:], equal) {
		t.Fatalf("from %d: %d batches, want %d", from, len(got), len(m.records)-i)
	}
}

func (m *model) trim(t *rapid.T) {
	before := rapid.Uint64Range(0, m.end+5).Draw(t, "before")
	if err := m.log.Trim(before); err != nil {
		t.Fatal(err)
	}
	m.trimmed = max(m.trimmed, before)
}

func (m *model) raise(t *rapid.T) {
	by := rapid.Uint64Range(0, 1<<40).Draw(t, "by")
	if err := m.log.Raise(by); err != nil {
		t.Fatal(err)
	}
	m.end += by
	m.floor += by
	for s := range m.next {
		m.next[s] += by
	}
}

func (m *model) same(t *rapid.T) {
	if m.log.End() != m.end {
		t.Fatalf("end %d, want %d", m.log.End(), m.end)
	}
	for i := range 4 {
		if s := stream(i); m.log.Next(s) != m.offset(s) {
			t.Fatalf("next of stream %d is %d, want %d", i, m.log.Next(s), m.offset(s))
		}
	}
	for _, r := range m.records {
		if r.Sequence >= m.trimmed && r.Sequence < m.log.First() {
			t.Fatalf("first %d, trimmed only below %d", m.log.First(), m.trimmed)
		}
	}
}
