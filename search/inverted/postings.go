package inverted

import "encoding/binary"

// entry is the size of a block's entry in the directory of a term.
const entry = 12

// postings are those of one term of an index.
type postings struct {
	df        int
	directory []byte // only of more blocks than one
	end       uint32 // the last row, where there is no directory
	blocks    []byte // and all that stands behind them
	positions []byte // likewise
	tfs       []float32
	weights   []float32
	near      struct{ posting, at int } // where in positions a posting begins
}

func (p *postings) size() int { return p.df }

func (p *postings) field(block, at int) uint32 {
	return binary.LittleEndian.Uint32(p.directory[block*entry+at:])
}

func (p *postings) last(block int) uint32 {
	if p.directory == nil {
		return p.end
	}
	return p.field(block, 0)
}

func (p *postings) in(block int) int { return min(blockSize, p.df-block*blockSize) }

func (p *postings) split(block int) block {
	from := p.blocks
	if p.directory != nil {
		from = from[p.field(block, 4):]
	}
	return splitBlock(from, p.in(block))
}

func (p *postings) decode(block int, rows *[blockSize]uint32) int {
	n := p.in(block)
	at := p.split(block)
	unpack(at.rows, rows[:n], at.rowBits)
	var next uint32 // the lowest row that may come
	if block > 0 {
		next = p.last(block-1) + 1
	}
	for i, gap := range rows[:n] {
		next += gap
		rows[i] = next
		next++
	}
	return n
}

func (p *postings) frequencies(block int, tfs *[blockSize]float32) {
	n := p.in(block)
	at := p.split(block)
	if at.tfBits == 0 {
		for i := range tfs[:n] {
			tfs[i] = p.tfs[0]
		}
		return
	}
	var numbers [blockSize]uint32
	unpack(at.tfs, numbers[:n], at.tfBits)
	for i, number := range numbers[:n] {
		tfs[i] = p.tfs[number]
	}
}

func (p *postings) bound(block int, factor float64, n normalizer) (most float64) {
	at := p.split(block)
	for range at.count {
		var number uint64
		number, at.peaks = uvarint(at.peaks)
		most = max(most, contribution(factor, p.tfs[number], n.of(float32At(at.peaks, 0))))
		at.peaks = at.peaks[4:]
	}
	return most
}

// occurrences are damaged where positions end early or point elsewhere: then
// there are none.
func (p *postings) occurrences(i int, all []occurrence) []occurrence {
	if p.near.posting/blockSize < i/blockSize {
		p.near.posting, p.near.at = i/blockSize*blockSize, 0
		if p.directory != nil {
			p.near.at = int(p.field(i/blockSize, 8))
		}
	}
	from := p.positions[min(p.near.at, len(p.positions)):]
	for {
		size, rest := uvarint(from)
		if size > uint64(len(rest)) {
			return all
		}
		if p.near.posting == i {
			return appendOccurrences(all, rest[:size], p.weights)
		}
		from = rest[size:]
		p.near.posting++
		p.near.at = len(p.positions) - len(from)
	}
}
