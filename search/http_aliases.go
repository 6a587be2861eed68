package search

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"quintet/engine"
	"quintet/engine/api"
)

// aliasRoutes registers the routes of aliases.
func (s *Service) aliasRoutes(a huma.API) {
	const alias = "/v1/aliases/{alias}"
	huma.Register(a, operation("list-aliases", http.MethodGet, "/v1/aliases", "read", "List aliases", "The tenant's aliases by name, with the collection that each leads to."), s.getAliases)
	huma.Register(a, operation("get-alias", http.MethodGet, alias, "read", "Get an alias", "The collection that it leads to, and how far a re-index behind it is."), s.getAlias)
	put := operation("set-alias", http.MethodPut, alias, "write", "Set an alias",
		"201 when the alias is new, 200 when it leads there already or If-Match (its ETag, or *) lets it be moved. Wherever a collection is named, to read or to write, an alias works; only a definition is changed and deleted by the collection's own name. "+
			"It moves in one commit: each search sees the one collection or the other, and each write is in the one that the alias led to at its commit. Names of aliases and collections are one space.")
	put.Errors = append(put.Errors, http.StatusConflict, http.StatusPreconditionFailed)
	huma.Register(a, put, s.putAliasOf)
	del := operation("delete-alias", http.MethodDelete, alias, "admin", "Delete an alias", "The collection stays.")
	del.DefaultStatus = http.StatusNoContent
	del.Errors = append(del.Errors, http.StatusConflict, http.StatusPreconditionFailed)
	huma.Register(a, del, s.deleteAlias)
	begin := operation("start-reindex", http.MethodPost, alias+"/reindex", "write", "Re-index behind an alias",
		"Makes a new collection, copies all documents into it in the background, follows what is written and deleted meanwhile, and moves the alias in the moment in which both have the same. Versions, and so ETags, stay; what has been embedded by the same model from the same text is not embedded again. "+
			"GET of the alias tells how far it is; it goes on after a restart. A document that does not fit the new definition ends it: the new collection is deleted, and the alias says which one it was. Until the end nobody else writes to the new collection.")
	begin.DefaultStatus = http.StatusAccepted
	begin.Errors = append(begin.Errors, http.StatusConflict)
	huma.Register(a, begin, s.postReindex)
	cancel := operation("cancel-reindex", http.MethodDelete, alias+"/reindex", "write", "Cancel a re-index", "The new collection is deleted, and the alias leads where it led. Of a re-index that failed, what the alias tells of it is deleted.")
	cancel.DefaultStatus = http.StatusNoContent
	huma.Register(a, cancel, s.deleteReindex)
}

// AliasPath names an alias.
type AliasPath struct {
	Alias string `path:"alias"`
}

type aliasBody struct {
	Collection string `json:"collection" doc:"The one to lead to." example:"products-v2"`
}

type reindexBody struct {
	Collection string          `json:"collection" doc:"The name of the new one." example:"products-v3"`
	Definition *definitionBody `json:"definition,omitempty" doc:"Of the new collection; without it, that of the present one."`
	Drop       bool            `json:"drop,omitempty" doc:"Deletes the present collection when the alias has moved, unless another alias leads to it then. Needs the scope search:admin."`
}

type aliasOutput struct {
	Status int
	ETag   string `header:"ETag"`
	Body   AliasInfo
}

func aliasAnswer(info AliasInfo, isNew bool, err error) (*aliasOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &aliasOutput{Status: http.StatusOK, ETag: info.ETag, Body: info}
	if isNew {
		out.Status = http.StatusCreated
	}
	return out, nil
}

func (s *Service) getAliases(ctx context.Context, in *struct {
	Limit  int    `query:"limit" doc:"Up to 1,000; 50 without it."`
	Cursor string `query:"cursor" doc:"The next of the page before."`
}) (*struct{ Body api.List[AliasInfo] }, error) {
	list, err := s.Aliases(ctx, tenantOf(ctx), in.Limit, in.Cursor)
	return &struct{ Body api.List[AliasInfo] }{list}, err
}

func (s *Service) getAlias(ctx context.Context, in *AliasPath) (*aliasOutput, error) {
	info, err := s.Alias(ctx, tenantOf(ctx), in.Alias)
	return aliasAnswer(info, false, err)
}

func (s *Service) putAliasOf(ctx context.Context, in *struct {
	AliasPath
	IfMatch
	Body aliasBody
}) (*aliasOutput, error) {
	return aliasAnswer(s.SetAlias(ctx, tenantOf(ctx), in.Alias, in.Body.Collection, in.IfMatch.IfMatch))
}

func (s *Service) deleteAlias(ctx context.Context, in *struct {
	AliasPath
	IfMatch
}) (*struct{}, error) {
	return nil, s.DeleteAlias(ctx, tenantOf(ctx), in.Alias, in.IfMatch.IfMatch)
}

func (s *Service) postReindex(ctx context.Context, in *struct {
	AliasPath
	Body reindexBody
}) (*struct{ Body *Reindex }, error) {
	var d *Definition
	if in.Body.Definition != nil {
		own := in.Body.Definition.definition()
		d = &own
	}
	r, err := s.StartReindex(ctx, tenantOf(ctx), in.Alias, in.Body.Collection, d, in.Body.Drop)
	return &struct{ Body *Reindex }{r}, below("body.definition", err)
}

// below moves the faults of a body to where that stands in another one.
func below(at string, err error) error {
	own, ok := errors.AsType[*engine.Error](err)
	if !ok || len(own.Fields) == 0 {
		return err
	}
	move := func(text string) string {
		if rest, inside := strings.CutPrefix(text, "body."); inside {
			return at + "." + rest
		}
		return text
	}
	told := *own
	told.Detail, told.Fields = move(own.Detail), nil
	for _, f := range own.Fields {
		told.Fields = append(told.Fields, engine.FieldError{Location: move(f.Location), Message: f.Message})
	}
	return &told
}

func (s *Service) deleteReindex(ctx context.Context, in *AliasPath) (*struct{}, error) {
	return nil, s.CancelReindex(ctx, tenantOf(ctx), in.Alias)
}
