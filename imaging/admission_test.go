package imaging_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"quintet/imaging"
)

// TestAdmission holds that renditions wait for memory, are sent away when they
// would wait too long or too many wait, and leave nothing behind.
func TestAdmission(t *testing.T) {
	b := newBed(t, imaging.Config{Memory: 64 << 20, Queue: 4})
	img := b.put(drawn(t, 300, 300, 1))
	path := "/v1/images/" + img.ID.String() + "/"
	release := b.s.Occupy(b.globex, 64<<20)
	defer release()

	ctx, cancel := context.WithCancel(background)
	answers := make(chan error, 3)
	ask := func(ctx context.Context, operations string) {
		_, err := b.s.Rendition(ctx, b.acme, img.ID, parse(t, operations))
		answers <- err
	}
	go ask(ctx, "w=1") // will vanish
	b.waiting(1)
	go ask(background, "w=2")
	b.waiting(2)
	// Half of the four places are taken by acme.
	r := b.call("acme", "GET", path+"w=3", "")
	if r.status != 503 || !strings.Contains(r.body, `"retry_after":2`) || !strings.Contains(r.body, "imaging_busy") {
		t.Errorf("with a full queue: %v", r)
	}
	// What is in memory needs no room, and what the client has neither.
	if r := b.call("acme", "GET", "/v1/images/"+img.ID.String(), ""); r.status != 200 {
		t.Errorf("the original: %v", r.status)
	}
	cancel()
	if err := <-answers; !errors.Is(err, context.Canceled) {
		t.Errorf("who vanishes gets %v", err)
	}
	b.waiting(1)
	go ask(background, "w=2") // joins
	release()
	for range 2 {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
	b.waiting(0)
	if work, uploads, _ := b.s.InUse(); work != 0 || uploads != 0 || b.metric("refused_total") != 1 {
		t.Errorf("%d and %d bytes are left, %v refused", work, uploads, b.metric("refused_total"))
	}
}

// waiting waits until so many requests wait for memory.
func (b *bed) waiting(n int) {
	b.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Microsecond) {
		if _, _, now := b.s.InUse(); now == n {
			return
		}
	}
	_, _, now := b.s.InUse()
	b.t.Fatalf("%d requests wait; want %d", now, n)
}

// TestTooLargeAlone holds that what could never be admitted is refused at once.
func TestTooLargeAlone(t *testing.T) {
	b := newBed(t, imaging.Config{Memory: 3 << 20})
	if _, err := b.s.Put(background, b.acme, bytes.NewReader(drawn(t, 1000, 1000, 1))); codeOf(err) != "image_too_large" || !strings.Contains(err.Error(), "imaging.memory") {
		t.Errorf("an upload: %v", err)
	}
	img := b.put(drawn(t, 100, 100, 1))
	if r := b.call("acme", "GET", "/v1/images/"+img.ID.String()+"/w=4000,h=4000,fit=fill", ""); r.status != 422 || !strings.Contains(r.body, "image_too_large") {
		t.Errorf("a rendition: %v", r)
	}
	b.check()
}

// slowBody is a body that comes when it is told to.
type slowBody struct {
	more <-chan struct{}
	read bool
	data io.Reader
}

func (s *slowBody) Read(p []byte) (int, error) {
	s.read = true
	<-s.more
	return s.data.Read(p)
}

// TestUploadsAreCounted holds that a body is not read before there is room for
// it, and that a tenant's slow uploads leave room for others.
func TestUploadsAreCounted(t *testing.T) {
	b := newBed(t, imaging.Config{MaxBytes: 1 << 20, Uploads: 4 << 20})
	synctest.Test(t, func(t *testing.T) {
		more := make(chan struct{})
		small := drawn(t, 10, 10, 1)
		put := func(body io.Reader, result chan error) {
			_, err := b.s.Put(t.Context(), b.acme, body)
			result <- err
		}
		first := make(chan error, 2)
		for range 2 {
			go put(&slowBody{more: more, data: bytes.NewReader(small)}, first)
		}
		synctest.Wait()
		if _, uploads, _ := b.s.InUse(); uploads != 2<<20 {
			t.Fatalf("two bodies of unknown length hold %d bytes", uploads)
		}
		third := &slowBody{more: more, data: bytes.NewReader(small)}
		if _, err := b.s.Put(t.Context(), b.acme, third); codeOf(err) != "too_much_in_flight" || third.read {
			t.Errorf("beyond the share: %v, read: %v", err, third.read)
		}
		close(more)
		if err := errors.Join(<-first, <-first); err != nil {
			t.Error(err)
		}
		if _, uploads, _ := b.s.InUse(); uploads != 0 {
			t.Errorf("%d bytes are left", uploads)
		}
	})
}
