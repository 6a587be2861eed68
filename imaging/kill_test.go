package imaging_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"quintet/engine"
	"quintet/engine/enginetest"
	"quintet/imaging"
)

// killWriters upload at once; every fourth image is deleted again.
const killWriters = 8

// TestKill kills a process that uploads and deletes. What was acknowledged
// must be there and whole, or gone, and nothing may be half there.
func TestKill(t *testing.T) {
	enginetest.Kill(t, killChild, func(dir string, acked []string) { killVerify(t, dir, acked) })
}

func openKilled(dir string) (*engine.Engine, *imaging.Images, engine.Tenant, error) {
	e, err := engine.Open(background, engine.Options{Dir: dir, SegmentBytes: 1 << 20, Reserve: 64 << 10})
	if err != nil {
		return nil, nil, engine.Tenant{}, err
	}
	acme, err := e.Tenants.Lookup("acme")
	if err != nil {
		if acme, err = e.Tenants.Create(background, "acme", func(*engine.Tx) error { return nil }); err != nil {
			return nil, nil, acme, err
		}
	}
	s := imaging.New(e, imaging.Config{})
	return e, s, acme, s.Start(background)
}

// killBytes is the n-th image of a writer: some of 4 KiB, some of 100 KiB.
func killBytes(w, n int) []byte {
	b := drawn(new(testing.T), 20, 10, w<<16|n)
	if n%3 == 0 {
		b = append(b, bytes.Repeat([]byte{byte(n)}, 100<<10)...) // decoders stop before it
	}
	return b
}

// killChild never returns: its parent kills it.
func killChild(dir string, ack enginetest.Ack) {
	_, s, acme, err := openKilled(dir)
	if err != nil {
		panic(err)
	}
	start := rand.IntN(1 << 15) // an image that is there already is put again
	var wg sync.WaitGroup
	for w := range killWriters {
		wg.Go(func() {
			for n := start; ; n++ {
				if n%4 == 0 {
					ack("passing %d %d", w, n)
				}
				img, err := s.Put(background, acme, bytes.NewReader(killBytes(w, n)))
				if err != nil {
					panic(err)
				}
				if n%4 != 0 {
					killRepeat(s, acme, ack, w, n)
					continue
				}
				if err := s.Delete(background, acme, img.ID); err != nil {
					panic(err)
				}
				ack("gone %d %d", w, n)
			}
		})
	}
	wg.Wait()
}

// killRepeat uploads an image that is there again and again: each answer
// promises the same.
func killRepeat(s *imaging.Images, acme engine.Tenant, ack enginetest.Ack, w, n int) {
	data := killBytes(w, n)
	for range 40 {
		ack("put %d %d", w, n)
		if _, err := s.Put(background, acme, bytes.NewReader(data)); err != nil {
			panic(err)
		}
	}
}

func killVerify(t *testing.T, dir string, acked []string) {
	e, s, acme, err := openKilled(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Stop(background); err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	last := map[[2]int]string{} // image → what was acknowledged last
	for _, line := range acked {
		var what string
		var w, n int
		if _, err := fmt.Sscan(line, &what, &w, &n); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		last[[2]int{w, n}] = what
	}
	for image, what := range last {
		want := killBytes(image[0], image[1])
		digest := sha256.Sum256(want)
		content, err := s.Content(background, acme, acme.Hash("imaging.image", string(digest[:])))
		there, gone := err == nil && bytes.Equal(content, want), codeOf(err) == "image_not_found"
		if what == "put" && !there || what == "gone" && !gone || !there && !gone {
			t.Errorf("image %v, acknowledged as %s: %d bytes, %v", image, what, len(content), err)
		}
	}
	if problems, err := e.Check(background, func(string, int64, int64) {}); err != nil || len(problems) > 0 {
		t.Errorf("check: %q, %v", problems, err)
	}
}
