package scheduler

import (
	"encoding/binary"

	"quintet/engine"
)

// index finds an entry by the job's id. It keeps numbers alone, 4 bytes in a
// table that is at most three quarters full, and reads the ids from the
// entries: a map of ids takes five times as much.
//
// Ids are random in their last 62 bits (RFC 9562 §5.7), so these are the hash:
// the upper ones choose the table, the lower ones the slot. There are many
// small tables, since one of them that grows makes everybody wait.
type index struct{ tables [indexTables]idTable }

const (
	indexTables = 1 << 12
	firstSlots  = 8
)

// idTable is open addressing with linear probing. 0 is a free slot.
type idTable struct {
	slots []uint32 // a power of two of them
	used  int
}

func hashOf(id engine.ID) uint64 { return binary.BigEndian.Uint64(id[8:]) }

// home is the slot in which a hash is looked for first.
func (t *idTable) home(hash uint64) int { return int(hash) & (len(t.slots) - 1) }

func (t *idTable) after(slot int) int { return (slot + 1) & (len(t.slots) - 1) }

func (x *index) table(hash uint64) *idTable { return &x.tables[hash>>50&(indexTables-1)] }

// lookup returns the entry of a tenant's unfinished job.
func (b *board) lookup(tb *tenantBoard, id engine.ID) (i uint32, known bool) {
	if tb == nil {
		return 0, false
	}
	hash := hashOf(id)
	t := b.index.table(hash)
	if t.used == 0 {
		return 0, false
	}
	for slot := t.home(hash); t.slots[slot] != 0; slot = t.after(slot) {
		i := t.slots[slot]
		if e := b.entries.at(i); e.id == id && b.groups[e.group].line.tenant == tb.tenant {
			return i, true
		}
	}
	return 0, false
}

// list puts an entry into the index. It must have its id.
func (b *board) list(i uint32) {
	hash := hashOf(b.entries.at(i).id)
	t := b.index.table(hash)
	if 4*(t.used+1) > 3*len(t.slots) {
		b.grow(t)
	}
	t.used++
	b.place(t, i)
}

func (b *board) place(t *idTable, i uint32) {
	slot := t.home(hashOf(b.entries.at(i).id))
	for t.slots[slot] != 0 {
		slot = t.after(slot)
	}
	t.slots[slot] = i
}

func (b *board) grow(t *idTable) {
	before := t.slots
	t.slots = make([]uint32, max(firstSlots, 2*len(before)))
	for _, i := range before {
		if i != 0 {
			b.place(t, i)
		}
	}
}

// unlist takes an entry out of the index. What stands behind it and would no
// longer be found moves up (Knuth, The Art of Computer Programming 3, §6.4,
// algorithm R), so that a table of jobs that come and go never fills up.
func (b *board) unlist(i uint32) {
	hash := hashOf(b.entries.at(i).id)
	t := b.index.table(hash)
	slot := t.home(hash)
	for t.slots[slot] != i {
		slot = t.after(slot)
	}
	t.used--
	for next := t.after(slot); t.slots[next] != 0; next = t.after(next) {
		home := t.home(hashOf(b.entries.at(t.slots[next]).id))
		if from := next - home; from&(len(t.slots)-1) >= (next-slot)&(len(t.slots)-1) {
			t.slots[slot] = t.slots[next]
			slot = next
		}
	}
	t.slots[slot] = 0
}
