package config_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quintet/engine/config"
)

func TestParseSize(t *testing.T) {
	f := func(name, text string, want config.Size) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			got, err := config.ParseSize(text)
			if err != nil || got != want {
				t.Errorf("ParseSize(%q) = %d, %v; want %d", text, got, err, want)
			}
		})
	}
	f("OK bytes", "512", 512)
	f("OK zero", "0", 0)
	f("OK unit of one", "512B", 512)
	f("OK binary", "64MiB", 64<<20)
	f("OK every binary", "1TiB", 1<<40)
	f("OK decimal", "10GB", 10e9)
	f("OK lower case", "3kib", 3<<10)
	f("OK space", "3 KiB", 3<<10)
	f("OK largest", "9223372036854775807", math.MaxInt64)
}

func TestParseSizeProblems(t *testing.T) {
	f := func(name, text, want string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			got, err := config.ParseSize(text)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("ParseSize(%q) = %d, %v; want an error with %q", text, got, err, want)
			}
			if got != 0 {
				t.Errorf("ParseSize(%q) = %d beside its error", text, got)
			}
		})
	}
	f("ErrEmpty", "", "is not a size")
	f("ErrUnit alone", "MiB", "is not a size")
	f("ErrNegative", "-1MiB", "is not a size")
	f("ErrPlus", "+1MiB", "is not a size")
	f("ErrFraction", "1.5GiB", "is not a size")
	f("ErrDigits after the unit", "1MiB2", "is not a size")
	f("ErrAmbiguous unit", "64M", "unknown unit")
	f("ErrUnknown unit", "64XiB", "unknown unit")
	f("ErrTooLarge", "9223372036854775808", "more than 8 EiB")
	f("ErrTooLarge by its unit", "8388608TiB", "more than 8 EiB")
	f("ErrTooLarge by far", "99999999999999999999999999TiB", "more than 8 EiB")
}

func TestSizeString(t *testing.T) {
	f := func(name string, size config.Size, want string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			if got := size.String(); got != want {
				t.Errorf("%d prints as %q, want %q", int64(size), got, want)
			}
		})
	}
	f("OK zero", 0, "0B")
	f("OK odd", 1023, "1023B")
	f("OK binary", 1<<30, "1GiB")
	f("OK not whole", 1<<30+1<<20, "1025MiB")
	f("OK decimal", 1e6, "1MB")
	f("OK largest unit", 5<<40, "5TiB")
}

// TestSizeRoundTrip holds that a size survives its own text, in JSON too.
func TestSizeRoundTrip(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			unit := rapid.SampledFrom([]int64{1, 1000, 1 << 10, 1e6, 1 << 20, 1e9, 1 << 30}).Draw(t, "unit")
			number := rapid.Int64Range(0, math.MaxInt64/unit).Draw(t, "number")
			size := config.Size(number * unit)

			text, err := json.Marshal(size)
			if err != nil {
				t.Fatal(err)
			}
			var again config.Size
			if err := json.Unmarshal(text, &again); err != nil || again != size {
				t.Fatalf("%d became %s and then %d, %v", int64(size), text, int64(again), err)
			}
		})
	})
}
