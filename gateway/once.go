package gateway

import (
	"context"
	"encoding/json"

	"quintet/engine"
)

// onceOf tells a request that may be repeated. Two bodies are the same where
// they say the same.
func onceOf(p engine.Principal, route, key string, body any) engine.Once {
	data, err := json.Marshal(body)
	if err != nil {
		panic(err) // it was JSON when it came
	}
	return engine.Once{Principal: p, Route: route, Key: key, Body: data}
}

// createOnce runs apply, which makes the object named id, in one update of t.
// What it makes has a secret, so its answer is never given again: a repeated
// request learns the id of what the first one made.
func createOnce(ctx context.Context, answers *engine.Answers, t engine.Tenant, once engine.Once, id string, apply func(tx *engine.Tx) error) error {
	made, replayed, err := answers.Run(ctx, t, once, func(tx *engine.Tx) ([]byte, error) { return []byte(id), apply(tx) })
	if err == nil && replayed {
		return &engine.Error{
			Kind: engine.Conflict, Code: "already_created",
			Detail: "this request was answered before and made " + string(made) + "; its secret was shown then, and is not shown again",
			Fields: []engine.FieldError{{Location: "id", Message: string(made)}},
		}
	}
	return err
}
