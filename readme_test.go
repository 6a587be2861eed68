package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// actAs makes the test binary the program, for scripts that call it.
const actAs = "TEST_ACT_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(actAs) != "" {
		main()
	}
	os.Exit(m.Run())
}

// standIn takes the place of the go command in the scripts: `go run .` alone is
// the server that runs already, `go test` the test that asks.
const standIn = `#!/bin/sh
case "$1 $2" in
"run .") shift 2 ;;
"test ./...") exit 0 ;;
*) echo "a script calls: go $*" >&2; exit 1 ;;
esac
[ $# -eq 0 ] || ` + actAs + `=1 exec "$TEST_BINARY" "$@"
`

// TestReadmeCalls runs every sh block of the README and of the documents, copied
// exactly but for the server's address, in one shell for each file.
func TestReadmeCalls(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the calls of the README need %s, which is not installed", tool)
		}
	}
	files, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "README.md") {
		script := scriptOf(t, filepath.Join(root, file))
		if script == "" {
			continue
		}
		t.Run(file, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.CopyFS("imaging/testdata", os.DirFS(filepath.Join(root, "imaging/testdata"))); err != nil {
				t.Fatal(err)
			}
			r := startServer(t)
			r.awaitSamples()
			bin := filepath.Join(t.TempDir(), "bin")
			if err := os.Mkdir(bin, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(bin, "go"), []byte(standIn), 0o700); err != nil {
				t.Fatal(err)
			}
			address := strings.TrimPrefix(r.url, "http://")
			cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-x", "-c", strings.ReplaceAll(script, "127.0.0.1:8080", address))
			cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "TEST_BINARY="+self, "QUINTET_LISTEN="+address)
			if printed, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, printed)
			}
		})
	}
}

// awaitSamples returns once the demo's samples are there, which the server
// brings while it serves.
func (r *running) awaitSamples() {
	for !bytes.Contains(r.call("GET", "/v1/collections/countries", "", 0), []byte(`"documents":258`)) {
		runtime.Gosched()
	}
}

var shBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

func scriptOf(t *testing.T, file string) (script string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range shBlock.FindAllStringSubmatch(string(text), -1) {
		script += block[1]
	}
	return script
}
