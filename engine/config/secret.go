package config

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// redacted stands for a secret wherever it would be shown.
const redacted = "[redacted]"

// Secret is a text that does not show itself: fmt, slog, JSON and every other
// encoder see "[redacted]", or "" when it is not set. As a setting, its value
// is "file:/path", "env:NAME", or the secret itself, which a command line shows
// to everyone on the machine.
type Secret struct {
	held *held
}

// held keeps the value two pointers away, because fmt cannot call methods on an
// unexported field of somebody's struct: there it prints what it finds itself,
// and it follows one pointer but never two.
type held struct {
	value *string
	ref   string // "file:/path" or "env:NAME"; "" for a literal
}

// NewSecret holds value; an empty one is not set.
func NewSecret(value string) Secret { return newSecret(value, "") }

func newSecret(value, ref string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{&held{value: &value, ref: ref}}
}

// Reveal gives the secret, "" when it is not set. Keep the result out of errors.
func (s Secret) Reveal() string {
	if s.held == nil {
		return ""
	}
	return *s.held.value
}

// IsSet reports whether there is a secret.
func (s Secret) IsSet() bool { return s.held != nil }

// Equal compares two secrets in a time that depends only on their lengths.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

func (s Secret) String() string {
	if s.held == nil {
		return ""
	}
	return redacted
}

// Format covers every verb of fmt, %#v and %d included.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb == 'q' {
		fmt.Fprintf(f, "%q", s.String())
		return
	}
	io.WriteString(f, s.String())
}

// GoString is for callers that ask for it without fmt.
func (s Secret) GoString() string { return s.String() }

// LogValue is what slog writes.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is what JSON, YAML and other encoders write.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// describe is the reference the secret was loaded by, or its redaction.
func (s Secret) describe() string {
	if s.held != nil && s.held.ref != "" {
		return s.held.ref
	}
	return s.String()
}

// references loads the secrets that name a file or a variable.
type references struct {
	environ  map[string]string
	readFile func(string) ([]byte, error)
	used     map[string]bool // variables that a secret named
}

// secret reads the value of a setting. Its errors never contain the secret.
func (r *references) secret(text string) (Secret, error) {
	if path, ok := strings.CutPrefix(text, "file:"); ok {
		return r.fromFile(text, path)
	}
	if name, ok := strings.CutPrefix(text, "env:"); ok {
		r.used[name] = true
		if r.environ[name] == "" {
			return Secret{}, &complaint{"the environment variable " + name + " is not set", "set it, or name another"}
		}
		return newSecret(r.environ[name], text), nil
	}
	if text == redacted {
		return Secret{}, &complaint{"is the placeholder that config print shows", "write the secret, or file:/path"}
	}
	return newSecret(text, ""), nil
}

// fromFile reads a secret without the line ends that editors put after it.
func (r *references) fromFile(ref, path string) (Secret, error) {
	content, err := r.readFile(path)
	if err != nil {
		return Secret{}, &complaint{"cannot be read: " + err.Error(), "check the path and its permissions"}
	}
	if len(content) > MaxFileSize {
		return Secret{}, &complaint{"the file is larger than " + Size(MaxFileSize).String(), "name the file that holds only the secret"}
	}
	value := strings.TrimRight(string(content), "\r\n")
	if value == "" {
		return Secret{}, &complaint{"the file " + path + " is empty", "write the secret into it"}
	}
	return newSecret(value, ref), nil
}
