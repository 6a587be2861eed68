package gateway

import (
	"sync"
	"sync/atomic"

	"quintet/engine"
	"quintet/gateway/token"
)

// directory keeps in memory what every request of a tenant needs. It is
// derived from the store and follows each commit before the one who made it
// hears of it.
type directory struct {
	tenants *engine.Tenants

	mu    sync.RWMutex
	names map[string]*tenantState // by name; the platform is always there
	kids  map[string]*tenantState // by the id of the signing key
}

// tenantState belongs to one tenant, not to a later one of the same name.
type tenantState struct {
	name    string
	gone    atomic.Bool   // the tenant is being deleted
	epoch   atomic.Uint64 // rises with every revocation in the tenant
	limiter limiter
	signing atomic.Pointer[signingKey]
}

// signingKey parses the key at its first use; thousands are loaded at a start.
type signingKey struct {
	kid string
	key func() (*token.Key, error)
}

func newDirectory(tenants *engine.Tenants) *directory {
	return &directory{tenants: tenants, names: map[string]*tenantState{}, kids: map[string]*tenantState{}}
}

// lookup returns a tenant that lives. The state is read before the handle, so
// that a state of a tenant that is gone cannot be taken for its successor's.
func (d *directory) lookup(name string) (*tenantState, engine.Tenant, bool) {
	st := d.byName(name)
	if st == nil {
		return nil, engine.Tenant{}, false
	}
	t, err := d.tenants.Lookup(name)
	return st, t, err == nil
}

func (d *directory) byName(name string) *tenantState {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.names[name]
}

// byKey returns the tenant that a signing key belongs to, and the key.
func (d *directory) byKey(kid string) (*tenantState, *token.Key) {
	d.mu.RLock()
	st := d.kids[kid]
	d.mu.RUnlock()
	if st == nil {
		return nil, nil
	}
	key, err := st.key()
	if err != nil || key.ID != kid {
		return nil, nil
	}
	return st, key
}

// key returns the key that the tenant signs with.
func (st *tenantState) key() (*token.Key, error) {
	s := st.signing.Load()
	if s == nil {
		return nil, errNoSigningKey
	}
	return s.key()
}

// revoke makes everything be verified again that is remembered of the tenant.
func (st *tenantState) revoke() { st.epoch.Add(1) }

// rebuild derives everything anew. States that are there already stay, because
// remembered credentials point at them.
func (d *directory) rebuild(v *engine.View) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.names
	d.names, d.kids = map[string]*tenantState{}, map[string]*tenantState{}
	keep := func(name string, t engine.Tenant, rate rateLimit) {
		st := before[name]
		if st == nil {
			st = &tenantState{name: name}
		}
		delete(before, name)
		st.revoke()
		st.limiter.set(rate)
		d.names[name] = st
		for kid, data := range v.Of(t).Scan(bucketSigning, nil, nil) {
			d.sign(st, string(kid), data)
		}
	}
	keep(engine.PlatformName, d.tenants.Platform(), defaultRate)
	for name, data := range v.Scan(bucketTenants, nil, nil) {
		record, err := decode[tenantRecord](bucketTenants, data)
		if err != nil {
			return err
		}
		if t, err := d.tenants.Lookup(string(name)); err == nil {
			keep(string(name), t, record.Rate)
		}
	}
	for _, st := range before {
		st.gone.Store(true)
	}
	return nil
}

// apply follows one commit.
func (d *directory) apply(c engine.Commit) {
	for _, w := range c.Writes {
		switch w.Bucket {
		case bucketKeys, bucketClients, bucketSessions:
			if st := d.byName(w.Tenant.Name()); st != nil && w.Deleted {
				st.revoke()
			}
		case bucketSigning:
			d.applySigning(w)
		case bucketTenants:
			d.applyTenant(w)
		}
	}
}

func (d *directory) applySigning(w engine.Write) {
	if w.Deleted {
		return // with its tenant, which applyTenant has removed
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sign(d.ensure(w.Tenant.Name()), string(w.Key()), w.Value)
}

func (d *directory) applyTenant(w engine.Write) {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := string(w.Key())
	if w.Deleted {
		d.remove(name)
		return
	}
	if record, err := decode[tenantRecord](bucketTenants, w.Value); err == nil {
		d.ensure(name).limiter.set(record.Rate)
	}
}

// ensure, sign and remove are called under the lock.
func (d *directory) ensure(name string) *tenantState {
	st := d.names[name]
	if st == nil {
		st = &tenantState{name: name}
		st.limiter.set(defaultRate)
		d.names[name] = st
	}
	return st
}

func (d *directory) sign(st *tenantState, kid string, record []byte) {
	st.signing.Store(&signingKey{kid: kid, key: sync.OnceValues(func() (*token.Key, error) { return parseSigningKey(record) })})
	st.revoke()
	d.kids[kid] = st
}

func (d *directory) remove(name string) {
	st := d.names[name]
	if st == nil {
		return
	}
	st.gone.Store(true)
	delete(d.names, name)
	if s := st.signing.Load(); s != nil {
		delete(d.kids, s.kid)
	}
}
