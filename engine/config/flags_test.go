package config_test

import (
	"slices"
	"strings"
	"testing"

	"quintet/engine/config"
)

func TestFlags(t *testing.T) {
	f := func(name string, args []string, got func(settings) any, want any) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			s, _ := mustLoad(t, config.Input{Args: args})
			if value := got(s); value != want {
				t.Errorf("%q gave %v, want %v", args, value, want)
			}
		})
	}
	listen := func(s settings) any { return s.Listen }
	open := func(s settings) any { return s.Open }
	every := func(s settings) any { return s.Stream.Backup.Every }
	hosts := func(s settings) any { return strings.Join(s.Stream.Hosts, "|") }

	f("OK equals", []string{"--listen=:1"}, listen, ":1")
	f("OK space", []string{"--listen", ":1"}, listen, ":1")
	f("OK empty", []string{"--listen="}, listen, "")
	f("OK equals in value", []string{"--listen=a=b"}, listen, "a=b")
	f("OK negative number", []string{"--stream.backup.every", "-5"}, every, -5)
	f("OK nested", []string{"--stream.backup.every=7"}, every, 7)
	f("OK bool alone", []string{"--open"}, open, true)
	f("OK bool value", []string{"--open=off"}, open, false)
	f("OK list", []string{"--stream.hosts=x, y"}, hosts, "x|y")
	f("OK list twice", []string{"--stream.hosts=x,y", "--stream.hosts", "z"}, hosts, "x|y|z")
	f("OK list empty", []string{"--stream.hosts="}, hosts, "")
	f("OK after others", []string{"--open", "--listen=:1"}, listen, ":1")
}

func TestFlagProblems(t *testing.T) {
	f := func(name string, args []string, want config.Problem) {
		t.Helper()
		t.Run(name, func(t *testing.T) { wantProblem(t, config.Input{Args: args}, want) })
	}
	f("ErrUnknown", []string{"--nonsense"}, config.Problem{
		Field:   "--nonsense",
		Problem: "is not a flag",
		Hint:    "see --help",
	})
	f("ErrUnknown near", []string{"--lisen=:1"}, config.Problem{
		Field:   "--lisen",
		Problem: "is not a flag",
		Hint:    "did you mean --listen?",
	})
	f("ErrUnknown without its section", []string{"--every=7"}, config.Problem{
		Field:   "--every",
		Problem: "is not a flag",
		Hint:    "did you mean --stream.backup.every?",
	})
	f("ErrUnknown section", []string{"--stream=7"}, config.Problem{
		Field:   "--stream",
		Problem: "is not a flag",
		Hint:    "see --help",
	})
	f("ErrTwice", []string{"--listen=:1", "--listen=:2"}, config.Problem{
		Field:   "--listen",
		Problem: "is given twice",
		Hint:    "keep one",
	})
	f("ErrNoValue at the end", []string{"--listen"}, config.Problem{
		Field:   "--listen",
		Problem: "needs a value",
		Hint:    "write --listen=…",
	})
	f("ErrNoValue before a flag", []string{"--listen", "--open"}, config.Problem{
		Field:   "--listen",
		Problem: "needs a value",
		Hint:    "write --listen=…",
	})
	f("ErrOneHyphen", []string{"-listen=:1"}, config.Problem{
		Field:   "-listen",
		Problem: "is not a flag",
		Hint:    "write --listen",
	})
	f("ErrOneHyphen unknown", []string{"-x"}, config.Problem{
		Field:   "-x",
		Problem: "is not a flag",
		Hint:    "two hyphens",
	})
}

// TestUnknownFlagKeepsItsValue holds that what stands at a misspelt flag, which
// may be a secret, appears nowhere.
func TestUnknownFlagKeepsItsValue(t *testing.T) {
	f := func(name string, args ...string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			wantProblem(t, config.Input{Args: args}, config.Problem{
				Field:   "--master-kye",
				Problem: "is not a flag",
				Hint:    "did you mean --master-key?",
			})
		})
	}
	f("Err equals", "--master-kye=hunter2")
	f("Err space", "--master-kye", "hunter2")
}

func TestFlagValues(t *testing.T) {
	f := func(name, arg string, want config.Problem) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			flag, value, _ := strings.Cut(arg, "=")
			want.Field = strings.TrimPrefix(flag, "--")
			want.Value = value
			want.Source = "flag " + flag
			wantProblem(t, config.Input{Args: []string{arg}}, want)
		})
	}
	const whole = "is not a whole number"
	f("ErrBool", "--open=maybe", config.Problem{Problem: "neither true nor false", Hint: "on/off"})
	f("ErrInt", "--stream.backup.every=1.5", config.Problem{Problem: whole, Hint: "such as 100"})
	f("ErrInt empty", "--stream.backup.every=", config.Problem{Problem: whole, Hint: "such as 100"})
	f("ErrInt hexadecimal", "--stream.backup.every=0x10", config.Problem{Problem: whole, Hint: "such as 100"})
	f("ErrInt range", "--stream.backup.every=99999999999999999999", config.Problem{Problem: "outside the range", Hint: "nearer to zero"})
	f("ErrInt64", "--stream.offset=x", config.Problem{Problem: whole, Hint: "minus sign"})
	f("ErrUint negative", "--stream.workers=-1", config.Problem{Problem: "whole number from 0 up", Hint: "digits only"})
	f("ErrFloat", "--stream.ratio=half", config.Problem{Problem: "is not a number", Hint: "0.25"})
	f("ErrFloat NaN", "--stream.ratio=NaN", config.Problem{Problem: "is not a number", Hint: "0.25"})
	f("ErrFloat infinite", "--stream.ratio=inf", config.Problem{Problem: "is not a number", Hint: "0.25"})
	f("ErrFloat range", "--stream.ratio=1e999", config.Problem{Problem: "outside the range", Hint: "nearer to zero"})
	f("ErrDuration without unit", "--stream.flush=10", config.Problem{Problem: "is not a duration", Hint: "10s"})
	f("ErrSize", "--stream.segment=big", config.Problem{Problem: "is not a size", Hint: "64MiB"})
	f("ErrText", "--level=LOUD", config.Problem{Problem: "unknown name"})
}

func TestBoolWords(t *testing.T) {
	words := map[bool][]string{
		true:  {"true", "on", "yes", "1", "TRUE", "On"},
		false: {"false", "off", "no", "0", "FALSE", "Off"},
	}
	for want, texts := range words {
		for _, text := range texts {
			t.Run("OK "+text, func(t *testing.T) {
				s, _ := mustLoad(t, config.Input{Args: []string{"--open=" + text}})
				if s.Open != want {
					t.Errorf("%s gave %v", text, s.Open)
				}
			})
		}
	}
}

func TestListsDoNotShareMemory(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		a, _ := mustLoad(t, config.Input{})
		b, _ := mustLoad(t, config.Input{})
		a.Stream.Hosts[0] = "changed"
		if !slices.Equal(b.Stream.Hosts, []string{"a", "b"}) {
			t.Errorf("Hosts = %q", b.Stream.Hosts)
		}
	})
}
