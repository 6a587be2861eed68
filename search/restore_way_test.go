package search_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// stalling is a body that stands still at some byte until it is told to go on.
type stalling struct {
	io.Reader
	reached, on chan struct{}
	rest        io.Reader
}

func newStalling(file string, at int) *stalling {
	return &stalling{Reader: strings.NewReader(file[:at]), reached: make(chan struct{}), on: make(chan struct{}), rest: strings.NewReader(file[at:])}
}

func (s *stalling) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	if err == io.EOF && s.rest != nil {
		close(s.reached)
		<-s.on
		s.Reader, s.rest = s.rest, nil
		return s.Reader.Read(b)
	}
	return n, err
}

// TestRestoreUnderWay lets things happen in the middle of a restore: a sweep
// leaves it alone, nobody sees it, others have to wait, and the name is taken.
func TestRestoreUnderWay(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.populate(rand.New(rand.NewPCG(5, 5)), "c", 300, func(rng *rand.Rand) map[string]any {
		return map[string]any{"title": wordsOf(rng, 3), "deep": []any{strings.Repeat("x", 1000)}}
	})
	_, file := b.snapshot("c")
	documents := b.keys("search.documents")
	start := func(name string) (body *stalling, ended chan error) {
		body, ended = newStalling(file, len(file)-100), make(chan error, 1)
		go func() {
			_, err := b.s.Restore(background, b.acme, name, body, func() {})
			ended <- err
		}()
		<-body.reached
		return body, ended
	}
	first, one := start("r")
	if b.keys("search.documents") <= documents || b.keys("search.dropped") != 1 {
		t.Errorf("%d documents, %d notes: it is not under way", b.keys("search.documents"), b.keys("search.dropped"))
	}
	must(t, b.s.Sweep(background))
	b.check()
	b.do("GET", "/v1/collections/r", "").want(404)
	b.do("POST", "/v1/search", `{"searches":[{"collection":"r"}]}`).want(200, "collection_not_found")
	second, two := start("r")
	b.do("POST", "/v1/collections/s/restore", file, octets...).want(429, "too_many_snapshots_under_way")
	b.do("POST", "/v1/collections/c/snapshots", "").want(429, "too_many_snapshots_under_way")
	b.do("POST", "/v1/collections/s/restore", file, append(octets, "Test-Tenant", "globex")...).want(201)
	close(first.on)
	must(t, <-one)
	close(second.on)
	if err := <-two; problemOf(err).Code != "collection_exists" {
		t.Errorf("the second of a name: %v", err)
	}
	b.wantNothingLeft(2*documents, 1, 1)
	b.do("GET", "/v1/collections/r", "").want(200, fmt.Sprintf(`"documents":%d`, documents))

	third, three := start("t") // a kill: what it leaves is removed by the next start
	b.dir = b.copyKilled()
	killed := *b
	killed.openEngine()
	must(t, killed.s.StartIdle(background))
	if killed.keys("search.documents") <= 2*documents {
		t.Error("nothing was left to remove")
	}
	killed.check()
	killed.wantNothingLeft(2*documents, 1, 1)
	killed.close()
	close(third.on)
	must(t, <-three)
}

// copyKilled copies the folder as a kill leaves it.
func (b *bed) copyKilled() string {
	b.t.Helper()
	to := b.copyFolder(filepath.Join(filepath.Dir(b.dir), "killed"))
	image, size := b.storeBytes()
	must(b.t, os.WriteFile(filepath.Join(to, storeFile), image, 0o600))
	must(b.t, os.Truncate(filepath.Join(to, storeFile), size))
	return to
}

// TestRestoreFull lets the store be full in the middle of a restore.
func TestRestoreFull(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"n","type":"int"}]}`)
	rng := rand.New(rand.NewPCG(3, 3))
	for i := range 8 {
		var docs []string
		for j := range 10 {
			docs = append(docs, large(rng, fmt.Sprint("large", i, "x", j)))
		}
		b.post("c", docs...)
	}
	_, file := b.snapshot("c")
	small := &bed{t: t, dir: filepath.Join(memory(t), "data"), model: &fake{}, maxStore: 4 << 20}
	small.open()
	t.Cleanup(small.close)
	small.do("POST", "/v1/collections/r/restore", file, octets...).want(507, "store_full")
	small.do("GET", "/v1/collections/r", "").want(404)
	small.wantNothingLeft(0, 0, 0)
}

// TestRestoreNeedsMemory holds that what the index has no memory for is not
// restored, and that a collection knows its documents before it is loaded.
func TestRestoreNeedsMemory(t *testing.T) {
	b := newBed(t)
	b.define("c", `{}`)
	b.populate(rand.New(rand.NewPCG(8, 8)), "c", 60, snapshotKinds[0].members)
	_, file := b.snapshot("c")
	documents := b.keys("search.documents")
	listed := ""
	_, err := b.s.Restore(background, b.acme, "r", strings.NewReader(file), func() {
		if r := b.do("GET", "/v1/collections", ""); strings.Contains(string(r.body), `"name":"r"`) {
			listed = string(r.body)
		}
	})
	must(t, err)
	if n := strings.Count(listed, fmt.Sprintf(`"documents":%d,`, documents)); n != 2 || !strings.Contains(listed, `"loaded":false`) {
		t.Errorf("before it was loaded it was listed as %s", listed)
	}
	b.options.Memory = 1000
	b.reopen()
	b.do("POST", "/v1/collections/s/restore", file, octets...).want(507, "index_memory_full", "search.memory")
	b.options.Memory = 0
	b.reopen()
	b.wantNothingLeft(2*documents, 1, 1)
}

// TestRestoreWhole holds that a collection which is there, whole, is not said to
// have failed because its index takes more memory than its documents told.
func TestRestoreWhole(t *testing.T) {
	b := newBed(t)
	b.crowd("c", 1_000)
	i := b.listed("c")
	_, file := b.snapshot("c")
	if i.Memory < 2*i.Bytes {
		t.Fatalf("an index of %d bytes is made of %d", i.Memory, i.Bytes)
	}
	b.options.Memory = i.Bytes + i.Bytes/2
	b.reopen()
	b.do("POST", "/v1/collections/r/restore", file, octets...).want(201, `"documents":1000`, `"loaded":false`)
	b.do("POST", "/v1/collections/r/search", `{"q":"winter"}`).want(507, "index_memory_full")
	b.do("GET", "/v1/collections/r/documents/7", "").want(200, "c7")
}
