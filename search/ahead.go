package search

import "sync"

// maxAhead bounds the documents, in bytes, whose words wait for a commit; these
// take several times as much.
const maxAhead = 2 << 20

// ahead has what was read of documents before they were written, for the
// indexes that follow the commit: else they would read them once more, one
// after the other. It holds those whose update is under way, and not all of
// them where they are many: a row can be made without it. Safe for concurrent
// use.
type ahead struct {
	mu       sync.Mutex
	readings map[version]*reading
	bytes    int
}

// read reads documents that are about to be written. Call release once they are.
func (a *ahead) read(puts []*Put) (release func()) {
	total := 0
	for _, p := range puts {
		total += len(p.document.json)
	}
	a.mu.Lock()
	full := a.bytes > 0 && a.bytes+total > maxAhead
	if !full {
		a.bytes += total
	}
	a.mu.Unlock()
	if full {
		return func() {}
	}
	readings := make([]*reading, len(puts))
	for i, p := range puts {
		readings[i] = p.schema.read(p.values)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, p := range puts {
		a.readings[p.version] = readings[i]
	}
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, p := range puts {
			delete(a.readings, p.version)
		}
		a.bytes -= total
	}
}

// take hands out what was read of a document, nil where there is nothing.
func (a *ahead) take(v version) *reading {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.readings[v]
	delete(a.readings, v)
	return r
}
