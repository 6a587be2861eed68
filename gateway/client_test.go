package gateway_test

import (
	"slices"
	"testing"
)

func TestClients(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme, globex := b.tenant(t, "acme"), b.tenant(t, "globex")
	id, secret := b.client(t, acme, `"search:read","stream:write"`)
	theirs, _ := b.client(t, globex, `"search:read"`)
	_, reader := b.key(t, acme, `{"name":"reader","scopes":["gateway:read"]}`)
	post := func(name, as, body string, status int, want ...string) scenario {
		return scenario{name: name, method: "POST", path: "/v1/clients", as: as, body: body, status: status, want: want}
	}
	b.run(t, []scenario{
		post("OK/another", acme, `{"name":"w","grants":["client_credentials"],"scopes":["search:read"]}`, 201, `"client_id":"`, `"client_secret":"qs_`),
		{name: "OK/get", method: "GET", path: "/v1/clients/" + id, as: acme, status: 200, want: []string{`"name":"worker"`, `"grants":["client_credentials"]`, `"scopes":["search:read","stream:write"]`}, not: []string{"secret", secret}},
		{name: "OK/list", method: "GET", path: "/v1/clients", as: reader, status: 200, want: []string{id}, not: []string{"secret", theirs}},

		post("Err/grant", acme, `{"name":"w","grants":["authorization_code"],"scopes":["search:read"]}`, 422, "not_supported"),
		post("Err/one grant too many", acme, `{"name":"w","grants":["client_credentials","refresh_token"],"scopes":["search:read"]}`, 422, "not_supported"),
		post("Err/no grant", acme, `{"name":"w","grants":[],"scopes":["search:read"]}`, 422),
		post("Err/scope not held", acme, `{"name":"w","grants":["client_credentials"],"scopes":["platform:admin"]}`, 403, "scope_not_held"),
		post("Err/unknown scope", acme, `{"name":"w","grants":["client_credentials"],"scopes":["a:b"]}`, 422, "invalid_scope"),
		post("Err/unknown field", acme, `{"name":"w","grants":["client_credentials"],"scopes":["search:read"],"redirect_uris":[]}`, 422),
		post("Err/read alone", reader, `{"name":"w","grants":["client_credentials"],"scopes":["gateway:read"]}`, 403, "scope_missing"),
		{name: "Err/get theirs", method: "GET", path: "/v1/clients/" + theirs, as: acme, status: 404, want: []string{"client_not_found"}},
		{name: "Err/get absent", method: "GET", path: "/v1/clients/0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f", as: acme, status: 404, want: []string{"client_not_found"}},
		{name: "Err/delete theirs", method: "DELETE", path: "/v1/clients/" + theirs, as: acme, status: 404, want: []string{"client_not_found"}},
		{name: "Err/no id", method: "DELETE", path: "/v1/clients/x", as: acme, status: 404, want: []string{"client_not_found"}},
		{name: "OK/delete", method: "DELETE", path: "/v1/clients/" + id, as: acme, status: 204},
		{name: "Err/delete again", method: "DELETE", path: "/v1/clients/" + id, as: acme, status: 404},
	})
	if got := b.audit(t, "acme"); !slices.Contains(got, "client.created "+id) || !slices.Contains(got, "client.deleted "+id) {
		t.Errorf("audit of acme: %q", got)
	}
	b.sound(t)
}
