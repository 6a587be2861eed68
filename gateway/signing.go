package gateway

import (
	"context"
	"errors"
	"time"

	"quintet/engine"
	"quintet/gateway/token"
)

// signingRecord is a tenant's signing key, under its id. The value is sealed
// with the tenant's own key, and shredded with it.
type signingRecord struct {
	Secret  []byte    `json:"secret"` // of P-256, 32 bytes
	Created time.Time `json:"created"`
}

var errNoSigningKey = errors.New("gateway: the tenant has no signing key")

// newSigningRecord draws a key.
func (g *Gateway) newSigningRecord() (kid string, r signingRecord, err error) {
	key, err := token.NewKey()
	if err != nil {
		return "", r, err
	}
	r = signingRecord{Created: g.e.Clock.Now().UTC()}
	r.Secret, err = key.Secret()
	return key.ID, r, err
}

func parseSigningKey(record []byte) (*token.Key, error) {
	r, err := decode[signingRecord](bucketSigning, record)
	if err != nil {
		return nil, err
	}
	return token.ParseKey(r.Secret)
}

// ensureSigningKey gives the platform its key; other tenants are made with one.
func (g *Gateway) ensureSigningKey(ctx context.Context) error {
	there := func(r engine.Reader) bool {
		for range r.Keys(bucketSigning, nil, nil) {
			return true
		}
		return false
	}
	platform, found := g.e.Tenants.Platform(), false
	err := g.e.Store.View(ctx, platform, func(v *engine.View) error { found = there(v); return nil })
	if err != nil || found {
		return err
	}
	kid, record, err := g.newSigningRecord()
	if err != nil {
		return err
	}
	return g.e.Store.Update(ctx, platform, func(tx *engine.Tx) error {
		if !there(tx) {
			put(tx, bucketSigning, []byte(kid), record)
		}
		return nil
	})
}
