package search

import (
	"context"
	"net/http"

	"quintet/engine/api"
)

// definitionBody is a definition as a client writes it. What the contract names
// and this release lacks is refused, not ignored.
type definitionBody struct {
	Fields    []fieldBody `json:"fields,omitempty" nullable:"false" doc:"Members of the documents that are searched or filtered by; up to 64. Without it they are inferred."`
	Embed     []string    `json:"embed,omitempty" nullable:"false" doc:"Text fields whose meaning is searched; [] for none. Without it, every text field, or none where a field is a vector."`
	Metric    Metric      `json:"metric,omitempty" enum:"cosine,dot,euclid" default:"cosine" doc:"How vectors are compared: by their angle, their dot product, or their distance, whose score is below 0."`
	Precision Precision   `json:"precision,omitempty" enum:"int8,float32" doc:"Of the vectors: int8, which is the default, finds them by one byte a number and keeps two; float32 keeps and compares four."`
	Language  string      `json:"language,omitempty" default:"english" doc:"Of the text fields that name none, by its name or code: whose words are brought to their stem, and whose stop words are left out. simple does neither."`
}

type fieldBody struct {
	Name     string  `json:"name" doc:"The member's name."`
	Type     Kind    `json:"type" doc:"text is searched by its words; text and keyword are compared as a whole, a text up to 64 bytes. vector(n) holds n numbers, up to 4,096; a collection has one, and embeds nothing then. A date is a time as RFC 3339 writes it, with a zone; its milliseconds count. geo is not supported yet." example:"text"`
	Weight   float64 `json:"weight,omitempty" doc:"Of a text field: how many times its words count in keyword search, up to 100; 1 without it."`
	Language string  `json:"language,omitempty" doc:"Of a text field, by its name or code; without it the collection's."`
	Facet    bool    `json:"facet,omitempty" doc:"Every field but a text or a vector can be counted; this says that it is meant to be."`
}

func (b *definitionBody) definition() Definition {
	d := Definition{Embed: b.Embed, EmbedAll: b.Embed == nil, Metric: b.Metric, Precision: b.Precision, Language: b.Language}
	if b.Fields != nil {
		d.Fields = []Field{}
	}
	for _, f := range b.Fields {
		d.Fields = append(d.Fields, Field(f))
	}
	return d
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
	info, isNew, err := s.Define(ctx, tenantOf(ctx), in.Collection, in.Body.definition(), in.IfMatch.IfMatch)
	return collectionAnswer(info, isNew, err)
}

func (s *Service) getCollection(ctx context.Context, in *CollectionPath) (*collectionOutput, error) {
	info, err := s.Collection(ctx, tenantOf(ctx), in.Collection)
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
	list, err := s.Collections(ctx, tenantOf(ctx), in.Limit, in.Cursor)
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
