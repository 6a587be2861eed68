package embed

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"
)

// container is a safetensors file of a header and n bytes of data.
func container(header string, n int) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))) + header + strings.Repeat("\x00", n)
}

func TestReadTensors(t *testing.T) {
	all, err := readTensors(container(`{"__metadata__":{"a":"b"},"x":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12))
	if err != nil || len(all) != 1 {
		t.Fatalf("%d tensors: %v", len(all), err)
	}
	if v, err := all.single("x", 2); err != nil || len(v) != 2 {
		t.Errorf("x: %v, %v", v, err)
	}
	for name, get := range map[string]func() error{
		"no such tensor": func() error { _, err := all.single("y", 2); return err },
		"another shape":  func() error { _, err := all.single("x", 3); return err },
		"more axes":      func() error { _, err := all.get("x", "F32", 2, 1); return err },
		"another type":   func() error { _, err := all.get("x", "I8", 2); return err },
		"half":           func() error { _, err := all.half("x", 1, 1, 2); return err },
	} {
		if get() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestReadTensorsRefuses(t *testing.T) {
	for name, file := range map[string]string{
		"nothing":                "",
		"no header":              "\x01\x02",
		"a header past the end":  container("{}", 0)[:9],
		"a huge header":          strings.Repeat("\xff", 20),
		"no JSON":                container("{", 4),
		"data past the end":      container(`{"x":{"dtype":"I8","shape":[5],"data_offsets":[0,5]}}`, 4),
		"data before themselves": container(`{"x":{"dtype":"I8","shape":[1],"data_offsets":[3,2]}}`, 4),
		"negative offsets":       container(`{"x":{"dtype":"I8","shape":[1],"data_offsets":[-1,2]}}`, 4),
	} {
		if all, err := readTensors(file); err == nil {
			t.Errorf("%s: %d tensors", name, len(all))
		}
	}
	if _, err := readNetwork(weightFile[:len(weightFile)-1]+"\x7f", &portable); err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("weights with another last byte: %v", err)
	}
	if _, err := readVocabulary("a\nb\n"); err == nil {
		t.Error("a vocabulary of 2 was read")
	}
}

func FuzzReadTensors(f *testing.F) {
	f.Add(container(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4))
	f.Fuzz(func(t *testing.T, file string) {
		all, err := readTensors(file)
		if err != nil {
			return
		}
		for name := range all {
			if v, err := all.single(name, 1); err == nil && len(v) != 1 {
				t.Errorf("%s: %v", name, v)
			}
		}
	})
}

func TestFromHalf(t *testing.T) {
	for bits, want := range map[uint16]float64{
		0x0000: 0, 0x3c00: 1, 0xc000: -2, 0x3555: 0.333251953125, 0x7bff: 65504, 0x0001: math.Ldexp(1, -24),
		0x83ff: -math.Ldexp(1023, -24), 0x0400: math.Ldexp(1, -14), 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1),
	} {
		if got := float64(fromHalf(bits)); got != want {
			t.Errorf("%#04x: %v, not %v", bits, got, want)
		}
	}
	if got := fromHalf(0x8000); got != 0 || !math.Signbit(float64(got)) {
		t.Errorf("-0: %v", got)
	}
	if got := fromHalf(0x7e00); got == got {
		t.Errorf("not a number: %v", got)
	}
}

// TestPoolNeverLetsGo holds that a vector which is no number, infinite or of
// no length is an error and not an answer.
func TestPoolNeverLetsGo(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	vector := make([]float32, Dim)
	for _, bad := range []float32{0, nan, inf, -inf, 3e38} {
		x := make([]float32, 2*Dim)
		for i := range x {
			x[i] = bad
		}
		if err := pool(x, vector); err == nil {
			t.Errorf("%v: length 1 was claimed", bad)
		}
		x = make([]float32, Dim)
		x[7] = 1
		if bad != 0 && bad != 3e38 {
			x[9] = bad
			if err := pool(x, vector); err == nil {
				t.Errorf("one coordinate of %v: length 1 was claimed", bad)
			}
		}
	}
	x := make([]float32, Dim)
	x[3] = 1e-3
	if err := pool(x, vector); err != nil || vector[3] != 1 {
		t.Errorf("a short vector: %v, %v", vector[3], err)
	}
}

func TestSumSigned(t *testing.T) {
	r := random(1)
	for n := 0; n <= 2*feedForward; n += 8 {
		row, want := make([]byte, n), int32(0)
		for i := range row {
			row[i] = byte(r.IntN(256))
			if n%16 == 0 {
				row[i] = 0x80 | byte(r.IntN(2)*0x7f)
			}
			want += int32(int8(row[i]))
		}
		if got := sumSigned(string(row)); got != want {
			t.Errorf("%d bytes: %d, not %d", n, got, want)
		}
	}
}
