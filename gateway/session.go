package gateway

import (
	"context"
	"strings"
	"time"

	"quintet/engine"
)

const (
	sessionLife = 12 * time.Hour
	maxSessions = 48 // of one tenant; a new one ends the oldest
)

// sessionRecord is what is kept of a session of the console, under the SHA-256
// of its secret.
type sessionRecord struct {
	ID      engine.ID  `json:"id"`
	Key     *engine.ID `json:"key,omitempty"` // what it may do and how long is this API key's; nil = it came by a link
	Created time.Time  `json:"created"`
	Expires time.Time  `json:"expires"`
}

func (r sessionRecord) life() (created, expires time.Time) { return r.Created, r.Expires }

// Session is a session that was just made: the only time that its secret is
// known.
type Session struct {
	Secret  string // what a browser keeps in its cookie; a credential for Authenticate
	Expires time.Time
}

// mintedSession is a session on its way into the store.
type mintedSession struct {
	Session
	record sessionRecord
	audit  AuditRecord
}

// mintSession prepares a session of a tenant.
func (g *Gateway) mintSession(t engine.Tenant) mintedSession {
	now := g.e.Clock.Now().UTC()
	s := mintedSession{Session: Session{Secret: newText(sessionPrefix, t.Name())}}
	s.record = sessionRecord{ID: g.e.IDs.New(), Created: now, Expires: now.Add(sessionLife)}
	s.audit = g.record(t.Name()+"/console:"+s.record.ID.String(), "session.created", s.record.ID.String(), nil)
	return s
}

// put writes the session. It removes sessions that have expired, and the
// oldest beyond the number that a tenant may have.
func (s mintedSession) put(tx *engine.Tx) error {
	if err := prune[sessionRecord](tx, bucketSessions, s.record.Created, maxSessions-1); err != nil {
		return err
	}
	put(tx, bucketSessions, hashOf(s.Secret), s.record)
	s.audit.put(tx)
	return nil
}

// SignInByLink exchanges the token of a link for a session with all scopes of
// its tenant. A token counts once: it goes in the commit that makes the
// session. Anything that is no such token costs at most one read.
func (g *Gateway) SignInByLink(ctx context.Context, token string) (Session, error) {
	t, err := g.tenantOf(linkPrefix, token)
	if err != nil {
		return Session{}, err
	}
	s, hash := g.mintSession(t), hashOf(token)
	err = g.e.Store.View(ctx, t, func(v *engine.View) error {
		link, err := openLink(v, hash, s.record.Created)
		s.audit.Details = map[string]string{"link": link.ID.String(), "link_by": link.By}
		return err
	})
	if err != nil {
		return Session{}, goneIs(err, errLink)
	}
	err = g.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
		if _, err := openLink(tx, hash, s.record.Created); err != nil {
			return err // used since
		}
		tx.Delete(bucketLinks, hash)
		return s.put(tx)
	})
	if err != nil {
		return Session{}, goneIs(err, errLink)
	}
	g.tell(t, s.audit)
	s.Expires = s.record.Expires
	return s.Session, nil
}

// SignInByKey exchanges an API key for a session that may do what the key may,
// and ends with it.
func (g *Gateway) SignInByKey(ctx context.Context, key string) (Session, error) {
	t, err := g.tenantOf(keyPrefix, key)
	if err != nil {
		return Session{}, err
	}
	p, err := g.Authenticate(ctx, key, nil)
	if err != nil {
		return Session{}, err
	}
	id, err := engine.ParseID(strings.TrimPrefix(p.Subject, "apikey:"))
	if err != nil {
		return Session{}, ErrCredential
	}
	s := g.mintSession(t)
	s.record.Key = &id
	s.audit.Details = map[string]string{"apikey": id.String()}
	if !p.Expires.IsZero() && p.Expires.Before(s.record.Expires) {
		s.record.Expires = p.Expires.UTC()
	}
	err = g.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
		if tx.Get(bucketKeys, id[:]) == nil { // revoked since
			return ErrCredential
		}
		return s.put(tx)
	})
	if err != nil {
		return Session{}, goneIs(err, ErrCredential)
	}
	g.tell(t, s.audit)
	s.Expires = s.record.Expires
	return s.Session, nil
}

// SignOut ends a session. That it was no session, or none any more, is no
// error.
func (g *Gateway) SignOut(ctx context.Context, secret string) error {
	t, err := g.tenantOf(sessionPrefix, secret)
	if err != nil {
		return nil
	}
	hash, ended := hashOf(secret), false
	var record sessionRecord
	err = g.e.Store.View(ctx, t, func(v *engine.View) (err error) {
		record, ended, err = get[sessionRecord](v, bucketSessions, hash)
		return err
	})
	if err != nil || !ended {
		return goneIs(err, nil)
	}
	audit := g.record(t.Name()+"/console:"+record.ID.String(), "session.deleted", record.ID.String(), nil)
	err = g.e.Store.Update(ctx, t, func(tx *engine.Tx) error {
		if ended = tx.Get(bucketSessions, hash) != nil; ended {
			tx.Delete(bucketSessions, hash)
			audit.put(tx)
		}
		return nil
	}, engine.Reclaim)
	if err == nil && ended {
		g.tell(t, audit)
	}
	return goneIs(err, nil)
}

// verifySession asks the store whose a session is. Where an API key stands
// behind it the key is read each time, so that it ends with the key.
func (g *Gateway) verifySession(ctx context.Context, credential string, hash [32]byte, now time.Time) (v verified, result string, err error) {
	name, ok := parseText(sessionPrefix, credential)
	if !ok {
		return v, resultTypo, nil
	}
	st, t, ok := g.directory.lookup(name)
	if !ok {
		return v, resultUnknown, nil
	}
	v = verified{tenant: st, epoch: st.epoch.Load(), until: now.Add(rememberFor)}
	var session sessionRecord
	var may keyRecord
	err = g.e.Store.View(ctx, t, func(view *engine.View) (err error) {
		session, ok, err = get[sessionRecord](view, bucketSessions, hash[:])
		if err == nil && ok {
			may, ok, err = sessionRights(view, name, session)
		}
		return err
	})
	if err != nil || !ok {
		return v, resultUnknown, err
	}
	v.principal = engine.Principal{Tenant: t, Subject: "console:" + session.ID.String(), Kind: engine.KindUser, Scopes: may.Scopes, Binding: may.Binding}
	v.expire(session.Expires)
	if !now.Before(v.until) {
		return v, resultExpired, nil
	}
	return v, resultOK, nil
}

// sessionRights returns the key whose scopes and binding a session has; ok is
// false when that key is gone. Who came by a link has all scopes, unbound.
func sessionRights(v *engine.View, tenant string, r sessionRecord) (key keyRecord, ok bool, err error) {
	if r.Key == nil {
		return keyRecord{Scopes: scopesOf(tenant)}, true, nil
	}
	return get[keyRecord](v, bucketKeys, r.Key[:])
}
