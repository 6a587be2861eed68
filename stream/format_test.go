package stream_test

import (
	"slices"
	"strings"
	"testing"

	"quintet/engine"
	"quintet/stream"
)

// TestFormat reads what is stored as FORMAT.md says, byte by byte.
func TestFormat(t *testing.T) {
	b := newBed(t, limits())
	b.define("visits", stream.Definition{})
	_, err := b.s.Append(background, b.acme, "visits", stream.Input{
		Body: strings.NewReader(" {\"ts\":" + b.at(5) + "} \n\nbad\n{\"ts\":" + b.at(-5) + ",\"a\":\"x\"}"), Length: -1, Partial: true, Producer: "p", Sequence: 7,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.s.Flush(background); err != nil {
		t.Fatal(err)
	}
	id := b.streamID("visits")
	producer := b.acme.Hash("stream.producer", "p")
	ms := noon.UnixMilli()
	_, err = b.engine.Events.Read(background, 1, func(r engine.EventRecord) error {
		want := "\x01" + little(uint64(ms), 8) + little(1, 4) + `{"ts":` + b.at(5) + "}\n" + `{"ts":` + b.at(-5) + `,"a":"x"}`
		if string(r.Data) != want || r.Stream != id || r.Producer != producer || r.ProducerSeq != 7 || r.Count != 2 || r.Offset != 1 || r.Sequence != 1 {
			t.Errorf("the batch is %+v, %q; want %q", r, r.Data, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s := uint64(noon.Unix())
	b.stored(b.acme, "stream.spans", string(id[:])+big(1), big(1)+big(2)+big(2)+big(s-5)+big(s+5))
	b.stored(b.acme, "stream.producers", string(id[:])+string(producer[:]), big(uint64(ms))+big(0)+big(7)+big(1)+"\x00\x00\x00\x02\x00\x00\x00\x01")
	b.stored(b.engine.Tenants.Platform(), "stream.marks", big(2), big(uint64(ms)))
}

func little(n uint64, width int) string {
	var text []byte
	for range width {
		text = append(text, byte(n))
		n >>= 8
	}
	return string(text)
}

func big(n uint64) string {
	text := []byte(little(n, 8))
	slices.Reverse(text)
	return string(text)
}

// stored demands one key and its value, and no other in the bucket.
func (b *bed) stored(t engine.Tenant, bucket engine.Bucket, key, value string) {
	b.t.Helper()
	err := b.engine.Store.View(background, t, func(v *engine.View) error {
		for k, val := range v.Scan(bucket, nil, nil) {
			if string(k) != key || string(val) != value {
				b.t.Errorf("%s holds %x → %x; want %x → %x", bucket, k, val, key, value)
			}
			key = ""
		}
		return nil
	})
	if err != nil || key != "" {
		b.t.Errorf("%s is empty, %v", bucket, err)
	}
}
