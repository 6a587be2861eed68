package scheduler

import (
	"context"
	"time"

	"quintet/engine"
	"quintet/engine/api"
)

// principalOf returns who calls. The server lets nobody in without.
func principalOf(ctx context.Context) (engine.Principal, error) {
	p, ok := engine.PrincipalFrom(ctx)
	if !ok {
		return p, engine.Errorf(engine.Unauthenticated, "credential_missing", "send a credential: Authorization: Bearer <API key or access token>")
	}
	return p, nil
}

// whole makes a handler that runs for the caller's tenant and answers with
// status and headers of its own.
func whole[I, O any](run func(context.Context, engine.Tenant, *I) (*O, error)) func(context.Context, *I) (*O, error) {
	return func(ctx context.Context, in *I) (*O, error) {
		who, err := principalOf(ctx)
		if err != nil {
			return nil, err
		}
		return run(ctx, who.Tenant, in)
	}
}

// answerOf carries a value as the body of an answer.
type answerOf[T any] struct{ Body T }

// body makes a handler that answers with a body and nothing else.
func body[I, T any](run func(context.Context, engine.Tenant, *I) (T, error)) func(context.Context, *I) (*answerOf[T], error) {
	return whole(func(ctx context.Context, t engine.Tenant, in *I) (*answerOf[T], error) {
		value, err := run(ctx, t, in)
		if err != nil {
			return nil, err
		}
		return &answerOf[T]{value}, nil
	})
}

// PageQuery is how a list is asked for. It is exported, like the paths of
// other inputs, because huma looks only into embedded structs that are.
type PageQuery struct {
	Limit  int    `query:"limit" doc:"From 1 to 1,000; 50 without it."`
	Cursor string `query:"cursor" doc:"The next of the page before."`
}

func (q PageQuery) check() (limit int, cursor []byte, err error) {
	if limit, err = api.CheckLimit(q.Limit); err == nil {
		cursor, err = api.ParseCursor(q.Cursor)
	}
	return limit, cursor, err
}

// duration reads a span of time between two bounds; "" is the default.
func duration(at, text string, otherwise, least, most time.Duration) (time.Duration, error) {
	if text == "" {
		return otherwise, nil
	}
	d, err := api.ParseDuration(text)
	if err != nil {
		return 0, invalid(at, "%s", err)
	}
	if time.Duration(d) < least || time.Duration(d) > most {
		return 0, invalid(at, "is from %s to %s", api.Duration(least), api.Duration(most))
	}
	return time.Duration(d), nil
}

// orEmpty makes a list [] in JSON and not null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
