package imaging_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"quintet/engine"
	"quintet/imaging"
	"quintet/imaging/pixel"
)

func TestOperations(t *testing.T) {
	for text, want := range map[string]string{
		"w=400":             "w=400",
		"h=300,w=400":       "w=400,h=300",
		"q=80":              "q=80",
		"q=81":              "q=81",
		"w=1,q=80":          "w=1",
		"w=1,q=100":         "w=1,q=100",
		"fit=contain,w=400": "w=400",
		"format=png":        "format=png",
		"format=jpeg,w=2":   "w=2,format=jpeg",
		"fit=cover,w=4,h=3": "w=4,h=3,fit=cover",
		"gravity=center,fit=cover,h=3,w=4,q=50,format=jpeg": "w=4,h=3,fit=cover,format=jpeg,q=50",
		"fit=fill,h=3,w=65535":                              "w=65535,h=3,fit=fill",

		"":                                "invalid_operations: say what to do",
		"w":                               `invalid_operations: character 1: "w" is not`,
		"w=":                              "invalid_operations: character 1",
		"=1":                              "invalid_operations: character 1",
		"w=1,":                            "invalid_operations: character 5",
		",w=1":                            "invalid_operations: character 1",
		"w=0":                             "invalid_operations: character 1: w is",
		"w=-1":                            "invalid_operations",
		"w=+1":                            "invalid_operations",
		"w=01":                            "invalid_operations",
		"w=1.5":                           "invalid_operations",
		"w=65536":                         "invalid_operations",
		"w=9999999999999999999999":        "invalid_operations",
		"w=1,w=1":                         "invalid_operations: character 5: w stands twice",
		"w=1,h=2,h=3":                     "invalid_operations: character 9",
		"W=1":                             `invalid_operations: character 1: there is no operation "W"`,
		"w=1,rotate=90":                   "invalid_operations: character 5",
		"w=1;h=2":                         "invalid_operations",
		"w=1, h=2":                        "invalid_operations",
		"w=1\nh=2":                        "invalid_operations",
		"q=0":                             "invalid_operations",
		"q=101":                           "invalid_operations",
		"q=50,format=png":                 "invalid_operations: character 1: PNG has no quality",
		"format=jpg":                      "invalid_operations",
		"format=svg":                      "invalid_operations",
		"fit=cover":                       "invalid_operations: character 1: fit needs w or h",
		"w=1,fit=cover":                   "invalid_operations: character 5: cover and fill need both",
		"h=1,fit=fill":                    "invalid_operations",
		"w=1,h=1,fit=crop":                "invalid_operations",
		"w=1,gravity=center":              "invalid_operations: character 5: gravity",
		"w=1,h=1,fit=cover,gravity=north": "invalid_operations",
		"format=webp":                     "not_supported",
		"format=avif":                     "not_supported",
		"format=auto":                     "not_supported",
		"fit=pad,w=1,h=1":                 "not_supported",
		"fit=inside,w=1":                  "not_supported",
		"fit=outside,w=1":                 "not_supported",
		"gravity=smart":                   "not_supported",
		"w=400,dpr=2":                     "not_supported",
		"preset=card":                     "not_supported",
		"watermark=logo":                  "not_supported",
		"q=auto":                          "not_supported",
	} {
		ops, err := imaging.ParseOperations(text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%q: %v; want %s", text, err, want)
			}
			if own, ok := errors.AsType[*engine.Error](err); !ok || own.Kind != engine.Invalid || len(own.Fields) != 1 {
				t.Errorf("%q: %v has no place", text, err)
			}
		} else if ops.String() != want {
			t.Errorf("%q is %q; want %q", text, ops, want)
		}
	}
	if _, err := imaging.ParseOperations("w=1,format=" + strings.Repeat("a", 256)); codeOf(err) != "invalid_operations" {
		t.Errorf("a long text: %v", err)
	}
}

// TestOperationsCanonical holds that every order of the same operations has
// one spelling, which means the same.
func TestOperationsCanonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.IntRange(1, 65_535)
		parts := []string{"w=" + strconv.Itoa(side.Draw(t, "w")), "h=" + strconv.Itoa(side.Draw(t, "h")), "fit=" + rapid.SampledFrom([]string{"contain", "cover", "fill"}).Draw(t, "fit"),
			"format=jpeg", "q=" + strconv.Itoa(rapid.IntRange(1, 100).Draw(t, "q"))}
		first, err := imaging.ParseOperations(strings.Join(parts, ","))
		if err != nil {
			t.Fatal(err)
		}
		second, err := imaging.ParseOperations(strings.Join(rapid.Permutation(parts).Draw(t, "order"), ","))
		if err != nil || first != second || first.String() != second.String() {
			t.Fatalf("%v and %v, %v", first, second, err)
		}
		if third, err := imaging.ParseOperations(first.String()); err != nil || third != first {
			t.Fatalf("%v is read as %v, %v", first, third, err)
		}
	})
}

func FuzzOperations(f *testing.F) {
	f.Add("w=400,h=300,fit=cover,gravity=center,format=jpeg,q=80")
	f.Add("w=400,format=auto")
	f.Add(",=,w=0,%")
	f.Fuzz(func(t *testing.T, text string) {
		ops, err := imaging.ParseOperations(text)
		if err != nil {
			if code := codeOf(err); code != "invalid_operations" && code != "not_supported" {
				t.Fatalf("%v", err)
			}
			return
		}
		again, err := imaging.ParseOperations(ops.String())
		if err != nil || again != ops || len(ops.String()) > len(text)+8 {
			t.Fatalf("%q is spelt %q, which is %v, %v", text, ops, again, err)
		}
		if ops.Fit != pixel.Contain && (ops.Width == 0 || ops.Height == 0) || ops.Quality < 1 || ops.Quality > 100 {
			t.Fatalf("%q is %+v", text, ops)
		}
	})
}
