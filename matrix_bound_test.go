package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// boundAnswers are the statuses of every operation of search: to a key that is
// bound to another collection, and to one whose filter hides the document. An
// operation that is new has to say here what it tells whom.
var boundAnswers = map[string][2]int{
	"list-collections": {200, 200}, "get-collection": {404, 200}, "define-collection": {404, 403}, "delete-collection": {404, 403},
	"put-documents": {404, 403}, "put-document": {404, 403}, "patch-document": {404, 403}, "get-document": {404, 404}, "delete-document": {404, 403},
	"search-collection": {404, 200}, "create-embeddings": {422, 422}, "search-collections": {422, 422},
	"list-aliases": {200, 200}, "get-alias": {404, 200}, "set-alias": {404, 403}, "delete-alias": {404, 403}, "start-reindex": {404, 403}, "cancel-reindex": {404, 403},
	"similar-documents": {404, 404}, "delete-documents": {404, 403}, "list-slow-searches": {404, 403}, "list-documents": {404, 200}, "export-documents": {404, 200}, "import-graph": {404, 403},
	"create-snapshot": {404, 403}, "list-snapshots": {404, 403}, "get-snapshot": {404, 403}, "delete-snapshot": {404, 403}, "restore-collection": {404, 403},
}

// secret stands in every name, id and text that a bound key must not see.
const secret = "zqhidden"

// boundServer has a collection "shown" with a document of u1's and a hidden one,
// and a hidden collection.
func boundServer(t *testing.T) *running {
	t.Helper()
	t.Chdir(t.TempDir())
	r := startServer(t, "--demo-traffic", "off")
	const fields = `{"fields":[{"name":"owner","type":"keyword"},{"name":"tag","type":"keyword"},{"name":"n","type":"int"}]}`
	for _, collection := range []string{"shown", secret} {
		r.call("PUT", "/v1/collections/"+collection, fields, 201)
		r.call("PUT", "/v1/collections/"+collection+"/documents/"+secret, `{"owner":"`+secret+`","tag":"`+secret+`","n":7}`, 201)
		r.call("PUT", "/v1/collections/"+collection+"/documents/own", `{"owner":"u1","tag":"mine","n":1}`, 201)
	}
	r.call("PUT", "/v1/aliases/"+secret+"-too", `{"collection":"`+secret+`"}`, 201)
	r.call("PUT", "/v1/aliases/shown-too", `{"collection":"shown"}`, 201)
	r.call("POST", "/v1/apikeys", `{"name":"`+secret+`","scopes":["search:read"],"collections":["`+secret+`"],"filter":"owner = '`+secret+`'"}`, 201)
	r.call("POST", "/v1/clients", `{"name":"`+secret+`","grants":["client_credentials"],"scopes":["search:read"]}`, 201)
	return r
}

// bound returns a key with these members, and what else it can become: a
// session, a token of its client, a key that it made.
func (r *running) bound(scopes, members string) map[string]*party {
	r.t.Helper()
	as := func(key string) *party { return &party{running: &running{t: r.t, url: r.url, key: key}} }
	var made, child struct{ Key string }
	decode := func(data []byte, v any) {
		if err := json.Unmarshal(data, v); err != nil {
			r.t.Fatal(err)
		}
	}
	decode(r.call("POST", "/v1/apikeys", `{"name":"bound","scopes":[`+scopes+`,"gateway:read","gateway:admin"],`+members+`}`, 201), &made)
	key := as(made.Key)
	decode(key.call("POST", "/v1/apikeys", `{"name":"child","scopes":[`+scopes+`,"gateway:read"]}`, 201), &child)
	var client struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	decode(key.call("POST", "/v1/clients", `{"name":"x","grants":["client_credentials"],"scopes":[`+scopes+`]}`, 201), &client)
	all := map[string]*party{"key": key, "child": as(child.Key)}
	for name, q := range map[string]struct{ path, media, body string }{
		"token":   {"/t/demo/oauth/token", "application/x-www-form-urlencoded", "grant_type=client_credentials&client_id=" + client.ID + "&client_secret=" + client.Secret},
		"session": {"/console/session", "application/json", `{"key":"` + made.Key + `"}`},
	} {
		answer, err := http.Post(r.url+q.path, q.media, strings.NewReader(q.body))
		if err != nil {
			r.t.Fatal(err)
		}
		var token struct {
			Text string `json:"access_token"`
		}
		if name == "token" {
			if err := json.NewDecoder(answer.Body).Decode(&token); err != nil {
				r.t.Fatal(err)
			}
		} else {
			token.Text = answer.Cookies()[0].Value
		}
		answer.Body.Close()
		all[name] = as(token.Text)
	}
	return all
}

// TestBoundMatrix sends every operation by everything that a bound key can
// become, aimed at what is hidden from it: nothing of that shows, and nothing
// changes.
func TestBoundMatrix(t *testing.T) {
	r := boundServer(t)
	hidden := func() (all string) {
		for _, path := range []string{"/v1/collections/" + secret, "/v1/collections/shown/documents/" + secret, "/v1/collections/" + secret + "/documents/" + secret, "/v1/collections/" + secret + "/documents/own"} {
			all += string(r.call("GET", path, "", 200))
		}
		return all
	}
	before := hidden() + string(r.call("GET", "/v1/aliases", "", 200))
	document := r.document()
	for i, kind := range []struct{ scopes, members, collection string }{
		{`"search:read","search:write","search:admin"`, `"collections":["shown"]`, secret},
		{`"search:read"`, `"collections":["shown"],"filter":"owner = 'u1'"`, "shown"},
	} {
		ids := maps.Clone(absent)
		maps.Copy(ids, map[string]string{"/v1/collections/{collection}": kind.collection, "/v1/aliases/{alias}": kind.collection + "-too", "/v1/collections/{collection}/documents/{id}": secret})
		for name, p := range r.bound(kind.scopes, kind.members) {
			tried := 0
			for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
				for _, method := range slices.Sorted(maps.Keys(document.Paths[path])) {
					o := document.Paths[path][method]
					if len(o.Security) == 0 || len(o.Security[0]) == 0 {
						continue
					}
					status, body := p.ask(strings.ToUpper(method), path, o.OperationID, ids)
					if strings.Contains(body, secret) {
						t.Errorf("%s %s shows to the %s bound by %s: %.500s", method, path, name, kind.members, body)
					}
					want, known := boundAnswers[o.OperationID]
					if ofSearch := strings.HasPrefix(strings.Join(o.Security[0]["bearer"], " "), "search:"); ofSearch != known {
						t.Errorf("%s %s: the matrix does not know %s", method, path, o.OperationID)
					} else if known && status != want[i] {
						t.Errorf("%s %s: the %s bound by %s gets %d, want %d: %.500s", method, path, name, kind.members, status, want[i], body)
					}
					tried++
				}
			}
			if tried < 70 {
				t.Errorf("only %d operations were tried", tried)
			}
		}
	}
	if after := hidden() + string(r.call("GET", "/v1/aliases", "", 200)); after != before {
		t.Errorf("there was\n%s\nand is\n%s", before, after)
	}
}

// TestBoundSearches asks whatever a search can be asked.
func TestBoundSearches(t *testing.T) {
	r := boundServer(t)
	for name, p := range r.bound(`"search:read"`, `"filter":"owner = 'u1'"`) {
		for _, body := range []string{
			`{}`, `{"q":"` + secret + `","mode":"keyword"}`, `{"filter":"owner = '` + secret + `' or owner = 'u1'"}`, `{"filter":"not owner = 'u1'"}`,
			`{"facets":["owner","tag","n"],"sort":["-n"]}`, `{"sort":["tag"]}`, `{"highlight":true}`,
		} {
			var found struct {
				Found int
				Next  *string
			}
			answer := p.call("POST", "/v1/collections/shown/search", body, 200)
			if err := json.Unmarshal(answer, &found); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(answer), secret) || found.Found > 1 || found.Next != nil {
				t.Errorf("the %s is answered %s by %s", name, body, answer)
			}
			many := p.call("POST", "/v1/search", `{"searches":[{"collection":"shown",`+strings.TrimPrefix(body[:len(body)-1], "{")+strings.Repeat(",", min(1, len(body)-2))+`"limit":5}]}`, 200)
			if strings.Contains(string(many), secret) {
				t.Errorf("the %s is answered %s among many by %s", name, body, many)
			}
		}
		p.call("POST", "/v1/collections/shown/search", `{"explain":true}`, 403, "key_explains_nothing")
		p.call("GET", "/v1/collections/shown/documents/own", "", 200, `"mine"`)
		p.call("POST", "/v1/collections/shown/search", `{"filter":"owner ="}`, 422, "invalid_filter")
		p.call("POST", "/v1/console/links", `{}`, 403)
	}
	var first struct{ Next string }
	if err := json.Unmarshal(r.call("POST", "/v1/collections/shown/search", `{"sort":["tag"],"limit":1}`, 200), &first); err != nil {
		t.Fatal(err)
	}
	for _, p := range r.bound(`"search:read"`, `"collections":["shown"]`) {
		p.call("POST", "/v1/collections/shown/search", `{"sort":["tag"],"limit":1,"cursor":"`+first.Next+`"}`, 422, "invalid_cursor")
	}
}

// TestBoundTransactions: a commit writes where its key may.
func TestBoundTransactions(t *testing.T) {
	r := boundServer(t)
	commit := func(p *party, operation string, status int, contains ...string) {
		t.Helper()
		p.call("POST", "/v1/transactions", `{"operations":[`+operation+`]}`, status, contains...)
	}
	for _, p := range r.bound(`"search:write"`, `"collections":["shown"]`) {
		commit(p, `{"op":"search.put","collection":"shown","document":{"id":"new","owner":"u1"}}`, 200)
		commit(p, `{"op":"search.delete","collection":"shown","id":"new"}`, 200)
		for _, collection := range []string{secret, "absent"} {
			commit(p, `{"op":"search.put","collection":"`+collection+`","document":{"id":"new"}}`, 404, "collection_not_found")
			commit(p, `{"op":"search.delete","collection":"`+collection+`","id":"own"}`, 404, "collection_not_found")
		}
	}
	for _, p := range r.bound(`"search:read"`, `"filter":"owner = 'u1'"`) {
		commit(p, `{"op":"search.put","collection":"shown","document":{"id":"new"}}`, 403, "search:write")
		commit(p, `{"op":"search.delete","collection":"shown","id":"own"}`, 403, "search:write")
	}
	r.call("GET", "/v1/collections/shown/documents/own", "", 200)
	r.call("GET", "/v1/collections/"+secret+"/documents/own", "", 200)
}

// TestAliasTransactions: a commit writes where an alias leads.
func TestAliasTransactions(t *testing.T) {
	r := boundServer(t)
	const alias = "shown-too"
	for _, p := range r.bound(`"search:write"`, `"collections":["`+alias+`"]`) {
		p.call("POST", "/v1/transactions", `{"operations":[{"op":"search.put","collection":"`+alias+`","document":{"id":"new","owner":"u1"}}]}`, 200)
		r.call("GET", "/v1/collections/shown/documents/new", "", 200)
		p.call("POST", "/v1/transactions", `{"operations":[{"op":"search.delete","collection":"`+alias+`","id":"new"}]}`, 200)
		p.call("POST", "/v1/transactions", `{"operations":[{"op":"search.put","collection":"shown","document":{"id":"new"}}]}`, 404, "collection_not_found")
	}
	r.call("GET", "/v1/collections/shown/documents/new", "", 404)
}
