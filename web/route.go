package web

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine/api"
)

// Limits of a body whose operation states none.
const (
	bodyBytes = 1 << 20
	bodyTime  = 30 * time.Second
)

// bearer names the one security scheme of the document.
const bearer = "bearer"

var scopeForm = regexp.MustCompile(`^[a-z]+:(read|write|admin)$`)

// route is what requests to one operation are checked against. It is read from
// the document, so that what is documented is what is enforced.
type route struct {
	pattern    string // echo's
	capability string
	anonymous  bool            // no credential is needed
	scopes     [][]string      // alternatives; a principal needs all scopes of one
	query      map[string]bool // names of the query; true = may repeat
	media      []string        // of the body; empty = not declared
	bodyBytes  int64
	bodyTime   time.Duration
}

// public reports whether no credential is even looked at.
func (r *route) public() bool { return r.anonymous && len(r.scopes) == 0 }

type routeKey struct{ method, pattern string }

type routeTable map[routeKey]*route

// newRouteTable pairs the routes of the router with the operations of the
// document. Its error lists what stands in only one of them, and operations
// that do not say who may call them.
func newRouteTable(routes []*echo.Route, document *huma.OpenAPI) (routeTable, error) {
	table, faults := routeTable{}, []error{}
	undone := map[routeKey]*huma.Operation{}
	for _, op := range operations(document) {
		undone[routeKey{op.Method, op.Path}] = op
	}
	for _, r := range routes {
		key := routeKey{r.Method, documentPath(r.Path, document)}
		op, ok := undone[key]
		if !ok {
			faults = append(faults, fmt.Errorf("route %s %s is not in the document", r.Method, r.Path))
			continue
		}
		delete(undone, key)
		entry, err := newRoute(r.Path, op)
		if err != nil {
			faults = append(faults, fmt.Errorf("operation %s %s: %w", op.Method, op.Path, err))
			continue
		}
		table[routeKey{r.Method, r.Path}] = entry
	}
	for key := range undone {
		faults = append(faults, fmt.Errorf("operation %s %s has no route", key.method, key.pattern))
	}
	slices.SortFunc(faults, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return table, errors.Join(faults...)
}

// humaBodyTime is what huma puts where an operation says nothing.
const humaBodyTime = 5 * time.Second

func newRoute(pattern string, op *huma.Operation) (*route, error) {
	r := &route{pattern: pattern, query: map[string]bool{}, bodyBytes: bodyBytes, bodyTime: bodyTime}
	if op.BodyReadTimeout > 0 && op.BodyReadTimeout != humaBodyTime {
		r.bodyTime = op.BodyReadTimeout
	}
	if len(op.Tags) == 0 {
		return nil, errors.New("its first tag must name the capability")
	}
	r.capability = op.Tags[0]
	if op.Security == nil {
		return nil, errors.New("it does not say who may call it; see Security in the package comment of web")
	}
	if err := r.setAccess(op.Security); err != nil {
		return nil, err
	}
	for _, p := range op.Parameters {
		if p.In == "query" {
			r.query[p.Name] = p.Schema != nil && p.Schema.Type == huma.TypeArray
		}
	}
	if op.MaxBodyBytes > 0 {
		r.bodyBytes = op.MaxBodyBytes
	}
	if op.RequestBody != nil {
		for media := range op.RequestBody.Content {
			r.media = append(r.media, media)
		}
		slices.Sort(r.media)
	}
	// Limits are enforced in one place for huma and raw routes alike. Huma's
	// own are off by one, and its time goes on after an empty body and would
	// cancel a long poll. Here -1 is no limit and 0 leaves the time alone.
	op.MaxBodyBytes, op.BodyReadTimeout = -1, 0
	return r, nil
}

// setAccess reads who may call, as the package comment tells it.
func (r *route) setAccess(security api.Security) error {
	r.anonymous = len(security) == 0
	for _, alternative := range security {
		if len(alternative) == 0 {
			r.anonymous = true
			continue
		}
		scopes, ok := alternative[bearer]
		if !ok || len(alternative) > 1 || slices.ContainsFunc(scopes, func(s string) bool { return !scopeForm.MatchString(s) }) {
			return fmt.Errorf("security %v is not %q with scopes such as search:read", alternative, bearer)
		}
		r.scopes = append(r.scopes, scopes)
	}
	return nil
}

// operations lists the document's operations by path and method.
func operations(document *huma.OpenAPI) []*huma.Operation {
	var all []*huma.Operation
	for _, item := range document.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete, item.Head, item.Options, item.Trace} {
			if op != nil {
				all = append(all, op)
			}
		}
	}
	slices.SortFunc(all, func(a, b *huma.Operation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	return all
}

var echoParameter = regexp.MustCompile(`:([^/]+)`)

// documentPath turns echo's pattern into the document's: :id becomes {id}, and
// a final * whichever parameter the document has there.
func documentPath(pattern string, document *huma.OpenAPI) string {
	path := echoParameter.ReplaceAllString(pattern, "{$1}")
	front, wild := strings.CutSuffix(path, "*")
	if !wild {
		return path
	}
	for candidate := range document.Paths {
		last, ok := strings.CutPrefix(candidate, front)
		if ok && strings.HasPrefix(last, "{") && strings.HasSuffix(last, "}") && !strings.Contains(last, "/") {
			return candidate
		}
	}
	return path
}
