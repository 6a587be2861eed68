package graph

import (
	"encoding/binary"
	"errors"
	"fmt"

	"quintet/search/bitset"
)

const magic = "QGR1"

const (
	headerSize = 16
	rowSize    = 2 // of a row without links

	// The room for links at the upper levels that a graph may ask for: a byte
	// could otherwise ask for a list of 65 words. Drawn levels take 2 words a
	// row at most, but for chance.
	upperShare = 8
	upperRoom  = 4096
)

// ErrDamaged is what Open returns, wrapped, for bytes that are no graph over
// the vectors.
var ErrDamaged = errors.New("graph: damaged")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// Append appends the links to b, as FORMAT.md says. The vectors are not among
// them.
func (g *Graph) Append(b []byte) []byte {
	le := binary.LittleEndian
	b = append(b, magic...)
	b = le.AppendUint32(b, uint32(g.links))
	b = le.AppendUint32(b, uint32(g.Rows()))
	b = le.AppendUint32(b, g.entry)
	for row := range uint32(g.Rows()) {
		level := g.level(row)
		b = append(b, byte(level))
		for l := 0; l <= level; l++ {
			list := g.neighbours(row, l)
			b = append(b, byte(len(list)))
			for _, n := range list {
				b = le.AppendUint32(b, n)
			}
		}
	}
	return b
}

// Open reads what Append wrote, for the same vectors. It keeps nothing of b. It
// checks that every link leads to a row at that level and that every row can be
// reached, so whatever it accepts is safe to search; it cannot tell whether a
// link is a good one. It allocates at most
// nine times the bytes of v and b, and 32 KiB.
func Open(b []byte, v Vectors) (*Graph, error) {
	if err := v.check(); err != nil {
		return nil, err
	}
	if len(b) < headerSize || string(b[:4]) != magic {
		return nil, damaged("no graph")
	}
	le := binary.LittleEndian
	links, rows, entry := le.Uint32(b[4:]), le.Uint32(b[8:]), le.Uint32(b[12:])
	if links < 2 || links > maxLinks {
		return nil, damaged("%d links", links)
	}
	if int(rows) != v.Rows() {
		return nil, damaged("%d rows for %d vectors", rows, v.Rows())
	}
	if len(b) < headerSize+rowSize*int(rows) {
		return nil, damaged("%d bytes for %d rows", len(b), rows)
	}
	levels, err := readLevels(b[headerSize:], int(rows), int(links))
	if err != nil {
		return nil, err
	}
	g := newGraph(v, int(links), levels)
	if rows > 0 && (entry >= rows || int(levels[entry]) != g.top) || rows == 0 && entry != 0 {
		return nil, damaged("row %d as the entry", entry)
	}
	g.entry = entry
	if err := g.readLists(b[headerSize:]); err != nil {
		return nil, err
	}
	if missed := g.unreached(); missed > 0 {
		return nil, damaged("%d rows out of reach", missed)
	}
	return g, nil
}

// readLevels reads the level of each row and holds that the lists fill b
// exactly, so that readLists need not ask.
func readLevels(b []byte, rows, links int) ([]uint8, error) {
	levels, room := make([]uint8, rows), upperRoom+upperShare*rows
	for row := range levels {
		if len(b) == 0 || b[0] > maxLevel {
			return nil, damaged("the level of row %d", row)
		}
		levels[row] = b[0]
		b = b[1:]
		if room -= links * int(levels[row]); room < 0 {
			return nil, damaged("more rows at the upper levels than are ever drawn")
		}
		for level := 0; level <= int(levels[row]); level++ {
			most := links
			if level == 0 {
				most = 2 * links
			}
			if len(b) == 0 || int(b[0]) > most || len(b) < 1+4*int(b[0]) {
				return nil, damaged("a list of row %d", row)
			}
			b = b[1+4*int(b[0]):]
		}
	}
	if len(b) > 0 {
		return nil, damaged("%d bytes too many", len(b))
	}
	return levels, nil
}

// readLists reads the lists of all rows, of which the levels are set.
func (g *Graph) readLists(b []byte) error {
	for row := range uint32(g.Rows()) {
		level := g.level(row)
		b = b[1:]
		for l := 0; l <= level; l++ {
			list, count := g.list(row, l), int(b[0])
			list[0] = uint32(count)
			for i := range count {
				next := binary.LittleEndian.Uint32(b[1+4*i:])
				if int(next) >= g.Rows() || g.level(next) < l {
					return damaged("a link from row %d to %d at level %d", row, next, l)
				}
				list[1+i] = next
			}
			b = b[1+4*count:]
		}
	}
	return nil
}

// unreached is how many rows cannot be reached from the entry at level 0.
func (g *Graph) unreached() int {
	if g.Rows() == 0 {
		return 0
	}
	reached := bitset.New(g.Rows())
	g.reach(reached, g.entry)
	return g.Rows() - reached.Count()
}
