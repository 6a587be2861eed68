package search

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"

	"quintet/engine"
	"quintet/engine/api"
	"quintet/search/embed"
)

// EmbeddingsRequest is what POST /v1/embeddings takes, as OpenAI shapes it.
type EmbeddingsRequest struct {
	Model          string          `json:"model" example:"minilm"`
	Input          json.RawMessage `json:"input" doc:"A text, or up to 2,048 of them. Of each the first 256 tokens count."`
	EncodingFormat string          `json:"encoding_format,omitempty" enum:"float,base64" default:"float" doc:"base64 = float32, little-endian."`
	Dimensions     *int            `json:"dimensions,omitempty" doc:"384, which is all that the model has."`
	User           string          `json:"user,omitempty" doc:"Accepted and not kept."`
}

// Embeddings answers it.
type Embeddings struct {
	Object string      `json:"object"`
	Data   []Embedding `json:"data" nullable:"false"`
	Model  string      `json:"model"`
	Usage  Usage       `json:"usage"`
}

// Embedding is the vector of one text: numbers, or a string of base64.
type Embedding struct {
	Object    string `json:"object"`
	Index     int    `json:"index"`
	Embedding any    `json:"embedding"`
}

// Usage counts tokens, those that mark a text's ends included.
type Usage struct {
	PromptTokens int `json:"prompt_tokens"`
	TotalTokens  int `json:"total_tokens"`
}

// Limits of a request for embeddings.
const (
	maxInputs = 2048
	maxInput  = 64 << 10 // bytes of one text
)

const formatBase64 = "base64"

// Embeddings embeds texts of a tenant.
func (s *Service) Embeddings(ctx context.Context, t engine.Tenant, r EmbeddingsRequest) (*Embeddings, error) {
	texts, err := r.check()
	if err != nil {
		return nil, err
	}
	vectors, tokens, err := s.embed(ctx, t, texts, len(texts) > 1)
	if err != nil {
		return nil, err
	}
	a := &Embeddings{Object: "list", Model: embed.Name, Data: make([]Embedding, len(texts))}
	for i, v := range vectors {
		a.Data[i] = Embedding{Object: "embedding", Index: i, Embedding: v}
		if r.EncodingFormat == formatBase64 {
			a.Data[i].Embedding = base64Floats(v)
		}
		a.Usage.PromptTokens += tokens[i]
	}
	a.Usage.TotalTokens = a.Usage.PromptTokens
	return a, nil
}

func (r *EmbeddingsRequest) check() (texts []string, err error) {
	switch {
	case r.Model == "":
		return nil, invalid("body.model", "is missing; it is %s", embed.Name)
	case r.Model != embed.Name:
		return nil, engine.Errorf(engine.NotFound, "model_not_found", "there is no model %.80q; the one that is built in is %s", r.Model, embed.Name)
	case r.EncodingFormat != "" && r.EncodingFormat != "float" && r.EncodingFormat != formatBase64:
		return nil, invalid("body.encoding_format", "is float or base64")
	case r.Dimensions != nil && *r.Dimensions != Dimensions:
		return nil, api.NotSupported("body.dimensions")
	}
	if texts, err = r.texts(); err != nil {
		return nil, err
	}
	if len(texts) == 0 || len(texts) > maxInputs {
		return nil, invalid("body.input", "has %d texts; it has 1 to %d", len(texts), maxInputs)
	}
	for _, text := range texts {
		if text == "" || len(text) > maxInput {
			return nil, invalid("body.input", "has a text of %d bytes; each has 1 to %d", len(text), maxInput)
		}
	}
	return texts, nil
}

// texts reads the input. Tokens, which OpenAI also takes, are another model's.
func (r *EmbeddingsRequest) texts() (texts []string, err error) {
	input := bytes.TrimSpace(r.Input)
	if len(input) > 0 && input[0] == '"' {
		texts = make([]string, 1)
		return texts, json.Unmarshal(input, &texts[0])
	}
	var many []*string
	if len(input) == 0 || json.Unmarshal(input, &many) != nil || isNull(input) {
		return nil, invalid("body.input", "is a text or an array of texts; numbers of tokens are not taken")
	}
	for _, text := range many {
		if text == nil {
			return nil, invalid("body.input", "is a text or an array of texts; null is none")
		}
		texts = append(texts, *text)
	}
	return texts, nil
}

func base64Floats(v []float32) string {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(b)
}
