package search

import "quintet/engine"

// checkSnapshots holds that every snapshot belongs to a collection and has all
// its parts, and that no part belongs to nothing. The engine reads the blobs.
func (c *checking) checkSnapshots() {
	whole := map[engine.ID]bool{}
	for key, value := range c.v.Scan(bucketSnapshots, nil, nil) {
		collection, id, ok := splitSnapshotKey(key)
		r, err := decodeSnapshotRecord(value)
		if !ok || err != nil {
			c.report("the record of a snapshot cannot be read")
			continue
		}
		if c.v.Get(bucketCollections, []byte(collection)) == nil {
			c.report("snapshot %s belongs to no collection", id)
		}
		if whole[id] = true; c.dropped[id] {
			c.report("snapshot %s is there, and noted as deleted", id)
		}
		if _, err := partsOf(c.v, id, r); err != nil {
			c.report("%v", err)
		}
	}
	for key := range c.v.Keys(bucketParts, nil, nil) {
		if len(key) != 20 || !whole[engine.ID(key[:16])] && !c.dropped[engine.ID(key[:16])] {
			c.report("a part belongs to no snapshot")
		}
	}
}
