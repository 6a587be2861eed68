package imaging

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine"
	"quintet/engine/api"
)

const (
	onePath       = "/v1/images/{id}"
	renditionPath = "/v1/images/{id}/{operations}"
	signedPath    = "/img/{tenant}/{operations}/{source}"
)

// Routes registers the routes of the images and their operations. Those that
// carry files are plain echo handlers, and their operation is written out
// beside them.
func (s *Images) Routes(a huma.API, e *echo.Echo) {
	huma.Register(a, operation("list-images", http.MethodGet, "/v1/images", "imaging:read", "List images", "The tenant's images, newest first."), s.getList)
	del := operation("delete-image", http.MethodDelete, onePath, "imaging:write", "Delete an image", "With its renditions; signed URLs of it end at once.")
	del.DefaultStatus = http.StatusNoContent
	huma.Register(a, del, s.deleteOne)
	huma.Register(a, operation("sign-image", http.MethodPost, onePath+"/sign", "imaging:write", "Sign the URL of a rendition",
		"Whoever has the URL can read this one rendition, without a credential, until it expires or the image is deleted."), s.postSign)

	e.POST("/v1/images", s.postImage)
	a.OpenAPI().AddOperation(s.postImageOperation(a))
	e.GET("/v1/images/:id", s.getOriginal)
	a.OpenAPI().AddOperation(getOriginalOperation())
	e.GET("/v1/images/:id/:operations", s.getRendition)
	a.OpenAPI().AddOperation(getRenditionOperation())
	e.GET("/img/:tenant/:operations/:source", s.getSigned)
	a.OpenAPI().AddOperation(getSignedOperation())
}

func operation(id, method, path, scope, summary, description string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: path, Tags: []string{"imaging"},
		Summary: summary, Description: description, Security: api.Scope(scope),
		Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity},
	}
}

// tenantOf returns the tenant of a request; the server lets none in without.
func tenantOf(ctx context.Context) engine.Tenant {
	p, _ := engine.PrincipalFrom(ctx)
	return p.Tenant
}

type listOutput struct{ Body api.List[Image] }

func (s *Images) getList(ctx context.Context, in *struct {
	Limit  int    `query:"limit" doc:"Up to 1,000; 50 without it."`
	Cursor string `query:"cursor" doc:"The next of the page before."`
}) (*listOutput, error) {
	page, err := s.List(ctx, tenantOf(ctx), in.Limit, in.Cursor)
	if err != nil {
		return nil, err
	}
	return &listOutput{page}, nil
}

func (s *Images) deleteOne(ctx context.Context, in *struct {
	ID string `path:"id"`
}) (*struct{}, error) {
	id, err := ParseID(in.ID)
	if err != nil {
		return nil, err
	}
	return nil, s.Delete(ctx, tenantOf(ctx), id)
}

// signBody asks for a signature.
type signBody struct {
	Operations string `json:"operations" doc:"As in the path of a rendition." example:"w=400,h=300,fit=cover"`
	ExpiresIn  string `json:"expires_in,omitempty" default:"24h" doc:"How long the URL works, up to 30d." example:"24h"`
}

type signOutput struct{ Body Signed }

func (s *Images) postSign(ctx context.Context, in *struct {
	ID   string `path:"id"`
	Body signBody
}) (*signOutput, error) {
	id, err := ParseID(in.ID)
	if err != nil {
		return nil, err
	}
	ops, life, err := in.Body.parse()
	if err != nil {
		return nil, err
	}
	signed, err := s.Sign(ctx, tenantOf(ctx), id, ops, life)
	return &signOutput{signed}, err
}

func (b signBody) parse() (ops Operations, life time.Duration, err error) {
	if ops, err = ParseOperations(b.Operations); err != nil || b.ExpiresIn == "" {
		return ops, 0, err
	}
	d, err := api.ParseDuration(b.ExpiresIn)
	if err != nil || d == 0 {
		return ops, 0, engine.Errorf(engine.Invalid, "invalid_expiry", "body.expires_in is from 1s to 30d, such as 24h")
	}
	return ops, time.Duration(d), nil
}

func pathParameter(name, description string) *huma.Param {
	return &huma.Param{Name: name, In: "path", Description: description, Required: true, Schema: &huma.Schema{Type: huma.TypeString}}
}

func queryParameter(name, description string) *huma.Param {
	return &huma.Param{Name: name, In: "query", Description: description, Required: true, Schema: &huma.Schema{Type: huma.TypeString}}
}
