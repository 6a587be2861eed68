package gateway

import (
	"bytes"
	"context"
	"fmt"

	"quintet/engine"
)

// check proves what the gateway relies on: every hash leads to the key that
// has it and back, every record can be read, every tenant can sign.
func (g *Gateway) check(ctx context.Context, v *engine.View, report func(problem string)) error {
	for name := range v.Keys(bucketTenants, nil, nil) {
		if _, err := g.e.Tenants.Lookup(string(name)); err != nil {
			report(fmt.Sprintf("there is a record of tenant %s, and no such tenant", name))
		}
	}
	for _, t := range g.everyTenant() {
		if err := ctx.Err(); err != nil {
			return err
		}
		tell := func(format string, args ...any) { report("tenant " + t.Name() + ": " + fmt.Sprintf(format, args...)) }
		if t != g.e.Tenants.Platform() && v.Get(bucketTenants, []byte(t.Name())) == nil {
			tell("it has no record")
		}
		own := v.Of(t)
		checkKeys(own, tell)
		checkHashes(own, tell)
		checkSigning(own, tell)
		checkRecords[clientRecord](own, bucketClients, tell)
		checkRecords[AuditRecord](own, bucketAudit, tell)
		checkRecords[linkRecord](own, bucketLinks, tell)
		checkRecords[sessionRecord](own, bucketSessions, tell)
	}
	return nil
}

func checkKeys(v *engine.View, tell func(string, ...any)) {
	for id, data := range v.Scan(bucketKeys, nil, nil) {
		r, err := decode[keyRecord](bucketKeys, data)
		if err != nil || len(r.Hash) != 32 {
			tell("the record of an API key cannot be read")
			continue
		}
		if !bytes.Equal(v.Get(bucketHashes, r.Hash), id) {
			tell("no hash leads to API key %s, which cannot be used", engine.ID(id))
		}
	}
}

func checkHashes(v *engine.View, tell func(string, ...any)) {
	for hash, id := range v.Scan(bucketHashes, nil, nil) {
		r, ok, err := keyRecord{}, len(id) == len(engine.ID{}), error(nil)
		if ok {
			r, ok, err = get[keyRecord](v, bucketKeys, id)
		}
		if err != nil || !ok || !bytes.Equal(r.Hash, hash) {
			tell("the hash of an API key leads to none that has it")
		}
	}
}

func checkSigning(v *engine.View, tell func(string, ...any)) {
	found := false
	for kid, data := range v.Scan(bucketSigning, nil, nil) {
		found = true
		if key, err := parseSigningKey(data); err != nil || key.ID != string(kid) {
			tell("the signing key %s is not what its id says", kid)
		}
	}
	if !found {
		tell("it has no signing key")
	}
}

func checkRecords[T any](v *engine.View, b engine.Bucket, tell func(string, ...any)) {
	for _, data := range v.Scan(b, nil, nil) {
		if _, err := decode[T](b, data); err != nil {
			tell("a record in %s cannot be read", b)
		}
	}
}
