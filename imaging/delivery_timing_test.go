package imaging_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"quintet/imaging"
)

// BenchmarkCached delivers a rendition from memory by a signed URL: parse,
// prove the signature, look the image up, write. The baseline is the same
// router answering with bytes that it has at hand.
func BenchmarkCached(b *testing.B) {
	bed := newBed(b, imaging.Config{})
	img := bed.put(file(b, "exif-orientation/Landscape_1.jpg"))
	url := bed.sign(img.ID, "w=200,h=200,fit=cover", "1h")
	body := bed.call("nobody", "GET", url, "").body
	bare := echo.New()
	bare.GET("/img/:tenant/:operations/:source", func(c echo.Context) error { return c.Blob(200, "image/jpeg", []byte(body)) })

	var plain time.Duration
	for _, tc := range []struct {
		name   string
		server *echo.Echo
	}{{"router", bare}, {"signed", bed.echo}} {
		b.Run(tc.name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				w := httptest.NewRecorder()
				tc.server.ServeHTTP(w, httptest.NewRequest("GET", url, nil))
				if w.Code != 200 || w.Body.Len() != len(body) {
					b.Fatal(w.Code, w.Body.Len())
				}
			}
			each := b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "hits/s")
			if tc.name == "router" {
				plain = each
			} else {
				b.ReportMetric(float64(each)/float64(max(plain, 1)), "times-the-router")
			}
		})
	}
	if n := bed.metric("rendition_seconds"); n != 1 {
		b.Errorf("%v renditions were made", n)
	}
}
