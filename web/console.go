package web

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine/api"
	"quintet/gateway"
)

// sessionCookie holds the secret of a session of the console.
const sessionCookie = "quintet_session"

// Sessions makes and ends sessions of the console. Their secrets are
// credentials that Authenticator knows. All methods are called concurrently,
// by anybody: what is no credential must cost little, and is an engine.Error
// of the kind Unauthenticated.
type Sessions interface {
	// SignInByLink exchanges the token of a link, which counts once.
	SignInByLink(ctx context.Context, token string) (gateway.Session, error)
	// SignInByKey exchanges an API key.
	SignInByKey(ctx context.Context, key string) (gateway.Session, error)
	// SignOut ends a session. A secret that names none is no error.
	SignOut(ctx context.Context, secret string) error
}

// signIn is the body that opens a session: one of the two.
type signIn struct {
	Token string `json:"token,omitempty" doc:"What stands behind the # of a link to the console."`
	Key   string `json:"key,omitempty" doc:"An API key."`
}

// sessionState is whether a browser is signed in.
type sessionState struct {
	SignedIn bool `json:"signed_in"`
}

// consoleRoutes registers the console: its files, which are public as there is
// nothing in them, and how a browser signs in and out.
func (s *Server) consoleRoutes() (err error) {
	if s.static, err = readStatic(static); err != nil {
		return err
	}
	const path = "/console/session"
	state := own("get-console-session", path, "Whether this browser is signed in to the console")
	s.get(state, echo.MIMEApplicationJSON, s.schema(sessionState{}), s.getSession)

	open := own("open-console-session", path, "Sign in to the console")
	open.Method = http.MethodPost
	open.Description = "Exchanges a link's token, or an API key, for the cookie " + sessionCookie + ": twelve hours at most, for this site only, out of reach of scripts. " +
		"Every route takes the cookie where no Authorization is sent."
	open.MaxBodyBytes, open.BodyReadTimeout = 4<<10, 10*time.Second
	open.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{echo.MIMEApplicationJSON: {Schema: s.schema(signIn{})}}}
	open.Responses["204"] = &huma.Response{Description: "Signed in"}
	s.echo.POST(path, s.openSession)
	s.api.OpenAPI().AddOperation(open)

	end := own("end-console-session", path, "Sign out of the console")
	end.Method = http.MethodDelete
	end.Responses["204"] = &huma.Response{Description: "Signed out"}
	s.echo.DELETE(path, s.endSession)
	s.api.OpenAPI().AddOperation(end)

	s.consoleFiles()
	return nil
}

// getSession answers 200 also to those who are not signed in: a browser would
// show its user a refusal as a fault.
func (s *Server) getSession(c echo.Context) error {
	secret := sessionOf(c.Request())
	if secret == "" {
		return c.JSON(http.StatusOK, sessionState{})
	}
	_, err := s.house.Authenticator.Authenticate(c.Request().Context(), secret, c.Request())
	if p := problemOf(err); err != nil && p.Status != http.StatusUnauthorized {
		return err
	}
	return c.JSON(http.StatusOK, sessionState{SignedIn: err == nil})
}

func (s *Server) openSession(c echo.Context) error {
	in, err := decodeSignIn(c.Request())
	if err != nil {
		return err
	}
	ctx, exchange, credential := c.Request().Context(), s.house.Sessions.SignInByLink, in.Token
	if in.Key != "" {
		exchange, credential = s.house.Sessions.SignInByKey, in.Key
	}
	session, err := exchange(ctx, credential)
	if err != nil {
		return err
	}
	c.SetCookie(s.cookie(c, session.Secret, time.Until(session.Expires)))
	return c.NoContent(http.StatusNoContent)
}

func decodeSignIn(r *http.Request) (in signIn, err error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return in, err
	}
	if err := api.Decode(body, &in); err != nil {
		return in, err
	}
	if (in.Token == "") == (in.Key == "") {
		return in, refuse(http.StatusUnprocessableEntity, "validation_failed", "send either token or key")
	}
	return in, nil
}

func (s *Server) endSession(c echo.Context) error {
	if secret := sessionOf(c.Request()); secret != "" {
		if err := s.house.Sessions.SignOut(c.Request().Context(), secret); err != nil {
			return err
		}
	}
	c.SetCookie(s.cookie(c, "", -time.Second))
	return c.NoContent(http.StatusNoContent)
}

// cookie makes the cookie of a session; a negative life removes it. It reaches
// the whole site, because the console's calls are the API's.
func (s *Server) cookie(c echo.Context, secret string, life time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: sessionCookie, Value: secret, Path: "/", MaxAge: int(life.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: s.options.SecureCookies || c.Scheme() == "https",
	}
}

// sessionOf returns the secret in the cookie of a request, "" without one.
func sessionOf(r *http.Request) string {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	return cookie.Value
}
