package search

import (
	"context"
	"net/http"

	"quintet/engine/api"
)

// definitionBody is a definition as a client writes it. What the contract names
// and this release lacks is refused, not ignored.
type definitionBody struct {
	Fields []fieldBody `json:"fields,omitempty" nullable:"false" doc:"Members of the documents that are searched or filtered by; up to 64. Without it they are inferred."`
	Embed  []string    `json:"embed,omitempty" nullable:"false" doc:"Text fields whose meaning is searched; [] for none. Without it, every text field."`
	Metric string      `json:"metric,omitempty" default:"cosine" doc:"cosine; others are not supported yet."`
}

type fieldBody struct {
	Name   string  `json:"name" doc:"The member's name."`
	Type   Kind    `json:"type" doc:"text is searched by its words; text and keyword are compared as a whole, a text up to 64 bytes. date, geo and vector(n) are not supported yet." example:"text"`
	Weight float64 `json:"weight,omitempty" doc:"Of a text field: how many times its words count in keyword search, up to 100; 1 without it."`
	Facet  bool    `json:"facet,omitempty" doc:"true is not supported yet."`
}

func (b *definitionBody) definition() (Definition, error) {
	switch b.Metric {
	case "", metricCosine:
	case "dot", "euclid":
		return Definition{}, api.NotSupported("body.metric")
	default:
		return Definition{}, invalid("body.metric", "is cosine")
	}
	d := Definition{Embed: b.Embed, EmbedAll: b.Embed == nil}
	if b.Fields != nil {
		d.Fields = []Field{}
	}
	for i, f := range b.Fields {
		if f.Facet {
			return d, api.NotSupported(location("body.fields", i, "facet"))
		}
		d.Fields = append(d.Fields, Field{Name: f.Name, Type: f.Type, Weight: f.Weight})
	}
	return d, nil
}

// CollectionPath names a collection. It is exported, like the other parts of
// inputs, because huma looks only into embedded structs that are.
type CollectionPath struct {
	Collection string `path:"collection"`
}

type collectionOutput struct {
	Status int
	ETag   string `header:"ETag"`
	Body   CollectionInfo
}

func (s *Service) putCollection(ctx context.Context, in *struct {
	CollectionPath
	IfMatch
	Body definitionBody
}) (*collectionOutput, error) {
	d, err := in.Body.definition()
	if err != nil {
		return nil, err
	}
	info, isNew, err := s.Define(ctx, tenantOf(ctx), in.Collection, d, in.IfMatch.IfMatch)
	return collectionAnswer(info, isNew, err)
}

func (s *Service) getCollection(ctx context.Context, in *CollectionPath) (*collectionOutput, error) {
	info, err := s.Collection(tenantOf(ctx), in.Collection)
	return collectionAnswer(info, false, err)
}

func collectionAnswer(info CollectionInfo, isNew bool, err error) (*collectionOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &collectionOutput{Status: http.StatusOK, ETag: info.ETag, Body: info}
	if isNew {
		out.Status = http.StatusCreated
	}
	return out, nil
}

func (s *Service) getCollections(ctx context.Context, in *struct {
	Limit  int    `query:"limit" doc:"Up to 1,000; 50 without it."`
	Cursor string `query:"cursor" doc:"The next of the page before."`
}) (*struct{ Body api.List[CollectionInfo] }, error) {
	list, err := s.Collections(tenantOf(ctx), in.Limit, in.Cursor)
	return &struct{ Body api.List[CollectionInfo] }{list}, err
}

func (s *Service) deleteCollection(ctx context.Context, in *struct {
	CollectionPath
	IfMatch
}) (*struct{}, error) {
	return nil, s.Drop(ctx, tenantOf(ctx), in.Collection, in.IfMatch.IfMatch)
}

func (s *Service) deleteDocument(ctx context.Context, in *struct {
	CollectionPath
	IfMatch
	ID string `path:"id"`
}) (*struct{}, error) {
	return nil, s.Delete(ctx, tenantOf(ctx), in.Collection, in.ID, in.IfMatch.IfMatch)
}
