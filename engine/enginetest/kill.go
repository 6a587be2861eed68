package enginetest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// childFolder tells a test binary that it is the child, and where its data is.
const childFolder = "QUINTET_KILL_CHILD"

// What the child's lines begin with; all else on its stdout is not ours.
const (
	ackMark   = "acked "
	startMark = "started" // it is about to open its data
)

// lifetimes is how many rounds share a folder, which every round reads whole.
const lifetimes = 20

// Ack tells the ledger, which stands outside the process, that something is
// on disk. The line must name it well enough to find it again; it holds no
// line feed. Safe for concurrent use.
type Ack func(format string, args ...any)

// Kill tests what a process leaves behind that is killed by the system, which
// flushes nothing and runs nothing to its end.
//
// In every round the test binary runs itself once more, as a process that
// calls child over the data folder dir: child opens the folder, writes without
// end, and acknowledges each write once it has returned. The parent waits for
// a random number of acknowledgements and kills the process. Then verify, in
// the parent, opens the same folder and holds it against every line that was
// acknowledged in this or an earlier round, in the order of their writing; it
// closes the folder cleanly or not at all. Some rounds kill the child while it
// opens the folder, before its first acknowledgement.
//
//	func TestKill(t *testing.T) {
//		enginetest.Kill(t,
//			func(dir string, ack enginetest.Ack) { … for { …; ack("doc %d", id) } },
//			func(dir string, acked []string) { … t.Errorf("%s is lost", acked[i]) })
//	}
//
// Kill must be called once, by a test function itself, not by a subtest, and
// what the test does before runs in the child, too. QUINTET_KILLS sets the
// number of rounds, which is 5 and under QUINTET_LONG=1 is 200.
func Kill(t *testing.T, child func(dir string, ack Ack), verify func(dir string, acked []string)) {
	t.Helper()
	if dir := os.Getenv(childFolder); dir != "" {
		runChild(dir, child)
	}
	rng := rand.New(rand.NewPCG(Seed(), 9))
	var dir string
	var acked []string
	all := 0
	for round := range kills(t) {
		if round%lifetimes == 0 {
			dir, acked = filepath.Join(t.TempDir(), "data"), nil
		}
		wait := 0 // acknowledgements, rarely none
		if rng.IntN(5) > 0 {
			wait = 1 + rng.IntN(2000)
		}
		lines, err := runAndKill(t.Name(), dir, wait, rng.IntN(5000))
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		acked = append(acked, lines...)
		all += len(lines)
		verify(dir, acked)
		if t.Failed() {
			t.Fatalf("round %d: killed after %d acknowledgements, %d in all", round, len(lines), len(acked))
		}
	}
	t.Logf("%d acknowledged writes outlived %d kills", all, kills(t))
}

func kills(t *testing.T) int {
	if s := os.Getenv("QUINTET_KILLS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if os.Getenv("QUINTET_LONG") == "1" {
		return 200
	}
	return 5
}

// runChild is the life of the child. It ends by a signal, or by exit code 1.
func runChild(dir string, child func(string, Ack)) {
	var mu sync.Mutex
	fmt.Println(startMark)
	child(dir, func(format string, args ...any) {
		line := fmt.Appendf([]byte(ackMark), format+"\n", args...)
		mu.Lock()
		defer mu.Unlock()
		if _, err := os.Stdout.Write(line); err != nil {
			os.Exit(1) // the parent is gone
		}
	})
	fmt.Fprintln(os.Stderr, "the child must write until it is killed, and it returned")
	os.Exit(1)
}

// runAndKill returns the lines that the child acknowledged before it died.
// Where it waits for none, the child is given a moment of spin to open its data.
func runAndKill(test, dir string, wait, spin int) (acked []string, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-test.run=^"+test+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), childFolder+"="+dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	killed := false
	acked, ended := readLedger(stdout, wait, func() {
		for range spin {
			runtime.Gosched()
		}
		killed = cmd.Process.Kill() == nil
	})
	_ = cmd.Wait() // it was killed: an error by design
	if !killed || ended != io.EOF {
		return nil, fmt.Errorf("the child ended by itself: %v\n%s", ended, stderr.Bytes())
	}
	return acked, nil
}

// readLedger reads up to the end of the pipe, which is behind everything that
// was acknowledged, and calls kill once there are wait lines.
func readLedger(stdout io.Reader, wait int, kill func()) (acked []string, err error) {
	r := bufio.NewReader(stdout)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return acked, err // a line without its end does not count
		}
		line = strings.TrimSuffix(line, "\n")
		entry, ok := strings.CutPrefix(line, ackMark)
		if ok {
			acked = append(acked, entry)
		}
		if (ok || line == startMark) && len(acked) == wait {
			kill()
		}
	}
}
