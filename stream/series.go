package stream

import "sync/atomic"

// otherSeries is the id of the series that stands for all beyond the cap.
const otherSeries = 0

// quota counts what a tenant has of something, up to a limit.
type quota struct {
	limit int64
	used  atomic.Int64
}

func (q *quota) take() bool {
	if q.used.Add(1) > q.limit {
		q.used.Add(-1)
		return false
	}
	return true
}

func (q *quota) give(n int) { q.used.Add(-int64(n)) }

// dictionary gives the series of one stream small numbers, for as long as any
// window holds them. Its keys come from users; Go's map compares them whole
// and seeds its hash.
type dictionary struct {
	limit   int
	tenant  *quota
	ids     map[string]uint32
	keys    []string // by id; "" where the id is free or other's
	uses    []uint32 // windows that hold the id
	free    []uint32
	version uint64 // rises when an id changes its meaning
	bytes   int64
}

// dictionaryEntry is about what one series costs beside its key.
const dictionaryEntry = 64

func newDictionary(limit int, tenant *quota) *dictionary {
	return &dictionary{limit: limit, tenant: tenant, ids: map[string]uint32{}, keys: []string{""}, uses: []uint32{0}}
}

// id returns the series of a key, made when missing; otherSeries at the cap.
func (d *dictionary) id(key []byte) uint32 {
	if id, ok := d.ids[string(key)]; ok {
		return id
	}
	if string(key) == otherKey || len(d.ids) >= d.limit || !d.tenant.take() {
		return otherSeries
	}
	own := string(key)
	id := uint32(len(d.keys))
	if n := len(d.free); n > 0 {
		id, d.free = d.free[n-1], d.free[:n-1]
		d.keys[id] = own
		d.version++
	} else {
		d.keys, d.uses = append(d.keys, own), append(d.uses, 0)
	}
	d.ids[own] = id
	d.bytes += int64(len(own)) + dictionaryEntry
	return id
}

// use notes that one more window holds the series.
func (d *dictionary) use(id uint32) { d.uses[id]++ }

// drop takes that back, and forgets a series that no window holds.
func (d *dictionary) drop(id uint32) {
	if d.uses[id]--; d.uses[id] > 0 || id == otherSeries {
		return
	}
	key := d.keys[id]
	delete(d.ids, key)
	d.keys[id] = ""
	d.free = append(d.free, id)
	d.bytes -= int64(len(key)) + dictionaryEntry
	d.tenant.give(1)
}

// key returns the key of a series.
func (d *dictionary) key(id uint32) string {
	if id == otherSeries {
		return otherKey
	}
	return d.keys[id]
}

// size is the number of series.
func (d *dictionary) size() int { return len(d.ids) }
