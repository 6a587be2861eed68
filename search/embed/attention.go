package embed

// masked is the score of a key that is not there: softmax makes it nothing
// beside any real one.
const masked = -1e30

// attend is one head of self-attention: context = softmax(q·kᵀ) · v, with
// 1/√headSize already in q. Keys are transposed, in rows of whole lanes,
// then a block of queries goes through all three steps while its scores are
// in the nearest cache. Scores of keys that are not there are masked, so that
// it does not matter what an earlier text left in their place.
func (n *network) attend(head, tokens, rows int, d *desk) {
	const width = 3 * Dim
	padded := (tokens + lane - 1) / lane * lane
	at := head * headSize
	for t := range tokens {
		k := d.qkv[t*width+Dim+at:][:headSize]
		for i, v := range k {
			d.keys[i*padded+t] = v
		}
		copy(d.values[t*headSize:][:headSize], d.qkv[t*width+2*Dim+at:])
	}
	for first := 0; first < rows; first += block {
		part := min(block, rows-first)
		n.product(d.qkv[first*width+at:], width, d.keys, padded, d.scores, padded, part, padded, headSize)
		for r := range part {
			scores := d.scores[r*padded:][:padded]
			for t := tokens; t < padded; t++ {
				scores[t] = masked
			}
			n.softmax(scores)
		}
		n.product(d.scores, padded, d.values, headSize, d.context[first*Dim+at:], Dim, part, headSize, tokens)
	}
}
