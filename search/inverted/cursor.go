package inverted

import "sort"

// A cursor walks the postings of a source, forwards only. It decodes the rows
// of a block when it enters one, their frequencies when they are asked for.
type cursor struct {
	source
	factor float64
	blocks int
	block  int // where it stands; blocks at the end
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
}

// skip moves to the block in which the first row from row on must be.
func (c *cursor) skip(row uint32) bool {
	if c.block < c.blocks && c.last(c.block) < row {
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
	if !c.skip(row) {
		return false
	}
	c.open()
	low, high := c.at, c.n-1 // the block's last row is not below row
	if low < high && c.rows[low] < row {
		for low < high {
			if middle := int(uint(low+high) >> 1); c.rows[middle] < row {
				low = middle + 1
			} else {
				high = middle
			}
		}
		c.at = low
	}
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
	for block := c.block; c.last(block) < hi && block+1 < c.blocks; {
		block++
		most = max(most, c.bound(block, c.factor, n))
	}
	return most + grain // which a contribution is rounded to
}
