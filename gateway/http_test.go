package gateway_test

import "testing"

// TestOperations: each route says who may call it, and what it does.
func TestOperations(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	public := 0
	for _, route := range b.router.Routes() {
		op := b.operation(route.Method, route.Path)
		switch {
		case op == nil:
			t.Errorf("%s %s is not in the document", route.Method, route.Path)
		case op.Security == nil || op.Summary == "" || len(op.Tags) != 1 || op.Tags[0] != "gateway":
			t.Errorf("%s %s: security %v, summary %q, tags %v", route.Method, route.Path, op.Security, op.Summary, op.Tags)
		case len(op.Security) == 0:
			public++
		}
	}
	if public != 5 { // three of metadata, the key set, the token endpoint
		t.Errorf("%d public routes; want 5", public)
	}
}

// TestTenantMatrix: for every route with an id and every credential of acme,
// an id of globex answers as an absent one does, and globex stays as it was.
func TestTenantMatrix(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	acme, globex := b.tenant(t, "acme"), b.tenant(t, "globex")
	_, narrow := b.key(t, acme, `{"name":"x","scopes":["gateway:read","gateway:admin"]}`)
	clientID, secret := b.client(t, acme, `"gateway:read","gateway:admin"`)
	theirKey, _ := b.key(t, globex, `{"name":"theirs","scopes":["search:read"]}`)
	theirClient, _ := b.client(t, globex, `"search:read"`)
	absent := map[string]string{"/v1/apikeys/": "0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f", "/v1/clients/": "0190c5a2-7b1e-7cc3-98c4-dc0c0c07398f", "/v1/tenants/": "nobody"}
	theirs := map[string]string{"/v1/apikeys/": theirKey, "/v1/clients/": theirClient, "/v1/tenants/": "globex"}
	before := b.audit(t, "globex")
	tried := 0
	for _, route := range b.router.Routes() {
		for front := range absent {
			if route.Path != front+":id" {
				continue
			}
			for _, as := range []string{acme, narrow, b.token(t, "acme", clientID, secret)} {
				a := b.call(route.Method, front+theirs[front], as, `{"name":"stolen"}`)
				other := b.call(route.Method, front+absent[front], as, `{"name":"stolen"}`)
				if a.status != other.status || a.body != other.body || a.status < 400 {
					t.Errorf("%s %s: theirs %d %s; absent %d %s", route.Method, route.Path, a.status, a.body, other.status, other.body)
				}
				tried++
			}
		}
	}
	if tried != 21 {
		t.Errorf("%d calls; want 7 routes × 3 credentials", tried)
	}
	if after := b.audit(t, "globex"); len(after) != len(before) {
		t.Errorf("globex's audit records afterwards: %q", after[len(before):])
	}
}
