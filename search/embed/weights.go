package embed

import (
	"crypto/sha256"
	_ "embed" // weights and vocabulary
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
)

// The weights are a string, so that they stay in the executable's read-only
// pages: what no text needs is never read from the disk.
//
//go:embed data/minilm.int8.safetensors
var weightFile string

//go:embed data/vocab.txt
var vocabularyFile string

const (
	weightBytes   = 23_086_184
	weightSum     = "4b89d92c63c8eddcac48e8262a5f0a751bb1af780a275622978de223bdf1e0f0"
	vocabularySum = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
)

// sum is the SHA-256 of text, in hexadecimal. It copies a little at a time.
func sum(text string) string {
	h := sha256.New()
	var piece [1 << 14]byte
	for len(text) > 0 {
		n := copy(piece[:], text)
		h.Write(piece[:n])
		text = text[n:]
	}
	return hex.EncodeToString(h.Sum(nil))
}

// tensor is one array of a weight file, in place.
type tensor struct {
	Type    string    `json:"dtype"`
	Shape   []int     `json:"shape"`
	Offsets [2]uint64 `json:"data_offsets"`
	data    string
}

// tensors reads the container of FORMAT.md: 8 bytes with the length of a JSON
// header, the header, the data.
type tensors map[string]tensor

func readTensors(file string) (tensors, error) {
	if len(file) < 8 {
		return nil, fmt.Errorf("weights: %d bytes are no safetensors file", len(file))
	}
	n := binary.LittleEndian.Uint64([]byte(file[:8]))
	if n > uint64(len(file)-8) {
		return nil, fmt.Errorf("weights: a header of %d bytes in a file of %d", n, len(file))
	}
	header, data := file[8:8+n], file[8+n:]
	var entries map[string]json.RawMessage
	if err := json.Unmarshal([]byte(header), &entries); err != nil {
		return nil, fmt.Errorf("weights: header: %w", err)
	}
	delete(entries, "__metadata__")
	all := make(tensors, len(entries))
	for name, entry := range entries {
		var t tensor
		if err := json.Unmarshal(entry, &t); err != nil {
			return nil, fmt.Errorf("weights: tensor %s: %w", name, err)
		}
		from, to := t.Offsets[0], t.Offsets[1]
		if from > to || to > uint64(len(data)) {
			return nil, fmt.Errorf("weights: tensor %s lies at %d to %d of %d bytes", name, from, to, len(data))
		}
		t.data = data[from:to]
		all[name] = t
	}
	return all, nil
}

// bytesOf are the bytes of a value by type.
var bytesOf = map[string]int{"I8": 1, "F16": 2, "F32": 4}

// get returns a tensor of the given type and shape.
func (all tensors) get(name, kind string, shape ...int) (tensor, error) {
	t, ok := all[name]
	if !ok {
		return t, fmt.Errorf("weights: no tensor %s", name)
	}
	bytes := bytesOf[kind]
	same := t.Type == kind && len(t.Shape) == len(shape)
	for i := 0; same && i < len(shape); i++ {
		same = t.Shape[i] == shape[i]
		bytes *= shape[i]
	}
	if !same || len(t.data) != bytes {
		return t, fmt.Errorf("weights: tensor %s is %s %v with %d bytes, not %s %v", name, t.Type, t.Shape, len(t.data), kind, shape)
	}
	return t, nil
}

// single reads a tensor of float32, double-checked by its length n.
func (all tensors) single(name string, n int) ([]float32, error) {
	t, err := all.get(name, "F32", n)
	if err != nil {
		return nil, err
	}
	values := make([]float32, n)
	for i := range values {
		values[i] = math.Float32frombits(word32(t.data[4*i:]))
	}
	return values, nil
}

func word32(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

// half reads rows × columns of IEEE 754 binary16, of which only the first
// rows of the tensor's all are wanted.
func (all tensors) half(name string, rows, of, columns int) ([]float32, error) {
	t, err := all.get(name, "F16", of, columns)
	if err != nil {
		return nil, err
	}
	values := make([]float32, rows*columns)
	for i := range values {
		values[i] = fromHalf(uint16(t.data[2*i]) | uint16(t.data[2*i+1])<<8)
	}
	return values, nil
}

// fromHalf widens a binary16: 1 bit sign, 5 bits exponent with bias 15, 10
// bits fraction.
func fromHalf(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&1023
	switch exponent {
	case 0: // zero or subnormal: fraction · 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)/(1<<24)))
	case 31: // infinite or not a number
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	default:
		return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
	}
}
