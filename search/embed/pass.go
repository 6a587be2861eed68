package embed

import (
	"errors"
	"math"
)

// A desk is the memory of one pass at a time, about 4.5 MB. There are at most
// as many as cores may work.
type desk struct {
	tokenizer
	framed []int32 // the tokens of the text, [CLS] and [SEP] included

	x       []float32 // [MaxTokens][Dim] the residual stream
	qkv     []float32 // [MaxTokens][3·Dim]
	context []float32 // [MaxTokens][Dim] what attention, out and down return
	hidden  []float32 // [MaxTokens][feedForward]
	act     activations

	keys   []float32 // of one head: [headSize][MaxTokens], transposed
	values []float32 // of one head: [MaxTokens][headSize]
	scores []float32 // of one block: [block][MaxTokens]
}

func newDesk(n *network, v *vocabulary) *desk {
	d := &desk{
		tokenizer: tokenizer{vocabulary: v},
		framed:    make([]int32, 0, MaxTokens),
		x:         make([]float32, MaxTokens*Dim),
		qkv:       make([]float32, MaxTokens*3*Dim),
		context:   make([]float32, MaxTokens*Dim),
		hidden:    make([]float32, MaxTokens*feedForward),
		act:       activations{step: make([]float32, MaxTokens), zero: make([]int32, MaxTokens)},
		keys:      make([]float32, headSize*MaxTokens),
		values:    make([]float32, MaxTokens*headSize),
		scores:    make([]float32, block*MaxTokens),
	}
	if n.wide {
		d.act.wide = make([]uint16, MaxTokens*feedForward)
	} else {
		d.act.narrow = make([]uint8, MaxTokens*feedForward)
	}
	return d
}

var errNotFinite = errors.New("embedding: the pass left no finite vector")

// pass computes the unit vector of 1 to MaxTokens ids. Rows behind the last
// token, up to a whole tile, hold what an earlier text left there; they are
// computed too and used by nobody.
func (n *network) pass(ids []int32, d *desk, vector []float32) error {
	rows := (len(ids) + n.rows - 1) / n.rows * n.rows
	n.look(ids, d)
	for i := range n.layers {
		l := &n.layers[i]
		n.linear(l.qkv, d.x, d.qkv, rows, d)
		for h := range heads {
			n.attend(h, len(ids), rows, d)
		}
		n.linear(l.out, d.context, d.context, rows, d)
		n.join(l.attention, len(ids), d)
		n.linear(l.up, d.x, d.hidden, rows, d)
		n.gelu(d.hidden[:rows*feedForward])
		n.linear(l.down, d.hidden, d.context, rows, d)
		n.join(l.transition, len(ids), d)
	}
	return pool(d.x[:len(ids)*Dim], vector)
}

// look fills the residual stream with words and positions.
func (n *network) look(ids []int32, d *desk) {
	for p, id := range ids {
		word, scale := n.words[int(id)*Dim:][:Dim], n.wordScale[id]
		x := d.x[p*Dim:][:Dim]
		for i := range x {
			x[i] = float32(int8(word[i])) * scale
		}
		n.addNorm(x, n.position[p*Dim:][:Dim], n.norm.gain, n.norm.bias)
	}
}

// linear is out = m · in for each row. in and out may be the same.
func (n *network) linear(m *matrix, in, out []float32, rows int, d *desk) {
	d.act.rows, d.act.inputs = rows, m.inputs
	for row := range rows {
		n.quantise(in[row*m.inputs:][:m.inputs], m.reciprocal, &d.act, row)
	}
	n.multiply(m, &d.act, out)
}

// join adds the context to the residual stream and norms the sum.
func (n *network) join(norm norming, rows int, d *desk) {
	for row := range rows {
		n.addNorm(d.x[row*Dim:][:Dim], d.context[row*Dim:][:Dim], norm.gain, norm.bias)
	}
}

// pool is the mean over all rows, special tokens too, at length 1. The mean's
// divisor goes with the length.
func pool(x, vector []float32) error {
	clear(vector)
	for ; len(x) > 0; x = x[Dim:] {
		for i, v := range x[:Dim] {
			vector[i] += v
		}
	}
	var square float64
	for _, v := range vector {
		square += float64(v) * float64(v)
	}
	r := float32(1 / math.Sqrt(square))
	for i := range vector {
		vector[i] *= r
	}
	if !(square > 0) || math.IsInf(square, 0) || r == 0 || math.IsInf(float64(r), 0) {
		return errNotFinite
	}
	return nil
}
