package config_test

import (
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"

	"quintet/engine/config"
)

// TestProgrammersMistakes holds that a struct that breaks the rules is refused
// by every function, with a plain error that names the field.
func TestProgrammersMistakes(t *testing.T) {
	functions := map[string]func(any) error{
		"Load":   func(dst any) error { _, err := config.Load(dst, config.Input{}); return err },
		"Print":  func(dst any) error { return config.Print(io.Discard, dst, nil) },
		"Docs":   func(dst any) error { return config.Docs(io.Discard, dst) },
		"Usage":  func(dst any) error { return config.Usage(io.Discard, dst) },
		"Reload": func(dst any) error { _, err := config.Reload(dst, dst); return err },
	}
	f := func(name string, dst any, want string) {
		t.Helper()
		for function, call := range functions {
			t.Run(name+" "+function, func(t *testing.T) {
				err := call(dst)
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Fatalf("err = %v, want it to contain %q", err, want)
				}
				var invalid *config.Error
				if errors.As(err, &invalid) {
					t.Error("a mistake of the program was blamed on the user")
				}
			})
		}
	}
	f("ErrNil", nil, "want a pointer to a struct, got <nil>")
	f("ErrNil pointer", (*settings)(nil), "want a pointer to a struct")
	f("ErrValue", settings{}, "want a pointer to a struct, got config_test.settings")
	f("ErrOther", new(int), "want a pointer to a struct, got *int")
	f("ErrNoName", new(struct{ Listen string }), `field struct { Listen string }.Listen: name ""`)
	f("ErrUpperCase", new(struct {
		A int `name:"maxSize"`
	}), `name "maxSize" must be lower-case`)
	f("ErrUnderscore", new(struct {
		A int `name:"max_size"`
	}), `name "max_size" must be lower-case`)
	f("ErrKind", new(struct {
		A map[string]int `name:"a"`
	}), "a: type map[string]int is no kind of setting")
	f("ErrKind nested", new(struct {
		S struct {
			A int8 `name:"a"`
		} `name:"s"`
	}), "s.a: type int8 is no kind of setting")
	f("ErrTwice", new(struct {
		A int `name:"a"`
		B int `name:"a"`
	}), "a and a share the variable QUINTET_A")
	f("ErrSameVariable", new(struct {
		A int `name:"b-c"`
		B struct {
			C int `name:"c"`
		} `name:"b"`
	}), "b-c and b.c share the variable QUINTET_B_C")
	f("ErrConfig", new(struct {
		A string `name:"config"`
	}), "config and config share")
	f("ErrHelp", new(struct {
		A string `name:"help"`
	}), "the name help is taken")
	f("ErrDefault", new(struct {
		A int `name:"a" default:"x"`
	}), `a: default "x": is not a whole number`)
	f("ErrDefault secret", new(struct {
		A config.Secret `name:"a" default:"x"`
	}), "a secret cannot have a default")
}

func TestTextKinds(t *testing.T) {
	type root struct {
		Addr netip.Addr `name:"addr" default:"::1"`
	}
	t.Run("OK", func(t *testing.T) {
		var r root
		loaded, err := config.Load(&r, config.Input{Args: []string{"--addr=10.0.0.1"}})
		if err != nil || r.Addr != netip.MustParseAddr("10.0.0.1") {
			t.Fatalf("Addr = %v, %v", r.Addr, err)
		}
		var out strings.Builder
		if err := config.Print(&out, &r, loaded.Sources); err != nil {
			t.Fatal(err)
		}
		if want := "addr: \"10.0.0.1\"  # flag --addr\n"; out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
	})
	t.Run("Err", func(t *testing.T) {
		_, err := config.Load(new(root), config.Input{Args: []string{"--addr=x"}})
		if err == nil || !strings.Contains(err.Error(), `addr = "x" (flag --addr)`) {
			t.Errorf("err = %v", err)
		}
	})
}
