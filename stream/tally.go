package stream

import (
	"bytes"
	"hash/maphash"
	"math"
	"unsafe"
)

// measure is what is known of one measure over some events.
type measure struct {
	n             uint64 // events that have it
	sum, min, max float64
}

func (m *measure) add(v float64) {
	if m.n == 0 || v < m.min {
		m.min = v
	}
	if m.n == 0 || v > m.max {
		m.max = v
	}
	m.n++
	m.sum += v
}

func (m *measure) merge(o measure) {
	switch {
	case o.n == 0:
	case m.n == 0:
		*m = o
	default:
		m.min, m.max = math.Min(m.min, o.min), math.Max(m.max, o.max)
		m.n += o.n
		m.sum += o.sum
	}
}

// tally counts by window and key: the events of a batch, the answer of a query,
// what a live query has yet to send. It is a table with open addressing that
// compares whole keys; its seed is drawn anew for each process, because keys
// come from users. Not safe for concurrent use.
type tally struct {
	width   int      // measures
	slots   []uint32 // entry + 1, 0 = free; their number is a power of two
	entries []entry
	cells   []measure // width of them for each entry
	keys    []byte    // of all entries
}

// entry is one window and key. The window is what the user of the tally takes
// it for, most often a Unix second.
type entry struct {
	hash     uint64
	window   int64
	count    uint64
	from, to uint32 // the key in keys
}

var tallySeed = maphash.MakeSeed()

const minSlots = 64

func newTally(width int) *tally {
	return &tally{width: width, slots: make([]uint32, minSlots)}
}

// hashKey is the part of an entry's hash that a caller may keep.
func hashKey(key []byte) uint64 { return maphash.Bytes(tallySeed, key) }

// at returns the place of window and key among the entries, made when missing.
// The key is copied only then.
func (t *tally) at(window int64, key []byte, keyHash uint64) int {
	hash := keyHash + uint64(window)*0x9e3779b97f4a7c15
	hash ^= hash >> 32
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		slot := t.slots[i]
		if slot == 0 {
			return t.insert(i, hash, window, key)
		}
		e := &t.entries[slot-1]
		if e.hash == hash && e.window == window && bytes.Equal(t.keys[e.from:e.to], key) {
			return int(slot - 1)
		}
	}
}

func (t *tally) insert(slot, hash uint64, window int64, key []byte) int {
	from := uint32(len(t.keys))
	t.keys = append(t.keys, key...)
	t.entries = append(t.entries, entry{hash: hash, window: window, from: from, to: uint32(len(t.keys))})
	for range t.width {
		t.cells = append(t.cells, measure{})
	}
	t.slots[slot] = uint32(len(t.entries))
	if 4*len(t.entries) > 3*len(t.slots) {
		t.grow()
	}
	return len(t.entries) - 1
}

func (t *tally) grow() {
	t.slots = make([]uint32, 2*len(t.slots))
	mask := uint64(len(t.slots) - 1)
	for n := range t.entries {
		i := t.entries[n].hash & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = uint32(n + 1)
	}
}

// add counts one event.
func (t *tally) add(window int64, key []byte, e *event) {
	i := t.at(window, key, hashKey(key))
	t.entries[i].count++
	if e.present == 0 {
		return
	}
	cells := t.row(i)
	for m := range cells {
		if e.present&(1<<m) != 0 {
			cells[m].add(e.values[m])
		}
	}
}

// merge adds what is known of other events.
func (t *tally) merge(window int64, key []byte, keyHash uint64, count uint64, cells []measure) {
	i := t.at(window, key, keyHash)
	t.entries[i].count += count
	for m, own := 0, t.row(i); m < len(own); m++ {
		own[m].merge(cells[m])
	}
}

// row returns the measures of an entry.
func (t *tally) row(i int) []measure { return t.cells[i*t.width : (i+1)*t.width] }

// key returns the key of an entry.
func (t *tally) key(e *entry) []byte { return t.keys[e.from:e.to:e.to] }

// bytes is about what t holds in memory.
func (t *tally) bytes() int {
	return 4*cap(t.slots) + int(unsafe.Sizeof(entry{}))*cap(t.entries) + int(unsafe.Sizeof(measure{}))*cap(t.cells) + cap(t.keys)
}

// reset empties t for another use.
func (t *tally) reset(width int) {
	t.width = width
	clear(t.slots)
	t.entries, t.cells, t.keys = t.entries[:0], t.cells[:0], t.keys[:0]
}

// reach returns the least and the greatest window.
func (t *tally) reach() (least, most int64) {
	least = math.MaxInt64
	for i := range t.entries {
		least, most = min(least, t.entries[i].window), max(most, t.entries[i].window)
	}
	return least, most
}
