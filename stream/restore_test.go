package stream_test

import (
	"bytes"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"quintet/engine"
	"quintet/stream"
)

// TestRestore goes back to a backup: what came after it is lost, and no offset
// that was given out since is valid again.
func TestRestore(t *testing.T) {
	b := newBed(t, limits())
	quiet := func(string, int64, int64) {}
	line := `{"ts":` + b.at(0) + `,"type":"view"}`
	for n := range uint64(3) {
		if _, err := b.batchOf("p", n+1, line); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			if err := b.s.Flush(background); err != nil {
				t.Fatal(err)
			}
		}
	}
	var backup bytes.Buffer
	if err := b.engine.Backup(background, &backup, quiet); err != nil {
		t.Fatal(err)
	}
	if _, err := b.batchOf("p", 4, line); err != nil {
		t.Fatal(err)
	}
	before := b.s.Tag(b.acme, "visits")
	b.close()
	b.dir = filepath.Join(t.TempDir(), "restored")
	if err := engine.Restore(background, b.dir, &backup, quiet); err != nil {
		t.Fatal(err)
	}
	b.open()
	if n := b.count("visits"); n != 3 {
		t.Errorf("%d events; want the 3 of the backup", n)
	}
	if a, err := b.batchOf("p", 3, line); err != nil || !a.Duplicate || a.FirstOffset != 3 {
		t.Errorf("a batch of before the backup: %+v, %v", a, err)
	}
	a, err := b.batchOf("p", 4, line)
	if err != nil || a.Duplicate || a.FirstOffset < 1<<40 {
		t.Errorf("a batch that the restore lost: %+v, %v", a, err)
	}
	if b.s.Tag(b.acme, "visits") == before {
		t.Error("live ids of before the restore look like those of after it")
	}
	read := func(from string) (lines int, code string) {
		err := b.s.Replay(background, b.acme, "visits", from, 100, func(some []byte) error {
			lines += bytes.Count(some, []byte{'\n'})
			return nil
		})
		return lines, codeOf(err)
	}
	for from, want := range map[string]int{"": 4, "3": 2, strconv.FormatUint(a.FirstOffset, 10): 1} {
		if n, code := read(from); n != want || code != "" {
			t.Errorf("from %q: %d events, %s; want %d", from, n, code, want)
		}
	}
	if _, code := read("4"); code != "offset_unknown" {
		t.Errorf("from an offset that the restore lost: %q", code)
	}
	b.reopen()
	if n := b.count("visits"); n != 4 {
		t.Errorf("%d events after a restart; want 4", n)
	}
	b.check(t)
}

// TestSealed looks for what was sent in every file of the data folder.
func TestSealed(t *testing.T) {
	b := newBed(t, limits())
	_, err := b.s.Append(background, b.acme, "visits", stream.Input{
		Body: strings.NewReader(`{"ts":` + b.at(0) + `,"needle":"haystackneedle"}`), Length: -1, Producer: "needleproducer", Sequence: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.reopen() // writes everything
	for file, content := range b.files() {
		if bytes.Contains(content, []byte("needle")) {
			t.Errorf("%s holds a needle", file)
		}
	}
}
