package scheduler

import (
	"bytes"
	"encoding/json"
	"iter"
	"testing"

	"quintet/engine"
)

// FuzzRecords holds that no bytes make a decoder panic, and that what is read
// is written as the same bytes.
func FuzzRecords(f *testing.F) {
	at := place{queue: "mail", state: Ready, id: formatID, group: 7}
	j := &job{place: at, backoff: []uint32{1}, progress: progress{percent: 3, message: "x"}}
	f.Add(j.encode())
	f.Add(at.bytes())
	f.Add(transition{event: evLeased, text: "w"}.encode())
	f.Add(cursor{next: 1}.encode())
	f.Add((&fixed{queue: "q", tags: []string{"t"}, payload: []byte("{}"), size: 2}).encode())
	f.Add(uniqueEntry{id: formatID, until: 1}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if j, err := decodeJob(at, nil, b); err == nil && !bytes.Equal(j.encode(), b) {
			t.Errorf("a job became %x", j.encode())
		}
		if c, err := decodeCursor(b); err == nil && !bytes.Equal(c.encode(), b) {
			t.Errorf("a cursor became %x", c.encode())
		}
		if tr, err := decodeTransition(b); err == nil && !bytes.Equal(tr.encode(), b) {
			t.Errorf("a transition became %x", tr.encode())
		}
		if x, err := decodeFixed(b); err == nil && !bytes.Equal(x.encode(), b) {
			t.Errorf("a fixed record became %x", x.encode())
		}
		if u, err := decodeUnique(b); err == nil && !bytes.Equal(u.encode(), b) {
			t.Errorf("the entry of a unique key became %x", u.encode())
		}
		if queue, p, ok := splitPlace(b); ok {
			if p.queue = string(queue); !bytes.Equal(p.bytes(), b) {
				t.Errorf("a place became %x", p.bytes())
			}
		}
	})
}

// TestSevenIsSunday holds how days of the week are rewritten for the parser.
func TestSevenIsSunday(t *testing.T) {
	f := func(name, field, want string) {
		t.Run(name, func(t *testing.T) {
			if got := sevenIsSunday(field); got != want {
				t.Errorf("%s became %q, expected was %q", field, got, want)
			}
		})
	}
	f("OK alone", "7", "0")
	f("OK in a list", "1,7,3", "1,0,3")
	f("OK range", "5-7", "5,6,0")
	f("OK whole week", "0-7", "0,1,2,3,4,5,6,0")
	f("OK step", "1-7/2", "1,3,5,0")
	f("OK step that misses it", "1-7/4", "1,5")
	f("OK untouched", "*/2,MON-FRI,6", "*/2,MON-FRI,6")
	f("OK step of 7", "*/7", "*/7")
	f("OK from a name", "FRI-7", "5,6,0")
}

// TestMergeFalling merges lists that fall.
func TestMergeFalling(t *testing.T) {
	var got []byte
	for x := range mergeFalling(seqs([]byte{9, 4, 1}, nil, []byte{8, 5}, []byte{7})) {
		if got = append(got, x[15]); len(got) == 5 {
			break
		}
	}
	if !bytes.Equal(got, []byte{9, 8, 7, 5, 4}) {
		t.Errorf("merged %v", got)
	}
}

func seqs(lists ...[]byte) (all []iter.Seq2[engine.ID, *place]) {
	for _, list := range lists {
		all = append(all, func(yield func(engine.ID, *place) bool) {
			for _, n := range list {
				if !yield(engine.ID{15: n}, nil) {
					return
				}
			}
		})
	}
	return all
}

// FuzzCompact holds that a value is left alone exactly when encoding/json would
// take nothing out of it.
func FuzzCompact(f *testing.F) {
	for _, seed := range []string{`1`, ` 1`, `{"a b":"c \" d"}`, `{"a":"\\" }`, "[1,\n2]", `"\\\" "`, `{}`, `"` + "\u2028" + ` "`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var want bytes.Buffer
		if !json.Valid(raw) || json.Compact(&want, raw) != nil {
			return
		}
		if got, err := compact("body", raw, len(raw)); err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Fatalf("%q became %q, %v; expected was %q", raw, got, err, want.Bytes())
		}
	})
}
