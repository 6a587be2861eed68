package gateway_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func keyBody(members string) string { return `{"name":"x","scopes":["search:read"],` + members + `}` }

func TestBoundKeys(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	_, writer := b.key(t, acme, `{"name":"w","scopes":["search:read","search:write","gateway:admin"],"collections":["a","b"]}`)
	_, reader := b.key(t, acme, `{"name":"r","scopes":["search:read","gateway:read","gateway:admin"],"collections":["a","b"],"filter":"owner = 'u1'"}`)
	id, _ := b.key(t, acme, keyBody(`"collections":["a"]`))
	make := func(name, as, body string, status int, want ...string) scenario {
		return scenario{name: name, method: "POST", path: "/v1/apikeys", as: as, body: body, status: status, want: want}
	}
	b.run(t, []scenario{
		make("OK/collections", acme, keyBody(`"collections":["a","b-2"]`), 201, `"collections":["a","b-2"]`),
		make("OK/filter", acme, keyBody(`"filter":"owner = 'u1' and not (n > 3 or new = true) and tags in ['a'] and x exists"`), 201, `"filter":"owner = 'u1' and not`),
		make("OK/one field twice", acme, keyBody(`"filter":"n > 3 and owner = 'x' and n < 9"`), 201),
		make("OK/write in collections", acme, `{"name":"x","scopes":["search:write"],"collections":["a"]}`, 201),
		{name: "OK/whoami", method: "GET", path: "/v1/whoami", as: reader, status: 200, want: []string{`"collections":["a","b"]`, `"filter":"owner = 'u1'"`}},
		{name: "OK/whoami unbound", method: "GET", path: "/v1/whoami", as: acme, status: 200, not: []string{"collections", "filter"}},
		{name: "OK/shown", method: "GET", path: "/v1/apikeys/" + id, as: acme, status: 200, want: []string{`"collections":["a"]`}},

		make("Err/no collection", acme, keyBody(`"collections":[]`), 422, "body.collections"),
		make("Err/name", acme, keyBody(`"collections":["A"]`), 422, "body.collections[0]"),
		make("Err/twice", acme, keyBody(`"collections":["a","a"]`), 422, "body.collections[1]"),
		make("Err/many", acme, keyBody(`"collections":["c`+strings.Join(numbers(65), `","c`)+`"]`), 422, "body.collections"),
		make("Err/empty filter", acme, keyBody(`"filter":""`), 422, "body.filter"),
		make("Err/blank filter", acme, keyBody(`"filter":" \n"`), 422, "body.filter"),
		make("Err/filter cut off", acme, keyBody(`"filter":"year >= 2020 and"`), 422, "invalid_filter", "body.filter: ends at character 17"),
		make("Err/bracket", acme, keyBody(`"filter":"a = 'x') or (b = 1"`), 422, "invalid_filter", "at character 8"),
		make("Err/quote", acme, keyBody(`"filter":"a = 'x"`), 422, "closing quote"),
		make("Err/no quotes", acme, keyBody(`"filter":"owner = u1"`), 422, "at character 9", "a text in quotes"),
		make("Err/of two kinds", acme, keyBody(`"filter":"a = 'x' and a = 1"`), 422, "invalid_filter", "at character 17"),
		make("Err/of no field", acme, keyBody(`"filter":"= 1"`), 422, "the name of a field"),
		make("Err/long", acme, keyBody(`"filter":"a = '`+strings.Repeat("x", 4091)+`'"`), 422, "4096"),
		make("Err/fields", acme, keyBody(`"filter":"f`+strings.Join(numbers(65), ` = 1 or f`)+` ="`), 422, "more fields"),
		make("Err/without search", acme, `{"name":"x","scopes":["stream:read"],"collections":["a"]}`, 422, "body.scopes"),
		make("Err/filter without search", acme, `{"name":"x","scopes":["gateway:admin"],"filter":"a = 1"}`, 422, "body.scopes"),
		make("Err/filter and write", acme, `{"name":"x","scopes":["search:read","search:write"],"filter":"a = 1"}`, 422, "reads only"),
		make("Err/filter and admin", acme, `{"name":"x","scopes":["search:admin"],"filter":"a = 1"}`, 422, "reads only"),
		make("Err/of the platform", b.platform, `{"name":"x","scopes":["platform:admin"],"collections":["a"]}`, 422, "body.scopes"),

		make("OK/child inherits", reader, keyBody(`"expires_in":"1h"`), 201, `"collections":["a","b"]`, `"filter":"owner = 'u1'"`),
		make("OK/child narrows", reader, keyBody(`"collections":["b"],"filter":"n = 1 or n = 2"`), 201, `"collections":["b"]`, `"filter":"(owner = 'u1') and (n = 1 or n = 2)"`),
		make("OK/child of a writer", writer, `{"name":"x","scopes":["search:write"]}`, 201, `"collections":["a","b"]`),
		make("Err/child widens", reader, keyBody(`"collections":["a","c"]`), 403, "collection_not_held"),
		make("Err/child has too long a filter", reader, keyBody(`"filter":"a = '`+strings.Repeat("x", 4085)+`'"`), 422, "together"),
		make("Err/child filters and writes", writer, `{"name":"x","scopes":["search:write"],"filter":"a = 1"}`, 422, "reads only"),
		{name: "Err/link", method: "POST", path: "/v1/console/links", as: writer, status: 403, want: []string{"credential_bound"}},
	})
	_, all := b.key(t, acme, `{"name":"all","scopes":["`+strings.Join(tenantScopes, `","`)+`"],"collections":["a"]}`)
	b.must(t, 403, "POST", "/v1/console/links", all, "")
	b.must(t, 201, "POST", "/v1/console/links", acme, "")
	b.sound(t)
}

var tenantScopes = func() (all []string) {
	for _, capability := range []string{"search", "stream", "scheduler", "imaging", "gateway"} {
		all = append(all, capability+":read", capability+":write", capability+":admin")
	}
	return all
}()

// numbers are the first n.
func numbers(n int) (texts []string) {
	for i := range n {
		texts = append(texts, fmt.Sprint(i))
	}
	return texts
}

// bound is what whoami says of a binding.
type bound struct {
	Collections []string
	Filter      string
}

func (b *bed) boundOf(tb tester, credential string) (got bound) {
	tb.Helper()
	if err := json.Unmarshal([]byte(b.must(tb, 200, "GET", "/v1/whoami", credential, "").body), &got); err != nil {
		tb.Fatal(err)
	}
	return got
}

// TestBindingTravels: what a bound key makes is bound like it, also when it was
// forgotten and read again.
func TestBindingTravels(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	_, key := b.key(t, acme, `{"name":"x","scopes":["search:read","gateway:read","gateway:admin"],"collections":["a"],"filter":"owner = 'u1'"}`)
	session, err := b.SignInByKey(background, key)
	if err != nil {
		t.Fatal(err)
	}
	id, secret := b.client(t, key, `"search:read","gateway:admin"`)
	ofToken := b.token(t, "acme", id, secret)
	id2, secret2 := b.client(t, session.Secret, `"search:read"`)
	_, ofSession := b.key(t, session.Secret, keyBody(`"expires_in":"1h"`))
	_, child := b.key(t, ofToken, keyBody(`"expires_in":"1h"`))
	all := map[string]string{"key": key, "session": session.Secret, "token": ofToken, "token of a session's client": b.token(t, "acme", id2, secret2), "key of a session": ofSession, "key of a token": child}
	for range 2 {
		for name, credential := range all {
			if got := b.boundOf(t, credential); !slices.Equal(got.Collections, []string{"a"}) || got.Filter != "owner = 'u1'" {
				t.Errorf("%s is bound to %+v", name, got)
			}
		}
		b = b.reopen(t)
	}
	b.sound(t)
}

// TestBoundSeesItsOwn: for whoever is bound there are only the keys and clients
// that are bound within the same.
func TestBoundSeesItsOwn(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	const scopes = `{"name":"x","scopes":["search:read","gateway:read","gateway:admin"],`
	me, key := b.key(t, acme, scopes+`"collections":["a","b"],"filter":"owner = 'u1'"}`)
	others := []string{}
	for _, members := range []string{`"collections":["a","b"]}`, `"filter":"owner = 'u1'"}`, `"collections":["a","c"],"filter":"owner = 'u1'"}`, `"collections":["a"],"filter":"(owner = 'u1') or (n = 1)"}`} {
		id, _ := b.key(t, acme, scopes+members)
		others = append(others, id)
	}
	child, _ := b.key(t, key, keyBody(`"collections":["a"],"filter":"n = 1"`))
	client, _ := b.client(t, key, `"search:read"`)
	theirs, _ := b.client(t, acme, `"search:read"`)
	list := b.must(t, 200, "GET", "/v1/apikeys", key, "").body + b.must(t, 200, "GET", "/v1/clients", key, "").body
	for _, id := range append(slices.Clone(others), theirs) {
		if strings.Contains(list, id) {
			t.Errorf("%s is listed: %s", id, list)
		}
	}
	for _, id := range []string{me, child, client} {
		if !strings.Contains(list, id) {
			t.Errorf("%s is not listed: %s", id, list)
		}
	}
	if first := b.must(t, 200, "GET", "/v1/apikeys?limit=1", key, "").body; !strings.Contains(first, me) || strings.Contains(first, `"next":null`) {
		t.Errorf("the first page is %s", first)
	}
	for _, method := range []string{"GET", "DELETE"} {
		for _, id := range others {
			b.must(t, 404, method, "/v1/apikeys/"+id, key, "")
		}
		b.must(t, 404, method, "/v1/clients/"+theirs, key, "")
	}
	b.must(t, 200, "GET", "/v1/clients/"+client, key, "")
	b.must(t, 204, "DELETE", "/v1/clients/"+client, key, "")
	b.must(t, 204, "DELETE", "/v1/apikeys/"+child, key, "")
	b.must(t, 204, "DELETE", "/v1/apikeys/"+me, key, "")
	b.sound(t)
}

// grown is a key of TestBindingNarrows and what the model says it finds: the
// collections, and the filters that hold.
type grown struct {
	text        string
	collections []string // nil = all
	filters     []string
}

// TestBindingNarrows grows trees of keys: none is ever bound less than the one
// that made it.
func TestBindingNarrows(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme := b.tenant(t, "acme")
	rapid.Check(t, func(t *rapid.T) {
		keys := []grown{{text: acme}}
		for range rapid.IntRange(1, 6).Draw(t, "keys") {
			parent := rapid.SampledFrom(keys).Draw(t, "parent")
			child := grown{collections: parent.collections, filters: slices.Clone(parent.filters)}
			body := map[string]any{"name": "x", "scopes": []string{"search:read", "gateway:admin"}}
			allowed := true
			if names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3, rapid.ID).Draw(t, "collections"); len(names) > 0 {
				body["collections"], child.collections = names, names
				for _, name := range names {
					allowed = allowed && (parent.collections == nil || slices.Contains(parent.collections, name))
				}
			}
			if f := rapid.SampledFrom([]string{"", "a = 1", "b = 'x' or c = true"}).Draw(t, "filter"); f != "" {
				body["filter"] = f
				child.filters = append(child.filters, f)
			}
			data, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			if !allowed {
				b.must(t, 403, "POST", "/v1/apikeys", parent.text, string(data))
				continue
			}
			child.text = b.must(t, 201, "POST", "/v1/apikeys", parent.text, string(data)).field("key")
			keys = append(keys, child)
			want := strings.Join(child.filters, ") and (")
			if len(child.filters) > 1 {
				want = "(" + want + ")"
			}
			if got := b.boundOf(t, child.text); !slices.Equal(got.Collections, child.collections) || got.Filter != want {
				t.Fatalf("a key of %+v made by %+v is bound to %+v", body, parent, got)
			}
		}
	})
}
