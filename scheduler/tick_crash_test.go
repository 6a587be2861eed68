package scheduler_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTicksAcrossPowerCuts cuts the power in every commit of a schedule's
// ticks: the file that comes back has, as bbolt writes, any part of the new
// pages and the old root, or all of them and the new root. Whatever survives,
// every tick has exactly one job in the end.
func TestTicksAcrossPowerCuts(t *testing.T) {
	f := func(name, spec string, step time.Duration, seeds uint64) {
		t.Run(name, func(t *testing.T) {
			cuts := 0
			for seed := range seeds {
				if cuts += ticksAcrossCuts(t, spec, step, seed); t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
			t.Logf("%d cuts in the commits of %d times ten minutes", cuts, seeds*cutSteps)
		})
	}
	f("OK cron", `"cron":"*/10 * * * *","zone":"Europe/Berlin"`, 10*time.Minute, 8)
	f("OK every", `"every":"10m"`, 10*time.Minute, 4)
	f("OK five missed ones in one commit", `"every":"2m","missed":"all"`, 2*time.Minute, 4)
	f("OK jitter", `"every":"2m","missed":"all","jitter":"1ms"`, 2*time.Minute, 2)
}

// cutSteps is how many times ten minutes pass, with ticks at every step.
const cutSteps = 20

// ticksAcrossCuts is one seed. It returns how often the power was cut.
func ticksAcrossCuts(t *testing.T, spec string, step time.Duration, seed uint64) (cuts int) {
	rng := rand.New(rand.NewPCG(seed, 4))
	clock := newTestClock(time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC))
	b := &bed{t: t, dir: filepath.Join(memory(t), "data"), clock: clock}
	b.openIdle()
	defer b.close()
	b.do("PUT", "/v1/schedules/s", `{`+spec+`,"queue":"q","overlap":"allow"}`).want(201)
	var want []string
	for range cutSteps {
		for end := clock.Now().Add(10 * time.Minute); clock.Now().Before(end); {
			clock.Advance(step)
			want = append(want, clock.Now().Format("15:04"))
		}
		for done := false; !done; {
			if rng.IntN(2) == 0 {
				must(t, b.s.Tick(context.Background()))
				break
			}
			done = b.cutDuring(rng, func() { must(t, b.s.Tick(context.Background())) })
			cuts++
		}
		if rng.IntN(4) == 0 { // a tick that was done is not done again
			must(t, b.s.Tick(context.Background()))
		}
	}
	slices.Reverse(want)
	b.wantTicks(want...)
	b.check()
	return cuts
}

// cutDuring runs f, which commits once, and opens a folder in which the power
// was cut during that commit. It reports whether the commit survived.
func (b *bed) cutDuring(rng *rand.Rand, f func()) (survived bool) {
	b.t.Helper()
	old, _ := b.storeBytes()
	before := b.copyFolder(filepath.Join(filepath.Dir(b.dir), fmt.Sprint(rng.Uint64())))
	f()
	image, size := b.storeBytes()
	if survived = rng.IntN(2) == 0; !survived {
		image = halfWritten(rng, old, image)
	}
	b.close()
	must(b.t, os.WriteFile(filepath.Join(before, storeFile), image, 0o600))
	must(b.t, os.Truncate(filepath.Join(before, storeFile), size))
	b.dir = before
	b.openIdle()
	return survived
}

const storeFile = "store.db"

// halfWritten takes the new content of some sectors and the old of the others;
// pages 0 and 1 hold the roots and stay old.
func halfWritten(rng *rand.Rand, old, now []byte) []byte {
	const page, sector = 4096, 512
	image := make([]byte, max(len(old), len(now)))
	copy(image, old)
	for at := 2 * page; at < len(now); at += sector {
		if end := min(at+sector, len(now)); !bytes.Equal(image[at:end], now[at:end]) && rng.IntN(2) == 0 {
			copy(image[at:end], now[at:end])
		}
	}
	return image
}

// storeBytes reads the part of the store that is in use, and tells how long
// the file is.
func (b *bed) storeBytes() ([]byte, int64) {
	b.t.Helper()
	const most = 1 << 20
	f, err := os.Open(filepath.Join(b.dir, storeFile))
	must(b.t, err)
	defer f.Close()
	info, err := f.Stat()
	must(b.t, err)
	data := make([]byte, most)
	n, err := f.ReadAt(data, 0)
	data = bytes.TrimRight(data[:n], "\x00")
	if len(data) == most {
		b.t.Fatalf("the store uses %d bytes or more: %v", most, err)
	}
	return data, info.Size()
}

// copyFolder copies all but the store as a kill leaves it.
func (b *bed) copyFolder(to string) string {
	b.t.Helper()
	must(b.t, filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the log makes its next segment under a name for a while
		}
		if err != nil || d.Name() == storeFile || d.Name() == "reserve" {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(path, b.dir))
		if d.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o600)
	}))
	b.t.Cleanup(func() { os.RemoveAll(to) })
	return to
}
