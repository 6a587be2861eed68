package imaging_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"quintet/engine"
	"quintet/imaging"
)

// TestSignedURL holds that a signature opens exactly what was signed.
func TestSignedURL(t *testing.T) {
	b := newBed(t, imaging.Config{})
	data := file(t, "exif-orientation/Landscape_1.jpg")
	img, other := b.put(data), b.put(file(t, "imaginary/smart-crop.jpg"))
	if _, err := b.s.Put(background, b.globex, strings.NewReader(string(data))); err != nil {
		t.Fatal(err)
	}
	signed := b.sign(img.ID, "h=30,fit=cover,w=40", "1h")
	if !strings.HasPrefix(signed, "/img/acme/w=40,h=30,fit=cover/"+img.ID.String()+"?exp=1772370000&kid=") {
		t.Fatalf("the URL is %s", signed)
	}
	u, err := url.Parse(signed)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	// Globex has a key, too, and signs for its own.
	globex, err := b.s.Sign(background, b.globex, mustID(t, b, data), parse(t, "w=40,h=30,fit=cover"), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	foreign, _ := url.Parse(globex.URL)
	replace := func(old, with string) string { return strings.Replace(signed, old, with, 1) }
	for name, tc := range map[string]struct {
		url    string
		status int
		code   string
	}{
		"OK":                  {signed, 200, ""},
		"OKEncoded":           {replace("w=40,h", "w%3D40%2Ch"), 200, ""},
		"ErrReordered":        {replace("w=40,h=30", "h=30,w=40"), 403, "signature_invalid"},
		"ErrOtherSize":        {replace("w=40", "w=41"), 403, "signature_invalid"},
		"ErrMore":             {replace("fit=cover", "fit=cover,q=90"), 403, "signature_invalid"},
		"ErrDefaultAdded":     {replace("fit=cover", "fit=cover,q=80"), 403, "signature_invalid"},
		"ErrDoubleEncoded":    {replace("w=40", "w%253D40"), 403, "signature_invalid"},
		"ErrBadOperations":    {replace("fit=cover", "fit=none"), 403, "signature_invalid"},
		"ErrOtherImage":       {replace(img.ID.String(), other.ID.String()), 403, "signature_invalid"},
		"ErrRemote":           {replace(img.ID.String(), "https%3A%2F%2Fexample.com%2Fa.png"), 403, "signature_invalid"},
		"ErrOtherTenant":      {replace("/acme/", "/globex/"), 403, "signature_invalid"},
		"ErrUnknownTenant":    {replace("/acme/", "/nobody/"), 403, "signature_invalid"},
		"ErrPlatform":         {replace("/acme/", "/"+engine.PlatformName+"/"), 403, "signature_invalid"},
		"ErrOtherKey":         {replace("kid="+q.Get("kid"), "kid="+foreign.Query().Get("kid")), 403, "signature_invalid"},
		"ErrUnknownKey":       {replace("kid="+q.Get("kid"), "kid=00000000"), 403, "signature_invalid"},
		"ErrNoKey":            {replace("kid="+q.Get("kid"), "kid="), 403, "signature_invalid"},
		"ErrForeignSignature": {replace("sig="+q.Get("sig"), "sig="+foreign.Query().Get("sig")), 403, "signature_invalid"},
		"ErrLonger":           {replace("exp=1772370000", "exp=1772370001"), 403, "signature_invalid"},
		"ErrExpSpelling":      {replace("exp=1772370000", "exp=01772370000"), 403, "signature_invalid"},
		"ErrNoExp":            {replace("exp=1772370000&", ""), 403, "signature_invalid"},
		"ErrNoSignature":      {signed[:strings.Index(signed, "&sig=")], 403, "signature_invalid"},
		"ErrCutOff":           {signed[:len(signed)-1], 403, "signature_invalid"},
		"ErrPadded":           {signed + "=", 403, "signature_invalid"},
		"ErrNothing":          {"/img/acme/w=40/" + img.ID.String(), 403, "signature_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			r := b.call("nobody", "GET", tc.url, "")
			if r.status != tc.status || !strings.Contains(r.body, tc.code) {
				t.Errorf("%s: %d %.200q", tc.url, r.status, r.body)
			}
			if tc.status == 403 && (r.header.Get("ETag") != "" || strings.Contains(r.body, "acme")) {
				t.Errorf("%s: the refusal tells %v %s", tc.url, r.header, r.body)
			}
		})
	}
	if n := b.metric("rendition_seconds"); n != 1 {
		t.Errorf("%v renditions were made; want 1", n)
	}
	if n := b.metric("signatures_invalid_total"); n != 22 {
		t.Errorf("%v signatures were refused; want 22", n)
	}
	r := b.call("nobody", "GET", signed, "")
	for header, want := range map[string]string{
		"Cache-Control": "public, max-age=3600", "Content-Type": "image/jpeg", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "sandbox; default-src 'none'", "Cross-Origin-Resource-Policy": "cross-origin",
	} {
		if got := r.header.Get(header); got != want {
			t.Errorf("%s is %q; want %q", header, got, want)
		}
	}
}

// mustID is the id of content within globex.
func mustID(t *testing.T, b *bed, data []byte) imaging.ID {
	t.Helper()
	img, err := b.s.Put(background, b.globex, strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return img.ID
}

func parse(t testing.TB, operations string) imaging.Operations {
	t.Helper()
	ops, err := imaging.ParseOperations(operations)
	if err != nil {
		t.Fatal(err)
	}
	return ops
}

// TestSignatureLife holds that a URL ends in time, outlives a restart, and ends
// with its image and with its tenant.
func TestSignatureLife(t *testing.T) {
	b := newBed(t, imaging.Config{})
	img := b.put(drawn(t, 50, 50, 1))
	hour, day := b.sign(img.ID, "w=9", "1h"), b.sign(img.ID, "w=9", "")
	get := func(url string) string {
		r := b.call("nobody", "GET", url, "")
		return strings.TrimSpace(string(rune('0'+r.status/100))) + " " + strings.Join(strings.FieldsFunc(r.header.Get("Cache-Control"), func(r rune) bool { return r == ' ' }), "") + codeIn(r)
	}
	b.clock.Advance(time.Hour - time.Second)
	if got := get(hour); got != "2 public,max-age=1" {
		t.Errorf("in the last second: %s", got)
	}
	b.clock.Advance(time.Second)
	if got := get(hour); got != "4 signature_expired" {
		t.Errorf("at its end: %s", got)
	}
	if got := get(strings.Replace(hour, "w=9", "w=8", 1)); got != "4 signature_invalid" {
		t.Errorf("changed, at its end: %s", got)
	}
	b.reopen()
	if got := get(day); got != "2 public,max-age=82800" {
		t.Errorf("after a restart: %s", got)
	}
	if next := b.sign(img.ID, "w=9", "1h"); kidOf(t, next) != kidOf(t, day) {
		t.Errorf("the key of %s is another than that of %s", next, day)
	}
	if err := b.s.Delete(background, b.acme, img.ID); err != nil {
		t.Fatal(err)
	}
	if got := get(day); got != "4 image_not_found" {
		t.Errorf("without its image: %s", got)
	}
	b.put(drawn(t, 50, 50, 1))
	if got := get(day); !strings.HasPrefix(got, "2 ") {
		t.Errorf("with the same image again: %s", got)
	}
	if err := b.engine.Tenants.Delete(background, b.acme, func(*engine.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if got := get(day); got != "4 signature_invalid" {
		t.Errorf("without its tenant: %s", got)
	}
	b.acme = tenantIn(t, b.engine, "acme")
	if got := get(day); got != "4 signature_invalid" {
		t.Errorf("with another tenant of the same name: %s", got)
	}
}

func codeIn(r reply) string {
	if _, rest, ok := strings.Cut(r.body, `"code":"`); ok {
		code, _, _ := strings.Cut(rest, `"`)
		return code
	}
	return ""
}

func kidOf(t *testing.T, signed string) string {
	t.Helper()
	u, err := url.Parse(signed)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("kid")
}

func TestSignRoute(t *testing.T) {
	b := newBed(t, imaging.Config{})
	path := "/v1/images/" + b.put(drawn(t, 50, 50, 1)).ID.String() + "/sign"
	b.run(t, []scenario{
		{name: "OK", method: "POST", path: path, body: `{"operations":"w=9"}`, status: 200, has: []string{`"url":"/img/acme/w=9/`, `"expires_at":"2026-03-02T12:00:00Z"`}},
		{name: "OKLongest", method: "POST", path: path, body: `{"operations":"w=9","expires_in":"30d"}`, status: 200, has: []string{"exp=1774958400"}},
		{name: "ErrLonger", method: "POST", path: path, body: `{"operations":"w=9","expires_in":"31d"}`, status: 422, has: []string{"invalid_expiry"}},
		{name: "ErrNoTime", method: "POST", path: path, body: `{"operations":"w=9","expires_in":"0s"}`, status: 422, has: []string{"invalid_expiry"}},
		{name: "ErrMilliseconds", method: "POST", path: path, body: `{"operations":"w=9","expires_in":"999ms"}`, status: 422, has: []string{"invalid_expiry"}},
		{name: "ErrExpiry", method: "POST", path: path, body: `{"operations":"w=9","expires_in":"tomorrow"}`, status: 422, has: []string{"invalid_expiry"}},
		{name: "ErrOperations", method: "POST", path: path, body: `{"operations":"w=9,w=9"}`, status: 422, has: []string{"invalid_operations", "character 5"}},
		{name: "ErrLater", method: "POST", path: path, body: `{"operations":"w=400,format=auto"}`, status: 422, has: []string{"not_supported"}},
		{name: "ErrSide", method: "POST", path: path, body: `{"operations":"w=9000"}`, status: 422, has: []string{"invalid_operations"}},
		{name: "ErrNoOperations", method: "POST", path: path, body: `{}`, status: 422},
		{name: "ErrUnknownField", method: "POST", path: path, body: `{"operations":"w=9","for":"me"}`, status: 422},
		{name: "ErrOtherTenant", method: "POST", path: path, body: `{"operations":"w=9"}`, tenant: "globex", status: 404, has: []string{"image_not_found"}},
		{name: "ErrNone", method: "POST", path: "/v1/images/a/sign", body: `{"operations":"w=9"}`, status: 404},
		{name: "ErrAnonymous", method: "POST", path: path, body: `{"operations":"w=9"}`, tenant: "nobody", status: 401},
	})
}
