package imaging

import (
	"fmt"
	"strconv"
	"strings"

	"quintet/engine"
	"quintet/engine/api"
	"quintet/imaging/pixel"
)

// Operations say what becomes of an image. They are comparable; equal ones
// make equal renditions.
type Operations struct {
	Width, Height int          // 0 = free
	Fit           pixel.Fit    // contain where nothing is said
	Format        pixel.Format // 0 = by the image, see pixel.Header.Output
	Quality       int          // of JPEG, from 1 to 100
}

const (
	defaultQuality   = 80
	maxOperations    = 256 // bytes of their text
	maxOperationSide = maxSideOfFormat
)

var (
	fits    = map[string]pixel.Fit{"contain": pixel.Contain, "cover": pixel.Cover, "fill": pixel.Fill}
	formats = map[string]pixel.Format{"jpeg": pixel.JPEG, "png": pixel.PNG}
)

// later are names and values that the contract knows and this release lacks.
// "" stands for every value of a name.
var later = map[string][]string{
	"dpr": {""}, "preset": {""}, "watermark": {""}, "text": {""}, "blur": {""}, "max_bytes": {""}, "background": {""}, "focus": {""},
	"fit": {"inside", "outside", "pad"}, "gravity": {"smart", "face", "faces"}, "q": {"auto"},
	"format": {"webp", "avif", "auto", "gif", "jxl"},
}

// ParseOperations reads name=value pairs between commas, in any order, as in
// "w=400,h=300,fit=cover,format=png". Names: w, h (pixels), fit (contain,
// cover, fill), gravity (center), format (jpeg, png), q (1 to 100). Each may
// stand once. What is unknown or contradicts itself is refused, with its place.
func ParseOperations(text string) (Operations, error) {
	o := Operations{Quality: defaultQuality}
	if text == "" || len(text) > maxOperations {
		return o, refuseOperations(0, "say what to do in 1 to %d characters, as in w=400,h=300,fit=cover", maxOperations)
	}
	seen := map[string]int{} // name → place
	at := 1
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(part, "=")
		if !ok || name == "" || value == "" {
			return o, refuseOperations(at, "%q is not name=value", part)
		}
		if seen[name] != 0 {
			return o, refuseOperations(at, "%s stands twice", name)
		}
		seen[name] = at
		if err := o.set(name, value, at); err != nil {
			return o, err
		}
		at += len(part) + 1
	}
	return o, o.check(seen)
}

// set takes one pair, which begins at a place.
func (o *Operations) set(name, value string, at int) error {
	for _, v := range later[name] {
		if v == "" || v == value {
			return api.NotSupported("operations." + name + "=" + value)
		}
	}
	var ok bool
	switch name {
	case "w":
		o.Width, ok = number(value, maxOperationSide)
		return valueError(ok, at, name, "a whole number of pixels from 1 on")
	case "h":
		o.Height, ok = number(value, maxOperationSide)
		return valueError(ok, at, name, "a whole number of pixels from 1 on")
	case "q":
		o.Quality, ok = number(value, 100)
		return valueError(ok, at, name, "a whole number from 1 to 100")
	case "fit":
		o.Fit, ok = fits[value]
		return valueError(ok, at, name, "contain, cover or fill")
	case "format":
		o.Format, ok = formats[value]
		return valueError(ok, at, name, "jpeg or png")
	case "gravity":
		return valueError(value == "center", at, name, "center")
	}
	return refuseOperations(at, "there is no operation %q; known are w, h, fit, gravity, format and q", name)
}

// check refuses what fits together badly.
func (o *Operations) check(seen map[string]int) error {
	switch {
	case seen["fit"] != 0 && o.Width == 0 && o.Height == 0:
		return refuseOperations(seen["fit"], "fit needs w or h")
	case o.Fit != pixel.Contain && (o.Width == 0 || o.Height == 0):
		return refuseOperations(seen["fit"], "cover and fill need both w and h")
	case seen["gravity"] != 0 && o.Fit != pixel.Cover:
		return refuseOperations(seen["gravity"], "gravity says where cover cuts; it needs fit=cover")
	case seen["q"] != 0 && o.Format == pixel.PNG:
		return refuseOperations(seen["q"], "PNG has no quality")
	}
	return nil
}

// number reads a whole number from 1 to most, spelt in the one short way.
func number(text string, most int) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 1 && n <= most && strconv.Itoa(n) == text
}

func valueError(ok bool, at int, name, want string) error {
	if ok {
		return nil
	}
	return refuseOperations(at, "%s is %s", name, want)
}

func refuseOperations(at int, format string, args ...any) error {
	e := engine.Errorf(engine.Invalid, "invalid_operations", format, args...)
	if at > 0 {
		e.Detail = fmt.Sprintf("character %d: %s", at, e.Detail)
	}
	e.Fields = []engine.FieldError{{Location: "operations", Message: e.Detail}}
	return e
}

// String is the canonical spelling: a fixed order, without what says nothing.
func (o Operations) String() string {
	var parts []string
	add := func(name, value string, said bool) {
		if said {
			parts = append(parts, name+"="+value)
		}
	}
	add("w", strconv.Itoa(o.Width), o.Width != 0)
	add("h", strconv.Itoa(o.Height), o.Height != 0)
	add("fit", [...]string{"contain", "cover", "fill"}[o.Fit], o.Fit != pixel.Contain)
	add("format", o.Format.String(), o.Format != 0)
	// Quality also stands for "as it is, but without metadata".
	add("q", strconv.Itoa(o.Quality), o.Quality != defaultQuality || len(parts) == 0)
	return strings.Join(parts, ",")
}

// recipe is what operations come to for one image: two of them that make the
// same bytes are equal.
type recipe struct {
	plan    pixel.Plan
	format  pixel.Format
	quality int // 0 for PNG
}

// of applies the operations to an image.
func (o Operations) of(h pixel.Header, maxSide int) (recipe, error) {
	if o.Width > maxSide || o.Height > maxSide {
		return recipe{}, refuseOperations(0, "a rendition may have %d pixels a side; ask for less", maxSide)
	}
	r := recipe{plan: pixel.NewPlan(h, o.Fit, o.Width, o.Height, maxSide), format: o.Format, quality: o.Quality}
	if r.format == 0 {
		r.format = h.Output()
	}
	if r.format == pixel.PNG {
		r.quality = 0
	}
	return r, nil
}
