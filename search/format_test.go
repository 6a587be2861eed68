package search

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"strings"
	"testing"
	"time"

	"quintet/engine"
	"quintet/search/binary16"
	"quintet/search/embed"
)

var formatID = engine.ID{0x01, 0x90, 0xc5, 0xa2, 0x7b, 0x1e, 0x7c, 0xc3, 0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f}

// TestFormat holds every byte that FORMAT.md describes: a change here is a
// change of what is on people's disks.
func TestFormat(t *testing.T) {
	f := func(name string, got []byte, want string) {
		t.Run(name, func(t *testing.T) {
			if want = strings.ReplaceAll(want, " ", ""); hex.EncodeToString(got) != want {
				t.Errorf("got      %x\nexpected %s", got, want)
			}
		})
	}
	const id = "0190c5a27b1e7cc398c4dc0c0c07398f"
	other := engine.ID{15: 7}
	hash := contentHash("warm\ncoat")
	f("OK document key", documentKey(formatID, other), id+"00000000000000000000000000000007")
	f("OK document", stored{id: "d1", json: []byte(`{"id":"d1"}`)}.encode(), "01 00"+strings.Repeat("00", 16)+"02 6431 7b226964223a226431227d")
	vector := binary16.Append(nil, append([]float32{1, -0.5}, make([]float32, Dimensions-2)...))
	f("OK document with vector", stored{id: "d1", hash: hash, vector: vector, json: []byte(`{}`)}.encode(),
		"01 01 5abd11ba166617d4deb12538b4da0b3e 02 6431 003c 00b8"+strings.Repeat("0000", Dimensions-2)+"7b7d")
	exact := space{2, Euclid, Float32}.append(nil, []float32{1, -0.1})
	f("OK document with vector of float32", stored{id: "d1", vector: exact, json: []byte(`{}`)}.encode(), "01 01"+strings.Repeat("00", 16)+"02 6431 0000803f cdccccbd 7b7d")
	f("OK passages of float32", encodePassages(space{2, Cosine, Float32}, []embed.Passage{{End: 4}, {Start: 3, End: 9}}, [][]float32{{0, 1}, {1, -0.1}}),
		"01 02 00000000 04000000 03000000 09000000 0000803f cdccccbd")
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r := newRecord(formatID, Definition{Fields: []Field{{Name: "t", Type: Text, Weight: 2}, {Name: "n", Type: Int}}, Embed: []string{"t"}}, "model", at)
	f("OK collection", encode(r), hex.EncodeToString([]byte(`{"id":"0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f","version":1,"declared":[{"name":"t","type":"text","weight":2},{"name":"n","type":"int"}],`+
		`"embed":["t"],"model":"model","created":"2026-01-02T03:04:05Z","updated":"2026-01-02T03:04:05Z"}`)))
	r = newSchema(newRecord(formatID, Definition{EmbedAll: true}, "model", at)).with([]Field{{Name: "b", Type: Bool}}).record
	f("OK collection that infers", encode(r), hex.EncodeToString([]byte(`{"id":"0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f","version":1,"inferred":[{"name":"b","type":"bool"}],"infer":true,`+
		`"embed_all":true,"model":"model","created":"2026-01-02T03:04:05Z","updated":"2026-01-02T03:04:05Z"}`)))
	r = newRecord(formatID, Definition{EmbedAll: true, Metric: Cosine, Precision: Float32}, "model", at)
	f("OK collection of float32", encode(r), hex.EncodeToString([]byte(`{"id":"0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f","version":1,"infer":true,`+
		`"embed_all":true,"metric":"cosine","precision":"float32","model":"model","created":"2026-01-02T03:04:05Z","updated":"2026-01-02T03:04:05Z"}`)))
	a := &aliasRecord{Collection: "c1", Version: 1, Created: at, Updated: at}
	f("OK alias", encode(a), hex.EncodeToString([]byte(`{"collection":"c1","version":1,"created":"2026-01-02T03:04:05Z","updated":"2026-01-02T03:04:05Z"}`)))
	n := &reindexRecord{Source: "c1", SourceID: formatID, Target: "c2", TargetID: formatID, Started: at}
	f("OK re-index", encode(n), hex.EncodeToString([]byte(`{"source":"c1","source_id":"0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f","target":"c2","target_id":"0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f","started":"2026-01-02T03:04:05Z"}`)))
	n.Drop, n.Follows, n.Until, n.Copied, n.Error, n.Done, n.Of = true, true, formatID, formatID, "why", 1, 2
	f("OK re-index in full", encode(n), hex.EncodeToString([]byte(`{"source":"c1","source_id":"0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f","target":"c2","target_id":"0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f","drop":true,`+
		`"until":"0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f","copied":"0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f","follows":true,"started":"2026-01-02T03:04:05Z","error":"why","done":1,"of":2}`)))
	r.Follower, r.MadeFor = formatID, "a"
	f("OK collection in a re-index", encode(r)[bytes.LastIndex(encode(r), []byte(`Z",`)):], hex.EncodeToString([]byte(`Z","follower":"0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f","made_for":"a"}`)))
	codes := make([]int8, 4)
	scale := quantise([]float32{0.5, -0.25, 0.001, 0}, codes)
	if codes[0] != 127 || codes[1] != -64 || codes[2] != 0 || scale != float32(0.5/127) {
		t.Errorf("codes %v, scale %v", codes, scale)
	}
}

// TestOlderRecord holds that a collection whose record names no precision is one
// of int8, and that its definition is still the same.
func TestOlderRecord(t *testing.T) {
	for body, d := range map[string]Definition{
		`"infer":true,"embed_all":true`:                         {EmbedAll: true},
		`"declared":[{"name":"v","type":"vector(2)"}]`:          {Fields: []Field{{Name: "v", Type: "vector(2)"}}},
		`"declared":[{"name":"n","type":"int"}],"embed":[]`:     {Fields: []Field{{Name: "n", Type: Int}}},
		`"declared":[{"name":"n","type":"int"}],"metric":"dot"`: {Fields: []Field{{Name: "n", Type: Int}}, Metric: Dot},
	} {
		r, err := decodeRecord([]byte(`{"id":"0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f","version":1,` + body + `}`))
		if err != nil {
			t.Fatal(err)
		}
		normal, err := d.normal()
		if err != nil {
			t.Fatal(err)
		}
		if sc := newSchema(r); !r.definition().equal(normal) || sc.hasVectors() != normal.hasVectors() || sc.hasVectors() && sc.space.precision != Int8 {
			t.Errorf("%s is read as %+v, expected was %+v", body, r.definition(), normal)
		}
	}
}

// TestCutDocuments holds that a document that is cut short anywhere is an error
// and no panic, or another document's JSON.
func TestCutDocuments(t *testing.T) {
	for _, precision := range []Precision{Int8, Float32} {
		s := space{Dimensions, Cosine, precision}
		whole := stored{id: "d1", vector: make([]byte, s.bytes()), json: []byte(`{"id":"d1"}`)}.encode()
		for n := range len(whole) - len(`{"id":"d1"}`) {
			if _, err := decodeDocument(s, whole[:n]); err == nil {
				t.Fatalf("the first %d bytes are read", n)
			}
		}
		for n := range whole[:2] {
			damaged := append([]byte{}, whole...)
			damaged[n] |= 0x80
			if _, err := decodeDocument(s, damaged); err == nil {
				t.Errorf("a document with another byte %d is read", n)
			}
		}
	}
}

// TestSnapshotFormat holds every byte of a snapshot's file and of its records.
func TestSnapshotFormat(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var b bytes.Buffer
	r := newRecord(formatID, Definition{Fields: []Field{{Name: "t", Type: Text, Weight: 2, Language: "german"}}, Embed: []string{"t"}, Metric: Cosine, Language: "english"}, "model", at)
	w, err := newSnapshotWriter(&b, newSnapshotHead(r, at))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []put{{value: []byte("one"), passages: []byte("two")}, {value: []byte("three")}} {
		if err := w.add(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	sum := func(text string) string {
		return text + string(binary.LittleEndian.AppendUint32(nil, crc32.Checksum([]byte(text), castagnoli)))
	}
	const head = `{"fields":[{"name":"t","type":"text","weight":2,"language":"german"}],"embed":["t"],"metric":"cosine","precision":"int8","language":"english","model":"model","created":"2026-01-02T03:04:05Z"}`
	want := "QuintCol\x01\x00\x00\x00" + sum("\x01\xbf\x00\x00\x00"+head) +
		sum("\x02\x1b\x00\x00\x00"+"\x03\x00\x00\x00one"+"\x03\x00\x00\x00two"+"\x05\x00\x00\x00three"+"\x00\x00\x00\x00")
	all := sha256.Sum256([]byte(want))
	want += sum("\x03\x28\x00\x00\x00" + "\x02\x00\x00\x00\x00\x00\x00\x00" + string(all[:]))
	if b.String() != want {
		t.Errorf("got      %q\nexpected %q", b.String(), want)
	}
	if w.bytes != int64(b.Len()) || w.documents != 2 {
		t.Errorf("%d bytes and %d documents were counted", w.bytes, w.documents)
	}
	for got, want := range map[string]string{
		string(snapshotKey("c", formatID)):                                            "c\x00" + string(formatID[:]),
		string(partKey(formatID, 258)):                                                string(formatID[:]) + "\x00\x00\x01\x02",
		string(snapshotPart{engine.BlobName{31: 7}, 258}.encode()):                    "\x01" + strings.Repeat("\x00", 31) + "\x07" + "\x02\x01\x00\x00",
		string(encode(snapshotRecord{Documents: 2, Bytes: 3, Parts: 1, Created: at})): `{"documents":2,"bytes":3,"parts":1,"created":"2026-01-02T03:04:05Z"}`,
	} {
		if got != want {
			t.Errorf("got %q, expected %q", got, want)
		}
	}
}
