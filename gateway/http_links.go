package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// linkRoutes registers how a link to the console is made. How it is exchanged
// for a cookie is the server's business.
func (g *Gateway) linkRoutes(a huma.API) {
	op := operation("create-console-link", http.MethodPost, "/v1/console/links", "Make a link that opens the console", adminCredentials)
	op.Description = "The link counts once, within ten minutes, and opens all of the tenant: only a credential with all of its scopes gets one."
	huma.Register(a, creates(op), g.postLink)
}

// createdLink holds the link, which is shown this once.
type createdLink struct {
	ID        string    `json:"id"`
	URL       string    `json:"url" doc:"The link. It is shown this once."`
	Token     string    `json:"token" doc:"What stands behind the # of the link."`
	ExpiresAt time.Time `json:"expires_at"`
}

func (g *Gateway) postLink(ctx context.Context, _ *struct{}) (*secretOutput[createdLink], error) {
	token, record, err := g.createLink(ctx, principal(ctx))
	if err != nil {
		return nil, err
	}
	return secret(createdLink{ID: record.ID.String(), URL: g.url + "/console#" + token, Token: token, ExpiresAt: record.Expires}), nil
}
