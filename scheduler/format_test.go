package scheduler

import (
	"encoding/hex"
	"math"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"quintet/engine"
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
	at := place{queue: "mail", state: Running, id: formatID, priority: 5, started: true, time: 0x0a, span: 30_000, move: 7}
	j := &job{
		place: at, cancel: true, attempt: 2, attempts: 3, token: 0x1122, due: 0x0c, claimed: 0x0d, timeout: 60_000, keep: 3600,
		backoff: []uint32{1000, 2000}, last: 0x3344, progress: progress{40, "half"},
	}
	f("OK job", j.encode(), "02 01 00000002 00000003 0000000000001122 0000000000003344 000000000000000c 000000000000000d 0000ea60 00000e10 28 02 000003e8 000007d0 04 68616c66")
	j.cancel, j.output, j.backoff, j.progress = false, true, nil, progress{percent: -1}
	f("OK job with output", j.encode(), "02 02 00000002 00000003 0000000000001122 0000000000003344 000000000000000c 000000000000000d 0000ea60 00000e10 ff 00 00")
	f("OK place", at.bytes(), "6d61696c 00 03"+id+"05 01 000000000000000a 00007530 00000007")
	at.started, at.group = false, 0x99
	f("OK place with a key", at.bytes(), "6d61696c 00 03"+id+"05 02 000000000000000a 00007530 00000007 0000000000000099")
	f("OK transition key", transitionKey(0x3344, formatID, 7), "0000000000003344"+id+"00000007")
	f("OK transition", transition{event: evFailed, state: Retrying, at: 1, attempt: 2, token: 3, time: 4, previous: 5, text: "no"}.encode(),
		"01 05 04 0000000000000001 00000002 0000000000000003 0000000000000004 0000000000000005 6e6f")
	x := &fixed{queue: "mail", created: 0x0b, schedule: "s", key: "k", tags: []string{"t"}, headers: []header{{"h", "v"}}, payload: []byte("{}"), size: 2}
	f("OK fixed", x.encode(), "02 00 000000000000000b 00000002 0004 6d61696c 0001 73 0001 6b 01 0001 74 01 0001 68 0001 76 7b7d")
	x.unique, x.blob, x.size = unique{[16]byte{1}, 9}, &engine.BlobName{2}, 50_000
	f("OK fixed with unique key and blob", x.encode(), "02 03 000000000000000b 0000c350 0004 6d61696c 0001 73 0001 6b"+
		"01000000000000000000000000000000 0000000000000009 01 0001 74 01 0001 68 0001 76"+"02"+strings.Repeat("00", 31))
	f("OK unique", uniqueEntry{id: formatID, until: 9, ended: Done}.encode(), "02"+id+"0000000000000009 05")
	f("OK window key", windowKey(9, [16]byte{1}), "0000000000000009 01000000000000000000000000000000")
	f("OK cursor", cursor{version: 1, passed: 2, next: 3, fired: 4, job: formatID, deleted: 5}.encode(),
		"01 0000000000000001 0000000000000002 0000000000000003 0000000000000004"+id+"0000000000000005")
}

// TestRoundTrip holds that every record is read as it was written, and that
// one that is cut short anywhere is an error and no panic.
func TestRoundTrip(t *testing.T) {
	name := rapid.StringMatching(`[a-z][a-z0-9_-]{0,62}`)
	ms := rapid.Int64Range(0, math.MaxInt64)
	t.Run("OK job", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			j := &job{
				place: place{
					id: formatID, queue: name.Draw(t, "queue"), state: State(rapid.IntRange(1, int(states)-1).Draw(t, "state")), priority: rapid.Uint8Range(0, maxPriority).Draw(t, "priority"),
					started: rapid.Bool().Draw(t, "started"), time: ms.Draw(t, "time"), span: rapid.Uint32().Draw(t, "span"), move: rapid.Uint32().Draw(t, "move"), group: rapid.Uint64().Draw(t, "group"),
				},
				cancel: rapid.Bool().Draw(t, "cancel"), output: rapid.Bool().Draw(t, "output"), attempt: rapid.Uint32().Draw(t, "attempt"), attempts: rapid.Uint32().Draw(t, "attempts"),
				token: rapid.Uint64().Draw(t, "token"), due: ms.Draw(t, "due"), claimed: ms.Draw(t, "claimed"), timeout: rapid.Uint32().Draw(t, "timeout"), keep: rapid.Uint32().Draw(t, "keep"),
				backoff: rapid.SliceOfN(rapid.Uint32(), 1, maxBackoff).Draw(t, "backoff"), last: rapid.Uint64().Draw(t, "last"),
				progress: progress{int8(rapid.IntRange(-1, 100).Draw(t, "percent")), rapid.StringN(0, 60, maxMessage).Draw(t, "message")},
			}
			b, key := j.encode(), j.place.bytes()
			queue, p, ok := splitPlace(key)
			p.queue = string(queue)
			if !ok || p != j.place {
				t.Fatalf("place %+v, expected %+v", p, j.place)
			}
			got, err := decodeJob(p, key, b)
			j.stored = key
			if err != nil || !reflect.DeepEqual(got, j) {
				t.Fatalf("%+v, %v\nexpected %+v", got, err, j)
			}
			for n := range b {
				if _, err := decodeJob(p, key, b[:n]); err == nil {
					t.Fatalf("a record of %d bytes of %d was read", n, len(b))
				}
			}
		})
	})
	t.Run("OK transition", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			want := transition{
				event: event(rapid.Byte().Draw(t, "event")), state: State(rapid.Byte().Draw(t, "state")), at: ms.Draw(t, "at"), attempt: rapid.Uint32().Draw(t, "attempt"),
				token: rapid.Uint64().Draw(t, "token"), time: ms.Draw(t, "time"), previous: rapid.Uint64().Draw(t, "previous"), text: rapid.String().Draw(t, "text"),
			}
			if got, err := decodeTransition(want.encode()); err != nil || got != want {
				t.Fatalf("%+v, %v\nexpected %+v", got, err, want)
			}
		})
	})
	t.Run("OK cursor", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			want := cursor{rapid.Uint64().Draw(t, "version"), ms.Draw(t, "passed"), ms.Draw(t, "next"), ms.Draw(t, "fired"), formatID, ms.Draw(t, "deleted")}
			b := want.encode()
			if got, err := decodeCursor(b); err != nil || got != want {
				t.Fatalf("%+v, %v", got, err)
			}
			if _, err := decodeCursor(b[:len(b)-1]); err == nil {
				t.Fatal("half a cursor was read")
			}
		})
	})
	t.Run("OK fixed", func(t *testing.T) {
		text := rapid.StringN(0, 20, 60)
		rapid.Check(t, func(t *rapid.T) {
			want := &fixed{
				queue: name.Draw(t, "queue"), created: ms.Draw(t, "created"), schedule: text.Draw(t, "schedule"), key: text.Draw(t, "key"),
				tags: rapid.SliceOfN(text, 1, maxTags).Draw(t, "tags"), headers: []header{{text.Draw(t, "name"), text.Draw(t, "value")}},
				payload: []byte(text.Draw(t, "payload")),
			}
			if want.size = uint32(len(want.payload)); rapid.Bool().Draw(t, "unique") {
				want.unique = unique{[16]byte{3}, ms.Draw(t, "until")}
			}
			b := want.encode()
			got, err := decodeFixed(b)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%+v, %v\nexpected %+v", got, err, want)
			}
			for n := range b {
				if _, err := decodeFixed(b[:n]); err == nil {
					t.Fatalf("a record of %d bytes of %d was read", n, len(b))
				}
			}
		})
	})
}

// TestEntrySize holds what an unfinished job costs beside its place in a map.
func TestEntrySize(t *testing.T) {
	if size := unsafe.Sizeof(entry{}); size > 48 {
		t.Errorf("an entry has %d bytes", size)
	}
}

// TestNames holds that every state and event has a name of its own.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for s := Scheduled; s < states; s++ {
		back, ok := parseState(s.String())
		if !ok || back != s || seen[s.String()] {
			t.Errorf("state %d is %q", s, s)
		}
		seen[s.String()] = true
	}
	for e := evEnqueued; e < events; e++ {
		if strings.Contains(e.String(), "(") || e.String() == "" {
			t.Errorf("event %d has no name", e)
		}
	}
	if State(99).String() != "State(99)" || event(99).String() != "event(99)" {
		t.Error("unknown numbers have no text")
	}
}
