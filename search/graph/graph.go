package graph

// Graph is the links between the rows of some Vectors. It does not change and
// is safe for concurrent use.
//
// A row's list at a level is its number of links and then so many rows, in a
// place that has room for the most a level allows.
type Graph struct {
	vectors Vectors
	links   int     // of a row at the upper levels; twice as many at level 0
	entry   uint32  // a row of the highest level
	top     int     // that level
	longest float64 // the length of the longest vector, where a product is the score

	ground []uint32 // the lists at level 0, row after row
	place  []uint32 // where upper says more of a row; 0: it is at level 0 alone
	upper  []uint32 // of such a row: its highest level, then its lists from level 1 on
}

// Neighbour is a row that was found, and its score.
type Neighbour struct {
	Row   uint32
	Score int32
}

// Rows is the number of rows linked.
func (g *Graph) Rows() int { return len(g.place) }

// Memory is how many bytes the links take, without the vectors: about 140 a row
// with 16 links.
func (g *Graph) Memory() int64 {
	return 4 * int64(cap(g.ground)+cap(g.place)+cap(g.upper))
}

// newGraph makes the lists, empty, of rows that reach up to the levels given.
func newGraph(v Vectors, links int, levels []uint8) *Graph {
	g := &Graph{vectors: v, links: links, place: make([]uint32, len(levels))}
	g.ground = make([]uint32, len(levels)*g.width(0))
	size := 1 // place 0 means none
	for row, level := range levels {
		if level > 0 {
			g.place[row] = uint32(size)
			size += 1 + int(level)*g.width(1)
		}
		if int(level) > g.top {
			g.entry, g.top = uint32(row), int(level)
		}
	}
	g.longest = v.longest()
	g.upper = make([]uint32, size)
	for row, level := range levels {
		if level > 0 {
			g.upper[g.place[row]] = uint32(level)
		}
	}
	return g
}

// width is how many words a list takes.
func (g *Graph) width(level int) int {
	if level == 0 {
		return 1 + 2*g.links
	}
	return 1 + g.links
}

// level is the highest level of a row.
func (g *Graph) level(row uint32) int {
	if g.place[row] == 0 {
		return 0
	}
	return int(g.upper[g.place[row]])
}

// list is the list of a row at one of its levels, with all its room.
func (g *Graph) list(row uint32, level int) []uint32 {
	width := g.width(level)
	if level == 0 {
		return g.ground[int(row)*width:][:width]
	}
	return g.upper[int(g.place[row])+1+(level-1)*width:][:width]
}

// neighbours are the links of a row at one of its levels.
func (g *Graph) neighbours(row uint32, level int) []uint32 {
	list := g.list(row, level)
	return list[1 : 1+list[0]]
}

// link makes rows the links of a row.
func link(list, rows []uint32) {
	list[0] = uint32(len(rows))
	copy(list[1:], rows)
}
