package scheduler

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"quintet/engine"
)

// fixed is what no transition changes of a job: it is written once, beside the
// job's state, and read when the job is leased or looked at.
type fixed struct {
	queue    string
	created  int64 // ms
	schedule string
	key      string
	unique   unique
	tags     []string
	headers  []header
	payload  []byte           // JSON; nil where blob has it
	blob     *engine.BlobName // of a payload beyond inlinePayload
	size     uint32           // bytes of the payload
}

// header is one of a job's headers.
type header struct{ name, value string }

// unique is a job's unique key: its hash, zero for none, and until when it
// counts, 0 for as long as the job is kept.
type unique struct {
	hash  [16]byte
	until int64 // ms
}

func (u unique) given() bool { return u.hash != [16]byte{} }

// inlinePayload is how many bytes of payload stand in the record; what is
// longer is a blob.
const inlinePayload = 48 << 10

const formatFixed = 2

// Flags of a fixed record: which parts it has.
const (
	hasUnique = 1 << iota
	hasBlob
)

func (f *fixed) encode() []byte {
	b := make([]byte, 0, 64+len(f.queue)+len(f.payload))
	var flags byte
	if f.unique.given() {
		flags |= hasUnique
	}
	if f.blob != nil {
		flags |= hasBlob
	}
	b = append(b, formatFixed, flags)
	b = binary.BigEndian.AppendUint64(b, uint64(f.created))
	b = binary.BigEndian.AppendUint32(b, f.size)
	b = appendText(b, f.queue)
	b = appendText(b, f.schedule)
	b = appendText(b, f.key)
	if f.unique.given() {
		b = binary.BigEndian.AppendUint64(append(b, f.unique.hash[:]...), uint64(f.unique.until))
	}
	b = append(b, byte(len(f.tags)))
	for _, tag := range f.tags {
		b = appendText(b, tag)
	}
	b = append(b, byte(len(f.headers)))
	for _, h := range f.headers {
		b = appendText(appendText(b, h.name), h.value)
	}
	if f.blob != nil {
		return append(b, f.blob[:]...)
	}
	return append(b, f.payload...)
}

// appendText writes a text behind its length in two bytes.
func appendText(b []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(text))), text...)
}

var errFixedCut = errors.New("is cut short")

// reading takes fields off the front of a record; after the first that is not
// there it gives zeros, and short is set.
type reading struct {
	b     []byte
	short bool
}

func (r *reading) take(n int) []byte {
	if len(r.b) < n {
		r.b, r.short = nil, true
		return make([]byte, n)
	}
	part := r.b[:n]
	r.b = r.b[n:]
	return part
}

func (r *reading) text() string { return string(r.take(int(binary.BigEndian.Uint16(r.take(2))))) }

func decodeFixed(b []byte) (*fixed, error) {
	if len(b) < 2 || b[0] != formatFixed || b[1]&^(hasUnique|hasBlob) != 0 {
		return nil, fmt.Errorf("a job of %d bytes cannot be read", len(b))
	}
	flags, r := b[1], &reading{b: b[2:]}
	f := &fixed{created: int64(binary.BigEndian.Uint64(r.take(8))), size: binary.BigEndian.Uint32(r.take(4))}
	f.queue, f.schedule, f.key = r.text(), r.text(), r.text()
	if flags&hasUnique != 0 {
		copy(f.unique.hash[:], r.take(16))
		f.unique.until = int64(binary.BigEndian.Uint64(r.take(8)))
	}
	for range r.take(1)[0] {
		f.tags = append(f.tags, r.text())
	}
	for range r.take(1)[0] {
		f.headers = append(f.headers, header{r.text(), r.text()})
	}
	if flags&hasBlob != 0 {
		f.blob = (*engine.BlobName)(slices.Clone(r.take(32)))
	} else {
		f.payload = r.b
	}
	if flags&hasUnique != 0 && !f.unique.given() {
		r.short = true
	}
	if r.short || f.blob != nil && len(r.b) > 0 || f.blob == nil && len(r.b) != int(f.size) {
		return nil, errFixedCut
	}
	return f, nil
}

// loadFixed reads what no transition changes, errJobNotFound if there is no
// such job.
func loadFixed(r engine.Reader, id engine.ID) (*fixed, error) {
	value := r.Get(bucketJobs, id[:])
	if value == nil {
		return nil, errJobNotFound
	}
	f, err := decodeFixed(value)
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", id, err)
	}
	return f, nil
}
