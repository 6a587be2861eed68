package imaging_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"strings"
	"testing"

	"quintet/imaging"
)

// scenario is one request, what its answer must hold and what it must not.
type scenario struct {
	name    string
	method  string
	path    string
	body    string
	headers []string
	tenant  string // "" = acme
	status  int
	has     []string
	lacks   []string
}

func (b *bed) run(t *testing.T, scenarios []scenario) {
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			if sc.tenant == "" {
				sc.tenant = "acme"
			}
			r := b.call(sc.tenant, sc.method, sc.path, sc.body, sc.headers...)
			all := r.body
			for name, values := range r.header {
				all += "\n" + name + ": " + strings.Join(values, ", ")
			}
			if r.status != sc.status {
				t.Fatalf("%d %.300q; want status %d", r.status, all, sc.status)
			}
			for _, text := range sc.has {
				if !strings.Contains(all, text) {
					t.Errorf("the answer lacks %s:\n%.500q", text, all)
				}
			}
			for _, text := range sc.lacks {
				if strings.Contains(all, text) {
					t.Errorf("the answer holds %s:\n%.500q", text, all)
				}
			}
		})
	}
}

// form makes a body of fields, each "name" or "name=content".
func form(t testing.TB, fields ...string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range fields {
		name, content, _ := strings.Cut(f, "=")
		part, err := w.CreateFormFile(name, "name.svg")
		if err == nil {
			_, err = part.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), "Content-Type: " + w.FormDataContentType()
}

func TestUpload(t *testing.T) {
	b := newBed(t, imaging.Config{})
	photo := string(file(t, "exif-orientation/Landscape_6.jpg"))
	inForm, formType := form(t, "file="+photo)
	two, twoType := form(t, "file="+photo, "file="+photo)
	other, otherType := form(t, "image="+photo)
	empty, emptyType := form(t)
	text := []string{"Content-Type: image/png"} // nobody looks at it
	b.run(t, []scenario{
		{name: "OKNew", method: "POST", path: "/v1/images", body: photo, headers: text, status: 201,
			has: []string{`"width":1800,"height":1200,"format":"jpeg","bytes":352727,"placeholder":"#627486"`, `"created_at":"2026-03-01T12:00:00Z"`}, lacks: []string{"frames"}},
		{name: "OKSameAgain", method: "POST", path: "/v1/images", body: photo, status: 200, has: []string{`"width":1800`}},
		{name: "OKForm", method: "POST", path: "/v1/images", body: inForm, headers: []string{formType}, status: 200, has: []string{`"bytes":352727`}},
		{name: "OKOtherTenant", method: "POST", path: "/v1/images", body: photo, tenant: "globex", status: 201},
		{name: "OKWebP", method: "POST", path: "/v1/images", body: string(file(t, "golang-image/video-001.lossy.webp")), status: 201, has: []string{`"format":"webp"`}},
		{name: "OKGIF", method: "POST", path: "/v1/images", body: string(file(t, "sharp/animated-loop-3.gif")), status: 201, has: []string{`"format":"gif"`}},
		{name: "OKTIFF", method: "POST", path: "/v1/images", body: string(file(t, "golang-image/video-001-16bit.tiff")), status: 201, has: []string{`"format":"tiff"`}},
		{name: "OKBMP", method: "POST", path: "/v1/images", body: string(file(t, "golang-image/bmp_8bpp.bmp")), status: 201, has: []string{`"format":"bmp"`}},
		{name: "OKPNG", method: "POST", path: "/v1/images", body: string(file(t, "sharp/16-bit-grey-alpha.png")), status: 201, has: []string{`"format":"png"`}},
		{name: "ErrFormTwoFiles", method: "POST", path: "/v1/images", body: two, headers: []string{twoType}, status: 422, has: []string{"invalid_form"}},
		{name: "ErrFormOtherField", method: "POST", path: "/v1/images", body: other, headers: []string{otherType}, status: 422, has: []string{"invalid_form"}},
		{name: "ErrFormEmpty", method: "POST", path: "/v1/images", body: empty, headers: []string{emptyType}, status: 400, has: []string{"malformed_form"}},
		{name: "ErrFormCutOff", method: "POST", path: "/v1/images", body: inForm[:len(inForm)/2], headers: []string{formType}, status: 400, has: []string{"malformed_form"}},
		{name: "ErrFormWithoutBoundary", method: "POST", path: "/v1/images", body: inForm, headers: []string{"Content-Type: multipart/form-data"}, status: 400},
		{name: "ErrEmpty", method: "POST", path: "/v1/images", status: 415},
		{name: "ErrText", method: "POST", path: "/v1/images", body: string(file(t, "imaginary/1024bytes")), headers: text, status: 415, has: []string{"this is not an image"}},
		{name: "ErrSVG", method: "POST", path: "/v1/images", body: string(file(t, "imaginary/flyio-button.svg")), headers: text, status: 415, has: []string{"SVG is not read"}},
		{name: "ErrAnimatedWebP", method: "POST", path: "/v1/images", body: string(file(t, "sharp/animated-loop-3.webp")), status: 415, has: []string{"animated WebP is not read"}},
		{name: "ErrAVIF", method: "POST", path: "/v1/images", body: "\x00\x00\x00\x20ftypavif\x00\x00\x00\x00", status: 415, has: []string{"AVIF is not read"}},
		{name: "ErrHEIC", method: "POST", path: "/v1/images", body: "\x00\x00\x00\x20ftypheic\x00\x00\x00\x00", status: 415, has: []string{"HEIC is not read"}},
		{name: "ErrCutOff", method: "POST", path: "/v1/images", body: photo[:len(photo)-5000], status: 422, has: []string{"image_damaged"}, lacks: []string{"unexpected EOF"}},
		{name: "ErrTruncatedPNG", method: "POST", path: "/v1/images", body: string(file(t, "sharp/truncated.png")), status: 422, has: []string{"image_damaged"}},
		{name: "ErrCorruptHeader", method: "POST", path: "/v1/images", body: string(file(t, "sharp/corrupt-header.jpg")), status: 422, has: []string{"image_damaged"}},
		{name: "ErrGiant", method: "POST", path: "/v1/images", body: string(file(t, "sharp/giant-image.jpg")), status: 422, has: []string{"image_too_large", "20000 by 14000"}},
		{name: "ErrBomb", method: "POST", path: "/v1/images", body: string(file(t, "sharp/65536-uint32-limit.png")), status: 422, has: []string{"image_too_large", "65536 by 65536"}},
	})
	b.check()
}

func TestLibrary(t *testing.T) {
	b := newBed(t, imaging.Config{})
	var ids []string
	for i := range 3 {
		ids = append(ids, b.put(drawn(t, 20, 10, i)).ID.String())
		b.clock.Advance(1e9)
	}
	one := "/v1/images/" + ids[1]
	var page struct {
		Items []imaging.Image
		Next  string
	}
	if err := json.Unmarshal([]byte(b.call("acme", "GET", "/v1/images?limit=2", "").body), &page); err != nil {
		t.Fatal(err)
	}
	if len(page.Items) != 2 || page.Items[0].ID.String() != ids[2] || page.Items[1].ID.String() != ids[1] {
		t.Errorf("the first page is %+v", page)
	}
	b.run(t, []scenario{
		{name: "OKNextPage", method: "GET", path: "/v1/images?limit=2&cursor=" + page.Next, status: 200, has: []string{ids[0], `"next":null`}, lacks: []string{ids[1], ids[2]}},
		{name: "OKEmpty", method: "GET", path: "/v1/images", tenant: "globex", status: 200, has: []string{`"items":[],"next":null`}},
		{name: "ErrLimit", method: "GET", path: "/v1/images?limit=1001", status: 422},
		{name: "ErrCursor", method: "GET", path: "/v1/images?cursor=!", status: 422},

		{name: "OKOriginal", method: "GET", path: one, status: 200, has: []string{"\x89PNG", "Content-Type: image/png", "X-Content-Type-Options: nosniff",
			"Content-Security-Policy: sandbox; default-src 'none'", "Cache-Control: private, no-cache", `Etag: "`}},
		{name: "ErrOriginalOfOther", method: "GET", path: one, tenant: "globex", status: 404, has: []string{"image_not_found"}},
		{name: "ErrOriginalNone", method: "GET", path: "/v1/images/" + strings.Repeat("0", 32), status: 404, has: []string{"image_not_found"}},
		{name: "ErrOriginalUpperCase", method: "GET", path: "/v1/images/" + strings.ToUpper(ids[1]), status: 404},
		{name: "ErrOriginalNoID", method: "GET", path: "/v1/images/a", status: 404},
		{name: "ErrOriginalLong", method: "GET", path: one + "00", status: 404},
		{name: "ErrAnonymous", method: "GET", path: one, tenant: "nobody", status: 401},

		{name: "ErrDeleteOfOther", method: "DELETE", path: one, tenant: "globex", status: 404},
		{name: "OKRenditionBefore", method: "GET", path: one + "/w=5", status: 200},
		{name: "OKDelete", method: "DELETE", path: one, status: 204},
		{name: "ErrDeleteAgain", method: "DELETE", path: one, status: 404},
		{name: "ErrRenditionAfter", method: "GET", path: one + "/w=5", status: 404, has: []string{"image_not_found"}},
		{name: "OKListAfter", method: "GET", path: "/v1/images", status: 200, has: []string{ids[0], ids[2]}, lacks: []string{ids[1]}},
	})
	if n := b.metric("cache_bytes"); n != 0 {
		t.Errorf("%v bytes of a deleted image are in memory", n)
	}
	again := b.call("acme", "POST", "/v1/images", string(drawn(t, 20, 10, 1)))
	if again.status != 201 || !strings.Contains(again.body, ids[1]) {
		t.Errorf("the deleted image again: %v; want the id %s", again, ids[1])
	}
	b.check()
}

func TestRendition(t *testing.T) {
	b := newBed(t, imaging.Config{})
	photo := "/v1/images/" + b.put(file(t, "exif-orientation/Landscape_6.jpg")).ID.String() + "/"
	glass := "/v1/images/" + b.put(file(t, "golang-image/yellow_rose.lossy-with-alpha.webp")).ID.String() + "/"
	for _, tc := range []struct {
		path   string
		w, h   int
		format string
	}{
		{photo + "w=400", 400, 267, "jpeg"}, {photo + "h=100", 150, 100, "jpeg"}, {photo + "w=400,h=100", 150, 100, "jpeg"},
		{photo + "w=5000", 1800, 1200, "jpeg"}, {photo + "w=90,h=90,fit=cover,gravity=center,q=50", 90, 90, "jpeg"},
		{photo + "format=png,fit=fill,h=9,w=70", 70, 9, "png"}, {photo + "q=30", 1800, 1200, "jpeg"}, {photo + "w%3D60%2Ch%3D20,fit=fill", 60, 20, "jpeg"},
		{glass + "w=100", 100, 75, "png"}, {glass + "w=100,format=jpeg", 100, 75, "jpeg"},
	} {
		r := b.call("acme", "GET", tc.path, "")
		if r.status != 200 {
			t.Errorf("%s: %v", tc.path, r)
			continue
		}
		if w, h, format := sizeOf(t, r.body); w != tc.w || h != tc.h || format != tc.format || r.header.Get("Content-Type") != "image/"+tc.format || r.header.Get("Content-Length") != fmt.Sprint(len(r.body)) {
			t.Errorf("%s is %d by %d %s as %s; want %+v", tc.path, w, h, format, r.header.Get("Content-Type"), tc)
		}
		if strings.Contains(r.body, "Exif") {
			t.Errorf("%s carries metadata", tc.path)
		}
	}
	b.run(t, []scenario{
		{name: "OKHeaders", method: "GET", path: photo + "w=400", status: 200, has: []string{"X-Content-Type-Options: nosniff", "Content-Security-Policy: sandbox; default-src 'none'", "Cache-Control: private, no-cache", `Etag: "`}},
		{name: "ErrOtherTenant", method: "GET", path: photo + "w=400", tenant: "globex", status: 404},
		{name: "ErrUnknown", method: "GET", path: photo + "w=400,zoom=2", status: 422, has: []string{"invalid_operations", "character 7"}},
		{name: "ErrLater", method: "GET", path: photo + "w=400,format=webp", status: 422, has: []string{"not_supported"}},
		{name: "ErrSide", method: "GET", path: photo + "w=8193", status: 422, has: []string{"invalid_operations", "8192"}},
		{name: "ErrDoubleEncoded", method: "GET", path: photo + "w%253D400", status: 422, has: []string{"invalid_operations"}},
		{name: "ErrSignByGet", method: "GET", path: photo + "sign", status: 422, has: []string{"invalid_operations"}},
	})
}

func TestConditional(t *testing.T) {
	b := newBed(t, imaging.Config{})
	img := b.put(file(t, "exif-orientation/Landscape_1.jpg"))
	path := "/v1/images/" + img.ID.String()
	for _, p := range []string{path, path + "/w=40", b.sign(img.ID, "w=41", "1h")} {
		first := b.call("acme", "GET", p, "")
		etag := first.header.Get("ETag")
		for header, status := range map[string]int{
			"If-None-Match: " + etag: 304, "If-None-Match: W/" + etag: 304, `If-None-Match: "a", ` + etag: 304, "If-None-Match: *": 304, `If-None-Match: "a"`: 200,
		} {
			r := b.call("acme", "GET", p, "", header)
			if r.status != status || (status == 304) != (r.body == "") || r.header.Get("ETag") != etag || r.header.Get("Cache-Control") != first.header.Get("Cache-Control") {
				t.Errorf("%s with %s: %d, %v", p, header, r.status, r.header)
			}
		}
	}
	// A client that has it costs no rendition, not even after a restart.
	etag := b.call("acme", "GET", path+"/w=40", "").header.Get("ETag")
	b.reopen()
	if r := b.call("acme", "GET", path+"/w=40", "", "If-None-Match: "+etag); r.status != 304 || b.metric("rendition_seconds") != 0 {
		t.Errorf("after a restart: %v, %v made", r.status, b.metric("rendition_seconds"))
	}
	// Two spellings of one rendition are one.
	for _, spelling := range []string{"/w=40,fit=contain", "/format=jpeg,q=80,w=40", "/w=40,h=27"} {
		r := b.call("acme", "GET", path+spelling, "")
		if r.header.Get("ETag") != etag {
			t.Errorf("%s has the ETag %s; want %s", spelling, r.header.Get("ETag"), etag)
		}
	}
	if n := b.metric("rendition_seconds"); n != 1 {
		t.Errorf("%v renditions were made; want 1", n)
	}
	seen := map[string]string{}
	for _, other := range []string{"/w=40", "/w=41", "/w=40,format=png", "/w=40,q=81", "/w=40,h=40,fit=cover", "/w=40,h=40,fit=fill"} {
		r := b.call("acme", "GET", path+other, "")
		if was := seen[r.header.Get("ETag")]; was != "" || r.status != 200 {
			t.Errorf("%s has the ETag of %s, %v", other, was, r.status)
		}
		seen[r.header.Get("ETag")] = other
	}
}

func TestLimits(t *testing.T) {
	b := newBed(t, imaging.Config{MaxBytes: 20_000, MaxPixels: 40_000, MaxSide: 50, Uploads: 100_000})
	small := string(drawn(t, 200, 200, 1))
	b.run(t, []scenario{
		{name: "OKPixels", method: "POST", path: "/v1/images", body: small, status: 201},
		{name: "ErrPixels", method: "POST", path: "/v1/images", body: string(drawn(t, 201, 200, 1)), status: 422, has: []string{"image_too_large", "40000"}},
		{name: "ErrBytes", method: "POST", path: "/v1/images", body: small + strings.Repeat("x", 20_000), status: 413, has: []string{"too_large", "20000"}},
	})
	path := "/v1/images/" + b.put([]byte(small)).ID.String()
	for operations, want := range map[string]string{"w=50": "50 50", "q=80": "50 50", "w=51": "422"} {
		r := b.call("acme", "GET", path+"/"+operations, "")
		got := fmt.Sprint(r.status)
		if r.status == 200 {
			w, h, _ := sizeOf(t, r.body)
			got = fmt.Sprint(w, h)
		}
		if got != want {
			t.Errorf("%s: %s; want %s", operations, got, want)
		}
	}
	if _, err := b.s.Put(background, b.acme, strings.NewReader(strings.Repeat("x", 20_001))); codeOf(err) != "too_large" {
		t.Errorf("a body of unknown length: %v", err)
	}
}
