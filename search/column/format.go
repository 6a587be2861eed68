package column

import (
	"encoding/binary"
	"fmt"

	"quintet/search/bitset"
)

// format is the first byte of a sealed column.
const format = 1

// Append appends the column to b as FORMAT.md describes it. A builder and the
// column that Open makes of it have the same bytes.
func (c *Column) Append(b []byte) []byte {
	b = append(b, format, byte(c.kind))
	b = binary.LittleEndian.AppendUint32(b, uint32(c.rows))
	b = appendSet(b, c.present, c.rows)
	return c.values.append(b, c.present)
}

// Open reads a column that Append wrote, and nothing else. It keeps no part of
// b, and takes at most some tens of bytes of memory for each of b's. The error
// says which byte it did not accept.
func Open(b []byte) (*Column, error) {
	d := &decoder{b: b}
	head := d.take(2)
	if d.err != nil || head[0] != format || head[1] < byte(Words) || head[1] > byte(Bool) {
		return nil, fmt.Errorf("column: this is no column of format %d", format)
	}
	c := &Column{kind: Kind(head[1])}
	if rows := d.uint32s(1); d.err == nil {
		c.rows = int(rows[0])
	}
	c.present = d.set(c.rows)
	switch c.kind {
	case Words:
		c.values = openWords(d, c.rows, c.present)
	case Bool:
		c.values = openBooleans(d, c.rows)
	default:
		c.values = openNumbers(d, c.kind, c.rows, c.present)
	}
	if d.err == nil && d.at < len(b) {
		d.refuse("more bytes follow")
	}
	if d.err != nil {
		return nil, d.err
	}
	return c, nil
}

func appendUint32s(b []byte, list []uint32) []byte {
	for _, n := range list {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return b
}

func appendUint64s(b []byte, list []uint64) []byte {
	for _, n := range list {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	return b
}

// appendSet appends a set of rows with a word for each 64 rows there are.
func appendSet(b []byte, s bitset.Set, rows int) []byte {
	full := bitset.New(rows)
	copy(full, s)
	return appendUint64s(b, full)
}

// decoder reads from front to back. After its first error it reads nothing.
type decoder struct {
	b   []byte
	at  int
	err error
}

// refuse says what is wrong before the byte that is read next.
func (d *decoder) refuse(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("column: before byte %d: %s", d.at, what)
	}
}

func (d *decoder) take(n int) []byte {
	if d.err == nil && n > len(d.b)-d.at {
		d.refuse("it is cut off")
	}
	if d.err != nil {
		return nil
	}
	d.at += n
	return d.b[d.at-n : d.at]
}

func (d *decoder) uint32s(n int) []uint32 {
	b := d.take(4 * n)
	list := make([]uint32, len(b)/4)
	for i := range list {
		list[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return list
}

func (d *decoder) uint64s(n int) []uint64 {
	b := d.take(8 * n)
	list := make([]uint64, len(b)/8)
	for i := range list {
		list[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return list
}

// ends reads n numbers that do not fall and of which the last is total.
func (d *decoder) ends(n int, total uint32) []uint32 {
	list := d.uint32s(n)
	last := uint32(0)
	for _, end := range list {
		if end < last || end > total {
			d.refuse("ends do not rise")
		}
		last = end
	}
	if last != total {
		d.refuse("the last end is not the length")
	}
	return list
}

// set reads a set of rows below n.
func (d *decoder) set(n int) bitset.Set {
	s := bitset.Set(d.uint64s((n + 63) / 64))
	if tail := n % 64; d.err == nil && tail > 0 && s[len(s)-1]>>tail != 0 {
		d.refuse("a row is beyond the last")
	}
	return s
}
