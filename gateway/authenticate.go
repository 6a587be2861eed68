package gateway

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"time"
	"unsafe"

	"quintet/engine"
	"quintet/gateway/token"
)

// ErrCredential is the one answer to every credential that does not count: it
// tells no part of why.
var ErrCredential = engine.Errorf(engine.Unauthenticated, "credential_invalid", "the credential is unknown, expired or revoked; use another one")

// Kinds and results of verifications, for metrics. Those of tokens are
// token.Refusal.
const (
	kindKey     = "apikey"
	kindToken   = "token"
	kindSession = "session"

	resultOK      = "ok"
	resultTypo    = "malformed"
	resultUnknown = "unknown"
	resultExpired = "expired"
	resultFailed  = "failed" // the store could not be asked
)

// Authenticate returns the principal of an API key, an access token, or a session of the console. Its
// errors are ErrCredential, and what the store fails with.
func (g *Gateway) Authenticate(ctx context.Context, credential string, _ *http.Request) (engine.Principal, error) {
	if len(credential) > token.MaxBytes {
		return engine.Principal{}, ErrCredential
	}
	// The bytes of the text, not a copy: it is hashed on every request.
	hash := sha256.Sum256(unsafe.Slice(unsafe.StringData(credential), len(credential)))
	now := g.e.Clock.Now()
	if p, ok := g.cache.get(hash, now); ok {
		g.metrics.hits.Inc()
		return p, nil
	}
	g.metrics.misses.Inc()
	v, kind, result, err := g.verify(ctx, credential, hash, now)
	g.metrics.verifications.WithLabelValues(kind, result).Inc()
	switch {
	case err != nil:
		return engine.Principal{}, err
	case result != resultOK:
		return engine.Principal{}, ErrCredential
	}
	g.cache.put(hash, v)
	return v.principal, nil
}

// verify asks the store. An err is the store's; that the credential does not
// count is a result.
func (g *Gateway) verify(ctx context.Context, credential string, hash [32]byte, now time.Time) (v verified, kind, result string, err error) {
	switch {
	case strings.HasPrefix(credential, keyPrefix):
		kind = kindKey
		v, result, err = g.verifyKey(ctx, credential, hash, now)
	case strings.HasPrefix(credential, sessionPrefix):
		kind = kindSession
		v, result, err = g.verifySession(ctx, credential, hash, now)
	default:
		kind = kindToken
		v, result, err = g.verifyToken(ctx, credential, now)
	}
	switch {
	case errors.Is(err, engine.ErrTenantGone):
		return v, kind, resultUnknown, nil
	case err != nil:
		result = resultFailed
	}
	return v, kind, result, err
}

func (g *Gateway) verifyKey(ctx context.Context, credential string, hash [32]byte, now time.Time) (v verified, result string, err error) {
	name, ok := parseKey(credential)
	if !ok {
		return v, resultTypo, nil
	}
	st, t, ok := g.directory.lookup(name)
	if !ok {
		return v, resultUnknown, nil
	}
	v = verified{tenant: st, epoch: st.epoch.Load(), until: now.Add(rememberFor)}
	var id engine.ID
	var record keyRecord
	err = g.e.Store.View(ctx, t, func(view *engine.View) (err error) {
		found := view.Get(bucketHashes, hash[:])
		if ok = len(found) == len(id); !ok {
			return nil
		}
		id = engine.ID(found)
		record, ok, err = get[keyRecord](view, bucketKeys, id[:])
		return err
	})
	if err != nil || !ok {
		return v, resultUnknown, err
	}
	v.principal = engine.Principal{Tenant: t, Subject: "apikey:" + id.String(), Kind: engine.KindAPIKey, Scopes: record.Scopes, Binding: record.Binding}
	if record.Expires != nil {
		v.expire(*record.Expires)
	}
	if !now.Before(v.until) {
		return v, resultExpired, nil
	}
	return v, resultOK, nil
}

func (g *Gateway) verifyToken(ctx context.Context, credential string, now time.Time) (v verified, result string, err error) {
	var st *tenantState
	claims, err := token.Verify(credential, now, func(kid string) (token.Issuer, bool) {
		var key *token.Key
		if st, key = g.directory.byKey(kid); st == nil {
			return token.Issuer{}, false
		}
		// Before the client is looked up, and before the next revocation.
		v = verified{tenant: st, epoch: st.epoch.Load(), until: now.Add(rememberFor)}
		return token.Issuer{Key: key, URL: g.issuerURL(st.name), Audience: g.url}, true
	})
	if refusal, ok := errors.AsType[token.Refusal](err); ok {
		return v, string(refusal), nil
	}
	t, err := g.e.Tenants.Lookup(st.name)
	if err != nil {
		return v, resultUnknown, err
	}
	client, err := g.clientByID(ctx, t, claims.ClientID)
	if err != nil {
		if errors.Is(err, errClientGone) {
			return v, resultUnknown, nil
		}
		return v, resultUnknown, err
	}
	v.principal = engine.Principal{Tenant: t, Subject: "client:" + claims.ClientID, Kind: engine.KindClient, Scopes: strings.Fields(claims.Scope), Binding: client.record.Binding}
	v.expire(time.Unix(claims.Expires, 0))
	return v, resultOK, nil
}

// expire ends the principal at a time, and what is remembered of it then at
// the latest.
func (v *verified) expire(at time.Time) {
	v.principal.Expires = at
	if at.Before(v.until) {
		v.until = at
	}
}
