package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
)

// answer is what Quintet's own benchmark tells.
type answer struct {
	single, together      float64 // jobs/s of 16 producers over HTTP, leased one by one and 100 at once
	syncBefore, syncAfter float64 // fdatasync p50 in ms
}

// askQuintet runs `quintet bench scheduler`, which starts a server of its own.
// Its workers lease and complete one job a call, and then many, as River does.
func askQuintet(ctx context.Context, program, folder string, seconds float64) (a answer, err error) {
	bench := exec.CommandContext(ctx, program, "bench", "scheduler", "--json", "--only", "life-cycle", "--seconds", fmt.Sprint(seconds))
	if folder != "" {
		bench.Args = append(bench.Args, "--folder", folder)
	}
	bench.Cancel = func() error { return bench.Process.Signal(os.Interrupt) } // it stops its server and removes its folder
	var said bytes.Buffer                                                     // progress, of interest only when it fails
	bench.Stderr = &said
	out, err := bench.Output()
	if err != nil {
		return a, fmt.Errorf("%s: %w\n%s", program, err, &said)
	}
	var report struct {
		Machine struct {
			Before float64 `json:"fdatasync_p50_ms_before"`
			After  float64 `json:"fdatasync_p50_ms_after"`
		}
		Measures []struct {
			Figures []struct {
				Name  string
				Value float64
			}
		}
	}
	if err := json.Unmarshal(out, &report); err != nil {
		return a, err
	}
	a.syncBefore, a.syncAfter = report.Machine.Before, report.Machine.After
	for _, m := range report.Measures {
		for _, f := range m.Figures {
			switch f.Name {
			case "16 + 16":
				a.single = f.Value
			case "16 + 2, 100 jobs a lease":
				a.together = f.Value
			}
		}
	}
	if a.single == 0 || a.together == 0 {
		return a, fmt.Errorf("%s does not tell both rates of 16 producers", program)
	}
	return a, nil
}
