package inverted

import "sort"

// A cursor walks the postings of a source, forwards only. It decodes the rows
// of a block when it enters one, their frequencies when they are asked for.
type cursor struct {
	source
	factor float64
	blocks int
	block  int    // where it stands; blocks at the end
	end    uint32 // the block's last row
	rows   [blockSize]uint32
	tfs    [blockSize]float32
	n, at  int  // rows decoded of the block, and which is next; 0, 0 before
	rated  bool // the block's frequencies are decoded
	peak   struct {
		block int // that value is the bound of, -1 for none
		value float64
	}
}

func (c *cursor) reset(s source, factor float64) {
	c.source, c.factor, c.blocks = s, factor, blocks(s)
	c.enter(0)
	c.peak.block = -1
}

func (c *cursor) enter(block int) {
	c.block, c.n, c.at, c.rated = block, 0, 0, false
	if block < c.blocks {
		c.end = c.last(block)
	}
}

// skip moves to the block in which the first row from row on must be.
func (c *cursor) skip(row uint32) bool {
	if row > c.end && c.block < c.blocks {
		next := c.block + 1
		if next < c.blocks && c.last(next) < row {
			next += sort.Search(c.blocks-next, func(i int) bool { return c.last(next+i) >= row })
		}
		c.enter(next)
	}
	return c.block < c.blocks
}

// seek moves to the first posting from row on.
func (c *cursor) seek(row uint32) bool {
	if row > c.end || c.n == 0 {
		if !c.skip(row) {
			return false
		}
		c.open()
	}
	at, high := c.at, c.n-1 // the block's last row is not below row
	for step := 1; at+step < high && c.rows[(at+step)%blockSize] < row; step *= 2 {
		at += step
	}
	for ; c.rows[at%blockSize] < row; at++ {
	}
	c.at = at
	return true
}

func (c *cursor) open() {
	if c.n == 0 {
		c.n = c.decode(c.block, &c.rows)
	}
}

// row is valid after a seek.
func (c *cursor) row() uint32 { return c.rows[c.at] }

func (c *cursor) tf() float32 {
	c.rate()
	return c.tfs[c.at]
}

func (c *cursor) rate() {
	if !c.rated {
		c.frequencies(c.block, &c.tfs)
		c.rated = true
	}
}

// ceiling is at least each contribution of the rows from the current block to
// the row hi, which is not before it.
func (c *cursor) ceiling(hi uint32, n normalizer) float64 {
	if c.block == c.blocks {
		return 0
	}
	if c.peak.block != c.block {
		c.peak.block, c.peak.value = c.block, c.bound(c.block, c.factor, n)
	}
	most := c.peak.value
	for block, end := c.block, c.end; end < hi && block+1 < c.blocks; end = c.last(block) {
		block++
		most = max(most, c.bound(block, c.factor, n))
	}
	return most + grain // which a contribution is rounded to
}
