package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"quintet/engine"
	"quintet/gateway"
)

// printConsoleLink tells whoever started the server on this machine how to
// open the console: of the demo tenant where there is one, else of the
// platform. The link is a credential, so it never goes through the log. A
// server that cannot make one serves all the same.
func (s *server) printConsoleLink(ctx context.Context, to io.Writer) {
	if !isLoopback(s.web.Addr()) {
		return
	}
	tenant := gateway.DemoTenant
	if _, err := s.engine.Tenants.Lookup(tenant); errors.Is(err, engine.ErrTenantGone) {
		tenant = engine.PlatformName
	}
	token, err := s.gateway.NewLink(ctx, tenant)
	if err != nil {
		s.log.Warn("no link to the console could be made; the command login makes one", "error", err)
		return
	}
	fmt.Fprintf(to, "Console (tenant %s, once, within 10 minutes): http://%s/console#%s\n", tenant, s.web.Addr(), token)
}
