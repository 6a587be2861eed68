package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"quintet/engine/config"
)

const word = "hunter2"

func TestSecretHides(t *testing.T) {
	type named struct{ Key config.Secret }
	type hidden struct{ key config.Secret }
	secret := config.NewSecret(word)

	values := map[string]any{
		"value":            secret,
		"pointer":          &secret,
		"field":            named{secret},
		"unexported field": hidden{secret},
		"slice":            []config.Secret{secret},
		"map":              map[string]config.Secret{"k": secret},
		"interface":        any(secret),
	}
	for name, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
			t.Run("OK "+name+" "+verb, func(t *testing.T) {
				mustHide(t, fmt.Sprintf(verb, value))
			})
		}
		t.Run("OK "+name+" JSON", func(t *testing.T) {
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			mustHide(t, string(text))
		})
		t.Run("OK "+name+" slog", func(t *testing.T) {
			var out bytes.Buffer
			slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", value)
			slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", value)
			mustHide(t, out.String())
		})
	}
}

func mustHide(t *testing.T, shown string) {
	t.Helper()
	for _, leak := range []string{word, fmt.Sprintf("%x", word), fmt.Sprintf("%X", word), fmt.Sprint([]byte(word))} {
		if strings.Contains(shown, leak) {
			t.Errorf("%q shows the secret", shown)
		}
	}
}

func TestSecretText(t *testing.T) {
	f := func(name string, s config.Secret, wantText, wantReveal string, wantSet bool) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			marshalled, err := s.MarshalText()
			if err != nil {
				t.Fatal(err)
			}
			for _, got := range []string{s.String(), s.GoString(), string(marshalled), s.LogValue().String(), fmt.Sprint(s)} {
				if got != wantText {
					t.Errorf("shows %q, want %q", got, wantText)
				}
			}
			if quoted := fmt.Sprintf("%q", s); quoted != fmt.Sprintf("%q", wantText) {
				t.Errorf("%%q shows %s", quoted)
			}
			if s.Reveal() != wantReveal || s.IsSet() != wantSet {
				t.Errorf("Reveal = %q, IsSet = %v, want %q, %v", s.Reveal(), s.IsSet(), wantReveal, wantSet)
			}
		})
	}
	f("OK set", config.NewSecret(word), "[redacted]", word, true)
	f("OK zero", config.Secret{}, "", "", false)
	f("OK empty", config.NewSecret(""), "", "", false)
}

func TestSecretEqual(t *testing.T) {
	f := func(name string, a, b config.Secret, want bool) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			if a.Equal(b) != want || b.Equal(a) != want {
				t.Errorf("Equal is not %v", want)
			}
		})
	}
	f("OK same", config.NewSecret("a"), config.NewSecret("a"), true)
	f("OK other", config.NewSecret("a"), config.NewSecret("b"), false)
	f("OK longer", config.NewSecret("a"), config.NewSecret("aa"), false)
	f("OK zero", config.Secret{}, config.NewSecret("a"), false)
	f("OK both zero", config.Secret{}, config.Secret{}, true)
}

func TestSecretLoads(t *testing.T) {
	disk := files{
		"/run/key":     word + "\n",
		"/run/windows": word + "\r\n",
		"/run/spaces":  " a b \n",
	}
	f := func(name, value, want string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			s, _ := mustLoad(t, config.Input{
				Args:     []string{"--master-key=" + value},
				Environ:  []string{"KEY=" + word},
				ReadFile: disk.read,
			})
			if got := s.Key.Reveal(); got != want {
				t.Errorf("%q loaded %q, want %q", value, got, want)
			}
		})
	}
	f("OK literal", word, word)
	f("OK empty", "", "")
	f("OK file", "file:/run/key", word)
	f("OK file with CRLF", "file:/run/windows", word)
	f("OK file keeps spaces", "file:/run/spaces", " a b ")
	f("OK env", "env:KEY", word)
	f("OK like another scheme", "https://x", "https://x")
}

// TestSecretNamesVariable holds that a variable with our prefix is known once a
// secret names it.
func TestSecretNamesVariable(t *testing.T) {
	in := config.Input{Environ: []string{"QUINTET_SPARE=" + word}}
	t.Run("OK", func(t *testing.T) {
		in.Args = []string{"--master-key=env:QUINTET_SPARE"}
		s, _ := mustLoad(t, in)
		if s.Key.Reveal() != word {
			t.Errorf("Reveal = %q", s.Key.Reveal())
		}
	})
	t.Run("Err", func(t *testing.T) {
		in.Args = nil
		wantProblem(t, in, config.Problem{
			Field:   "QUINTET_SPARE",
			Problem: "is not a variable of this program",
		})
	})
}

func TestSecretProblems(t *testing.T) {
	disk := files{
		"/run/empty": "\n",
		"/run/large": strings.Repeat("k", config.MaxFileSize+1),
	}
	f := func(name, value, problem, hint string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			in := config.Input{Args: []string{"--master-key=" + value}, ReadFile: disk.read}
			wantProblem(t, in, config.Problem{
				Field:   "master-key",
				Value:   "[redacted]",
				Source:  "flag --master-key",
				Problem: problem,
				Hint:    hint,
			})
		})
	}
	f("ErrFile absent", "file:/run/absent", "cannot be read: open /run/absent", "permissions")
	f("ErrFile empty", "file:/run/empty", "/run/empty is empty", "write the secret")
	f("ErrFile large", "file:/run/large", "larger than 1MiB", "only the secret")
	f("ErrEnv", "env:ABSENT", "variable ABSENT is not set", "set it")
	f("ErrPlaceholder", "[redacted]", "placeholder", "file:/path")
}

// TestSecretOverriddenIsNotLoaded holds that only the value that takes effect
// is read: the file of a default deployment need not exist in a test.
func TestSecretOverriddenIsNotLoaded(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		s, _ := mustLoad(t, config.Input{
			Args:     []string{"--master-key=" + word},
			Environ:  []string{"QUINTET_MASTER_KEY=file:/run/absent"},
			ReadFile: files{}.read,
		})
		if s.Key.Reveal() != word {
			t.Errorf("Reveal = %q", s.Key.Reveal())
		}
	})
}

// pinned has a secret whose type quotes its input in its errors.
type pinned struct {
	Level slog.Level `name:"level" secret:"true"`
	PIN   int        `name:"pin" secret:"true"`
	DSN   string     `name:"dsn" secret:"true"`
}

func TestSecretTagHides(t *testing.T) {
	t.Run("Err", func(t *testing.T) {
		_, err := config.Load(new(pinned), config.Input{Args: []string{"--level=" + word, "--pin=" + word}})
		if err == nil {
			t.Fatal("no error")
		}
		mustHide(t, err.Error())
		if !strings.Contains(err.Error(), "cannot be parsed") {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("OK printed", func(t *testing.T) {
		var p pinned
		loaded, err := config.Load(&p, config.Input{Args: []string{"--pin=4711"}})
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := config.Print(&out, &p, loaded.Sources); err != nil {
			t.Fatal(err)
		}
		want := "level: \"[redacted]\"  # default\n" +
			"pin: \"[redacted]\"  # flag --pin\n" +
			"dsn: \"\"  # default\n"
		if out.String() != want {
			t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
		}
	})
}
