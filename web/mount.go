package web

import (
	"context"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine"
)

// Capability is what adds routes of its own. Routes is called once, before
// anything is served, and registers each echo route together with its
// operation in a's document.
type Capability interface {
	Routes(a huma.API, e *echo.Echo)
}

// Check is one condition of readiness. Ask returns nil while it holds, and
// otherwise what is wrong in words fit for an operator; it must be quick.
type Check struct {
	Name string
	Ask  func(ctx context.Context) error
}

// House is what a server asks while it serves. It exists only once the engine
// is open, long after the server listens.
type House struct {
	Bus           *engine.Bus
	Authenticator Authenticator
	Limiter       Limiter      // nil = no limit
	Backup        Backup       // nil = no route for backups
	Sessions      Sessions     // nil = no console
	Transactions  Transactions // without operations: no route for them
	Checks        []Check
	Capabilities  []Capability
}

// Mount registers the routes of h and writes the document. Its error lists
// every route that the document does not declare, or not fully: nothing is
// served whose scope was forgotten. It is called once, before Start.
func (s *Server) Mount(h House) error {
	s.house = h
	if s.house.Limiter == nil {
		s.house.Limiter = unlimited{}
	}
	s.healthRoutes()
	s.documentRoutes()
	s.activityRoutes()
	if h.Backup != nil {
		s.backupRoutes()
	}
	if len(h.Transactions.Operations) > 0 {
		s.transactionRoutes()
	}
	if h.Sessions != nil {
		if err := s.consoleRoutes(); err != nil {
			return err
		}
	}
	for _, c := range h.Capabilities {
		c.Routes(s.api, s.echo)
	}
	routes, err := newRouteTable(s.echo.Routes(), s.api.OpenAPI())
	if err != nil {
		return err
	}
	s.routes = routes
	s.documents, err = newDocuments(s.api.OpenAPI())
	return err
}

// Document returns the OpenAPI 3.1 document that Mount wrote, indented. Equal
// routes give equal bytes.
func (s *Server) Document() []byte { return s.documents.v31 }
