package scheduler_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
)

// powerCut runs f, which commits at most once, and opens a folder in which the
// power was cut during that commit. It reports whether the commit survived.
func (b *bed) powerCut(rng *rand.Rand, open, f func()) (survived bool) {
	b.t.Helper()
	old, _ := b.storeBytes()
	cut, err := os.MkdirTemp(filepath.Dir(b.dir), "cut-")
	must(b.t, err)
	before := b.copyFolder(cut)
	f()
	image, size := b.storeBytes()
	if survived = rng.IntN(2) == 0; !survived {
		image = halfWritten(rng, old, image)
	}
	b.close()
	must(b.t, os.WriteFile(filepath.Join(before, storeFile), image, 0o600))
	must(b.t, os.Truncate(filepath.Join(before, storeFile), size))
	must(b.t, os.RemoveAll(b.dir))
	b.dir = before
	open()
	return survived
}
