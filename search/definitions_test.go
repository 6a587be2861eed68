package search_test

import "testing"

// TestDefinitionsOfOthers holds that a change of a tenant's definitions does not
// wait for one of another's, which may wait long: for its turn at the store.
func TestDefinitionsOfOthers(t *testing.T) {
	b := newBed(t)
	release := b.s.HoldDefinitions(b.acme)
	other := []string{"Test-Tenant", "globex"}
	b.do("PUT", "/v1/collections/c", `{}`, other...).want(201)
	b.do("PUT", "/v1/aliases/a", `{"collection":"c"}`, other...).want(201)
	done := make(chan struct{})
	go func() {
		b.do("PUT", "/v1/collections/c", `{}`).want(201)
		close(done)
	}()
	select {
	case <-done:
		t.Error("a change of the tenant's own did not wait")
	default:
	}
	release()
	<-done
	b.do("DELETE", "/v1/aliases/a", "", other...).want(204)
	b.do("DELETE", "/v1/collections/c", "", other...).want(204)
}
