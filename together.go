package main

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"quintet/engine"
	"quintet/engine/api"
	"quintet/web"
)

// transactions is what /v1/transactions can do: here, and nowhere else, the
// capabilities meet.
func (s *server) transactions() web.Transactions {
	return web.Transactions{Answers: s.engine.Answers, Operations: []web.OperationKind{
		{Name: "search.put", Scope: "search:write", Members: `"collection":"…","document":{…}`, Prepare: s.preparePut},
		{Name: "search.delete", Scope: "search:write", Members: `"collection":"…","id":"…"`, Prepare: s.prepareDelete},
		{Name: "scheduler.enqueue", Scope: "scheduler:write", Members: `"queue":"…","job":{…}`, Prepare: s.prepareEnqueue},
	}}
}

// demand refuses an operation without one of its members.
func demand(at string, members map[string]bool) error {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !members[name] {
			return &engine.Error{
				Kind: engine.Invalid, Code: "validation_failed", Detail: at + "." + name + " is missing",
				Fields: []engine.FieldError{{Location: at + "." + name, Message: "is missing"}},
			}
		}
	}
	return nil
}

func (s *server) preparePut(ctx context.Context, t engine.Tenant, raw json.RawMessage, at string) (web.Operation, error) {
	var in struct {
		Op         string          `json:"op"`
		Collection string          `json:"collection"`
		Document   json.RawMessage `json:"document"`
	}
	if err := api.Decode(raw, &in); err != nil {
		return web.Operation{}, err
	}
	if err := demand(at, map[string]bool{"collection": in.Collection != "", "document": in.Document != nil}); err != nil {
		return web.Operation{}, err
	}
	put, err := s.search.Prepare(ctx, t, in.Collection, in.Document)
	if err != nil {
		return web.Operation{}, err
	}
	return web.Operation{
		Result: map[string]string{"op": in.Op, "id": put.ID()},
		Apply:  func(tx *engine.Tx) error { return s.search.PutTx(tx, put) },
		Done:   func(ctx context.Context) error { return s.search.Stored(ctx, put) },
	}, nil
}

func (s *server) prepareDelete(ctx context.Context, t engine.Tenant, raw json.RawMessage, at string) (web.Operation, error) {
	var in struct {
		Op         string `json:"op"`
		Collection string `json:"collection"`
		ID         string `json:"id"`
	}
	if err := api.Decode(raw, &in); err != nil {
		return web.Operation{}, err
	}
	if err := demand(at, map[string]bool{"collection": in.Collection != "", "id": in.ID != ""}); err != nil {
		return web.Operation{}, err
	}
	removal, err := s.search.PrepareDelete(ctx, t, in.Collection, in.ID)
	if err != nil {
		return web.Operation{}, err
	}
	return web.Operation{
		Result: map[string]string{"op": in.Op, "id": in.ID},
		Apply:  func(tx *engine.Tx) error { return s.search.DeleteTx(tx, removal) },
		Done:   func(ctx context.Context) error { return s.search.Deleted(ctx, removal) },
	}, nil
}

func (s *server) prepareEnqueue(ctx context.Context, t engine.Tenant, raw json.RawMessage, at string) (web.Operation, error) {
	var in struct {
		Op    string          `json:"op"`
		Queue string          `json:"queue"`
		Job   json.RawMessage `json:"job"`
	}
	if err := api.Decode(raw, &in); err != nil {
		return web.Operation{}, err
	}
	if err := demand(at, map[string]bool{"queue": in.Queue != "", "job": in.Job != nil}); err != nil {
		return web.Operation{}, err
	}
	job, err := s.scheduler.Prepare(ctx, t, in.Queue, in.Job, at+".job")
	if err != nil {
		return web.Operation{}, err
	}
	return web.Operation{
		Result: map[string]string{"op": in.Op, "id": job.ID().String(), "queue": in.Queue},
		Apply:  func(tx *engine.Tx) error { return s.scheduler.EnqueueTx(tx, job) },
		Done:   func(context.Context) error { s.scheduler.Enqueued(t, in.Queue, 1); return nil },
	}, nil
}
