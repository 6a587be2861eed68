package gateway_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"quintet/engine"
)

// held is a credential as the model of TestModel knows it.
type held struct {
	tenant, id, text, secret string
	kind                     string // apikey, client or token
	of                       *held  // the client of a token
	end                      time.Time
	dead                     bool
}

// model is what two tenants should hold.
type model struct {
	*bed
	t       *rapid.T
	first   map[string]string // tenant → its first key
	held    []*held
	gone    map[string]bool
	records map[string]int // tenant → audit records
}

// TestModel does at random what administrators do, and after each step every
// credential there ever was opens exactly what the model says.
func TestModel(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		m := &model{bed: b, t: t, first: map[string]string{}, gone: map[string]bool{}, records: map[string]int{}}
		for _, front := range []string{"a", "b"} {
			id := fmt.Sprintf("%s%d", front, round)
			m.first[id] = m.must(t, 201, "POST", "/v1/tenants", b.platform, `{"id":"`+id+`","name":"x"}`).field("key")
			m.records[id] = 1
		}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			m.step()
			m.compare()
		}
	})
	b.sound(t)
}

// step does one thing in one tenant.
func (m *model) step() {
	tenant := rapid.SampledFrom(sorted(m.first)).Draw(m.t, "tenant")
	alive := m.of(tenant)
	switch rapid.SampledFrom([]string{"key", "key", "client", "token", "token", "delete", "delete", "steal", "wait", "drop"}).Draw(m.t, "step") {
	case "key":
		m.makeKey(tenant)
	case "client":
		m.makeClient(tenant)
	case "token":
		m.fetchToken(tenant)
	case "delete":
		if len(alive) > 0 {
			m.delete(rapid.SampledFrom(alive).Draw(m.t, "which"))
		}
	case "steal": // with the key of the other tenant
		if len(alive) > 0 && len(m.first) == 2 {
			h := rapid.SampledFrom(alive).Draw(m.t, "which")
			m.must(m.t, 404, "DELETE", "/v1/"+h.kind+"s/"+h.id, m.first[m.other(tenant)], "")
		}
	case "wait":
		m.clock.Advance(time.Duration(rapid.IntRange(1, 200).Draw(m.t, "seconds")) * time.Second)
	case "drop":
		if len(m.first) == 2 {
			m.must(m.t, 200, "DELETE", "/v1/tenants/"+tenant, m.platform, "")
			m.gone[tenant] = true
			delete(m.first, tenant)
		}
	}
}

// of lists the keys and clients of a tenant that can be deleted.
func (m *model) of(tenant string) (alive []*held) {
	for _, h := range m.held {
		if h.tenant == tenant && !h.dead && h.kind != "token" {
			alive = append(alive, h)
		}
	}
	return alive
}

func (m *model) other(tenant string) string {
	for id := range m.first {
		if id != tenant {
			return id
		}
	}
	return ""
}

func (m *model) makeKey(tenant string) {
	body, end := `{"name":"k","scopes":["search:read"]}`, time.Time{}
	if rapid.Bool().Draw(m.t, "expires") {
		body, end = `{"name":"k","scopes":["search:read"],"expires_in":"100s"}`, m.clock.Now().Add(100*time.Second)
	}
	a := m.must(m.t, 201, "POST", "/v1/apikeys", m.first[tenant], body)
	m.held = append(m.held, &held{tenant: tenant, kind: "apikey", id: a.field("id"), text: a.field("key"), end: end})
	m.records[tenant]++
}

func (m *model) makeClient(tenant string) {
	a := m.must(m.t, 201, "POST", "/v1/clients", m.first[tenant], `{"name":"c","grants":["client_credentials"],"scopes":["search:read"]}`)
	m.held = append(m.held, &held{tenant: tenant, kind: "client", id: a.field("client_id"), secret: a.field("client_secret")})
	m.records[tenant]++
}

func (m *model) fetchToken(tenant string) {
	for _, c := range m.held {
		if c.tenant != tenant || c.kind != "client" {
			continue
		}
		status := 200
		if c.dead {
			status = 401
		}
		a := m.must(m.t, status, "POST", "/t/"+tenant+"/oauth/token", "", "grant_type=client_credentials&client_id="+c.id+"&client_secret="+c.secret)
		if !c.dead {
			end := m.clock.Now().Truncate(time.Second).Add(5 * time.Minute)
			m.held = append(m.held, &held{tenant: tenant, kind: "token", id: c.id, text: a.field("access_token"), of: c, end: end})
		}
	}
}

func (m *model) delete(h *held) {
	path := "/v1/" + h.kind + "s/" + h.id
	m.must(m.t, 204, "DELETE", path, m.first[h.tenant], "")
	m.must(m.t, 404, "DELETE", path, m.first[h.tenant], "")
	h.dead = true
	m.records[h.tenant]++
}

// compare asks for every credential that there ever was.
func (m *model) compare() {
	for _, h := range m.held {
		if h.kind == "client" {
			continue
		}
		open := !h.dead && !m.gone[h.tenant] && (h.of == nil || !h.of.dead) && (h.end.IsZero() || m.clock.Now().Before(h.end))
		p, err := m.Authenticate(background, h.text, nil)
		if open != (err == nil) || err != nil && engine.KindOf(err) != engine.Unauthenticated {
			m.t.Fatalf("%s of %s: %v; want it to open: %v", h.kind, h.tenant, err, open)
		}
		if open && (p.Tenant.Name() != h.tenant || len(p.Scopes) != 1 || !p.Has("search:read") || !p.Expires.Equal(h.end)) {
			m.t.Fatalf("%s of %s: %+v; want its end at %v", h.kind, h.tenant, p, h.end)
		}
	}
	for tenant, want := range m.records {
		if m.gone[tenant] {
			continue
		}
		if got := len(m.audit(m.t, tenant)); got != want {
			m.t.Fatalf("%d audit records of %s; want %d", got, tenant, want)
		}
	}
}

func sorted(m map[string]string) (ids []string) {
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
