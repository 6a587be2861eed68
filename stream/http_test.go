package stream_test

import (
	"strings"
	"testing"
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
			if r.status != sc.status {
				t.Fatalf("%v; want status %d", r, sc.status)
			}
			all := r.body
			for name, values := range r.header {
				all += "\n" + name + ": " + strings.Join(values, ", ")
			}
			for _, text := range sc.has {
				if !strings.Contains(all, text) {
					t.Errorf("the answer lacks %s:\n%s", text, all)
				}
			}
			for _, text := range sc.lacks {
				if strings.Contains(all, text) {
					t.Errorf("the answer holds %s:\n%s", text, all)
				}
			}
		})
	}
}

func TestDefinitionRoutes(t *testing.T) {
	b := newBed(t, limits())
	const visits = "/v1/streams/visits"
	const body = `{"dimensions":["type","country"],"measures":["ms"]}`
	b.run(t, []scenario{
		{name: "ErrNone", method: "GET", path: visits, status: 404, has: []string{"stream_not_found"}},
		{name: "ErrIfMatchOfNone", method: "PUT", path: visits, body: body, headers: []string{`If-Match: "1"`}, status: 412, has: []string{"etag_mismatch"}},
		{name: "OKNew", method: "PUT", path: visits, body: body, status: 201, has: []string{`"time":"ts"`, `"raw":"1w"`, `"next_offset":1`, `Etag: "1"`, `"inferred":false`}},
		{name: "OKSame", method: "PUT", path: visits, body: body, status: 200, has: []string{`Etag: "1"`}},
		{name: "ErrOther", method: "PUT", path: visits, body: `{"dimensions":["type"]}`, status: 409, has: []string{"stream_exists"}},
		{name: "ErrOtherOld", method: "PUT", path: visits, body: `{"dimensions":["type"]}`, headers: []string{`If-Match: "7"`}, status: 412},
		{name: "OKOtherCurrent", method: "PUT", path: visits, body: `{"dimensions":["type"]}`, headers: []string{`If-Match: "1"`}, status: 200, has: []string{`Etag: "2"`, `"measures":[]`}, lacks: []string{"country"}},
		{name: "ErrTime", method: "PUT", path: visits, body: `{"time":"at","dimensions":["type"]}`, headers: []string{`If-Match: "2"`}, status: 409, has: []string{"time_fixed"}},
		{name: "OKGet", method: "GET", path: visits, status: 200, has: []string{`"dimensions":["type"]`, `Etag: "2"`}},
		{name: "ErrOtherTenant", method: "GET", path: visits, tenant: "globex", status: 404},
		{name: "OKOwn", method: "PUT", path: visits, body: `{"dimensions":["own"]}`, tenant: "globex", status: 201},

		{name: "ErrName", method: "PUT", path: "/v1/streams/Visits", body: `{}`, status: 422, has: []string{"invalid_name"}},
		{name: "ErrUnknownField", method: "PUT", path: "/v1/streams/x", body: `{"dimension":["a"]}`, status: 422},
		{name: "ErrDistinct", method: "PUT", path: "/v1/streams/x", body: `{"distinct":["user"]}`, status: 422, has: []string{"not_supported", "body.distinct"}},
		{name: "ErrTop", method: "PUT", path: "/v1/streams/x", body: `{"top":["path"]}`, status: 422, has: []string{"not_supported"}},
		{name: "ErrLateness", method: "PUT", path: "/v1/streams/x", body: `{"lateness":"5m"}`, status: 422, has: []string{"not_supported"}},
		{name: "ErrRollup", method: "PUT", path: "/v1/streams/x", body: `{"retention":{"1m":"7d"}}`, status: 422, has: []string{"not_supported", "body.retention.1m"}},
		{name: "ErrRetention", method: "PUT", path: "/v1/streams/x", body: `{"retention":{"raw":"5 days"}}`, status: 422, has: []string{"invalid_definition"}},
		{name: "ErrRetentionShort", method: "PUT", path: "/v1/streams/x", body: `{"retention":{"raw":"1h"}}`, status: 422, has: []string{"from 1d"}},
		{name: "ErrRetentionZero", method: "PUT", path: "/v1/streams/x", body: `{"retention":{"raw":"0s"}}`, status: 422},
		{name: "ErrTwice", method: "PUT", path: "/v1/streams/x", body: `{"dimensions":["a"],"measures":["a"]}`, status: 422, has: []string{"body.measures[0]", "second time"}},
		{name: "ErrMember", method: "PUT", path: "/v1/streams/x", body: `{"dimensions":["a b"]}`, status: 422, has: []string{"body.dimensions[0]"}},
		{name: "ErrReserved", method: "PUT", path: "/v1/streams/x", body: `{"measures":["_offset"]}`, status: 422, has: []string{"reserved"}},
		{name: "ErrMany", method: "PUT", path: "/v1/streams/x", body: `{"dimensions":["a","b","c","d","e","f","g","h","i","j","k","l","m","n","o","p","q"]}`, status: 422, has: []string{"may have 16"}},
		{name: "OKRetention", method: "PUT", path: "/v1/streams/kept", body: `{"retention":{"raw":"30d"}}`, status: 201, has: []string{`"raw":"30d"`}},

		{name: "OKList", method: "GET", path: "/v1/streams?limit=1", status: 200, has: []string{`"name":"kept"`, `"next":"a2VwdA"`}, lacks: []string{"visits"}},
		{name: "OKListRest", method: "GET", path: "/v1/streams?cursor=a2VwdA", status: 200, has: []string{`"name":"visits"`, `"next":null`}, lacks: []string{"own"}},
		{name: "ErrListLimit", method: "GET", path: "/v1/streams?limit=1001", status: 422},
		{name: "ErrListCursor", method: "GET", path: "/v1/streams?cursor=!", status: 422},

		{name: "ErrDeleteOld", method: "DELETE", path: visits, headers: []string{`If-Match: "1"`}, status: 412},
		{name: "OKDelete", method: "DELETE", path: visits, status: 204},
		{name: "ErrDeleteAgain", method: "DELETE", path: visits, status: 404},
		{name: "OKOtherTenantsStays", method: "GET", path: visits, tenant: "globex", status: 200},
	})
}

func TestEventRoutes(t *testing.T) {
	b := newBed(t, limits())
	const events = "/v1/streams/visits/events"
	now := b.at(0)
	b.run(t, []scenario{
		{name: "ErrNoType", method: "POST", path: events, body: `{"ts":` + now + `}`, headers: []string{"Content-Type: text/plain"}, status: 422, has: []string{"content_type_missing"}},
		{name: "ErrBadDefinesNothing", method: "POST", path: events, body: `{"ts":` + now + `,"type":"a"}` + "\n{", headers: []string{asLines}, status: 422, has: []string{"body.line[2]", "malformed_json"}},
		{name: "ErrNotDefined", method: "GET", path: "/v1/streams/visits", status: 404},
		{name: "OKDefines", method: "POST", path: events, body: `{"ts":` + now + `,"type":"view","ms":12,"ok":true,"more":{"a":1}}`, headers: []string{asLines}, status: 200,
			has: []string{`{"accepted":1,"rejected":0,"first_offset":1,"last_offset":1,"duplicate":false}`}},
		{name: "OKInferred", method: "GET", path: "/v1/streams/visits", status: 200, has: []string{`"inferred":true`, `"dimensions":["type"]`, `"measures":["ms"]`, `"next_offset":2`}},
		{name: "OKArray", method: "POST", path: events, body: ` [ {"ts":` + now + `,"type":"buy"} , {"ts":` + now + ",\n\"type\":\"view\"}]\n", status: 200, has: []string{`"first_offset":2,"last_offset":3`}},
		{name: "OKObject", method: "POST", path: events, body: "{\n \"ts\": " + now + ",\n \"type\": \"view\"\n}\n", status: 200, has: []string{`"first_offset":4,"last_offset":4`}},
		{name: "OKBlankLines", method: "POST", path: events, body: "\r\n\n" + `{"ts":` + now + `,"type":"view"}` + "\r\n\r\n", headers: []string{asLines}, status: 200, has: []string{`"accepted":1`, `"last_offset":5`}},
		{name: "ErrEmpty", method: "POST", path: events, body: " \n ", headers: []string{asLines}, status: 422, has: []string{"no_events"}},
		{name: "ErrEmptyArray", method: "POST", path: events, body: "[]", status: 422, has: []string{"no_events"}},
		{name: "ErrArray", method: "POST", path: events, body: `[{"ts":` + now + `}`, status: 400, has: []string{"malformed_json"}},
		{name: "ErrBehindArray", method: "POST", path: events, body: `[{"ts":` + now + `}] x`, status: 400},
		{name: "ErrBehindObject", method: "POST", path: events, body: `{"ts":` + now + `}` + "\n" + `{"ts":` + now + `}`, status: 422, has: []string{"body.line[1]"}},
		{name: "ErrAllOrNothing", method: "POST", path: events, body: `{"ts":` + now + `}` + "\n\n" + `{"ts":"soon"}` + "\n" + `{"type":"x"}`, headers: []string{asLines}, status: 422,
			has: []string{"events_rejected", "2 of 3", "body.line[3] invalid_time", "body.line[4] time_missing"}},
		{name: "OKPartial", method: "POST", path: events + "?partial=true", body: `{"ts":` + now + `}` + "\n\n" + `{"ts":"soon"}`, headers: []string{asLines}, status: 200,
			has: []string{`"accepted":1,"rejected":1,"first_offset":6,"last_offset":6`, `"line":3,"code":"invalid_time"`}},
		{name: "OKPartialNone", method: "POST", path: events + "?partial=1", body: `{"ts":1e9}`, headers: []string{asLines}, status: 200, has: []string{`"accepted":0,"rejected":1,"first_offset":0,"last_offset":0`}},
		{name: "ErrPartial", method: "POST", path: events + "?partial=maybe", body: `{}`, headers: []string{asLines}, status: 422, has: []string{"query.partial"}},
		{name: "ErrAhead", method: "POST", path: events, body: `{"ts":` + b.at(601) + `}`, headers: []string{asLines}, status: 422, has: []string{"time_ahead"}},
		{name: "OKAhead", method: "POST", path: events, body: `{"ts":` + b.at(600) + `}`, headers: []string{asLines}, status: 200},
		{name: "ErrMeasure", method: "POST", path: events, body: `{"ts":` + now + `,"ms":"12"}`, headers: []string{asLines}, status: 422, has: []string{"invalid_measure"}},
		{name: "ErrDimension", method: "POST", path: events, body: `{"ts":` + now + `,"type":[]}`, headers: []string{asLines}, status: 422, has: []string{"invalid_dimension"}},
		{name: "ErrReserved", method: "POST", path: events, body: `{"ts":` + now + `,"_offset":1}`, headers: []string{asLines}, status: 422, has: []string{"reserved_member"}},
		{name: "ErrProducerAlone", method: "POST", path: events, body: `{"ts":` + now + `}`, headers: []string{asLines, "Producer-Id: p"}, status: 422, has: []string{"invalid_producer"}},
		{name: "ErrProducerSeq", method: "POST", path: events, body: `{"ts":` + now + `}`, headers: []string{asLines, "Producer-Id: p", "Producer-Seq: 0"}, status: 422},
		{name: "ErrProducerID", method: "POST", path: events, body: `{"ts":` + now + `}`, headers: []string{asLines, "Producer-Id: a b", "Producer-Seq: 1"}, status: 422, has: []string{"invalid_id"}},
		{name: "OKProducer", method: "POST", path: events, body: `{"ts":` + now + `,"n":1}`, headers: []string{asLines, "Producer-Id: p", "Producer-Seq: 1"}, status: 200, has: []string{`"first_offset":8,"last_offset":8,"duplicate":false`}},
		{name: "OKProducerAgain", method: "POST", path: events, body: `{"ts":` + now + `,"n":1}`, headers: []string{asLines, "Producer-Id: p", "Producer-Seq: 1"}, status: 200, has: []string{`"first_offset":8,"last_offset":8,"duplicate":true`}},
		{name: "ErrName", method: "POST", path: "/v1/streams/9/events", body: `{"ts":` + now + `}`, headers: []string{asLines}, status: 422, has: []string{"invalid_name"}},

		{name: "OKRead", method: "GET", path: events + "?limit=2", status: 200, has: []string{`{"_offset":1,"ts":` + now + `,"type":"view","ms":12,"ok":true,"more":{"a":1}}`, `{"_offset":2,`, "application/x-ndjson"}, lacks: []string{`"_offset":3`}},
		{name: "OKReadFrom", method: "GET", path: events + "?from=4", status: 200, has: []string{`{"_offset":4,  "ts": `, `"_offset":8`}, lacks: []string{`"_offset":3`}},
		{name: "OKReadEnd", method: "GET", path: events + "?from=9", status: 200, lacks: []string{"_offset"}},
		{name: "ErrReadBehind", method: "GET", path: events + "?from=10", status: 422, has: []string{"offset_unknown"}},
		{name: "OKReadTime", method: "GET", path: events + "?from=" + noon.Add(1e9).Format("2006-01-02T15:04:05Z"), status: 200, has: []string{`"_offset":7`}, lacks: []string{`"_offset":6`, `"_offset":8`}},
		{name: "OKReadAgo", method: "GET", path: events + "?from=-1s", status: 200, has: []string{`"_offset":1`, `"_offset":8`}},
		{name: "ErrReadTime", method: "GET", path: events + "?from=yesterday", status: 422, has: []string{"query.from"}},
		{name: "ErrReadLimit", method: "GET", path: events + "?limit=0", status: 422},
		{name: "ErrReadMany", method: "GET", path: events + "?limit=10001", status: 422},
		{name: "ErrReadNone", method: "GET", path: "/v1/streams/none/events", status: 404},
		{name: "ErrReadOtherTenant", method: "GET", path: events, tenant: "globex", status: 404},
	})
}

func TestQueryRoute(t *testing.T) {
	b := newBed(t, limits())
	const query = "/v1/streams/visits/query"
	b.send("visits",
		`{"ts":`+b.at(0)+`,"type":"view","country":"DE","ms":-5}`,
		`{"ts":`+b.at(1)+`,"type":"view","country":"FR","ms":-7.5}`,
		`{"ts":`+b.at(61)+`,"type":"buy","country":"DE","ms":3}`,
		`{"ts":`+b.at(61)+`,"type":"buy","ms":null}`,
	)
	b.run(t, []scenario{
		{name: "OKAll", method: "POST", path: query, body: `{"to":"2026-03-01T12:02:00Z","select":["count","sum(ms)","min(ms)","max(ms)","avg(ms)"]}`, status: 200,
			has: []string{`"step":"1m"`, `{"group":{},"points":[{"time":"2026-03-01T12:00:00Z","count":2,"sum(ms)":-12.5,"min(ms)":-7.5,"max(ms)":-5,"avg(ms)":-6.25},{"time":"2026-03-01T12:01:00Z","count":2,"sum(ms)":3,"min(ms)":3,"max(ms)":3,"avg(ms)":3}]}`, `"late":0`, `"approximate":[]`}},
		{name: "OKGroup", method: "POST", path: query, body: `{"to":"2026-03-01T12:02:00Z","group_by":["country"]}`, status: 200,
			has: []string{`{"group":{"country":"DE"},"points":[{"time":"2026-03-01T12:00:00Z","count":1},{"time":"2026-03-01T12:01:00Z","count":1}]}`, `{"country":null}`, `{"country":"FR"}`}},
		{name: "OKFilter", method: "POST", path: query, body: `{"to":"2026-03-01T12:02:00Z","step":"1h","filter":"country = 'DE' and not type in ['buy']"}`, status: 200, has: []string{`"points":[{"time":"2026-03-01T12:00:00Z","count":1}]`}},
		{name: "OKLimit", method: "POST", path: query, body: `{"to":"2026-03-01T12:02:00Z","step":"1h","group_by":["country","type"],"limit":1}`, status: 200, has: []string{`"omitted":3`}},
		{name: "OKNothing", method: "POST", path: query, body: `{"from":"2026-03-01T10:00:00Z","to":"2026-03-01T10:05:00Z"}`, status: 200, has: []string{`"series":[{"group":{},"points":[]}]`}},
		{name: "OKNothingGrouped", method: "POST", path: query, body: `{"from":"-5m","to":"-1m","group_by":["type"]}`, status: 200, has: []string{`"series":[]`}},
		{name: "OKOpenPoint", method: "POST", path: query, body: `{"from":"now","to":"2026-03-01T12:00:01Z","step":"7s"}`, status: 200, has: []string{`"points":[{"time":"2026-03-01T12:00:00Z","count":2}]`}},
		{name: "OKDefaults", method: "POST", path: query, body: `{}`, status: 200, lacks: []string{"count"}},

		{name: "ErrJSON", method: "POST", path: query, body: `{`, status: 400, has: []string{"malformed_json"}},
		{name: "ErrField", method: "POST", path: query, body: `{"group":["type"]}`, status: 422, has: []string{"unknown field"}},
		{name: "ErrTwice", method: "POST", path: query, body: `{"step":"1m","step":"1h"}`, status: 400, has: []string{"twice"}},
		{name: "ErrStep", method: "POST", path: query, body: `{"step":"1500ms"}`, status: 422, has: []string{"whole seconds", "body.step"}},
		{name: "ErrStepZero", method: "POST", path: query, body: `{"step":"0s"}`, status: 422},
		{name: "ErrPoints", method: "POST", path: query, body: `{"from":"-3h","step":"1s"}`, status: 422, has: []string{"10000 points"}},
		{name: "ErrFrom", method: "POST", path: query, body: `{"from":"yesterday"}`, status: 422, has: []string{"body.from"}},
		{name: "ErrTo", method: "POST", path: query, body: `{"to":"+1h"}`, status: 422, has: []string{"body.to"}},
		{name: "ErrOrder", method: "POST", path: query, body: `{"from":"now","to":"-1m"}`, status: 422, has: []string{"not after from"}},
		{name: "ErrOld", method: "POST", path: query, body: `{"from":"-7d","step":"1d"}`, status: 422, has: []string{"range_too_old"}},
		{name: "ErrGroup", method: "POST", path: query, body: `{"group_by":["ms"]}`, status: 422, has: []string{"no dimension"}},
		{name: "ErrGroupTwice", method: "POST", path: query, body: `{"group_by":["type","type"]}`, status: 422},
		{name: "ErrSelect", method: "POST", path: query, body: `{"select":["median(ms)"]}`, status: 422, has: []string{"body.select"}},
		{name: "ErrSelectOpen", method: "POST", path: query, body: `{"select":["sum(ms"]}`, status: 422},
		{name: "ErrMeasure", method: "POST", path: query, body: `{"select":["sum(type)"]}`, status: 422, has: []string{"no measure"}},
		{name: "ErrQuantile", method: "POST", path: query, body: `{"select":["p99(ms)"]}`, status: 422, has: []string{"not_supported"}},
		{name: "ErrDistinct", method: "POST", path: query, body: `{"select":["distinct(user)"]}`, status: 422, has: []string{"not_supported"}},
		{name: "ErrTopK", method: "POST", path: query, body: `{"select":["top(path,5)"]}`, status: 422, has: []string{"not_supported"}},
		{name: "ErrFilter", method: "POST", path: query, body: `{"filter":"country = DE"}`, status: 422, has: []string{"text in quotes"}},
		{name: "ErrLimit", method: "POST", path: query, body: `{"limit":1001}`, status: 422},
		{name: "ErrNone", method: "POST", path: "/v1/streams/none/query", body: `{}`, status: 404},
		{name: "ErrOtherTenant", method: "POST", path: query, body: `{}`, tenant: "globex", status: 404},
	})
}
