package gateway

import (
	"context"
	"crypto/subtle"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// clientCredentials is the one grant of this release (RFC 6749 §4.4).
const clientCredentials = "client_credentials"

// clientRecord is what is kept of a client, under its id.
type clientRecord struct {
	Name    string    `json:"name"`
	Secret  []byte    `json:"secret"` // SHA-256 of the secret
	Grants  []string  `json:"grants"`
	Scopes  []string  `json:"scopes"`
	Created time.Time `json:"created"`
	By      string    `json:"by"` // actor
	engine.Binding
}

var errClientGone = engine.Errorf(engine.NotFound, "client_not_found", "there is no such client")

// holds compares a secret in constant time.
func (r clientRecord) holds(secret string) bool {
	return subtle.ConstantTimeCompare(r.Secret, hashOf(secret)) == 1
}

// newClientRequest is the body of a request for a client.
type newClientRequest struct {
	Name   string   `json:"name" minLength:"1" maxLength:"128" pattern:"^[^\\x00-\\x1f\\x7f-\\x9f]*$" patternDescription:"one line without control characters" doc:"What it is." example:"worker"`
	Grants []string `json:"grants" minItems:"1" maxItems:"8" nullable:"false" doc:"How it gets tokens. Only client_credentials is supported yet." example:"[\"client_credentials\"]"`
	Scopes []string `json:"scopes" minItems:"1" maxItems:"32" nullable:"false" doc:"What its tokens may do: scopes that you hold yourself." example:"[\"scheduler:write\"]"`
}

func (r newClientRequest) check(p engine.Principal) error {
	if len(r.Grants) != 1 || r.Grants[0] != clientCredentials {
		return api.NotSupported("body.grants: a grant other than " + clientCredentials)
	}
	return checkGrant(p, r.Scopes)
}

// createClient makes a client in the tenant of p, bound as p is, and returns its
// secret.
func (g *Gateway) createClient(ctx context.Context, p engine.Principal, idempotencyKey string, r newClientRequest) (c stored[clientRecord], secret string, err error) {
	if err := r.check(p); err != nil {
		return c, "", err
	}
	id, secret := g.e.IDs.New(), newSecret()
	c = stored[clientRecord]{id[:], clientRecord{
		Name: r.Name, Secret: hashOf(secret), Grants: r.Grants, Scopes: r.Scopes, Created: g.e.Clock.Now().UTC(), By: actorOf(p), Binding: p.Binding,
	}}
	audit := g.record(actorOf(p), "client.created", id.String(), map[string]string{"name": r.Name})
	once := onceOf(p, "POST /v1/clients", idempotencyKey, r)
	err = createOnce(ctx, g.e.Answers, p.Tenant, once, id.String(), func(tx *engine.Tx) error {
		put(tx, bucketClients, c.key, c.record)
		audit.put(tx)
		return nil
	})
	if err == nil {
		g.tell(p.Tenant, audit)
	}
	return c, secret, err
}

// clientByID reads one client of a tenant. Text that is no id names no client.
func (g *Gateway) clientByID(ctx context.Context, t engine.Tenant, text string) (c stored[clientRecord], err error) {
	id, err := engine.ParseID(text)
	if err != nil {
		return c, errClientGone
	}
	err = g.e.Store.View(ctx, t, func(v *engine.View) error {
		record, ok, err := get[clientRecord](v, bucketClients, id[:])
		if err == nil && !ok {
			err = errClientGone
		}
		c = stored[clientRecord]{id[:], record}
		return err
	})
	return c, err
}

// deleteClient revokes a client of the tenant of p, and its tokens with it.
func (g *Gateway) deleteClient(ctx context.Context, p engine.Principal, text string) error {
	id, err := engine.ParseID(text)
	if err != nil {
		return errClientGone
	}
	audit := g.record(actorOf(p), "client.deleted", text, nil)
	err = g.e.Store.Update(ctx, p.Tenant, func(tx *engine.Tx) error {
		record, ok, err := get[clientRecord](tx, bucketClients, id[:])
		if err != nil {
			return err
		}
		if !ok || !record.Within(p.Binding) {
			return errClientGone
		}
		tx.Delete(bucketClients, id[:])
		audit.put(tx)
		return nil
	}, engine.Reclaim)
	if err == nil {
		g.tell(p.Tenant, audit)
	}
	return err
}
