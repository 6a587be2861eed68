package log_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"testing"

	"quintet/engine/enginetest"
	"quintet/engine/log"
)

// specimen is a small log of three segments and one made ahead.
type specimen struct {
	disk   *enginetest.Disk
	groups []int64 // where those of segment 3 start, and where the last ends
	end    uint64
}

const (
	oldest = "0000000000000001.log"
	second = "0000000000000002.log"
	third  = "0000000000000003.log"
	spare  = "0000000000000004.log"
)

func newSpecimen(t *testing.T, clean bool) specimen {
	d := enginetest.NewDisk(1)
	l, _ := open(t, d, small)
	for i := range 3 {
		if i > 0 {
			if err := l.Raise(1); err != nil { // begins a segment
				t.Fatal(err)
			}
		}
		for range 3 {
			fill(t, l, 1, 30)
		}
	}
	s := specimen{end: l.End()}
	shut(t, l) // so that the spare is there
	s.disk = d
	if !clean {
		d.Delete("closed")
	}
	b := d.Bytes(third)
	at := int64(64)
	for binary.LittleEndian.Uint32(b[at:]) != 0 {
		s.groups = append(s.groups, at)
		at += int64(binary.LittleEndian.Uint32(b[at+8:]))
	}
	s.groups = append(s.groups, at)
	return s
}

// outcome is what opening a damaged copy came to.
type outcome struct {
	err      error // of Open, or of Check if Open saw nothing
	byCheck  bool
	recovery log.Recovery
	end      uint64
}

func (s specimen) openWith(t *testing.T, name string, b []byte) outcome {
	d := s.disk.Clone()
	d.SetBytes(name, b)
	l, r, err := log.Open(d, ".", small)
	if err != nil {
		return outcome{err: err}
	}
	defer l.Close()
	o := outcome{recovery: r, end: l.End(), err: l.Check(ctx, nil), byCheck: true}
	if o.err == nil && len(sequences(t, l, 0)) == 0 {
		t.Error("nothing is left")
	}
	return o
}

// demand says whether the outcome of damage at a byte is what the rules of
// Open say, and if not, why.
func (s specimen) demand(o outcome, clean bool, name string, at int64) error {
	last := s.groups[len(s.groups)-2]
	end := s.groups[len(s.groups)-1]
	torn := !clean && (name == third && at >= last || name == spare && at >= 64)
	if torn {
		want := s.end
		if name == third && at < end {
			want--
		}
		if o.err != nil || o.end != want || len(o.recovery.Cuts) != 1 {
			return fmt.Errorf("not cut: %+v, want end %d", o, want)
		}
		return nil
	}
	var corrupt *log.CorruptError
	switch {
	case o.err == nil:
		return fmt.Errorf("accepted: %+v", o)
	case !errors.As(o.err, &corrupt):
		return fmt.Errorf("not a CorruptError: %w", o.err)
	case corrupt.File != name:
		return fmt.Errorf("another file is blamed: %w", o.err)
	case o.byCheck && name != oldest:
		return fmt.Errorf("only Check saw it: %w", o.err)
	case corrupt.Offset > at:
		return fmt.Errorf("a later place is blamed: %w", o.err)
	}
	return nil
}

// TestFlip flips every bit of what is written, and some of the zeros behind,
// in every file.
func TestFlip(t *testing.T) {
	for _, clean := range []bool{true, false} {
		s := newSpecimen(t, clean)
		names, _ := s.disk.List(".")
		for _, name := range names {
			t.Run(fmt.Sprintf("clean=%v/%s", clean, name), func(t *testing.T) {
				t.Parallel()
				s.flipAll(t, clean, name)
			})
		}
	}
}

func (s specimen) flipAll(t *testing.T, clean bool, name string) {
	b := s.disk.Bytes(name)
	written := len(bytes.TrimRight(b, "\x00"))
	for bit := 0; bit < 8*len(b); bit++ {
		at := bit / 8
		b[at] ^= 1 << (bit % 8)
		if err := s.demand(s.openWith(t, name, b), clean, name, int64(at)); err != nil {
			t.Fatalf("bit %d of byte %d: %v", bit%8, at, err)
		}
		b[at] ^= 1 << (bit % 8)
		if at > written {
			bit += 250 // no multiple of 8: another bit each time
		}
	}
}

// TestTruncate ends the last segment at every byte of its groups, by a shorter
// file and by zeros.
func TestTruncate(t *testing.T) {
	for _, clean := range []bool{true, false} {
		s := newSpecimen(t, clean)
		b := s.disk.Bytes(third)
		end := s.groups[len(s.groups)-1]
		for at := s.groups[1]; at < end; at++ {
			var corrupt *log.CorruptError
			if o := s.openWith(t, third, b[:at]); !errors.As(o.err, &corrupt) || corrupt.File != third {
				t.Fatalf("clean=%v, a file of %d bytes: %v", clean, at, o.err)
			}
			zeroed := make([]byte, len(b))
			copy(zeroed, b[:at])
			o := s.openWith(t, third, zeroed)
			whole := s.groupsUntil(at, b)
			want := s.end - 3 + uint64(whole)
			switch {
			case whole == 3: // what was cut were zeros
				if o.err != nil || o.end != s.end {
					t.Fatalf("clean=%v, nothing changed at %d: %v", clean, at, o.err)
				}
			case clean:
				if !errors.As(o.err, &corrupt) || corrupt.File != third {
					t.Fatalf("zeros from byte %d on after a clean stop: %v", at, o.err)
				}
			case o.err != nil || o.end != want:
				t.Fatalf("zeros from byte %d on: end %d, want %d: %v", at, o.end, want, o.err)
			}
		}
	}
}

// groupsUntil counts the groups of batches that zeros from at on leave whole.
func (s specimen) groupsUntil(at int64, b []byte) (whole int) {
	for _, end := range s.groups[2:] {
		rest := b[min(at, end):end]
		changed := false
		for _, c := range rest {
			changed = changed || c != 0
		}
		if changed {
			break
		}
		whole++
	}
	return whole
}

// TestRefused takes files away or exchanges them.
func TestRefused(t *testing.T) {
	other := newSpecimen(t, false)
	foreign := enginetest.NewDisk(99)
	l, _ := open(t, foreign, small)
	shut(t, l)
	newer := func(d *enginetest.Disk, name string, length int) {
		b := d.Bytes(name)
		b[8]++
		table := crc32.MakeTable(crc32.Castagnoli)
		crc := crc32.Update(crc32.Checksum(b[:12], table), table, b[16:length])
		binary.LittleEndian.PutUint32(b[12:], crc)
		d.SetBytes(name, b)
	}
	for name, test := range map[string]struct {
		damage func(d *enginetest.Disk)
		file   string // to be blamed; empty: a newer version
	}{
		"ErrMissingMiddle":   {func(d *enginetest.Disk) { d.Delete(second) }, third},
		"ErrMissingLast":     {func(d *enginetest.Disk) { d.Delete(third) }, spare},
		"ErrMissingIDs":      {func(d *enginetest.Disk) { d.Delete("ids") }, "ids"},
		"ErrMissingSegments": {func(d *enginetest.Disk) { d.Delete(oldest); d.Delete(second); d.Delete(third); d.Delete(spare) }, "ids"},
		"ErrForeign":         {func(d *enginetest.Disk) { d.SetBytes(oldest, foreign.Bytes(oldest)) }, oldest},
		"ErrMisnamed":        {func(d *enginetest.Disk) { d.SetBytes(third, d.Bytes(second)) }, third},
		"ErrLonger":          {func(d *enginetest.Disk) { d.SetBytes(second, append(d.Bytes(second), 0)) }, second},
		"ErrEmpty":           {func(d *enginetest.Disk) { d.SetBytes(second, nil) }, second},
		"ErrNewerSegment":    {func(d *enginetest.Disk) { newer(d, second, 64) }, ""},
		"ErrNewerIDs":        {func(d *enginetest.Disk) { newer(d, "ids", len(d.Bytes("ids"))) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := other.disk.Clone()
			test.damage(d)
			before := d.Clone()
			_, _, err := log.Open(d, ".", small)
			var corrupt *log.CorruptError
			switch {
			case test.file == "":
				if !errors.Is(err, log.ErrNewer) {
					t.Errorf("got %v", err)
				}
			case !errors.As(err, &corrupt) || corrupt.File != test.file:
				t.Errorf("got %v", err)
			}
			sameFiles(t, before, d)
		})
	}
}

// TestForeignGroup puts a group of another history of the same log in the
// place of its twin: all of it is right but what came before.
func TestForeignGroup(t *testing.T) {
	var last [2][]byte
	var at int
	d := enginetest.NewDisk(1)
	l, _ := open(t, d, small)
	shut(t, l)
	for i := range last {
		d := d.Clone()
		l, _ := open(t, d, small)
		for _, data := range []byte{byte(i), 9} {
			if _, err := l.Append(ctx, log.Batch{Count: 1, Data: []byte{data}}); err != nil {
				t.Fatal(err)
			}
		}
		shut(t, l)
		b := d.Bytes(oldest)
		at = bytes.LastIndex(b, []byte("QGRP"))
		last[i] = b
		if i == 1 {
			copy(b[at:], last[0][at:])
			d.SetBytes(oldest, b)
			d.Delete("closed")
			var corrupt *log.CorruptError
			if _, _, err := log.Open(d, ".", small); !errors.As(err, &corrupt) || corrupt.Offset != int64(at) {
				t.Errorf("got %v", err)
			}
		}
	}
}

// TestStrangeGroup leaves, behind the end of an unclean stop, a whole group
// that belongs to another place or another log: it proves nothing, and is cut.
func TestStrangeGroup(t *testing.T) {
	s, other := newSpecimen(t, false), newSpecimen(t, false)
	first, last, end := s.groups[1], s.groups[len(s.groups)-2], s.groups[len(s.groups)-1]
	t.Run("Place", func(t *testing.T) {
		b := s.disk.Bytes(third)
		copy(b[end+512:], b[first:s.groups[2]])
		if o := s.openWith(t, third, b); o.err != nil || o.end != s.end || len(o.recovery.Cuts) != 1 {
			t.Errorf("got %+v", o)
		}
	})
	t.Run("Log", func(t *testing.T) {
		b := s.disk.Bytes(third)
		copy(b[last:end], other.disk.Bytes(third)[last:end])
		if o := s.openWith(t, third, b); o.err != nil || o.end != s.end-1 || len(o.recovery.Cuts) != 1 {
			t.Errorf("got %+v", o)
		}
	})
}

// sameFiles demands that a refusal changed nothing.
func sameFiles(t *testing.T, before, after *enginetest.Disk) {
	a, _ := before.List(".")
	b, _ := after.List(".")
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("files %v became %v", a, b)
	}
	for _, name := range a {
		if string(before.Bytes(name)) != string(after.Bytes(name)) {
			t.Errorf("%s changed", name)
		}
	}
}

// TestReadDamaged damages a log in use: Read stops at the place, having given
// out all before it.
func TestReadDamaged(t *testing.T) {
	s := newSpecimen(t, true)
	l, _ := open(t, s.disk, small)
	b := s.disk.Bytes(second)
	first := 64 + int64(binary.LittleEndian.Uint32(b[64+8:]))
	b[first+100] ^= 1
	s.disk.SetBytes(second, b)
	var last uint64
	next, err := l.Read(ctx, 0, func(r log.Record) error { last = r.Sequence; return nil })
	var corrupt *log.CorruptError
	if !errors.As(err, &corrupt) || corrupt.File != second || corrupt.Offset != first || last != 3 || next != 4 {
		t.Errorf("read to %d, next %d: %v", last, next, err)
	}
	shut(t, l)
}
