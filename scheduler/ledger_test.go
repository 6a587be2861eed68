package scheduler_test

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// ledger is what happened outside: a file that outlives the process, one line
// for each thing, written before the next thing happens.
//
//	life                        a process began; whatever ran before, stopped
//	intent <ref>                a producer is about to enqueue a job
//	begin <id> <token> <group>  a worker runs a job; the group is queue/key
//	effect <id> <token> <ref>   the job had its effect
//	stop <id> <token> <group>   the worker is about to tell how it went
//
// It does what a fenced resource does: an effect with a token below the highest
// that it has seen of the job is refused, and of a job that had its effect
// another one does nothing.
type ledger struct {
	mu      sync.Mutex
	f       *os.File
	highest map[string]uint64
	effects map[string]bool
}

// openLedger reads what is there and appends to it.
func openLedger(name string) (*ledger, error) {
	l := &ledger{highest: map[string]uint64{}, effects: map[string]bool{}}
	err := readLedger(name, func(what, id string, token uint64, _ string) {
		if l.highest[id] = max(l.highest[id], token); what == "effect" {
			l.effects[id] = true
		}
	})
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	l.f, err = os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return l, err
}

// readLedger calls each for every whole line.
func readLedger(name string, each func(what, id string, token uint64, rest string)) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	for r := bufio.NewReader(f); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil // a line without its end was being written
		}
		var what, id, rest string
		var token uint64
		_, _ = fmt.Sscan(line, &what, &id, &token, &rest)
		each(what, id, token, rest)
	}
}

func (l *ledger) write(format string, args ...any) {
	if _, err := fmt.Fprintf(l.f, format+"\n", args...); err != nil {
		panic(err)
	}
}

func (l *ledger) say(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.write(format, args...)
}

// begin notes a lease. Its token must be above all that were before.
func (l *ledger) begin(id string, token uint64, group string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if token <= l.highest[id] {
		panic(fmt.Sprintf("job %s was leased with token %d after %d", id, token, l.highest[id]))
	}
	l.highest[id] = token
	l.write("begin %s %d %s", id, token, group)
}

// effect reports whether the token was good for an effect.
func (l *ledger) effect(id string, token uint64, ref string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if token < l.highest[id] {
		return false
	}
	if !l.effects[id] {
		l.effects[id] = true
		l.write("effect %s %d %s", id, token, ref)
	}
	return true
}

// account is what a ledger comes to.
type account struct {
	effects map[string]bool
	highest map[string]uint64 // token of each job
	begun   map[string]string // queue/key → the job that began last
	lives   int
	begins  int
}

// limit is how many jobs may run at once.
type limit struct {
	queue, key int // 0 = as many as like
	strict     bool
}

// audit goes through a ledger: no token goes back, no job has two effects or
// one that nobody intended, no more jobs run at once than may, and under strict
// order each key's jobs begin in the order of their ids.
func audit(t *testing.T, name string, limits map[string]limit) account {
	t.Helper()
	a := account{effects: map[string]bool{}, highest: map[string]uint64{}, begun: map[string]string{}}
	intended, running := map[string]bool{}, map[string]int{}
	count := func(group string, n int) {
		queue, _, _ := strings.Cut(group, "/")
		running[queue], running[group] = running[queue]+n, running[group]+n
		if most := limits[queue]; most.queue > 0 && running[queue] > most.queue || most.key > 0 && running[group] > most.key {
			t.Errorf("%d jobs of %s run at once, %d of %s", running[queue], queue, running[group], group)
		}
	}
	must(t, readLedger(name, func(what, id string, token uint64, rest string) {
		switch what {
		case "life":
			running = map[string]int{}
			a.lives++
		case "intent":
			intended[id] = true
		case "begin":
			if token <= a.highest[id] {
				t.Errorf("job %s began with token %d after %d", id, token, a.highest[id])
			}
			a.highest[id] = token
			queue, _, _ := strings.Cut(rest, "/")
			if limits[queue].strict && id < a.begun[rest] {
				t.Errorf("job %s of %s began after %s", id, rest, a.begun[rest])
			}
			a.begun[rest] = id
			a.begins++
			count(rest, 1)
		case "stop":
			count(rest, -1)
		case "effect":
			if token < a.highest[id] || a.effects[id] || !intended[rest] {
				t.Errorf("job %s had an effect with token %d after %d, another before: %v, intended: %v", id, token, a.highest[id], a.effects[id], intended[rest])
			}
			a.effects[id] = true
		}
	}))
	return a
}
