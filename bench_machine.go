package main

import (
	"bufio"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/cpu"

	"quintet/engine/disk"
)

// machine is where the figures were taken.
type machine struct {
	Cores      int     `json:"cores"`
	CPU        string  `json:"cpu"`
	VNNI       bool    `json:"avx512_vnni"`
	System     string  `json:"system"`
	Go         string  `json:"go"`
	SyncBefore float64 `json:"fdatasync_p50_ms_before"`
	SyncAfter  float64 `json:"fdatasync_p50_ms_after"`
	RatesBind  bool    `json:"rates_bind"`
}

// bindingSync is the slowest disk, in milliseconds, that rates are held to.
const bindingSync = 0.15

func thisMachine() machine {
	return machine{
		Cores: runtime.NumCPU(), CPU: cpuModel(), VNNI: cpu.X86.HasAVX512VNNI,
		System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
	}
}

// cpuModel is what Linux calls the processor; elsewhere its architecture.
func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// syncP50 measures the disk of a folder: append 256 bytes, fdatasync.
func syncP50(dir string) (p50 time.Duration, err error) { return syncEvery(dir, 400, 0) }

// syncEvery does so with a pause before each: disks and processors that had
// nothing to do take longer.
func syncEvery(dir string, times int, pause time.Duration) (p50 time.Duration, err error) {
	const name, size = "sync", 256
	fs := disk.OS(dir)
	f, err := fs.Open(name, os.O_CREATE)
	if err != nil {
		return 0, err
	}
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
		if removed := fs.Remove(name); err == nil {
			err = removed
		}
	}()
	took := make([]time.Duration, times)
	for i := range took {
		time.Sleep(pause)
		began := time.Now()
		if _, err := f.WriteAt(make([]byte, size), int64(i)*size); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return quantile(took, 0.5), nil
}
