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
	j := &job{
		id: formatID, queue: "mail", state: Running, priority: 5, cancel: true, attempt: 2, attempts: 3, token: 0x1122, time: 0x0a, lease: 30_000,
		created: 0x0b, due: 0x0c, claimed: 0x0d, until: 0x0e, timeout: 60_000, backoff: []uint32{1000, 2000}, moves: 7, last: 0x3344,
	}
	f("OK job", j.encode(), "01 03 05 01 00000002 00000003 0000000000001122 0000000000003344 00000007"+
		"000000000000000a 000000000000000b 000000000000000c 000000000000000d 000000000000000e 00007530 0000ea60 0000000000000000"+
		"04 6d61696c 02 000003e8 000007d0")
	f("OK place", j.place().key(), "6d61696c 00 03"+id+"05 000000000000000a 00007530 00000007")
	f("OK transition key", transitionKey(0x3344, formatID, 7), "0000000000003344"+id+"00000007")
	f("OK transition", transition{event: evFailed, state: Retrying, at: 1, attempt: 2, token: 3, time: 4, previous: 5, text: "no"}.encode(),
		"01 05 04 0000000000000001 00000002 0000000000000003 0000000000000004 0000000000000005 6e6f")
	f("OK expiry key", expiryKey(0x0e, formatID), "000000000000000e"+id)
	f("OK payload", encodePayload("s", []byte("{}")), "01 01 73 7b7d")
	f("OK queue", encodeQueue(0x0b), "01 000000000000000b")
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
				id: formatID, queue: name.Draw(t, "queue"), state: State(rapid.IntRange(1, int(states)-1).Draw(t, "state")), priority: rapid.Byte().Draw(t, "priority"),
				cancel: rapid.Bool().Draw(t, "cancel"), attempt: rapid.Uint32().Draw(t, "attempt"), attempts: rapid.Uint32().Draw(t, "attempts"),
				token: rapid.Uint64().Draw(t, "token"), time: ms.Draw(t, "time"), lease: rapid.Uint32().Draw(t, "lease"), created: ms.Draw(t, "created"),
				due: ms.Draw(t, "due"), claimed: ms.Draw(t, "claimed"), until: ms.Draw(t, "until"), timeout: rapid.Uint32().Draw(t, "timeout"),
				backoff: rapid.SliceOfN(rapid.Uint32(), 1, maxBackoff).Draw(t, "backoff"), moves: rapid.Uint32().Draw(t, "moves"), last: rapid.Uint64().Draw(t, "last"),
			}
			b := j.encode()
			got, err := decodeJob(formatID, b)
			j.stored, j.storedUntil = j.place(), j.until
			if err != nil || !reflect.DeepEqual(got, j) {
				t.Fatalf("%+v, %v\nexpected %+v", got, err, j)
			}
			for n := range b {
				if _, err := decodeJob(formatID, b[:n]); err == nil {
					t.Fatalf("a record of %d bytes of %d was read", n, len(b))
				}
			}
			queue, p, ok := splitPlace(j.place().key())
			p.queue = string(queue)
			if !ok || p != j.place() {
				t.Fatalf("place %+v, expected %+v", p, j.place())
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
	t.Run("OK payload", func(t *testing.T) {
		schedule, payload, err := decodePayload(encodePayload("nightly", []byte(`{"a":1}`)))
		if schedule != "nightly" || string(payload) != `{"a":1}` || err != nil {
			t.Errorf("%q %s %v", schedule, payload, err)
		}
		for _, bad := range [][]byte{nil, {1}, {2, 0}, {1, 5, 'a'}} {
			if _, _, err := decodePayload(bad); err == nil {
				t.Errorf("%x was read", bad)
			}
		}
	})
}

// TestEntrySize holds what an unfinished job costs beside its place in a map.
func TestEntrySize(t *testing.T) {
	if size := unsafe.Sizeof(entry{}); size > 64 {
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
