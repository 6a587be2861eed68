package embed

import "fmt"

// A network is the model's weights, ready for one set of kernels. Nothing
// changes it.
type network struct {
	*kernels
	words     string    // [vocabularySize][Dim] int8, in place
	wordScale []float32 // of a word's row
	position  []float32 // [MaxTokens][Dim], token type added
	norm      norming
	layers    [layers]layer
}

// norming is the gain and bias of a LayerNorm (Ba et al. 2016).
type norming struct{ gain, bias []float32 }

type layer struct {
	qkv, out   *matrix // queries, keys and values; what attention returns
	up, down   *matrix // feed-forward
	attention  norming
	transition norming // after the feed-forward
}

const positions = 512 // the weight file's; MaxTokens of them are used

// readNetwork packs the weights while another core checks them.
func readNetwork(file string, k *kernels) (*network, error) {
	checked := make(chan string, 1)
	go func() { checked <- sum(file) }()
	n, err := packNetwork(file, k)
	if got := <-checked; got != weightSum {
		return nil, fmt.Errorf("weights: SHA-256 %s, not %s", got, weightSum)
	}
	return n, err
}

func packNetwork(file string, k *kernels) (*network, error) {
	all, err := readTensors(file)
	if err != nil {
		return nil, err
	}
	n := &network{kernels: k}
	words, err := all.get("embeddings.word.q", "I8", vocabularySize, Dim)
	if err != nil {
		return nil, err
	}
	n.words = words.data
	if n.wordScale, err = all.single("embeddings.word.scale", vocabularySize); err != nil {
		return nil, err
	}
	if n.position, err = all.half("embeddings.position", MaxTokens, positions, Dim); err != nil {
		return nil, err
	}
	if n.norm, err = all.norming("embeddings.norm"); err != nil {
		return nil, err
	}
	for i := range n.layers {
		if err := n.layers[i].read(all, fmt.Sprintf("layer.%d.", i), k); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (all tensors) norming(name string) (n norming, err error) {
	if n.gain, err = all.single(name+".weight", Dim); err != nil {
		return n, err
	}
	n.bias, err = all.single(name+".bias", Dim)
	return n, err
}

func (l *layer) read(all tensors, prefix string, k *kernels) (err error) {
	matrices := []struct {
		to              **matrix
		name            string
		outputs, inputs int
	}{{&l.qkv, "qkv", 3 * Dim, Dim}, {&l.out, "out", Dim, Dim}, {&l.up, "up", feedForward, Dim}, {&l.down, "down", Dim, feedForward}}
	for _, m := range matrices {
		if *m.to, err = all.matrix(prefix+m.name, m.outputs, m.inputs, k); err != nil {
			return err
		}
	}
	l.qkv.temper()
	if l.attention, err = all.norming(prefix + "norm1"); err != nil {
		return err
	}
	l.transition, err = all.norming(prefix + "norm2")
	return err
}
