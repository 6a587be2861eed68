package config_test

import (
	"testing"
	"time"

	"quintet/engine/config"
)

func TestEnviron(t *testing.T) {
	f := func(name, pair string, got func(settings) any, want any) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			s, _ := mustLoad(t, config.Input{Environ: []string{"PATH=/bin", pair}})
			if value := got(s); value != want {
				t.Errorf("%q gave %v, want %v", pair, value, want)
			}
		})
	}
	f("OK root", "QUINTET_LISTEN=:1", func(s settings) any { return s.Listen }, ":1")
	f("OK section", "QUINTET_STREAM_FLUSH=5m", func(s settings) any { return s.Stream.Flush }, 5*time.Minute)
	f("OK hyphens", "QUINTET_STREAM_MAX_IN_FLIGHT=9", func(s settings) any { return s.Stream.MaxInFlight }, 9)
	f("OK two sections", "QUINTET_STREAM_BACKUP_EVERY=7", func(s settings) any { return s.Stream.Backup.Every }, 7)
	f("OK list", "QUINTET_STREAM_HOSTS=x,y,z", func(s settings) any { return len(s.Stream.Hosts) }, 3)
	f("OK equals in value", "QUINTET_LISTEN=a=b", func(s settings) any { return s.Listen }, "a=b")
	f("OK bool", "QUINTET_OPEN=on", func(s settings) any { return s.Open }, true)
}

func TestEnvironForeign(t *testing.T) {
	f := func(name string, pairs ...string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			mustLoad(t, config.Input{Environ: pairs, OtherEnv: []string{"QUINTET_LONG"}})
		})
	}
	f("OK without the prefix", "LISTEN=:1", "XQUINTET_Y=1", "quintet_listen=x", "QUINTET=1")
	f("OK of someone else", "QUINTET_LONG=1")
	f("OK twice without the prefix", "A=1", "A=2")
	f("OK no equals sign", "NONSENSE")

	// What Kubernetes sets for the Services quintet and quintet-peers.
	f("OK Kubernetes",
		"QUINTET_SERVICE_HOST=10.0.0.11",
		"QUINTET_SERVICE_PORT=8080",
		"QUINTET_SERVICE_PORT_HTTP=8080",
		"QUINTET_PORT=tcp://10.0.0.11:8080",
		"QUINTET_PORT_8080_TCP=tcp://10.0.0.11:8080",
		"QUINTET_PORT_8080_TCP_PROTO=tcp",
		"QUINTET_PORT_8080_TCP_PORT=8080",
		"QUINTET_PORT_8080_TCP_ADDR=10.0.0.11",
		"QUINTET_PEERS_SERVICE_HOST=10.0.0.12",
		"QUINTET_PEERS_PORT=udp://10.0.0.12:9",
		"QUINTET_PEERS_PORT_9_UDP_ADDR=10.0.0.12",
	)
}

func TestEnvironProblems(t *testing.T) {
	f := func(name string, pairs []string, want config.Problem) {
		t.Helper()
		t.Run(name, func(t *testing.T) { wantProblem(t, config.Input{Environ: pairs}, want) })
	}
	f("ErrUnknown", []string{"QUINTET_NONSENSE=secret"}, config.Problem{
		Field:   "QUINTET_NONSENSE",
		Problem: "is not a variable of this program",
		Hint:    "config print",
	})
	f("ErrUnknown near", []string{"QUINTET_LISTN=:1"}, config.Problem{
		Field:   "QUINTET_LISTN",
		Problem: "is not a variable of this program",
		Hint:    "did you mean QUINTET_LISTEN?",
	})
	f("ErrUnknown port", []string{"QUINTET_PORT=8080"}, config.Problem{
		Field:   "QUINTET_PORT",
		Problem: "is not a variable of this program",
	})
	f("ErrTwice", []string{"QUINTET_LISTEN=:1", "QUINTET_LISTEN=:2"}, config.Problem{
		Field:   "QUINTET_LISTEN",
		Problem: "stands twice",
		Hint:    "keep one",
	})
	f("ErrValue", []string{"QUINTET_STREAM_FLUSH=soon"}, config.Problem{
		Field:   "stream.flush",
		Value:   "soon",
		Source:  "env QUINTET_STREAM_FLUSH",
		Problem: "is not a duration",
		Hint:    "10s",
	})
}

// TestEnvironOrder holds that the problems do not depend on the order in which
// the environment happens to be.
func TestEnvironOrder(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		problems := problemsOf(t, config.Input{Environ: []string{"QUINTET_Z=1", "QUINTET_B=1", "QUINTET_A=1"}})
		var fields string
		for _, p := range problems {
			fields += p.Field + " "
		}
		if fields != "QUINTET_A QUINTET_B QUINTET_Z " {
			t.Errorf("order %s", fields)
		}
	})
}
