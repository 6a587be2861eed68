package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"quintet/engine"
	"quintet/engine/enginetest"
)

// What the child of TestKill writes: documents under writer and number, each
// with an entry in an index, in one update.
const (
	killDocs  engine.Bucket = "kill.docs"
	killIndex engine.Bucket = "kill.index" // the document's key read backwards → its last byte
)

// killWriters are alone, in bulk, with a blob, and 16 that share commits.
const (
	killAlone, killBulk, killBlob = 100, 101, 102
	killMany                      = 16
	killPerBulk                   = 50
)

func TestKill(t *testing.T) {
	enginetest.Kill(t, killChild, func(dir string, acked []string) { killVerify(t, dir, acked) })
}

func killOptions(dir string) engine.Options {
	return engine.Options{Dir: dir, SegmentBytes: 256 << 10, Reserve: 1 << 20}
}

// killChild never returns: its parent kills it.
func killChild(dir string, ack enginetest.Ack) {
	e, err := engine.Open(context.Background(), killOptions(dir))
	if err != nil {
		panic(err)
	}
	acme, err := e.Tenants.Lookup("acme")
	if err != nil {
		if acme, err = e.Tenants.Create(context.Background(), "acme", func(*engine.Tx) error { return nil }); err != nil {
			panic(err)
		}
		ack("tenant")
	}
	c := &killer{e: e, acme: acme, ack: ack}
	var wg sync.WaitGroup
	for w := range killMany {
		wg.Go(func() { c.writeStore(byte(w), 1) })
	}
	wg.Go(func() { c.writeStore(killAlone, 1) })
	wg.Go(func() { c.writeStore(killBulk, killPerBulk) })
	wg.Go(c.writeBlobs)
	for s := range 4 {
		wg.Go(func() { c.writeEvents(byte(s)) })
	}
	wg.Wait()
}

type killer struct {
	e    *engine.Engine
	acme engine.Tenant
	ack  enginetest.Ack
}

// killContent depends to its last byte on what it belongs to.
func killContent(writer byte, n uint64) []byte {
	rng := rand.New(rand.NewPCG(uint64(writer), n))
	b := make([]byte, 1+rng.IntN(600))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func killKey(writer byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{writer}, n)
}

func killPut(tx *engine.Tx, writer byte, n uint64) {
	key, value := killKey(writer, n), killContent(writer, n)
	tx.Put(killDocs, key, value)
	slices.Reverse(key)
	tx.Put(killIndex, key, value[len(value)-1:])
}

// last returns the writer's newest document, from a life before this one.
func (c *killer) last(writer byte) (n uint64) {
	err := c.e.Store.View(context.Background(), c.acme, func(v *engine.View) error {
		n = 0
		for key := range v.Descend(killDocs, []byte{writer}, []byte{writer + 1}) {
			n = binary.BigEndian.Uint64(key[1:])
			break
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
	return n
}

func (c *killer) writeStore(writer byte, per uint64) {
	for n := c.last(writer) + 1; ; n += per {
		err := c.e.Store.Update(context.Background(), c.acme, func(tx *engine.Tx) error {
			for i := range per {
				killPut(tx, writer, n+i)
			}
			return nil
		}, bulkIf(per > 1)...)
		if err != nil {
			panic(err)
		}
		c.ack("doc %d %d", writer, n+per-1)
	}
}

func (c *killer) writeBlobs() {
	for n := c.last(killBlob) + 1; ; n++ {
		name, err := c.e.Blobs.Put(context.Background(), c.acme, bytes.NewReader(killBlobContent(n)))
		if err != nil {
			panic(err)
		}
		err = c.e.Store.Update(context.Background(), c.acme, func(tx *engine.Tx) error {
			tx.Put(killDocs, killKey(killBlob, n), name[:])
			return c.e.Blobs.Reference(tx, name)
		})
		if err != nil {
			panic(err)
		}
		c.ack("doc %d %d", killBlob, n)
	}
}

func killBlobContent(n uint64) []byte { return bytes.Repeat(killContent(killBlob, n), 300) }

func (c *killer) writeEvents(stream byte) {
	id := engine.ID{15: stream}
	for n := c.e.Events.Next(c.acme, id); ; n++ {
		r, err := c.e.Events.Append(context.Background(), c.acme, engine.EventBatch{Stream: id, Count: 1, ProducerSeq: n, Data: killContent(stream, n)})
		if err != nil {
			panic(err)
		}
		c.ack("event %d %d %d", stream, r.Offset, r.Sequence)
	}
}

// killVerify demands everything acknowledged, whole, and nothing half.
func killVerify(t *testing.T, dir string, acked []string) {
	e, err := engine.Open(context.Background(), killOptions(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	acme, err := e.Tenants.Lookup("acme")
	if err != nil && len(acked) > 0 {
		t.Fatal(err)
	}
	if err != nil {
		return
	}
	docs := killDump(t, e, acme)
	events := killEvents(t, e)
	for _, line := range acked {
		var writer byte
		var n, sequence uint64
		switch kind, rest, _ := strings.Cut(line, " "); kind {
		case "doc":
			fmt.Sscan(rest, &writer, &n)
			if docs[writer] < n {
				t.Errorf("%s is lost: the last is %d", line, docs[writer])
			}
		case "event":
			fmt.Sscan(rest, &writer, &n, &sequence)
			if events[sequence] != [2]uint64{uint64(writer), n} {
				t.Errorf("%s is lost: %v stands there", line, events[sequence])
			}
		}
	}
}

// killDump reads every document and returns the number of each writer's last.
// Before it, none may be missing, for a writer waits for one before the next.
func killDump(t *testing.T, e *engine.Engine, acme engine.Tenant) map[byte]uint64 {
	last, blobs := map[byte]uint64{}, map[uint64]engine.BlobName{}
	index := map[string]byte{}
	err := e.Store.View(context.Background(), acme, func(v *engine.View) error {
		for key, value := range v.Scan(killIndex, nil, nil) {
			slices.Reverse(key)
			index[string(key)] = value[0]
		}
		for key, value := range v.Scan(killDocs, nil, nil) {
			writer, n := key[0], binary.BigEndian.Uint64(key[1:])
			if n != last[writer]+1 {
				t.Errorf("writer %d has document %d after %d", writer, n, last[writer])
			}
			last[writer] = n
			if writer == killBlob {
				blobs[n] = engine.BlobName(value)
				continue
			}
			if !bytes.Equal(value, killContent(writer, n)) {
				t.Errorf("document %d of writer %d is not what was written", n, writer)
			}
			if end, ok := index[string(key)]; !ok || end != value[len(value)-1] {
				t.Errorf("document %d of writer %d is not in the index", n, writer)
			}
			delete(index, string(key))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for key := range index {
		t.Errorf("the index has %x, and there is no document", key)
	}
	if last[killBulk]%killPerBulk != 0 {
		t.Errorf("half an update: the bulk writer's last is %d", last[killBulk])
	}
	for n, name := range blobs {
		if got := readBlob(t, e, acme, name); !bytes.Equal(got, killBlobContent(n)) {
			t.Errorf("blob %d has %d bytes, which are not those that were put", n, len(got))
		}
	}
	return last
}

// killEvents reads the log and returns stream and offset by sequence.
func killEvents(t *testing.T, e *engine.Engine) map[uint64][2]uint64 {
	found, next := map[uint64][2]uint64{}, map[byte]uint64{}
	_, err := e.Events.Read(context.Background(), e.Events.First(), func(r engine.EventRecord) error {
		stream := r.Stream[15]
		if next[stream] == 0 {
			next[stream] = 1
		}
		if r.Offset != next[stream] || !bytes.Equal(r.Data, killContent(stream, r.Offset)) {
			t.Errorf("stream %d has %d bytes at offset %d, expected was offset %d", stream, len(r.Data), r.Offset, next[stream])
		}
		next[stream] = r.Offset + 1
		found[r.Sequence] = [2]uint64{uint64(stream), r.Offset}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
