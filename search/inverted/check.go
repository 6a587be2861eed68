package inverted

import "errors"

var errRecord = errors.New("postings of a term")

// openTerms opens the dictionary of terms and checks the record of each, so
// that searches need not.
func (x *Index) openTerms(b []byte) (err error) {
	size := len(x.records) - packing
	if size < 0 {
		return errRecord
	}
	c := checker{Index: x, size: size}
	x.terms, err = openDictionary(b, size, func(_ []byte, at int) int { return c.check(at) })
	return err
}

type checker struct {
	*Index
	size   int // of the records, without what stands behind the last
	rows   [blockSize]uint32
	values [blockSize]uint32
}

// check returns where the record that begins at a place ends, 0 if it is
// damaged.
func (c *checker) check(at int) (end int) {
	df, rest := uvarint(c.records[at:c.size])
	from, rest := uvarint(rest)
	if rest == nil || df == 0 || df > uint64(c.Rows()) || from > uint64(len(c.positions)) {
		return 0
	}
	p := &postings{df: int(df)}
	if p.df <= blockSize {
		var last uint64
		if last, rest = uvarint(rest); rest == nil || last >= uint64(c.Rows()) {
			return 0
		}
		p.end = uint32(last)
	} else {
		size := entry * blocks(p)
		if size > len(rest) {
			return 0
		}
		p.directory, rest = rest[:size], rest[size:]
	}
	begin := c.size - len(rest)
	end = begin
	for i := range blocks(p) {
		if p.directory != nil && int(p.field(i, 4)) != end-begin {
			return 0
		}
		if end = c.block(p, i, end); end == 0 {
			return 0
		}
	}
	return end
}

// block returns where the i-th block of a record, which begins at a place,
// ends.
func (c *checker) block(p *postings, i, at int) (end int) {
	first, last, n := uint64(0), uint64(p.last(i)), p.in(i)
	if i > 0 {
		first = uint64(p.last(i-1)) + 1
	}
	if at+3 > c.size || last >= uint64(c.Rows()) {
		return 0
	}
	rowBits, tfBits, peaks := int(c.records[at]), int(c.records[at+1]), int(c.records[at+2])
	if rowBits > 32 || tfBits > 32 || peaks == 0 || peaks > maxPeaks {
		return 0
	}
	rest := c.records[at+3 : c.size]
	for range peaks {
		var number uint64
		if number, rest = uvarint(rest); number >= uint64(len(c.tfs)) || len(rest) < 4 {
			return 0
		}
		rest = rest[4:]
	}
	rows := c.size - len(rest)
	tfs := rows + packed(n, rowBits)
	end = tfs + packed(n, tfBits)
	if end > c.size {
		return 0
	}
	unpack(c.records[rows:], c.rows[:n], rowBits)
	unpack(c.records[tfs:], c.values[:n], tfBits)
	for j, gap := range c.rows[:n] {
		first += uint64(gap) + 1
		if c.values[j] >= uint32(len(c.tfs)) {
			return 0
		}
	}
	if first != last+1 {
		return 0
	}
	return end
}
