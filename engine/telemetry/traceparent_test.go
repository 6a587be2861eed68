package telemetry_test

import (
	"errors"
	"strings"
	"testing"

	"quintet/engine/telemetry"
)

const (
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	spanID  = "00f067aa0ba902b7"
	parent  = "00-" + traceID + "-" + spanID + "-01"
)

func TestParseTraceParent(t *testing.T) {
	f := func(name, text, want string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			got, err := telemetry.ParseTraceParent(text)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != want {
				t.Errorf("%q became %q, want %q", text, got, want)
			}
			if got.TraceID.String() != traceID || got.SpanID.String() != spanID {
				t.Errorf("ids %s and %s", got.TraceID, got.SpanID)
			}
		})
	}
	prefix := "00-" + traceID + "-" + spanID
	f("OK sampled", parent, parent)
	f("OK not sampled", prefix+"-00", prefix+"-00")
	f("OK random", prefix+"-02", prefix+"-02")
	f("OK both", prefix+"-03", prefix+"-03")
	f("OK unknown flags are dropped", prefix+"-ff", prefix+"-03")
	f("OK unknown flags alone", prefix+"-f8", prefix+"-00")

	// A later version may add fields after a hyphen; we answer as version 00.
	f("OK later version", "01"+parent[2:], parent)
	f("OK later version with more", "cc"+parent[2:]+"-what-the-future-will-be-like", parent)
	f("OK later version with an empty field", "cc"+parent[2:]+"-", parent)
	f("OK last version", "fe"+parent[2:], parent)
}

func TestParseTraceParentProblems(t *testing.T) {
	f := func(name, text, want string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			got, err := telemetry.ParseTraceParent(text)
			if !errors.Is(err, telemetry.ErrTraceParent) || !strings.Contains(err.Error(), want) {
				t.Errorf("err = %v, want ErrTraceParent with %q", err, want)
			}
			if got != (telemetry.TraceParent{}) {
				t.Errorf("gave %v beside its error", got)
			}
		})
	}
	zeros := func(n int) string { return strings.Repeat("0", n) }

	f("ErrEmpty", "", "0 characters, want 55")
	f("ErrShort", parent[:54], "54 characters, want 55")
	f("ErrLong version 00", parent+"-00", "version 00 has 55 characters, not 58")
	f("ErrLong version 00 by a hyphen", parent+"-", "version 00 has 55 characters, not 56")
	f("ErrLong without hyphen", "01"+parent[2:]+".what", "no hyphen at position 55")
	f("ErrVersion ff", "ff"+parent[2:], "version ff is forbidden")
	f("ErrVersion upper case", "0A"+parent[2:], "version is not lower-case")
	f("ErrVersion no digit", ".0"+parent[2:], "version is not lower-case")
	f("ErrTraceID zeros", "00-"+zeros(32)+"-"+spanID+"-01", "all zeros")
	f("ErrTraceID upper case", "00-"+strings.ToUpper(traceID)+"-"+spanID+"-01", "trace id is not lower-case")
	f("ErrTraceID no digit", "00-"+traceID[:31]+"."+"-"+spanID+"-01", "trace id is not lower-case")
	f("ErrSpanID zeros", "00-"+traceID+"-"+zeros(16)+"-01", "all zeros")
	f("ErrSpanID upper case", "00-"+traceID+"-"+strings.ToUpper(spanID)+"-01", "parent id is not lower-case")
	f("ErrFlags upper case", parent[:53]+"0A", "flags is not lower-case")
	f("ErrFlags no digit", parent[:53]+".1", "flags is not lower-case")
	f("ErrHyphen first", "00."+parent[3:], "no hyphen at position 2")
	f("ErrHyphen second", parent[:35]+"."+parent[36:], "no hyphen at position 35")
	f("ErrHyphen third", parent[:52]+"."+parent[53:], "no hyphen at position 52")
	f("ErrSpace", " "+parent[:54], "no hyphen")
	f("ErrSpace at the end", parent+" ", "no hyphen at position 55")
	f("ErrTwo", parent+","+parent, "no hyphen at position 55")
}

func TestTraceParentString(t *testing.T) {
	t.Run("OK zero", func(t *testing.T) {
		if got := (telemetry.TraceParent{}).String(); got != "" {
			t.Errorf("String = %q, want nothing", got)
		}
	})
	t.Run("OK unknown flags", func(t *testing.T) {
		tp, err := telemetry.ParseTraceParent(parent)
		if err != nil {
			t.Fatal(err)
		}
		tp.Flags = 0xff
		if got := tp.String(); !strings.HasSuffix(got, "-03") {
			t.Errorf("String = %q, want only the flags that version 00 defines", got)
		}
	})
}

// FuzzParseTraceParent holds that what is accepted has the form of the
// specification and comes back as itself.
func FuzzParseTraceParent(f *testing.F) {
	for _, seed := range []string{parent, "cc" + parent[2:] + "-x", "ff" + parent[2:], parent[:54], parent + "-00", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tp, err := telemetry.ParseTraceParent(text)
		if err != nil {
			if tp.IsValid() || !errors.Is(err, telemetry.ErrTraceParent) {
				t.Fatalf("%q gave %v and %v", text, tp, err)
			}
			return
		}
		out := tp.String()
		if len(out) != 55 || out[2:52] != text[2:52] {
			t.Fatalf("%q became %q", text, out)
		}
		again, err := telemetry.ParseTraceParent(out)
		if err != nil || again != tp {
			t.Fatalf("%q came back as %v, %v", out, again, err)
		}
	})
}
