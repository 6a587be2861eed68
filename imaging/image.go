package imaging

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"quintet/engine"
	"quintet/imaging/pixel"
)

// Buckets of the store.
const (
	bucketImages engine.Bucket = "imaging.images" // id → record
	bucketOrder  engine.Bucket = "imaging.order"  // in the order of uploads → id
	bucketKeys   engine.Bucket = "imaging.keys"   // key id → signing key
)

// ID names an image within its tenant: HMAC of the SHA-256 of its content,
// under the tenant's key.
type ID [16]byte

// String gives 32 hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText and UnmarshalText make an ID a JSON string.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText accepts exactly what MarshalText writes.
func (id *ID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseID(string(text))
	return err
}

// ParseID reads what String wrote: one id, one spelling. Anything else names
// no image.
func ParseID(text string) (id ID, err error) {
	if n, err := hex.Decode(id[:], []byte(text[:min(len(text), 32)])); err != nil || n != len(id) || id.String() != text {
		return ID{}, errNotFound
	}
	return id, nil
}

// idOf is the id that content of a digest has within a tenant.
func idOf(t engine.Tenant, digest [32]byte) ID {
	return t.Hash("imaging.image", string(digest[:]))
}

// Image is what is told about an image.
type Image struct {
	ID          ID        `json:"id" doc:"Made of the content: the same bytes have the same id."`
	Width       int       `json:"width" doc:"Pixels, as the image is seen: its orientation is applied."`
	Height      int       `json:"height"`
	Format      string    `json:"format" enum:"jpeg,png,webp,gif,tiff,bmp" doc:"By the content, whatever the upload said."`
	Bytes       int64     `json:"bytes"`
	Placeholder string    `json:"placeholder" doc:"The average colour as #rrggbb, to be shown until the image is there." example:"#7a8c5d"`
	CreatedAt   time.Time `json:"created_at"`
}

// record is an image as it is stored.
type record struct {
	header  pixel.Header
	colour  [3]byte
	bytes   int64
	created int64 // Unix milliseconds
	order   engine.ID
	digest  [32]byte // SHA-256 of the content
	blob    engine.BlobName
}

const (
	recordFormat = 1
	recordBytes  = 117
	flagAlpha    = 1
)

func (r *record) encode() []byte {
	h := r.header
	flags := byte(0)
	if h.Alpha {
		flags |= flagAlpha
	}
	b := []byte{recordFormat, byte(h.Format), byte(h.Orientation), flags, byte(h.PixelBits), byte(h.WorkBits), r.colour[0], r.colour[1], r.colour[2]}
	b = binary.BigEndian.AppendUint32(b, uint32(h.Frames))
	b = binary.BigEndian.AppendUint32(b, uint32(h.Width))
	b = binary.BigEndian.AppendUint32(b, uint32(h.Height))
	b = binary.BigEndian.AppendUint64(b, uint64(r.bytes))
	b = binary.BigEndian.AppendUint64(b, uint64(r.created))
	b = append(b, r.order[:]...)
	b = append(b, r.digest[:]...)
	return append(b, r.blob[:]...)
}

var errRecord = errors.New("imaging: a record is not of this format")

func decodeRecord(b []byte) (*record, error) {
	if len(b) != recordBytes || b[0] != recordFormat {
		return nil, errRecord
	}
	r := &record{header: pixel.Header{
		Format: pixel.Format(b[1]), Orientation: pixel.Orientation(b[2]), Alpha: b[3]&flagAlpha != 0, PixelBits: int(b[4]), WorkBits: int(b[5]),
		Frames: int(binary.BigEndian.Uint32(b[9:])), Width: int(binary.BigEndian.Uint32(b[13:])), Height: int(binary.BigEndian.Uint32(b[17:])),
	}}
	copy(r.colour[:], b[6:])
	r.bytes = int64(binary.BigEndian.Uint64(b[21:]))
	r.created = int64(binary.BigEndian.Uint64(b[29:]))
	copy(r.order[:], b[37:])
	copy(r.digest[:], b[53:])
	copy(r.blob[:], b[85:])
	h := r.header
	if !h.Format.Known() || h.Orientation < 1 || h.Orientation > 8 || h.Width < 1 || h.Height < 1 || r.bytes < 1 {
		return nil, errRecord
	}
	return r, nil
}

// image is what is told about the record's image.
func (r *record) image(id ID) Image {
	w, h := r.header.Size()
	return Image{
		ID: id, Width: w, Height: h, Format: r.header.Format.String(), Bytes: r.bytes,
		Placeholder: fmt.Sprintf("#%02x%02x%02x", r.colour[0], r.colour[1], r.colour[2]),
		CreatedAt:   time.UnixMilli(r.created).UTC(),
	}
}

// etag of the original.
func (r *record) etag() string { return `"` + hex.EncodeToString(r.digest[:16]) + `"` }
