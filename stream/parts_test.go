package stream_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"quintet/stream"
)

// FuzzNumber holds the scanner's numbers to the grammar of encoding/json and
// the rounding of strconv.
func FuzzNumber(f *testing.F) {
	for _, seed := range []string{
		"0", "-0", "12345678", "123456789012345678", "9007199254740993", "18446744073709551615", "18446744073709551616", "0.1", "1.5e3", "1E-7", "1e400", "-1e-400",
		"12345678.87654321", "0.00000000000000000000001", "01", "1.", "-", "1e", "1e+", "00000000", "1234567a", "99999999.", "1.0000000000000000000000000000000001",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, digits, end, ok := stream.ParseNumber(text)
		if end < 0 {
			if json.Valid([]byte(text)) && text[0] != '"' && (text[0] == '-' || text[0]-'0' < 10) && text == string(bytes.TrimSpace([]byte(text))) {
				t.Fatalf("%q is a number and was refused", text)
			}
			return
		}
		number := text[:end]
		if !json.Valid([]byte(number)) {
			t.Fatalf("%q is no number and was taken from %q", number, text)
		}
		want, err := strconv.ParseFloat(number, 64)
		if (err == nil) != ok || ok && got != want {
			t.Fatalf("%q is %v, %v; want %v, %v", number, got, ok, want, err)
		}
		if ok && got == 0 && math.Signbit(got) {
			t.Fatalf("%q is -0", number)
		}
		if n, err := strconv.ParseUint(number, 10, 64); err == nil && n != digits {
			t.Fatalf("%q has the digits %d", number, digits)
		}
	})
}

// FuzzPlainEnd holds the eight bytes at once to one byte at a time.
func FuzzPlainEnd(f *testing.F) {
	for _, seed := range []string{`"`, `abcdefgh"`, "abcdefg\x1f\"", `abc\"def"`, "\xff\xff\xff\xff\xff\xff\xff\xff\"", "é\"", "\x80\x80\x21\x22", "1234567812345678\x00"} {
		f.Add([]byte(seed), 0)
	}
	f.Fuzz(func(t *testing.T, b []byte, i int) {
		if i < 0 || i > len(b) {
			return
		}
		want := -1
		for j := i; j < len(b); j++ {
			if b[j] == '"' {
				want = j
			}
			if b[j] == '"' || b[j] == '\\' || b[j] < 0x20 {
				break
			}
		}
		if got := stream.PlainEnd(b, i); got != want {
			t.Fatalf("%q from %d ends at %d; want %d", b, i, got, want)
		}
	})
}

// TestKeys holds that keys are equal exactly where all values are.
func TestKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 5).Draw(t, "dimensions")
		draw := func(label string) [][]byte {
			values := make([][]byte, n)
			for i := range values {
				if rapid.IntRange(0, 3).Draw(t, label) > 0 {
					values[i] = []byte{} // present
					values[i] = append(values[i], rapid.OneOf(rapid.SliceOfN(rapid.Byte(), 0, 3), rapid.SliceOfN(rapid.Byte(), 120, 256)).Draw(t, label)...)
				}
			}
			return values
		}
		one, other := draw("one"), draw("other")
		key, again := stream.RoundTrip(one)
		otherKey, _ := stream.RoundTrip(other)
		same := func(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }
		if !slices.EqualFunc(one, again, same) {
			t.Fatalf("%q came back as %q", one, again)
		}
		if bytes.Equal(key, otherKey) != slices.EqualFunc(one, other, same) {
			t.Fatalf("%q and %q have the keys %x and %x", one, other, key, otherKey)
		}
		if string(key) == "\xff" {
			t.Fatalf("%q has the key of the other series", one)
		}
	})
}

// TestRing holds the windows to a map that forgets what is before the horizon.
func TestRing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const kept = 30
		horizon := int64(1_000_000)
		r := stream.NewRing(kept, horizon, 1000, 1000)
		want := map[string][4]float64{}
		seconds := map[string]int64{}
		t.Repeat(map[string]func(*rapid.T){
			"apply": func(t *rapid.T) {
				second := horizon + rapid.Int64Range(-50, kept+600).Draw(t, "second")
				name := rapid.SampledFrom([]string{"a", "b", "c", ""}).Draw(t, "key")
				value := float64(rapid.IntRange(-9, 9).Draw(t, "value"))
				if late := r.Apply(second, name, value); late != (second < horizon) {
					t.Fatalf("second %d is late: %v; the horizon is %d", second, late, horizon)
				}
				if second < horizon {
					return
				}
				key := fmt.Sprint(second, " ", name)
				c, known := want[key]
				if !known {
					c = [4]float64{0, 0, value, value}
				}
				want[key] = [4]float64{c[0] + 1, c[1] + value, min(c[2], value), max(c[3], value)}
				seconds[key] = second
			},
			"advance": func(t *rapid.T) {
				to := horizon + rapid.OneOf(rapid.Int64Range(-5, 40), rapid.Int64Range(0, 3000)).Draw(t, "by")
				r.Advance(to)
				horizon = max(horizon, to)
				for key, second := range seconds {
					if second < horizon {
						delete(want, key)
						delete(seconds, key)
					}
				}
			},
			"": func(t *rapid.T) {
				got := r.Dump()
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Fatalf("the windows are %v; want %v", got, want)
				}
				bytes, series, charged := r.Account()
				if int64(series) != charged || len(want) == 0 && (bytes != 0 || series != 0) {
					t.Fatalf("%d bytes, %d series, %d charged for %d rows", bytes, series, charged, len(want))
				}
			},
		})
	})
}

// TestRingQuota holds that a series counts for the tenant until its last
// window goes, and that what finds no room is counted together.
func TestRingQuota(t *testing.T) {
	f := func(name string, series, tenantSeries int, want int) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			r := stream.NewRing(10, 100, series, tenantSeries)
			for i := range 20 {
				r.Apply(100+int64(i%3), fmt.Sprint("k", i), 1)
			}
			if _, known, charged := r.Account(); known != want || charged != int64(want) {
				t.Errorf("%d series, %d charged; want %d", known, charged, want)
			}
			total, other := 0.0, 0.0
			for key, c := range r.Dump() {
				total += c[0]
				if key[len(key)-1] == '\xff' {
					other += c[0]
				}
			}
			if total != 20 || other != float64(20-want) {
				t.Errorf("%v events, %v of them others; want 20 and %d", total, other, 20-want)
			}
			r.Advance(103)
			if bytes, known, charged := r.Account(); bytes != 0 || known != 0 || charged != 0 {
				t.Errorf("%d bytes, %d series, %d charged are left", bytes, known, charged)
			}
		})
	}
	f("OKRoom", 100, 100, 20)
	f("OKFull", 20, 20, 20)
	f("ErrStream", 7, 100, 7)
	f("ErrTenant", 100, 5, 5)
	f("ErrNone", 100, 0, 0)
}
