package pixel_test

import (
	"os"
	"os/exec"
	"testing"
)

// TestBuildsAlone holds that the package builds where nothing else of ours
// does: in a browser and at an edge.
func TestBuildsAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles the standard library for two platforms")
	}
	for _, system := range []string{"js", "wasip1"} {
		t.Run(system, func(t *testing.T) {
			t.Parallel()
			build := exec.Command("go", "build", ".")
			build.Env = append(os.Environ(), "GOOS="+system, "GOARCH=wasm", "CGO_ENABLED=0")
			if out, err := build.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
