package search_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDates(t *testing.T) {
	b := newBed(t)
	b.define("c", `{"fields":[{"name":"at","type":"date"},{"name":"n","type":"int"}]}`)
	b.post("c",
		`{"id":"new","at":"2024-06-01T12:00:00+02:00"}`,
		`{"id":"same","at":"2024-06-01T10:00:00.000Z"}`,
		`{"id":"old","at":"1969-07-20T20:17:40.25Z"}`,
		`{"id":"none"}`)
	ids := func(want string, members ...string) {
		t.Helper()
		b.wantIDs("c", "{"+strings.Join(members, ",")+"}", want)
	}
	ids("same new", `"filter":"at = '2024-06-01T10:00:00Z'"`)
	ids("same new", `"filter":"at >= '2024-06-01'"`)
	ids("", `"filter":"at > '2024-06-02'"`)
	ids("none old", `"filter":"at != '2024-06-01T10:00:00Z'"`)
	ids("old", `"filter":"at < '1970-01-01' and at exists"`)
	ids("none", `"filter":"at not exists"`)
	ids("old same new none", `"sort":["at"]`)
	ids("same new old none", `"sort":["-at"]`)
	ids("old", `"filter":"at in ['1969-07-20T20:17:40.250Z', '2000-01-01']"`)
	b.do("GET", "/v1/collections/c/documents/new", "").want(200, `"at":"2024-06-01T12:00:00+02:00"`) // as it was sent
	b.do("POST", "/v1/collections/c/search", `{"facets":["at"]}`).want(200, `"at":[{"value":"2024-06-01T10:00:00Z","count":2},{"value":"1969-07-20T20:17:40.25Z","count":1}]`)
	b.do("POST", "/v1/collections/c/search", `{"filter":"n = 1 or at > 'noon'"}`).want(422, `invalid_filter`, `body.filter: at character 15 \"'noon'\" stands where a time in quotes, like '2024-01-31T08:00:00Z' or '2024-01-31', as at has, is expected`)
	b.do("DELETE", "/v1/collections/c/documents?filter=at%3C%272000-01-01%27", "").want(200, `{"deleted":1}`)
	for _, wrong := range []string{`"2024-06-01"`, `"2024-06-01T12:00:00"`, `"2024-13-01T12:00:00Z"`, `"9999-12-31T23:59:59-01:00"`, `""`, `1717236000000`, `["2024-06-01T12:00:00Z"]`} {
		b.do("PUT", "/v1/collections/c/documents/x", `{"at":`+wrong+`}`).want(422, "member at is a date", "2024-01-31T08:00:00Z")
	}
	must(t, b.s.Merge(background, b.acme, "c"))
	ids("same new none", `"sort":["-at"]`)
	b.reopen()
	ids("same new", `"filter":"at >= '2024-06-01T09:59:59.999Z'"`)
	b.check()
}

// times of the model: two of them are one, and one comes before 1970.
var times = []string{"2020-02-29T23:30:00-01:00", "2020-03-01T00:30:00Z", "2020-03-01T00:30:00.001Z", "1968-12-24T12:00:00+05:30", "2021-01-01T00:00:00Z"}

func drawTimes(t *rapid.T) condition {
	op := rapid.SampledFrom([]string{"=", "!=", "<", "<=", ">", ">="}).Draw(t, "op")
	literal := rapid.SampledFrom(append([]string{"2021-01-01", "2020-03-01"}, times...)).Draw(t, "time")
	return condition{"at " + op + " '" + literal + "'", func(m map[string]any) bool {
		if m["at"] == nil {
			return op == "!="
		}
		full := literal
		if len(full) == len(time.DateOnly) {
			full += "T00:00:00Z"
		}
		value, err := time.Parse(time.RFC3339, m["at"].(string))
		other, err2 := time.Parse(time.RFC3339, full)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		order := value.Compare(other)
		return strings.HasPrefix(op, "<") && order < 0 || strings.HasPrefix(op, ">") && order > 0 || strings.HasSuffix(op, "=") && (order == 0) != (op == "!=")
	}}
}
