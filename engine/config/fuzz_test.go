package config_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"quintet/engine/config"
)

// FuzzFile holds that no file panics, that what is refused is refused with
// problems, and that what is accepted survives being printed and read again.
func FuzzFile(f *testing.F) {
	for _, content := range everyKind {
		f.Add(content, false)
		f.Add(content, true)
	}
	for _, content := range []string{
		"", "---\n...\n", "- a\n", "a: &x [*x]\n", "? [a]\n: b\n", "stream:\n  hosts:\n  - |\n    a\n", "{", `{"listen":"\ud83d"}`,
	} {
		f.Add(content, false)
		f.Add(content, true)
	}
	f.Fuzz(func(t *testing.T, content string, asJSON bool) {
		name := "q.yaml"
		if asJSON {
			name = "q.json"
		}
		var s settings
		in := withNamedFile(name, content)
		if strings.Contains(content, "env:") || strings.Contains(content, "file:") {
			return // such a secret prints as its reference, which is not the subject here
		}
		loaded, err := config.Load(&s, in)
		if err != nil {
			var invalid *config.Error
			if !errors.As(err, &invalid) || len(invalid.Problems) == 0 {
				t.Fatalf("err = %v, want a *config.Error", err)
			}
			return
		}
		s.Key, s.Stream.Backup.DSN = config.Secret{}, "" // they print redacted
		var out strings.Builder
		if err := config.Print(&out, &s, loaded.Sources); err != nil {
			t.Fatal(err)
		}
		again, _ := mustLoad(t, withFile(out.String()))
		if !reflect.DeepEqual(s, again) {
			t.Fatalf("%q printed as\n%s\nand came back as %+v", content, out.String(), again)
		}
	})
}

// FuzzFlags holds that no command line or environment panics.
func FuzzFlags(f *testing.F) {
	f.Add("--listen=:1\x00--open", "QUINTET_LISTEN=x\x00A=b")
	f.Add("--\x00-x\x00--", "QUINTET_\x00=")
	f.Fuzz(func(t *testing.T, args, environ string) {
		_, err := config.Load(new(settings), config.Input{
			Args:     strings.Split(args, "\x00"),
			Environ:  strings.Split(environ, "\x00"),
			ReadFile: files{}.read,
		})
		var invalid *config.Error
		if err != nil && !errors.Is(err, config.ErrHelp) && !errors.As(err, &invalid) {
			t.Fatalf("err = %v, want ErrHelp or a *config.Error", err)
		}
	})
}
