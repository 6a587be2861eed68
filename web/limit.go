package web

import (
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// answerTime is how long a request may take to be answered, unless its handler
// sets write deadlines of its own. A long poll takes a minute.
const answerTime = 2 * time.Minute

// limit bounds what the operation declares: the names in the query, and bytes,
// media type and time of the body. It bounds the time of the answer too, so that a client that does not
// read holds nothing for long.
func (s *Server) limit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, route := c.Request(), routeOf(c)
		w := http.NewResponseController(c.Response().Writer)
		// A connection that takes no deadline is gone, and its writes fail.
		_ = w.SetWriteDeadline(time.Now().Add(answerTime))
		if p := checkQuery(r.URL.RawQuery, route.query); p != nil {
			return p
		}
		if r.Body == nil || r.Body == http.NoBody {
			return next(c)
		}
		if p := checkMedia(r.Header, route.media); p != nil {
			return p
		}
		if r.ContentLength > route.bodyBytes {
			return errTooLarge(route.bodyBytes)
		}
		_ = w.SetReadDeadline(time.Now().Add(route.bodyTime))
		r.Body = http.MaxBytesReader(c.Response().Writer, sentBody{r.Body}, route.bodyBytes)
		return next(c)
	}
}

// sentBody marks what reading it fails with as the client's fault: the net/http
// package has no type for chunks that it cannot read.
type sentBody struct{ io.ReadCloser }

type bodyError struct{ error }

func (e bodyError) Unwrap() error { return e.error }

func (b sentBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = bodyError{err}
	}
	return n, err
}

// checkQuery refuses a query that cannot be parsed, a name that the operation
// does not declare, and one that stands twice where one value is meant.
func checkQuery(raw string, declared map[string]bool) *problem {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return refuse(http.StatusBadRequest, "malformed_query", "the query cannot be parsed; percent-encode what stands in it")
	}
	p := refusal(http.StatusUnprocessableEntity)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		switch repeats, ok := declared[name]; {
		case !ok:
			p.Errors = append(p.Errors, fault{"query." + name, "unknown query parameter"})
		case !repeats && len(values[name]) > 1:
			p.Errors = append(p.Errors, fault{"query." + name, "stands more than once"})
		}
	}
	if len(p.Errors) == 0 {
		return nil
	}
	p.Detail = sentence(p.Errors)
	return p
}

// checkMedia refuses a body of a media type that the operation does not
// declare, and a compressed one. A body without a type is the handler's to judge.
func checkMedia(h http.Header, declared []string) *problem {
	if coding := h.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return refuse(http.StatusUnsupportedMediaType, "unsupported_media_type", "compressed bodies are not taken; send it without Content-Encoding")
	}
	sent := h.Get("Content-Type")
	if sent == "" || len(declared) == 0 {
		return nil
	}
	media, _, err := mime.ParseMediaType(sent)
	if err == nil && slices.ContainsFunc(declared, func(d string) bool { return matches(media, d) }) {
		return nil
	}
	return refuse(http.StatusUnsupportedMediaType, "unsupported_media_type", "this takes %s; say so in Content-Type", strings.Join(declared, " or "))
}

// matches reports whether media is declared, which may be "image/*" or "*/*".
func matches(media, declared string) bool {
	if declared == "*/*" || media == declared {
		return true
	}
	kind, ok := strings.CutSuffix(declared, "*")
	return ok && strings.HasPrefix(media, kind)
}
