package enginetest

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"testing"

	"quintet/engine/disk"
)

// The tests count over many seeds what a power cut leaves: the simulator must
// really lose, keep and tear, and each time by chance.
const seeds = 200

func create(t *testing.T, d *Disk, name string, content []byte) disk.File {
	t.Helper()
	f, err := d.Open(name, os.O_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	write(t, f, content, 0)
	return f
}

// durable makes a file whose name and content survive.
func durable(t *testing.T, d *Disk, name string, content []byte) disk.File {
	t.Helper()
	f := create(t, d, name, content)
	must(t, f.Sync())
	must(t, d.SyncDir("."))
	return f
}

func write(t *testing.T, f disk.File, b []byte, at int64) {
	t.Helper()
	if n, err := f.WriteAt(b, at); n != len(b) || err != nil {
		t.Fatalf("wrote %d of %d bytes: %v", n, len(b), err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sectors(n int, c byte) []byte { return bytes.Repeat([]byte{c}, n*SectorSize) }

func TestSyncedSurvives(t *testing.T) {
	for seed := range uint64(seeds) {
		d := NewDisk(seed)
		durable(t, d, "f", sectors(8, 'a'))
		if got := d.Crash().Bytes("f"); !bytes.Equal(got, sectors(8, 'a')) {
			t.Fatalf("seed %d: a synced file has %d bytes", seed, len(got))
		}
	}
}

// TestUnsyncedSectors overwrites eight sectors and counts in which of them the
// new bytes are found.
func TestUnsyncedSectors(t *testing.T) {
	var kept, lost [8]int
	reordered := 0
	for seed := range uint64(seeds) {
		d := NewDisk(seed)
		f := durable(t, d, "f", sectors(9, 'a'))
		write(t, f, sectors(8, 'b'), 0)
		write(t, f, []byte("b"), 8*SectorSize) // the last write is the one torn
		got := d.Crash().Bytes("f")
		for i := range kept {
			switch sector := got[i*SectorSize : (i+1)*SectorSize]; {
			case bytes.Equal(sector, sectors(1, 'b')):
				kept[i]++
			case bytes.Equal(sector, sectors(1, 'a')):
				lost[i]++
			default:
				t.Fatalf("seed %d: sector %d is a mixture", seed, i)
			}
		}
		if got[0] == 'a' && got[7*SectorSize] == 'b' {
			reordered++
		}
	}
	for i := range kept {
		if kept[i] < seeds/4 || lost[i] < seeds/4 {
			t.Errorf("sector %d: kept %d, lost %d", i, kept[i], lost[i])
		}
	}
	if reordered < seeds/8 {
		t.Errorf("only %d times was a later sector kept and an earlier one lost", reordered)
	}
}

func TestLastWriteIsTorn(t *testing.T) {
	torn := 0
	for seed := range uint64(seeds) {
		d := NewDisk(seed)
		f := durable(t, d, "f", sectors(4, 'a'))
		write(t, f, sectors(4, 'b'), 0)
		got := d.Crash().Bytes("f")
		mixed := 0
		for sector := range slices.Chunk(got, SectorSize) {
			if bytes.IndexByte(sector, 'a') >= 0 && bytes.IndexByte(sector, 'b') >= 0 {
				mixed++
			}
		}
		if mixed > 1 {
			t.Fatalf("seed %d: %d sectors are torn", seed, mixed)
		}
		torn += mixed
	}
	if torn < seeds/2 {
		t.Errorf("torn %d times", torn)
	}
}

func TestUnsyncedLength(t *testing.T) {
	lengths := map[int]int{}
	for seed := range uint64(seeds) {
		d := NewDisk(seed)
		f := durable(t, d, "f", sectors(1, 'a'))
		must(t, f.Allocate(4*SectorSize))
		got := d.Crash().Bytes("f")
		if !bytes.Equal(got[:SectorSize], sectors(1, 'a')) {
			t.Fatalf("seed %d: the synced sector changed", seed)
		}
		lengths[len(got)]++
	}
	if len(lengths) != 2 || lengths[SectorSize] < seeds/4 || lengths[4*SectorSize] < seeds/4 {
		t.Errorf("lengths %v", lengths)
	}
}

func TestUnsyncedNames(t *testing.T) {
	found := map[string]int{}
	for seed := range uint64(seeds) {
		d := NewDisk(seed)
		durable(t, d, "removed", nil)
		durable(t, d, "old", []byte("content"))
		must(t, create(t, d, "created", nil).Sync())
		must(t, d.Rename("old", "new"))
		must(t, d.Remove("removed"))
		after := d.Crash()
		names, err := after.List(".")
		must(t, err)
		for _, name := range names {
			found[name]++
		}
		if slices.Contains(names, "old") == slices.Contains(names, "new") {
			t.Fatalf("seed %d: a renamed file has both names or none: %v", seed, names)
		}
		if b := append(after.Bytes("old"), after.Bytes("new")...); string(b) != "content" {
			t.Fatalf("seed %d: a rename lost synced content: %q", seed, b)
		}
	}
	for _, name := range []string{"removed", "old", "new", "created"} {
		if found[name] < seeds/4 || found[name] > seeds*3/4 {
			t.Errorf("%s was found %d times of %d", name, found[name], seeds)
		}
	}
}

func TestSyncDirKeepsNames(t *testing.T) {
	for seed := range uint64(seeds) {
		d := NewDisk(seed)
		f := create(t, d, "dir/a", []byte("x"))
		must(t, f.Sync())
		must(t, d.Rename("dir/a", "dir/b"))
		must(t, d.SyncDir("dir"))
		after := d.Crash()
		if names, _ := after.List("dir"); !slices.Equal(names, []string{"b"}) {
			t.Fatalf("seed %d: %v", seed, names)
		}
	}
}

// TestLyingSync fails a Sync once: the second succeeds, and the disk never
// gets the bytes that reads may still see.
func TestLyingSync(t *testing.T) {
	seen := 0
	for seed := range uint64(seeds) {
		d := NewDisk(seed)
		f := durable(t, d, "f", sectors(1, 'a'))
		d.FailSync(1)
		write(t, f, sectors(1, 'b'), 0)
		if err := f.Sync(); !errors.Is(err, syscall.EIO) {
			t.Fatalf("got %v", err)
		}
		must(t, f.Sync())
		if d.Bytes("f")[0] == 'b' {
			seen++
		}
		if after := d.Crash(); !bytes.Equal(after.Bytes("f"), sectors(1, 'a')) {
			t.Fatalf("seed %d: the dropped sector is on disk", seed)
		}
	}
	if seen < seeds/4 || seen > seeds*3/4 {
		t.Errorf("reads saw the dropped sector %d times of %d", seen, seeds)
	}
}

func TestFree(t *testing.T) {
	d := NewDisk(1)
	d.SetFree(1000)
	f := create(t, d, "f", make([]byte, 300))
	if err := f.Allocate(1301); !disk.IsFull(err) {
		t.Errorf("allocate too much: %v", err)
	}
	must(t, f.Allocate(900))
	write(t, f, make([]byte, 900), 0) // takes nothing more
	n, err := f.WriteAt(make([]byte, 300), 900)
	if n != 100 || !disk.IsFull(err) {
		t.Errorf("a write beyond: %d bytes, %v", n, err)
	}
	must(t, d.Remove("f"))
	must(t, create(t, d, "g", nil).Allocate(1000))
	if err := create(t, d.Crash(), "h", nil).Allocate(1001); !disk.IsFull(err) {
		t.Errorf("after a power cut: %v", err)
	}
}

func TestHandlesDieWithThePower(t *testing.T) {
	d := NewDisk(1)
	f := create(t, d, "f", []byte("x"))
	d.Crash()
	_, openErr := d.Open("f", 0)
	_, writeErr := f.WriteAt([]byte("y"), 0)
	_, readErr := f.ReadAt(make([]byte, 1), 0)
	for _, err := range []error{openErr, writeErr, readErr, f.Sync(), d.SyncDir(".")} {
		if !errors.Is(err, ErrPowerCut) {
			t.Errorf("got %v", err)
		}
	}
}

func TestOnOpCutsThePower(t *testing.T) {
	d := NewDisk(1)
	var after *Disk
	d.OnOp(func(op, name string) error {
		if op == "sync" {
			after = d.Crash()
		}
		return nil
	})
	f := create(t, d, "f", []byte("x"))
	if err := f.Sync(); !errors.Is(err, ErrPowerCut) || after == nil {
		t.Errorf("got %v", err)
	}
}

func TestFailedWriteLeavesABeginning(t *testing.T) {
	partial := 0
	for seed := range uint64(seeds) {
		d := NewDisk(seed)
		f := durable(t, d, "f", nil)
		d.OnOp(func(op, _ string) error {
			if op == "write" {
				return syscall.EIO
			}
			return nil
		})
		n, err := f.WriteAt([]byte("abc"), 0)
		if !errors.Is(err, syscall.EIO) || string(d.Bytes("f")) != "abc"[:n] {
			t.Fatalf("seed %d: %d bytes, %v", seed, n, err)
		}
		if n > 0 && n < 3 {
			partial++
		}
	}
	if partial == 0 {
		t.Error("no write was partial")
	}
}

func TestReplays(t *testing.T) {
	run := func() []byte {
		d := NewDisk(42)
		f := durable(t, d, "f", sectors(20, 'a'))
		write(t, f, sectors(20, 'b'), 0)
		return d.Crash().Bytes("f")
	}
	if !bytes.Equal(run(), run()) {
		t.Error("the same seed left two different disks")
	}
}

func TestClone(t *testing.T) {
	d := NewDisk(1)
	f := durable(t, d, "f", []byte("a"))
	write(t, f, []byte("b"), 0)
	c := d.Clone()
	d.SetBytes("f", []byte("damage"))
	d.Delete("f")
	if d.Bytes("f") != nil || string(c.Bytes("f")) != "b" {
		t.Errorf("the clone has %q", c.Bytes("f"))
	}
	kept := map[string]bool{}
	for range seeds {
		kept[string(c.Clone().Crash().Bytes("f"))] = true
	}
	if len(kept) != 2 {
		t.Errorf("clones of an unsynced file crash to %v", kept)
	}
}

func TestMissing(t *testing.T) {
	d := NewDisk(1)
	_, err := d.Open("f", 0)
	for _, err := range []error{err, d.Remove("f"), d.Rename("f", "g")} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	}
	create(t, d, "f", nil)
	if _, err := d.Open("f", os.O_CREATE|os.O_EXCL); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v", err)
	}
}
