package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/danielgtaylor/huma/v2"

	"quintet/engine/api"
)

// strictJSON is the one format of bodies: encoding/json, minus what api.CheckJSON
// refuses because two parsers could read it differently. Huma unmarshals each
// body twice, once to validate it and once into the operation's struct.
var strictJSON = huma.Format{Marshal: marshalJSON, Unmarshal: unmarshalJSON}

// marshalJSON fails only where v is no JSON: a client that went away is not a
// fault of the handler.
func marshalJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, _ = w.Write(b.Bytes())
	return nil
}

func unmarshalJSON(data []byte, v any) error {
	if err := api.CheckJSON(data); err != nil {
		return err
	}
	err := json.Unmarshal(data, v)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if wrong.Field == "" {
			return fmt.Errorf("there can be no %s here", wrong.Value)
		}
		return fmt.Errorf("%s cannot hold a %s", wrong.Field, wrong.Value)
	}
	return err
}
