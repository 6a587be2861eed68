package search

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"time"

	"quintet/search/binary16"
	"quintet/search/embed"
)

// FuzzSnapshot holds that no bytes make the reader of snapshots panic or hand
// out more than there is, and that what it lets pass can be indexed: as a whole
// file, as its head, and as a document and its passages behind right checksums.
func FuzzSnapshot(f *testing.F) {
	one := append([]float32{1}, make([]float32, Dimensions-1)...)
	long := stored{id: "a", hash: [16]byte{1}, vector: binary16.Append(nil, one), more: true, json: []byte(`{"id":"a","t":"` + strings.Repeat("word ", 30) + `"}`)}.encode()
	passages := encodePassages(space{dimensions: Dimensions}, []embed.Passage{{End: 9}, {Start: 5, End: 20}}, [][]float32{one, one})
	head := `{"infer":true,"embed_all":true,"metric":"cosine","language":"english","model":"fake","created":"2026-01-01T00:00:00Z"}`
	f.Add([]byte(snapshotFileOf(head, put{value: long, passages: passages})), head, long, passages)
	f.Add([]byte("QuintCol\x01\x00\x00\x00\x01\xff\xff\xff\xff"), `{"fields":[{"name":"v","type":"vector(2)"}],"metric":"dot"}`, stored{id: "a", vector: []byte{0, 60, 0, 0}, json: []byte(`{"id":"a"}`)}.encode(), []byte{})
	f.Add([]byte(nil), `{"fields":[{"name":"v","type":"vector(2)"}],"metric":"dot","precision":"float32"}`, stored{id: "a", vector: []byte{0, 0, 0, 60, 0, 0, 0, 0}, json: []byte(`{"id":"a"}`)}.encode(), []byte{})
	f.Add([]byte(snapshotFileOf(`{"infer":true}`)), `{"infer":true,"inferred":[{"name":"b","type":"bool"}]}`, stored{id: "a", json: []byte(`{"id":"a","b":true}`)}.encode(), []byte{1, 2})
	f.Fuzz(func(t *testing.T, file []byte, head string, value, passages []byte) {
		readAll(t, file)
		if len(head) < maxFrame && len(value) <= maxStoredBytes && len(passages) <= maxStoredBytes {
			readAll(t, []byte(snapshotFileOf(head, put{value: value, passages: passages})))
		}
	})
}

// snapshotFileOf writes a file of any head and documents.
func snapshotFileOf(head string, puts ...put) string {
	var b bytes.Buffer
	w := &snapshotWriter{w: &b, hash: sha256.New()}
	w.frame = binary.LittleEndian.AppendUint32([]byte(snapshotMagic), formatSnapshot)
	_ = w.flush()
	w.begin(frameHead)
	w.frame = append(w.frame, head...)
	_ = w.end()
	for _, p := range puts {
		_ = w.add(p)
	}
	_ = w.close()
	return b.String()
}

// readAll reads a file like a restore, and indexes what passes.
func readAll(t *testing.T, file []byte) {
	x := newSnapshotReader(bytes.NewReader(file), func() {})
	head, err := x.head()
	if err != nil {
		return
	}
	r, reason := head.record(formatID, "fake", time.Time{})
	if reason != "" {
		return
	}
	if again, err := decodeRecord(encode(r)); err != nil || again.definition().equal(r.definition()) == false {
		t.Errorf("the record of %+v is %+v, %v", r, again, err)
	}
	sc := newSchema(r)
	sealing, read := newSealing(sc), 0
	for {
		p, at, ok, err := x.next()
		if err != nil || !ok {
			break
		}
		if read += len(p.value) + len(p.passages); read > len(file) || at > int64(len(file)) {
			t.Fatalf("%d bytes at %d of a file of %d", read, at, len(file))
		}
		if id, reason := sc.fault(p); reason != "" || id == "" {
			return
		}
		row, err := sc.newRow(p)
		if err != nil {
			t.Fatalf("what passed cannot be indexed: %v", err)
		}
		sealing.add(row)
	}
	_, sections, err := sealing.seal(t.Context(), version{})
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(newSegmentContent(sections))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openPart(sc, bytes.NewReader(content), int64(len(content))); err != nil {
		t.Errorf("what passed cannot be a segment: %v", err)
	}
}
