package savedgraph

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// Version is the encoding version that there is.
const Version = 1

// What no file exceeds.
const (
	maxName   = 64
	maxLayers = 64
	maxKey    = 4_096
	maxLinks  = 1 << 16
)

// Head is what stands before the layers.
type Head struct {
	M        int
	Ml       float64
	EfSearch int
	Distance string // Cosine, Euclidean, or what a program registered
	Layers   int
}

// The distances that the library knows of itself.
const (
	Cosine    = "cosine"
	Euclidean = "euclidean"
)

// Limits say what a reader takes.
type Limits struct {
	Dimensions int  // of each vector, exactly
	Nodes      int  // of a layer, at most
	IntKeys    bool // the keys are ints, and not strings
}

// Fault is what is wrong with a file.
type Fault struct {
	Offset int64 // in bytes: where the faulty number ends
	Reason string
}

func (f *Fault) Error() string { return fmt.Sprintf("at byte %d: %s", f.Offset, f.Reason) }

// Reader reads a file. Its errors are a *Fault, or those of what it reads from.
type Reader struct {
	in     *bufio.Reader
	offset int64
	limits Limits
	head   Head
	layer  int // that is read, from 0
	left   int // of its nodes
	lowest int // nodes of the lowest layer
	vector []float32
	bytes  []byte // of the vector
}

// NewReader reads the head of a file.
func NewReader(from io.Reader, l Limits) (*Reader, error) {
	r := &Reader{in: bufio.NewReaderSize(from, 64<<10), limits: l, layer: -1, vector: make([]float32, l.Dimensions), bytes: make([]byte, 4*l.Dimensions)}
	version, err := r.number("the version", math.MaxInt64)
	if err != nil {
		return nil, err
	}
	if version != Version {
		return nil, r.fault("the version is %d, and only %d is known", version, Version)
	}
	return r, r.readHead()
}

func (r *Reader) readHead() (err error) {
	h := &r.head
	if h.M, err = r.number("M", math.MaxInt32); err != nil {
		return err
	}
	var ml [8]byte
	if err = r.fill(ml[:], "Ml"); err != nil {
		return err
	}
	h.Ml = math.Float64frombits(binary.LittleEndian.Uint64(ml[:]))
	if h.EfSearch, err = r.number("EfSearch", math.MaxInt32); err != nil {
		return err
	}
	if h.Distance, err = r.text("the name of the distance", maxName); err != nil {
		return err
	}
	h.Layers, err = r.number("the number of layers", maxLayers)
	return err
}

// Head returns what stands before the layers.
func (r *Reader) Head() Head { return r.head }

// Next returns the next node of the lowest layer; the vector is valid until the
// next call. The error is io.EOF when the file, with its upper layers, has come
// to its end as it should.
func (r *Reader) Next() (key string, vector []float32, err error) {
	for {
		for r.left == 0 {
			if err := r.nextLayer(); err != nil {
				return "", nil, err
			}
		}
		r.left--
		if key, err = r.node(); err != nil {
			return "", nil, err
		}
		if r.layer == 0 {
			return key, r.vector, nil
		}
	}
}

func (r *Reader) nextLayer() (err error) {
	if r.layer++; r.layer >= r.head.Layers {
		r.layer = r.head.Layers
		switch _, err := r.in.ReadByte(); err {
		case nil:
			return r.fault("something stands behind the last layer")
		default:
			return err
		}
	}
	most := r.limits.Nodes
	if r.layer > 0 {
		most = r.lowest
	}
	r.left, err = r.number(fmt.Sprintf("the number of nodes of layer %d", r.layer), most)
	if r.layer == 0 {
		r.lowest = r.left
	}
	return err
}

// node reads a node into the reader and returns its key.
func (r *Reader) node() (key string, err error) {
	if key, err = r.key(); err != nil {
		return "", err
	}
	dimensions, err := r.number("the length of a vector", math.MaxInt32)
	if err != nil {
		return "", err
	}
	if dimensions != r.limits.Dimensions {
		return "", r.fault("a vector has %d numbers, and %d are expected", dimensions, r.limits.Dimensions)
	}
	if err := r.fill(r.bytes, "a vector"); err != nil {
		return "", err
	}
	for i := range r.vector {
		r.vector[i] = math.Float32frombits(binary.LittleEndian.Uint32(r.bytes[4*i:]))
	}
	links, err := r.number("the number of neighbours", maxLinks)
	for ; links > 0 && err == nil; links-- {
		err = r.skipKey()
	}
	return key, err
}

func (r *Reader) key() (string, error) {
	if !r.limits.IntKeys {
		return r.text("a key", maxKey)
	}
	n, err := r.varint("a key")
	return strconv.FormatInt(n, 10), err
}

func (r *Reader) skipKey() error {
	if r.limits.IntKeys {
		_, err := r.varint("a neighbour")
		return err
	}
	length, err := r.number("the length of a neighbour", maxKey)
	if err != nil {
		return err
	}
	n, err := r.in.Discard(length)
	r.offset += int64(n)
	return r.ended(err, "a neighbour")
}

// text reads a string.
func (r *Reader) text(what string, most int) (string, error) {
	length, err := r.number("the length of "+what, most)
	if err != nil {
		return "", err
	}
	b := make([]byte, length)
	err = r.fill(b, what)
	return string(b), err
}

// number reads a varint from 0 to most.
func (r *Reader) number(what string, most int) (int, error) {
	n, err := r.varint(what)
	if err != nil {
		return 0, err
	}
	if n < 0 || n > int64(most) {
		return 0, r.fault("%s is %d, and may be 0 to %d", what, n, most)
	}
	return int(n), nil
}

// varint reads a signed number of up to ten bytes.
func (r *Reader) varint(what string) (int64, error) {
	var b [binary.MaxVarintLen64]byte
	for i := range b {
		one, err := r.in.ReadByte()
		if err != nil {
			return 0, r.ended(err, what)
		}
		r.offset++
		if b[i] = one; one < 0x80 {
			if n, size := binary.Varint(b[:i+1]); size > 0 {
				return n, nil
			}
			break
		}
	}
	return 0, r.fault("%s is a number of more than 64 bits", what)
}

func (r *Reader) fill(b []byte, what string) error {
	n, err := io.ReadFull(r.in, b)
	r.offset += int64(n)
	return r.ended(err, what)
}

// ended makes a fault of a file that ends where it should not. Other errors are
// not the file's.
func (r *Reader) ended(err error, what string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return r.fault("the file ends where %s should stand", what)
	}
	return err
}

func (r *Reader) fault(format string, args ...any) error {
	return &Fault{r.offset, fmt.Sprintf(format, args...)}
}
