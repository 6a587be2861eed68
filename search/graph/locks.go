package graph

import "sync"

// locks guard the lists of rows while several workers build, many rows to a
// lock. nil guards nothing. A worker holds one at a time.
type locks [1024]sync.Mutex

func (l *locks) lock(row uint32) {
	if l != nil {
		l[row%uint32(len(l))].Lock()
	}
}

func (l *locks) unlock(row uint32) {
	if l != nil {
		l[row%uint32(len(l))].Unlock()
	}
}

// neighbours are the links of a row: a copy in the scratch, where others write.
func (l *locks) neighbours(g *Graph, s *Scratch, row uint32, level int) []uint32 {
	if l == nil {
		return g.neighbours(row, level)
	}
	l.lock(row)
	s.copied = append(s.copied[:0], g.neighbours(row, level)...)
	l.unlock(row)
	return s.copied
}
