package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"quintet/engine"
	"quintet/engine/api"
	"quintet/web"
)

const shelf engine.Bucket = "web.shelf"

// shelfOperations put and take things, as a capability would.
type shelfOperations struct {
	prepared, runs, done atomic.Int64 // operations read, closures run, operations told that they are on disk
}

type shelfOperation struct {
	Op     string `json:"op"`
	Name   string `json:"name"`
	Copies int    `json:"copies"`
}

func (s *shelfOperations) mount(_ *web.Options, h *web.House) {
	h.Transactions = web.Transactions{Answers: ground.Answers, Operations: []web.OperationKind{
		{Name: "shelf.put", Scope: "notes:write", Members: `"name":"…"`, Prepare: s.prepare},
		{Name: "shelf.take", Scope: "notes:read", Members: `"name":"…"`, Prepare: s.prepare},
	}}
}

func (s *shelfOperations) prepare(_ context.Context, _ engine.Tenant, raw json.RawMessage, at string) (web.Operation, error) {
	s.prepared.Add(1)
	var o shelfOperation
	if err := api.Decode(raw, &o); err != nil {
		return web.Operation{}, err
	}
	if err := api.CheckName("name", o.Name); err != nil {
		return web.Operation{}, err
	}
	return web.Operation{
		Result: map[string]string{"name": o.Name},
		Apply:  func(tx *engine.Tx) error { s.runs.Add(1); return o.apply(tx) },
		Done:   func(context.Context) error { s.done.Add(1); return nil },
	}, nil
}

func (o shelfOperation) apply(tx *engine.Tx) error {
	if o.Op == "shelf.take" {
		if tx.Get(shelf, []byte(o.Name)) == nil {
			return engine.Errorf(engine.NotFound, "thing_not_found", "there is no %s on the shelf", o.Name)
		}
		tx.Delete(shelf, []byte(o.Name))
		return nil
	}
	tx.Put(shelf, []byte(o.Name), []byte("here"))
	for i := range o.Copies {
		tx.Put(shelf, fmt.Appendf(nil, "%s/%d", o.Name, i), nil)
	}
	return nil
}

func stands(t *testing.T, name string) (found bool) {
	t.Helper()
	err := ground.Store.View(t.Context(), acme, func(v *engine.View) error {
		found = v.Get(shelf, []byte(name)) != nil
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestTransactions(t *testing.T) {
	b := newBed(t, new(shelfOperations).mount)
	post := func(name, body string, s scenario) scenario {
		s.name, s.method, s.path, s.body = name, "POST", "/v1/transactions", `{"operations":[`+body+`]}`
		if s.token == "" {
			s.token = "writer"
		}
		return s
	}
	runScenarios(t, b, []scenario{
		post("OK", `{"op":"shelf.put","name":"lamp"},{"op":"shelf.put","name":"vase"},{"op":"shelf.take","name":"lamp"}`,
			scenario{status: 200, has: []string{`{"results":[{"name":"lamp"},{"name":"vase"},{"name":"lamp"}]}`}}),
		post("ErrApply", `{"op":"shelf.put","name":"chair"},{"op":"shelf.take","name":"moon"}`,
			scenario{status: 404, code: "thing_not_found", has: []string{"body.operations[1]", "moon"}}),
		post("ErrPrepare", `{"op":"shelf.put","name":"chair"},{"op":"shelf.put","name":"NO"}`,
			scenario{status: 422, code: "invalid_name", has: []string{"body.operations[1]"}}),
		post("ErrUnknownMember", `{"op":"shelf.put","name":"chair","x":1}`,
			scenario{status: 422, code: "validation_failed", has: []string{"body.operations[0]"}}),
		post("ErrUnknownOp", `{"op":"shelf.put","name":"chair"},{"op":"shelf.burn"}`,
			scenario{status: 422, code: "validation_failed", has: []string{"body.operations[1]", "shelf.put, shelf.take"}}),
		post("ErrNoObject", `7`, scenario{status: 422, code: "validation_failed", has: []string{"body.operations[0]"}}),
		post("ErrScope", `{"op":"shelf.take","name":"vase"},{"op":"shelf.put","name":"chair"}`,
			scenario{token: "reader", status: 403, code: "scope_missing", has: []string{"body.operations[1]", "notes:write"}}),
		post("ErrNone", ``, scenario{status: 422, code: "validation_failed", has: []string{"body.operations"}}),
		post("ErrTooMany", strings.Repeat(`{"op":"shelf.put","name":"chair"},`, 100)+`{"op":"shelf.put","name":"chair"}`,
			scenario{status: 422, code: "validation_failed", has: []string{"body.operations"}}),
		post("ErrTooManyKeys", `{"op":"shelf.put","name":"chair","copies":2000}`,
			scenario{status: 413, code: "transaction_too_large"}),
	})
	if !stands(t, "vase") || stands(t, "lamp") {
		t.Error("the operations are not carried out in their order")
	}
	if stands(t, "chair") {
		t.Error("a refused transaction left something behind")
	}
}

func TestTransactionOnce(t *testing.T) {
	var operations shelfOperations
	b := newBed(t, operations.mount)
	const body = `{"operations":[{"op":"shelf.put","name":"clock"}]}`
	var first answer
	for i := range 3 {
		a := b.call(t, "POST", "/v1/transactions", "writer", body, "Idempotency-Key: k1")
		if a.status != 200 {
			t.Fatal(a)
		}
		if i == 0 {
			first = a
		}
		if a.body != first.body {
			t.Errorf("answer %d: %s; want the first one's, %s", i, a.body, first.body)
		}
	}
	operations.prepared.Store(0)
	b.call(t, "POST", "/v1/transactions", "writer", body, "Idempotency-Key: k1")
	if n := operations.prepared.Load(); n != 0 {
		t.Errorf("a repeated request was prepared %d times", n)
	}
	if runs, done := operations.runs.Load(), operations.done.Load(); runs != 1 || done != 1 {
		t.Errorf("ran %d times, was told %d times that it is on disk; want once each", runs, done)
	}
	scenario{method: "POST", path: "/v1/transactions", token: "writer", headers: []string{"Idempotency-Key: k1"},
		body: `{"operations":[{"op":"shelf.put","name":"other"}]}`, status: 422, code: "idempotency_key_reused"}.run(t, b)
}
