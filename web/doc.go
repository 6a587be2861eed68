// Package web is the front of the house: one HTTP server, one list of
// middleware, one form of error, one document of all routes.
//
// Its nouns:
//
//   - A [Server] listens early, answers that it is starting, and serves once
//     the [House] is mounted on it.
//   - A [House] is what the server asks while it serves: the capabilities with
//     their routes, who authenticates a credential, who limits a tenant, which
//     checks readiness consists of.
//   - A [Capability] adds its routes. What a route demands stands in its
//     OpenAPI operation, and the same value is enforced: the scopes, the media
//     types and the bytes of its body.
//   - The console is the server's own client in a browser: files under static/
//     that call the same routes, with a session's cookie for a credential.
//   - A transaction is operations of several capabilities in one commit.
//   - A problem is the one shape of every error, as RFC 9457 has it.
//
// A capability never imports this package. It has a method
//
//	func (s *Service) Routes(a huma.API, e *echo.Echo) {
//		huma.Register(a, huma.Operation{
//			OperationID: "get-job", Method: http.MethodGet, Path: "/v1/jobs/{id}", Tags: []string{"scheduler"},
//			Security: api.Scope("scheduler:read"),
//		}, s.getJob)
//		e.POST("/v1/queues/:queue/jobs", s.enqueue)
//		a.OpenAPI().AddOperation(&huma.Operation{…})
//	}
//
// in which the first tag names the capability, and Security says who may call:
//
//	nil                                      forgotten: Mount refuses it
//	api.Public(), which is empty             public; no credential is looked at
//	api.AnyPrincipal()                       every authenticated principal
//	api.Scope("scheduler:write")             a principal that holds it
//	{{"bearer": {"a:read", "b:read"}}}       one that holds all of them
//	{{"bearer": {"a:read"}}, {"bearer": …}}  one that fits either entry
//	{{}, {"bearer": {}}}                     anybody; a credential is checked when one is sent
//
// Parameters of the operation are all that a query may hold; the media types of
// its RequestBody are all that a body may be. MaxBodyBytes bounds the body, to
// 1 MiB where it says nothing, and it must arrive within BodyReadTimeout, 30 s
// where it says nothing. A handler returns a [quintet/engine.Error], and this
// package says it in HTTP.
//
// Two caveats. Whatever is written must be written within two minutes of the
// request: a handler that streams sets a write deadline of its own before each
// write, by http.ResponseController. And HEAD and OPTIONS are answered 405, as
// every method that no route declares.
package web
