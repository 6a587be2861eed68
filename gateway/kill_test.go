package gateway_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"quintet/engine"
	"quintet/engine/enginetest"
)

// bare stands for a test where there is none: in the child of TestKill.
type bare struct{}

func (bare) Helper()        {}
func (bare) Cleanup(func()) {} // it is killed
func (bare) Fatal(args ...any) {
	fmt.Fprintln(os.Stderr, args...)
	os.Exit(1)
}
func (b bare) Fatalf(format string, args ...any) { b.Fatal(fmt.Sprintf(format, args...)) }

// TestKill kills the process while it makes and deletes tenants, keys and
// clients. Afterwards everything acknowledged is there, every act has its audit
// record and every audit record its act, and no tenant is half made.
func TestKill(t *testing.T) {
	clock := enginetest.NewClock(time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC))
	enginetest.Kill(t,
		func(dir string, ack enginetest.Ack) { killChild(bare{}, dir, clock, ack) },
		func(dir string, acked []string) { killVerify(t, dir, clock, acked) })
}

func killChild(tb opener, dir string, clock *enginetest.Clock, ack enginetest.Ack) {
	b := openBed(tb, dir, clock)
	if err := b.EnsureAdminKey(background, dir); err != nil {
		tb.Fatal(err)
	}
	if err := b.SeedDemo(background, dir); err != nil {
		tb.Fatal(err)
	}
	b.platform = b.keyFile(tb, "admin.key")
	demo := b.keyFile(tb, "demo.key")
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			for {
				id, text := b.key(tb, demo, `{"name":"k","scopes":["search:read"]}`)
				ack("key %s %s", id, text)
				if gone, _ := b.key(tb, demo, `{"name":"gone","scopes":["search:read"]}`); gone != "" {
					b.must(tb, 204, "DELETE", "/v1/apikeys/"+gone, demo, "")
					ack("gone %s", gone)
				}
				client, secret := b.client(tb, demo, `"search:read"`)
				ack("client %s %s", client, secret)
			}
		})
	}
	writers.Go(func() {
		for {
			id := fmt.Sprintf("t%d", time.Now().UnixNano())
			ack("tenant %s %s", id, b.tenant(tb, id))
			b.must(tb, 200, "DELETE", "/v1/tenants/"+id, b.platform, "")
			ack("deleted %s", id)
		}
	})
	writers.Wait()
}

func killVerify(t *testing.T, dir string, clock *enginetest.Clock, acked []string) {
	t.Helper()
	b := openBed(t, dir, clock)
	defer b.close()
	b.sound(t)
	if len(acked) == 0 {
		return
	}
	admin, demo := b.keyFile(t, "admin.key"), b.keyFile(t, "demo.key")
	b.must(t, 200, "GET", "/v1/tenants", admin, "")
	for _, line := range acked {
		kind, rest, _ := strings.Cut(line, " ")
		id, text, _ := strings.Cut(rest, " ")
		switch kind {
		case "key":
			b.must(t, 200, "GET", "/v1/whoami", text, "")
		case "gone":
			b.must(t, 404, "GET", "/v1/apikeys/"+id, demo, "")
		case "client":
			b.must(t, 200, "GET", "/v1/clients/"+id, demo, "")
		case "tenant": // perhaps deleted, unacknowledged, but never half
			if works, there := b.call("GET", "/v1/whoami", text, "").status, b.call("GET", "/v1/tenants/"+id, admin, "").status; works == 200 != (there == 200) {
				t.Errorf("tenant %s: %d, and its key: %d", id, there, works)
			}
		case "deleted":
			b.must(t, 404, "GET", "/v1/tenants/"+id, admin, "")
		}
	}
	b.actsAndRecords(t)
}

// actsAndRecords holds what is stored in demo against its audit records.
func (b *bed) actsAndRecords(t *testing.T) {
	t.Helper()
	there := map[string]bool{}
	found, err := b.Credentials(background)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range found {
		if c.Tenant == "demo" {
			there[string(c.Kind)+" "+c.ID] = true
		}
	}
	recorded := map[string]bool{}
	for _, act := range b.audit(t, "demo") {
		action, id, _ := strings.Cut(act, " ")
		kind, verb, _ := strings.Cut(action, ".")
		recorded[kind+" "+id] = verb == "created"
	}
	for what := range there {
		if !recorded[what] {
			t.Errorf("%s is there without an audit record", what)
		}
	}
	for what, lives := range recorded {
		if lives != there[what] {
			t.Errorf("%s: recorded as alive %v, and it is %v", what, lives, there[what])
		}
	}
	for _, tenant := range b.engine.Tenants.List() {
		if records := b.audit(t, engine.PlatformName); !slices.Contains(records, "tenant.created "+tenant.Name()) {
			t.Errorf("tenant %s is there without an audit record", tenant.Name())
		}
	}
}
